//! Opening a transformer and its tokenizer, and the options for it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ibq_core::{
    files::{Model, TokenizerWeights},
    gpu::{AdapterChoice, Gpu, Precision},
    tokenizer::Tokenizer,
    transformer::{
        Transformer, TransformerConfig, TransformerError, TransformerPrecision, TransformerWeights,
    },
};
use ibq_studio::bundled;

use super::{
    failure::Failure,
    inputs::{read_bounded, shown},
    model::{self, Adapter, OpenedModel},
    numbers::count,
    options::GpuOptions,
    session::Session,
};

/// Most bytes of a configuration file.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Which transformer, and where to run it.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct TransformerOptions {
    /// Transformer: a file (.ckpt, .safetensors) or folder [default: the bundled one]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    /// Official configuration file: tells the number of heads, which the weights do not
    #[arg(long, value_name = "YAML")]
    pub(crate) config: Option<PathBuf>,
    /// Part of an adapter's name, or software
    #[arg(long, value_name = "NAME", default_value = "best")]
    pub(crate) adapter: AdapterChoice,
    /// Storage of the transformer's weights [default: f32]
    #[arg(long, value_enum)]
    pub(crate) precision: Option<PrecisionChoice>,
}

/// `--precision` of a transformer.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionChoice {
    /// 32-bit floats
    F32,
    /// 16-bit floats: half the memory
    F16,
    /// 8 bits: a quarter
    Int8,
    /// 4 bits: a seventh
    Int4,
}

impl From<PrecisionChoice> for TransformerPrecision {
    fn from(choice: PrecisionChoice) -> Self {
        match choice {
            PrecisionChoice::F32 => Self::F32,
            PrecisionChoice::F16 => Self::F16,
            PrecisionChoice::Int8 => Self::Int8,
            PrecisionChoice::Int4 => Self::Int4,
        }
    }
}

impl From<TransformerError> for Failure {
    fn from(error: TransformerError) -> Self {
        match error {
            TransformerError::Cancelled(cancelled) => cancelled.into(),
            TransformerError::Gpu(gpu) => gpu.into(),
            other => Self::with_advice(&other, other.remedy()),
        }
    }
}

/// A transformer file of which only the directory has been read.
pub(crate) struct OpenedTransformer {
    /// The file.
    pub(crate) opened: OpenedModel,
    /// Its weights.
    pub(crate) weights: TransformerWeights,
}

impl OpenedTransformer {
    /// Names of the classes, where the model's folder carries them.
    pub(crate) fn class_names(&self) -> &[String] {
        self.opened.model.folder().map_or(&[], |folder| &folder.class_names)
    }

    /// How its weights are to be stored: as the command line says, else as they are stored in the file, else as `before`.
    pub(crate) fn precision(
        &self,
        options: &TransformerOptions,
        before: Option<TransformerPrecision>,
    ) -> Result<TransformerPrecision, Failure> {
        let asked = options.precision.map(TransformerPrecision::from);
        match (self.weights.quantized(), asked) {
            (Some(stored), Some(asked)) if stored != asked => Err(Failure::Usage(format!(
                "{} is stored as {}; it cannot become {}",
                self.opened.name,
                stored.name(),
                asked.name()
            ))),
            (Some(stored), _) => Ok(stored),
            (None, asked) => Ok(asked.or(before).unwrap_or_default()),
        }
    }

    /// The tokenizer inside.
    pub(crate) fn tokenizer(&self) -> Result<TokenizerWeights, Failure> {
        self.opened.model.tokenizer(None).map_err(|_| {
            let name = &self.opened.name;
            Failure::Failed(format!("{name} has no tokenizer inside; give one with --tokenizer"))
        })
    }
}

/// Reads an official configuration file.
pub(crate) fn read_yaml(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_bounded(path, MAX_CONFIG_BYTES)?).map_err(|_| Failure::at(path, "is no text"))
}

/// Opens the file and says what it is. What it does not tell is taken from a configuration that is known already.
pub(crate) async fn open(
    options: &TransformerOptions,
    path: Option<PathBuf>,
    known: Option<&TransformerConfig>,
    session: &Session,
) -> Result<OpenedTransformer, Failure> {
    let yaml = options.config.as_deref().map(read_yaml).transpose()?;
    let opened = match path.filter(|path| !path.as_os_str().is_empty()) {
        Some(path) => model::open(Some(&path)).await?,
        None => bundled().await?,
    };
    let weights = match known {
        Some(config) if yaml.is_none() => TransformerWeights::like(&opened.model, config)?,
        _ => TransformerWeights::new(&opened.model, yaml.as_deref())?,
    };
    let config = weights.config();
    let (layers, width) = (config.n_layer, count(config.n_embd.into()));
    let parameters = config.parameter_count() as f64 / 1e6;
    session.tell(
        "model",
        format_args!(
            "{} · {layers} layers of width {width} · {parameters:.1} million parameters",
            opened.name
        ),
    );
    for assumed in weights.assumed() {
        session.note(&opened.name, format_args!("taken to have {assumed}; --config says otherwise"));
    }
    Ok(OpenedTransformer { opened, weights })
}

/// The transformer that ships with the program.
async fn bundled() -> Result<OpenedModel, Failure> {
    let Some(bundled) = bundled::bundled_generator() else {
        let reason = "a transformer is needed, and none ships with this build: give one with --model";
        return Err(Failure::Usage(reason.to_owned()));
    };
    let model = Model::open_folder(bundled.config, vec![bundled.weights]).await?;
    Ok(OpenedModel { model, name: bundled.name.to_owned() })
}

/// Opens the adapter, says which it is, and uploads the transformer.
pub(crate) async fn load(
    transformer: &OpenedTransformer,
    options: &TransformerOptions,
    precision: TransformerPrecision,
    session: &Session,
) -> Result<(Gpu, Transformer), Failure> {
    let choice = GpuOptions {
        adapter: options.adapter.clone(),
        precision: super::options::PrecisionChoice::F32,
        tier: None,
    };
    let gpu = model::open_gpu(&choice).await?;
    session.tell("adapter", format_args!("{} · {}", Adapter::from(gpu.info()).line(), precision.name()));
    session.title(&transformer.opened.name);
    let loaded = Transformer::load(&gpu, &transformer.weights, precision, session.job()).await?;
    Ok((gpu, loaded))
}

/// Uploads the tokenizer and checks that it fits the transformer.
pub(crate) async fn load_tokenizer(
    gpu: &Gpu,
    weights: &TokenizerWeights,
    transformer: &Transformer,
    session: &Session,
) -> Result<Tokenizer, Failure> {
    let (codes, vocabulary) = (weights.config().n_embed, transformer.config().vocab_size);
    if codes != vocabulary {
        return Err(Failure::Failed(format!(
            "the tokenizer {} has {} codes, but the transformer was trained on {}",
            shown(Path::new(weights.name())),
            count(codes.into()),
            count(vocabulary.into())
        )));
    }
    Ok(Tokenizer::load(gpu, weights, Precision::F32, session.job()).await?)
}
