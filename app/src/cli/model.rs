//! Opening the model and the device, and saying which they are.

use std::{path::Path, time::Instant};

use ibq_core::{
    device::{Device, Processor},
    files::{Model, WeightSet},
    gpu::{AdapterChoice, Gpu, GpuInfo, GpuOptions as OpenOptions, Tier},
    tokenizer::{Rule, Tokenizer, TokenizerWeights},
};
use ibq_studio::bundled;
use serde::Serialize;

use super::{
    failure::Failure,
    numbers,
    options::{
        DeviceChoice, GpuOptions, ModelOptions, PrecisionChoice, TierChoice, TokenizerGpuOptions,
        WeightOptions,
    },
    paths::shown,
    read::read_yaml,
    session::Session,
};

/// A tokenizer on its device, and what is to be said about it.
pub(crate) struct Loaded {
    /// The tokenizer.
    pub(crate) tokenizer: Tokenizer,
    /// The model, for people and for token files.
    pub(crate) name: String,
    /// What was used, for JSON documents.
    pub(crate) run: RunInfo,
    /// Milliseconds of opening model and device.
    pub(crate) open_ms: f64,
    /// Milliseconds of reading the weights.
    pub(crate) load_ms: f64,
}

/// Which model, weights and adapter gave a result.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunInfo {
    model: String,
    weights: &'static str,
    precision: &'static str,
    codebook_size: u32,
    quantizer: &'static str,
    factor: u32,
    adapter: Adapter,
}

/// An adapter, for JSON documents.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Adapter {
    name: String,
    backend: String,
    driver: String,
    kind: String,
    tier: &'static str,
}

impl From<&GpuInfo> for Adapter {
    fn from(info: &GpuInfo) -> Self {
        Self {
            name: info.name.clone(),
            backend: info.backend.clone(),
            driver: info.driver.clone(),
            kind: info.kind.to_string(),
            tier: info.tier.name(),
        }
    }
}

impl From<&Device> for Adapter {
    fn from(device: &Device) -> Self {
        match device {
            Device::Gpu(gpu) => gpu.info().into(),
            Device::Cpu(processor) => Self {
                name: processor.name().to_owned(),
                backend: processor.instructions().to_owned(),
                driver: String::new(),
                kind: numbers::several(processor.threads(), "thread"),
                tier: "cpu",
            },
        }
    }
}

impl Adapter {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        format!("{} · {} · {}", self.name, self.backend, self.kind)
    }
}

/// An opened model and its name.
pub(crate) struct OpenedModel {
    /// The model.
    pub(crate) model: Model,
    /// Its file or folder name.
    pub(crate) name: String,
}

/// Opens a file or folder, or the bundled model, and says what was chosen in it.
pub(crate) async fn open(path: Option<&Path>, session: &Session) -> Result<OpenedModel, Failure> {
    let opened = open_quietly(path).await?;
    session.notes(&opened.name, opened.model.notes());
    Ok(opened)
}

/// Opens a file or folder, or the bundled model. What was chosen in it is left to the caller to say.
pub(crate) async fn open_quietly(path: Option<&Path>) -> Result<OpenedModel, Failure> {
    if let Some(path) = path {
        let model = Model::open_path(path).await?;
        // Paths like `.` have no name of their own.
        let canonical = || std::fs::canonicalize(path).ok();
        let name = path.file_name().map(ToOwned::to_owned);
        let name = name.or_else(|| canonical()?.file_name().map(ToOwned::to_owned));
        let name = name.map(|name| shown(Path::new(&name)));
        return Ok(OpenedModel { model, name: name.unwrap_or_else(|| shown(path)) });
    }
    let bundled = bundled::bundled_tokenizer().map_err(|error| Failure::Failed(error.to_string()))?;
    let name = bundled.name.to_owned();
    Ok(OpenedModel { model: bundled.open().await?, name })
}

/// The asked weights of a model, with what the configuration file says if one was given.
pub(crate) fn tokenizer(opened: &OpenedModel, options: &WeightOptions) -> Result<TokenizerWeights, Failure> {
    let weights = opened.model.tokenizer(options.weights.map(WeightSet::from))?;
    match &options.config {
        None => Ok(weights),
        Some(path) => weights.with_yaml(&read_yaml(path)?).map_err(|error| Failure::in_file(path, error)),
    }
}

/// Says that the rule of a quantizer was assumed, where nothing stated it.
pub(crate) fn note_assumed_rule(name: &str, weights: &TokenizerWeights, session: &Session) {
    if weights.rule_is_assumed() {
        let rule = Rule::default().description();
        let advice = "its official YAML states the rule (--config)";
        let text = format!("nothing states the rule of its quantizer: {rule} is assumed; {advice}");
        session.note(name, text);
    }
}

/// Opens what computes: an adapter, or the processor.
///
/// Without a choice it is [`Device::best`]; asking for a tier asks for an adapter.
pub(crate) async fn open_device(options: &GpuOptions, session: &Session) -> Result<Device, Failure> {
    let device = find_device(options).await?;
    if let (Some(threads), Some(gpu)) = (options.threads, device.gpu()) {
        let name = &gpu.info().name;
        session.note(&format!("--threads {threads}"), format_args!("{name} computes, not the processor"));
    }
    Ok(device)
}

async fn find_device(options: &GpuOptions) -> Result<Device, Failure> {
    let threads = options.threads.map_or(0, usize::from);
    match (&options.device, options.tier) {
        (DeviceChoice::Cpu, None) => Ok(Processor::open(threads).into()),
        (DeviceChoice::Cpu, Some(_)) => {
            Err(Failure::Usage("--tier is for adapters; the processor has none".to_owned()))
        }
        (DeviceChoice::Auto, None) => Ok(Device::best(threads).await?),
        (DeviceChoice::Auto, tier) => open_adapter(AdapterChoice::Best, tier).await,
        (DeviceChoice::Adapter(adapter), tier) => open_adapter(adapter.clone(), tier).await,
    }
}

async fn open_adapter(adapter: AdapterChoice, tier: Option<TierChoice>) -> Result<Device, Failure> {
    let tier = tier.map(Tier::from);
    let open = OpenOptions { adapter, tier, ..OpenOptions::default() };
    let gpu = Gpu::open(&open).await?;
    match tier {
        Some(wanted) if gpu.info().tier != wanted => Err(Failure::Failed(format!(
            "the adapter {} has no {wanted} tier, only {}; leave --tier out, or choose another --device",
            gpu.info().name,
            gpu.info().tier,
        ))),
        _ => Ok(gpu.into()),
    }
}

/// Opens model and device, says which they are, and uploads the weights.
pub(crate) async fn load(
    model: &ModelOptions,
    options: &TokenizerGpuOptions,
    session: &Session,
) -> Result<Loaded, Failure> {
    let started = Instant::now();
    let opened = open(model.model.as_deref(), session).await?;
    session.job().check()?;
    let weights = tokenizer(&opened, &model.choice)?;
    note_assumed_rule(&opened.name, &weights, session);
    let config = weights.config();
    let origin = if model.model.is_none() { " (bundled)" } else { "" };
    let quantizer = config.quantizer();
    let codes = numbers::count(u64::from(quantizer.codes));
    let set = weights.set();
    session.tell("model", format_args!("{}{origin} · {set} weights · {codes} codes", opened.name));
    let device = open_device(&options.gpu, session).await?;
    let adapter = Adapter::from(&device);
    let precision = if device.gpu().is_some() { options.precision } else { PrecisionChoice::F32 };
    if precision != options.precision {
        session.note("precision", "the processor computes in f32");
    }
    session.tell("device", format_args!("{} · {}", adapter.line(), precision.name()));
    let run = RunInfo {
        model: opened.name.clone(),
        weights: weights.set().name(),
        precision: precision.name(),
        codebook_size: quantizer.codes,
        quantizer: quantizer.rule.key(),
        factor: config.factor(),
        adapter,
    };
    session.title(&opened.name);
    let open_ms = milliseconds(started);
    let started = Instant::now();
    let tokenizer = Tokenizer::load(&device, &weights, precision.into(), session.job()).await?;
    Ok(Loaded { tokenizer, name: opened.name, run, open_ms, load_ms: milliseconds(started) })
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
