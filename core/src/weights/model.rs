//! An opened model: what it is, which tensors it has, and the tokenizer in it.

use crate::tokenizer::TokenizerConfig;

use super::{Source, SourceError};

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// An IBQ (or VQ) tokenizer: encoder, codebook, decoder.
    Tokenizer,
    /// An autoregressive transformer, with or without its tokenizer inside.
    Transformer,
    /// A discriminator alone.
    Discriminator,
    /// A tokenizer without a codebook (LFQ and relatives).
    LookupFree,
    /// Something else.
    Unknown,
}

/// Which of the two sets of weights in a training checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightSet {
    /// The exponential moving average: what the official evaluation uses.
    Ema,
    /// The weights as the optimizer left them.
    Raw,
}

/// Storage precision of weights and activations. Accumulation is always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
}

/// One tensor of a file.
#[derive(Clone, Debug)]
pub struct TensorEntry {
    /// Its name as stored.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its element type, in safetensors' words ("F32", "BF16", …).
    pub dtype: String,
}

/// Why a model cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WeightsError {
    /// Its bytes cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// An opened model file or model folder. Only its directory has been read. Clones share it.
#[derive(Clone, Debug)]
pub struct Model(());

impl Model {
    /// Opens one file: safetensors, a PyTorch checkpoint or state dict.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open(_source: Source) -> Result<Self, WeightsError> {
        unimplemented!()
    }

    /// Opens a file or a model folder (`config.json` + `model.safetensors`, or shards with an index).
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn open_path(_path: &std::path::Path) -> Result<Self, WeightsError> {
        unimplemented!()
    }

    /// Opens a model folder whose two files are at hand.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open_folder(_config: Source, _shards: Vec<Source>) -> Result<Self, WeightsError> {
        unimplemented!()
    }

    /// Opens a file, or a model folder (an address that ends in `/`), over HTTP.
    ///
    /// # Errors
    /// [`WeightsError`] names the address and what is wrong with it.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_url(_url: &str) -> Result<Self, WeightsError> {
        unimplemented!()
    }

    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        unimplemented!()
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        unimplemented!()
    }

    /// The sets of weights it has, the default first.
    #[must_use]
    pub fn available(&self) -> &[WeightSet] {
        unimplemented!()
    }

    /// All tensors, in the file's order.
    #[must_use]
    pub fn tensors(&self) -> &[TensorEntry] {
        unimplemented!()
    }

    /// The tokenizer in it, with the asked set of weights (none: EMA where there is one).
    ///
    /// # Errors
    /// [`WeightsError`]: another kind of model (named), missing tensors, a set that is not there.
    pub fn tokenizer(&self, _set: Option<WeightSet>) -> Result<TokenizerWeights, WeightsError> {
        unimplemented!()
    }
}

/// The tensors of a tokenizer, ready to be read one by one under their official names. Clones share the file.
#[derive(Clone, Debug)]
pub struct TokenizerWeights(());

impl TokenizerWeights {
    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        unimplemented!()
    }

    /// The configuration, inferred from names and shapes (or from the folder's `config.json`).
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        unimplemented!()
    }

    /// Which set of weights this is.
    #[must_use]
    pub fn set(&self) -> WeightSet {
        unimplemented!()
    }

    /// Compares the configuration with an official YAML.
    ///
    /// # Errors
    /// [`WeightsError`] names the first field that disagrees, with both values.
    pub fn check_against_yaml(&self, _yaml: &str) -> Result<(), WeightsError> {
        unimplemented!()
    }

    /// Reads one parameter by its official name, in PyTorch's layout, as f32. Values that are not finite are an error.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read(&self, _name: &str) -> Result<Vec<f32>, WeightsError> {
        unimplemented!()
    }

    /// Reads `count` entries along the first axis from `first` on: the way to read a large codebook in pieces.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_rows(&self, _name: &str, _first: u64, _count: u64) -> Result<Vec<f32>, WeightsError> {
        unimplemented!()
    }
}
