//! Model files of every form: sources of bytes, safetensors, PyTorch checkpoints, naming, configuration.

mod model;
mod source;

pub use model::{Model, ModelKind, Precision, TensorEntry, TokenizerWeights, WeightSet, WeightsError};
pub use source::{Source, SourceError};
