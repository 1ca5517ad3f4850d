//! The engine for scripts: what `web/engine/ibq.js` wraps. Every call that waits returns a promise and holds no borrow, so
//! that a script may make several at a time and free its handles whenever it likes.

use std::cell::RefCell;

use ibq_core::{
    files::{Model, Source, TokenizerWeights, WeightSet},
    gpu::{AdapterChoice, Gpu, GpuOptions, Precision, Tier},
    picture::{Crop, Picture, Resize, ResizeError, fit_to_factor, from_rgba, open},
    tokenizer::{RunOptions, Tokenizer, TokenizerConfig},
    tokens::TokenGrid,
};
use js_sys::{Array, Int32Array, Promise, Uint8Array, Uint8ClampedArray};
use serde_json::json;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::future_to_promise;

use super::script::{self, WasmJob, bad_argument, object, texts};

thread_local! {
    static ON_PANIC: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
}

/// Calls `report` with a message when the engine meets a bug of its own, after which it answers no more.
#[wasm_bindgen(js_name = onPanic)]
pub fn on_panic(report: js_sys::Function) {
    ON_PANIC.with_borrow_mut(|slot| *slot = Some(report));
    std::panic::set_hook(Box::new(|info| {
        let message = JsValue::from_str(&info.to_string());
        ON_PANIC.with_borrow(|slot| {
            if let Some(report) = slot {
                // Whatever the script's function throws, the engine is already ending.
                let _ = report.call1(&JsValue::NULL, &message);
            }
        });
    }));
}

/// An open GPU.
#[wasm_bindgen]
pub struct WasmEngine {
    gpu: Gpu,
}

#[wasm_bindgen]
impl WasmEngine {
    /// Opens an adapter ("best", "software" or part of a name); `portable` keeps to what every WebGPU browser offers.
    pub fn open(adapter: Option<String>, portable: bool) -> Promise {
        let choice = match adapter.as_deref() {
            None | Some("" | "best") => AdapterChoice::Best,
            Some("software") => AdapterChoice::Software,
            Some(name) => AdapterChoice::Named(name.to_owned()),
        };
        future_to_promise(async move {
            let options = GpuOptions {
                adapter: choice,
                tier: portable.then_some(Tier::Portable),
                default_limits: portable,
            };
            let gpu = Gpu::open(&options).await.map_err(|error| script::error(&error))?;
            Ok(JsValue::from(Self { gpu }))
        })
    }

    /// Loads a transformer from what `load` takes; `yaml` is an official configuration, which tells the number of heads.
    #[wasm_bindgen(js_name = loadGenerator)]
    pub fn load_generator(
        &self,
        source: JsValue,
        precision: Option<String>,
        yaml: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        super::generator::load(self.gpu.clone(), source, precision.as_deref(), yaml, job)
    }

    /// What is open, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        let info = self.gpu.info();
        json!({
            "adapter": info.name,
            "backend": info.backend,
            "driver": info.driver,
            "kind": info.kind.to_string(),
            "software": info.is_software(),
            "tier": info.tier.name(),
            "features": info.features,
        })
        .to_string()
    }

    /// Bytes in the engine's buffers now.
    #[wasm_bindgen(getter, js_name = memoryInUse)]
    #[must_use]
    pub fn memory_in_use(&self) -> f64 {
        self.gpu.memory().now as f64
    }

    /// Loads a tokenizer from an absolute address, a `Blob`, bytes (`Uint8Array`), or the `File`s of a model folder.
    pub fn load(
        &self,
        source: JsValue,
        weights: Option<String>,
        precision: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let set = script::weight_set(weights.as_deref())?;
        let precision = script::precision(precision.as_deref())?;
        let (gpu, job) = (self.gpu.clone(), job.job());
        Ok(future_to_promise(async move {
            job.stage("open model");
            let model = open_model(&source).await?;
            script::check(&job)?;
            let weights = model.tokenizer(set).map_err(|error| script::error(&error))?;
            let tokenizer = Tokenizer::load(&gpu, &weights, precision, &job)
                .await
                .map_err(|error| script::error(&error))?;
            let info = describe(&weights, &tokenizer);
            Ok(JsValue::from(WasmTokenizer { tokenizer, info }))
        }))
    }
}

/// A loaded tokenizer.
#[wasm_bindgen]
pub struct WasmTokenizer {
    tokenizer: Tokenizer,
    info: String,
}

#[wasm_bindgen]
impl WasmTokenizer {
    /// What it is, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        self.info.clone()
    }

    /// Encodes RGBA pixels of any size.
    pub fn encode(
        &self,
        rgba: Vec<u8>,
        width: u32,
        height: u32,
        resize: Option<String>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let picture = from_rgba(width, height, rgba).map_err(|error| script::error(&error))?;
        self.encode_picture(picture, resize.as_deref(), tiles.as_deref(), job)
    }

    /// Encodes the bytes of a picture file: PNG, JPEG or WebP.
    #[wasm_bindgen(js_name = encodeFile)]
    pub fn encode_file(
        &self,
        bytes: &[u8],
        resize: Option<String>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let picture = open(bytes).map_err(|error| script::error(&error))?;
        self.encode_picture(picture, resize.as_deref(), tiles.as_deref(), job)
    }

    /// Decodes a grid and returns `{data, width, height}`, RGBA, cropped to `width × height` where that is smaller.
    pub fn decode(
        &self,
        tokens: &[i32],
        rows: u32,
        cols: u32,
        crop: Option<Box<[u32]>>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let tokens: Vec<u32> = tokens
            .iter()
            .map(|&token| {
                u32::try_from(token).map_err(|_| bad_argument(&format!("token {token} is negative")))
            })
            .collect::<Result<_, _>>()?;
        let grid = TokenGrid::new(rows, cols, tokens).map_err(|error| script::error(&error))?;
        let options = RunOptions { tiling: script::tiling(tiles.as_deref())?, ..RunOptions::default() };
        let crop = match crop.as_deref() {
            None => None,
            Some(&[width, height]) if width > 0 && height > 0 => Some(Crop { width, height }),
            Some(_) => return Err(bad_argument("width and height of the tokens must be at least 1")),
        };
        let (tokenizer, job) = (self.tokenizer.clone(), job.job());
        Ok(future_to_promise(async move {
            let decoding =
                tokenizer.decode(&[grid], &options, &job).await.map_err(|error| script::error(&error))?;
            let padded =
                decoding.pictures.first().ok_or_else(|| bad_argument("the decoder gave no picture"))?;
            let picture = crop.map_or_else(|| padded.clone(), |crop| crop.apply(padded));
            let (width, height) = picture.dimensions();
            let rgba: Vec<u8> =
                picture.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 255]).collect();
            Ok(object([
                ("data", Uint8ClampedArray::from(rgba.as_slice()).into()),
                ("width", width.into()),
                ("height", height.into()),
            ]))
        }))
    }
}

impl WasmTokenizer {
    /// Fits the picture to the factor and returns `{grid, tokens, width, height, notes}`.
    fn encode_picture(
        &self,
        picture: Picture,
        resize: Option<&str>,
        tiles: Option<&str>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let resize: Resize =
            resize.unwrap_or("none").parse().map_err(|error: ResizeError| script::error(&error))?;
        let options = RunOptions { tiling: script::tiling(tiles)?, ..RunOptions::default() };
        let (tokenizer, job) = (self.tokenizer.clone(), job.job());
        Ok(future_to_promise(async move {
            let fitted = fit_to_factor(picture.rgb, resize, tokenizer.config().factor());
            let notes: Vec<String> = picture.notes.into_iter().chain(fitted.notes).collect();
            let encoding = tokenizer
                .encode(&[fitted.rgb], &options, &job)
                .await
                .map_err(|error| script::error(&error))?;
            let grid = encoding.grids.first().ok_or_else(|| bad_argument("the encoder gave no tokens"))?;
            let tokens: Vec<i32> = grid.tokens.iter().map(|&token| token.cast_signed()).collect();
            Ok(object([
                ("grid", Array::of2(&grid.rows.into(), &grid.cols.into()).into()),
                ("tokens", Int32Array::from(tokens.as_slice()).into()),
                ("width", fitted.crop.width.into()),
                ("height", fitted.crop.height.into()),
                ("notes", texts(&notes)),
            ]))
        }))
    }
}

/// Opens whatever a script may give as a model.
pub(super) async fn open_model(source: &JsValue) -> Result<Model, JsValue> {
    let opened = if let Some(address) = source.as_string() {
        Model::open_url(&address).await
    } else if let Some(blob) = source.dyn_ref::<web_sys::Blob>() {
        Model::open(Source::blob(&name_of(blob), blob.clone())).await
    } else if let Some(bytes) = source.dyn_ref::<Uint8Array>() {
        Model::open(Source::memory("the model in memory", bytes.to_vec())).await
    } else if let Some(files) = source.dyn_ref::<Array>() {
        return open_files(files).await;
    } else {
        let wanted = "a model is an address, a File or Blob, an ArrayBuffer, or the Files of a model folder";
        return Err(bad_argument(wanted));
    };
    opened.map_err(|error| script::error(&error))
}

/// Opens a model folder from its files: `config.json` and the safetensors.
async fn open_files(files: &Array) -> Result<Model, JsValue> {
    let (mut config, mut shards) = (None, Vec::new());
    for file in files.iter() {
        let Some(blob) = file.dyn_ref::<web_sys::Blob>() else {
            return Err(bad_argument("the list of a model folder's files holds something that is no File"));
        };
        let name = name_of(blob);
        if name.ends_with("config.json") {
            config = Some(Source::blob(&name, blob.clone()));
        } else if name.ends_with(".safetensors") {
            shards.push(Source::blob(&name, blob.clone()));
        }
    }
    let Some(config) = config else {
        return Err(bad_argument("the files of a model folder lack config.json"));
    };
    Model::open_folder(config, shards).await.map_err(|error| script::error(&error))
}

fn name_of(blob: &web_sys::Blob) -> String {
    blob.dyn_ref::<web_sys::File>().map_or_else(|| "the model".to_owned(), web_sys::File::name)
}

fn describe(weights: &TokenizerWeights, tokenizer: &Tokenizer) -> String {
    let config: &TokenizerConfig = tokenizer.config();
    json!({
        "name": weights.name(),
        "weights": match weights.set() { WeightSet::Ema => "ema", WeightSet::Raw => "raw" },
        "precision": match tokenizer.precision() { Precision::F32 => "f32", Precision::F16 => "f16" },
        "factor": config.factor(),
        "codebookSize": config.n_embed,
        "codeDimension": config.embed_dim,
        "parameters": config.parameter_count(),
        "config": config,
    })
    .to_string()
}
