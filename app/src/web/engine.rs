//! The engine for scripts: what `web/engine/ibq.js` wraps. Every call that waits returns a promise and holds no borrow, so
//! that a script may make several at a time and free its handles whenever it likes.

use std::cell::RefCell;

use ibq_core::{foreign_text::clean_message, gpu::AdapterChoice, tokenizer::Tokenizer};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::{
    devices::Devices,
    generator::{self, GivenTokenizer},
    model::open_model,
    script::{self, WasmJob},
    tokenizer::WasmTokenizer,
};

thread_local! {
    static ON_PANIC: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// Calls `report` with a message when the engine meets a bug of its own, after which it answers no more.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(report: js_sys::Function) {
    ON_PANIC.with_borrow_mut(|slot| *slot = Some(report));
    std::panic::set_hook(Box::new(|info| {
        let message = JsValue::from_str(&clean_message(&info.to_string()));
        ON_PANIC.with_borrow(|slot| {
            if let Some(report) = slot {
                // Whatever the script's function throws, the engine is already ending.
                let _ = report.call1(&JsValue::NULL, &message);
            }
        });
    }));
}

/// What computes, open.
#[wasm_bindgen]
pub struct WasmEngine {
    devices: Devices,
}

#[wasm_bindgen]
impl WasmEngine {
    /// Looks for an adapter ("best", "software" or part of a name); `portable` keeps to what every WebGPU browser offers.
    /// `start_worker` makes a worker in which the processor computes where there is no GPU.
    pub fn open(adapter: Option<String>, portable: bool, start_worker: Function) -> Promise {
        let choice = adapter.map(|name| {
            let Ok(choice) = name.parse::<AdapterChoice>();
            choice
        });
        future_to_promise(async move {
            let devices = Devices::open(choice, portable, start_worker).await?;
            Ok(JsValue::from(Self { devices }))
        })
    }

    /// Loads a transformer from what `load` takes, and the tokenizer inside, or the one that `tokenizer` gives in the same way;
    /// `yaml` is an official configuration, which tells the number of heads; `device` is auto, gpu or cpu.
    #[wasm_bindgen(js_name = loadGenerator)]
    pub fn load_generator(
        &self,
        source: JsValue,
        precision: Option<String>,
        yaml: Option<String>,
        device: Option<String>,
        tokenizer: JsValue,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let precision = script::transformer_precision(precision.as_deref())?;
        let tokenizer =
            if tokenizer.is_undefined() { GivenTokenizer::None } else { GivenTokenizer::Source(tokenizer) };
        let devices = (self.devices.clone(), script::device(device.as_deref())?);
        Ok(generator::load(devices, source, precision, yaml, tokenizer, job))
    }

    /// The same, with a tokenizer that is loaded already.
    #[wasm_bindgen(js_name = loadGeneratorWith)]
    pub fn load_generator_with(
        &self,
        source: JsValue,
        precision: Option<String>,
        yaml: Option<String>,
        device: Option<String>,
        tokenizer: &WasmTokenizer,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let precision = script::transformer_precision(precision.as_deref())?;
        let tokenizer = GivenTokenizer::Loaded(tokenizer.tokenizer());
        let devices = (self.devices.clone(), script::device(device.as_deref())?);
        Ok(generator::load(devices, source, precision, yaml, tokenizer, job))
    }

    /// What computes, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        self.devices.info()
    }

    /// Bytes of the engine's weights and activations now.
    #[wasm_bindgen(getter, js_name = memoryInUse)]
    #[must_use]
    pub fn memory_in_use(&self) -> f64 {
        self.devices.memory_in_use()
    }

    /// Loads a tokenizer from an absolute address, a `Blob`, bytes (`Uint8Array`), or the `File`s of a model folder; `yaml`
    /// is an official configuration, whose class states the rule of the quantizer; `device` is auto, gpu or cpu.
    pub fn load(
        &self,
        source: JsValue,
        weights: Option<String>,
        precision: Option<String>,
        yaml: Option<String>,
        device: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let set = script::weight_set(weights.as_deref())?;
        let precision = script::precision(precision.as_deref())?;
        let choice = script::device(device.as_deref())?;
        let (devices, job) = (self.devices.clone(), job.job());
        Ok(future_to_promise(async move {
            job.stage("open model");
            let model = open_model(&source, &job).await?;
            script::check(&job)?;
            let weights = model.tokenizer(set).and_then(|weights| match yaml {
                Some(yaml) => weights.with_yaml(&yaml),
                None => Ok(weights),
            });
            let weights = weights.map_err(|error| script::error(&error))?;
            let device = devices.device(choice).await?;
            let tokenizer = Tokenizer::load(&device, &weights, precision, &job)
                .await
                .map_err(|error| script::error(&error))?;
            Ok(JsValue::from(WasmTokenizer::new(tokenizer)))
        }))
    }
}
