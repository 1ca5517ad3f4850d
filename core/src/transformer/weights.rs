//! The transformer inside a model file, its parameters under their official names.

use ibq_shaders::WeightFormat;

use crate::{
    files::{Model, OfficialArguments, OfficialYaml, WeightsError, read_section},
    tokenizer::{ModelKind, Unsupported},
};

use super::{
    TransformerConfig, TransformerError, TransformerPrecision,
    config::{OFFICIAL_BLOCK, OFFICIAL_HEAD},
    random,
};

/// Before the transformer's names in a checkpoint.
const PREFIX: &str = "transformer.";
/// The class of its official YAML files.
const CLASS: &str = "src.IBQ.models.cond_transformer_llama.Net2NetTransformer";
/// The section of its official YAML files with its shape.
const SECTION: &str = "transformer_config";
/// Most blocks that are looked for.
const MOST_BLOCKS: u32 = 257;

/// The tensors of a transformer, ready to be read one by one under their official names. Clones share the file.
#[derive(Clone, Debug)]
pub struct TransformerWeights {
    origin: Origin,
    config: TransformerConfig,
    /// What could not be seen in the weights and was assumed, ready to be shown.
    assumed: Vec<String>,
    /// How the linear layers are stored, where they are quantized.
    format: Option<WeightFormat>,
}

/// Where the values come from.
#[derive(Clone, Debug)]
enum Origin {
    File(Model),
    /// Made as they are asked for, from this seed.
    Random(u64),
}

/// What shapes cannot tell.
#[derive(Clone, Copy, Debug, Default)]
struct Unseen {
    n_head: Option<u32>,
    block_size: Option<u32>,
}

impl TransformerWeights {
    /// Finds every parameter and checks its shape; nothing is read. The head count and the number of tokens cannot be
    /// seen in the weights: they come from the folder's `config.json`, from an official YAML, or else are those of the
    /// official models.
    ///
    /// # Errors
    /// [`TransformerError`]: another kind of model, missing tensors, wrong shapes, a configuration that disagrees.
    pub fn new(model: &Model, yaml: Option<&str>) -> Result<Self, TransformerError> {
        let folder = folder_config(model)?;
        let yaml = yaml.map(OfficialYaml::read).transpose()?;
        let yaml = yaml.as_ref().map(official_arguments).transpose()?;
        let mut unseen = Unseen {
            n_head: folder.as_ref().map(|config| config.n_head),
            block_size: folder.as_ref().map(|config| config.block_size),
        };
        if let Some(yaml) = &yaml {
            unseen.n_head = yaml.number(&official_field("n_head"))?.or(unseen.n_head);
            unseen.block_size = yaml.number(&official_field("block_size"))?.or(unseen.block_size);
        }
        let weights = Self::with(model, unseen)?;
        if let Some(yaml) = &yaml {
            check_yaml(model.name(), yaml, &weights.config)?;
        }
        Ok(weights)
    }

    fn with(model: &Model, unseen: Unseen) -> Result<Self, TransformerError> {
        if let ModelKind::Unsupported(unsupported) = model.kind() {
            let (family, reason) = (unsupported.name, unsupported.reason);
            return Err(WeightsError::Unsupported { name: model.name().to_owned(), family, reason }.into());
        }
        let mut names = model.tensors().iter().map(|entry| entry.name.as_str()).chain(model.unreadable());
        if !names.any(|name| name.starts_with(PREFIX)) {
            return Err(TransformerError::NoTransformer { name: model.name().to_owned() });
        }
        if let Some(format) = quantized_format(model) {
            return Self::quantized_file(model, format);
        }
        let (config, assumed) = infer(model, unseen)?;
        config.validate().map_err(|error| WeightsError::Config { name: model.name().to_owned(), error })?;
        for (name, expected) in config.parameters() {
            check_shape(model, &name, &expected)?;
        }
        Ok(Self { origin: Origin::File(model.clone()), config, assumed, format: None })
    }

    /// A model folder whose linear layers are stored as the kernels read them: only `config.json` tells its sizes.
    fn quantized_file(model: &Model, format: WeightFormat) -> Result<Self, TransformerError> {
        let Some(config) = folder_config(model)? else {
            let reason = "holds quantized weights, which need the `config.json` that was written with them";
            return Err(TransformerError::Input(format!("{} {reason}", model.name())));
        };
        config.validate().map_err(|error| WeightsError::Config { name: model.name().to_owned(), error })?;
        if model.tensor(&format!("{PREFIX}head.0.int4")).is_some() {
            let reason =
                "has its logits in 4 bits, which are too few and no longer read; convert the original again";
            return Err(TransformerError::Input(format!("{} {reason}", model.name())));
        }
        for part in config.stored_parts(format) {
            check_shape(model, &part.name, &part.shape)?;
            let tensor = format!("{PREFIX}{}", part.name);
            if part.words && model.tensor(&tensor).is_none_or(|entry| entry.dtype != "U32") {
                let (name, reason) = (model.name().to_owned(), "must hold 32-bit words (U32)".to_owned());
                return Err(WeightsError::Tensor { name, tensor, reason }.into());
            }
        }
        Ok(Self { origin: Origin::File(model.clone()), config, assumed: Vec::new(), format: Some(format) })
    }

    /// Random weights, made as they are asked for: to measure the time and memory of a size without its file.
    ///
    /// # Errors
    /// [`TransformerError::Config`] for sizes that cannot run.
    pub fn random(config: TransformerConfig, seed: u64) -> Result<Self, TransformerError> {
        config.validate()?;
        Ok(Self { origin: Origin::Random(seed), config, assumed: Vec::new(), format: None })
    }

    /// As [`TransformerWeights::new`], where the configuration is known from elsewhere: what shapes cannot tell is taken
    /// from it.
    ///
    /// # Errors
    /// As [`TransformerWeights::new`]; also when the model is another one.
    pub fn like(model: &Model, config: &TransformerConfig) -> Result<Self, TransformerError> {
        let unseen = Unseen { n_head: Some(config.n_head), block_size: Some(config.block_size) };
        let weights = Self::with(model, unseen)?;
        if weights.config == *config {
            Ok(weights)
        } else {
            let reason = "is another transformer than the one that is asked for: its sizes differ";
            Err(TransformerError::Input(format!("{} {reason}", model.name())))
        }
    }

    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.origin {
            Origin::File(model) => model.name(),
            Origin::Random(_) => "random weights",
        }
    }

    /// How the linear layers are stored in the file, where they are quantized: they can be loaded in no other precision.
    #[must_use]
    pub fn quantized(&self) -> Option<TransformerPrecision> {
        self.format.map(|format| match format {
            WeightFormat::Float => TransformerPrecision::F32,
            WeightFormat::Int8 => TransformerPrecision::Int8,
            WeightFormat::Int4 => TransformerPrecision::Int4,
        })
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// What the weights do not tell and nobody said, so that it was taken to be as in the official models.
    #[must_use]
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// Reads one parameter by its official name, row-major, as f32.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        match &self.origin {
            Origin::File(model) => model.read_tensor(&format!("{PREFIX}{name}")).await,
            Origin::Random(seed) => {
                let count = self.shape_of(name)?.iter().map(|&size| size as usize).product();
                Ok(random::values(&self.config, *seed, name, 0, count))
            }
        }
    }

    /// Reads `count` rows of one parameter from `first` on.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_rows(&self, name: &str, first: u32, count: u32) -> Result<Vec<f32>, WeightsError> {
        match &self.origin {
            Origin::File(model) => {
                model.read_tensor_rows(&format!("{PREFIX}{name}"), first.into(), count.into()).await
            }
            Origin::Random(seed) => {
                let row: u64 = self.shape_of(name)?.iter().skip(1).map(|&size| u64::from(size)).product();
                let values = row as usize * count as usize;
                Ok(random::values(&self.config, *seed, name, u64::from(first) * row, values))
            }
        }
    }

    /// Reads rows of a tensor of words, of a layer that is stored quantized.
    pub(super) async fn read_words(
        &self,
        name: &str,
        first: u32,
        count: u32,
    ) -> Result<Vec<u32>, WeightsError> {
        let stored = format!("{PREFIX}{name}");
        match &self.origin {
            Origin::File(model) => model.read_words_rows(&stored, first.into(), count.into()).await,
            Origin::Random(_) => Err(self.missing(stored)),
        }
    }

    /// The shape of a parameter of random weights.
    fn shape_of(&self, name: &str) -> Result<Vec<u32>, WeightsError> {
        let found = self.config.parameters().into_iter().find(|(known, _)| known == name);
        found.map(|(_, shape)| shape).ok_or_else(|| self.missing(name.to_owned()))
    }

    fn missing(&self, tensor: String) -> WeightsError {
        WeightsError::Missing { name: self.name().to_owned(), tensor }
    }
}

/// The configuration in the `config.json` of a folder.
fn folder_config(model: &Model) -> Result<Option<TransformerConfig>, WeightsError> {
    let section = model.folder().and_then(|folder| folder.transformer.as_ref());
    section.map(|section| read_section(model.name(), "transformer", section)).transpose()
}

/// How the layers of a file are quantized, if they are.
fn quantized_format(model: &Model) -> Option<WeightFormat> {
    let has = |ending: &str| model.tensor(&format!("{PREFIX}blocks.0.attention.wqkv.{ending}")).is_some();
    if has("int8") {
        Some(WeightFormat::Int8)
    } else if has("int4") {
        Some(WeightFormat::Int4)
    } else {
        None
    }
}

fn check_shape(model: &Model, name: &str, expected: &[u32]) -> Result<(), WeightsError> {
    let expected: Vec<u64> = expected.iter().copied().map(u64::from).collect();
    let found = shape(model, name)?;
    if found == expected {
        return Ok(());
    }
    let (name, tensor) = (model.name().to_owned(), format!("{PREFIX}{name}"));
    Err(WeightsError::Shape { name, tensor, found, expected })
}

fn shape(model: &Model, name: &str) -> Result<Vec<u64>, WeightsError> {
    let stored = format!("{PREFIX}{name}");
    match model.tensor(&stored) {
        Some(entry) => Ok(entry.shape.clone()),
        None => Err(model.missing(&stored)),
    }
}

/// Reads the configuration off the shapes.
fn infer(model: &Model, unseen: Unseen) -> Result<(TransformerConfig, Vec<String>), TransformerError> {
    let axes = |name: &str| -> Result<[u32; 2], WeightsError> {
        let sizes: Vec<u32> =
            shape(model, name)?.iter().map_while(|&size| u32::try_from(size).ok()).collect();
        match sizes[..] {
            [rows, columns] if rows > 0 && columns > 0 => Ok([rows, columns]),
            _ => Err(WeightsError::Tensor {
                name: model.name().to_owned(),
                tensor: format!("{PREFIX}{name}"),
                reason: "has a shape that no transformer of this family has".to_owned(),
            }),
        }
    };
    let [vocab_size, n_embd] = axes("tok_emb.weight")?;
    let [class_rows, _] = axes("class_emb.embedding_table.weight")?;
    let [ffn_dim, _] = axes("blocks.0.feed_forward.w1.weight")?;
    let has_block = |block: &u32| model.lists(&format!("{PREFIX}blocks.{block}.attention.wqkv.weight"));
    let n_layer = (0..MOST_BLOCKS).take_while(has_block).count() as u32;
    let mut assumed = Vec::new();
    let n_head = match unseen.n_head {
        Some(n_head) => n_head,
        None if n_embd.is_multiple_of(OFFICIAL_HEAD) => {
            assumed.push(format!("heads of {OFFICIAL_HEAD} channels, as in every official model"));
            n_embd / OFFICIAL_HEAD
        }
        None => {
            return Err(TransformerError::Input(format!(
                "{} does not tell its number of heads, and its width {n_embd} holds no whole number of the official \
                 {OFFICIAL_HEAD} channels; it needs its configuration: the official YAML, or a `config.json` beside it",
                model.name()
            )));
        }
    };
    let block_size = unseen.block_size.unwrap_or_else(|| {
        assumed.push("16 × 16 tokens a picture, as in every official model".to_owned());
        OFFICIAL_BLOCK
    });
    let class_num = class_rows.saturating_sub(1);
    let config = TransformerConfig { vocab_size, block_size, n_layer, n_head, n_embd, class_num, ffn_dim };
    Ok((config, assumed))
}

/// The arguments of the transformer in an official YAML file.
///
/// # Errors
/// [`WeightsError::Class`] for a file of another class of model, [`WeightsError::Yaml`] where there is no transformer in
/// it.
pub fn official_arguments(yaml: &OfficialYaml) -> Result<OfficialArguments<'_>, WeightsError> {
    let arguments = yaml.arguments_with(SECTION);
    let class = match &arguments {
        Some(arguments) => arguments.class(),
        None => yaml.model_class(),
    };
    let is_ours = |class: &str| class == CLASS || class.ends_with(&format!(".{CLASS}"));
    match (arguments, class) {
        (Some(arguments), None) => Ok(arguments),
        (Some(arguments), Some(class)) if is_ours(class) => Ok(arguments),
        (_, Some(class)) => Err(WeightsError::Class {
            class: class.to_owned(),
            known: Unsupported::of_class(class)
                .map(|unsupported| format!("{}: {}", unsupported.name, unsupported.reason)),
            expected: format!("`{CLASS}`"),
        }),
        (None, None) => {
            let reason =
                format!("has no section `{SECTION}`, so it is no official transformer configuration");
            Err(WeightsError::Yaml { reason })
        }
    }
}

/// The path of a field of the transformer in its arguments.
fn official_field(field: &str) -> String {
    format!("{SECTION}.params.{field}")
}

/// Compares what the shapes tell with an official YAML.
fn check_yaml(
    name: &str,
    yaml: &OfficialArguments<'_>,
    config: &TransformerConfig,
) -> Result<(), WeightsError> {
    for (field, ours) in [
        ("vocab_size", config.vocab_size),
        ("n_layer", config.n_layer),
        ("n_embd", config.n_embd),
        ("class_num", config.class_num),
    ] {
        match yaml.number(&official_field(field))? {
            Some(theirs) if theirs != ours => {
                return Err(WeightsError::Disagreement {
                    name: name.to_owned(),
                    field: field.to_owned(),
                    yaml: theirs.to_string(),
                    found: ours.to_string(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}
