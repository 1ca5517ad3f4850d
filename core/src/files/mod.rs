//! Model files of every form: sources of bytes, safetensors, PyTorch checkpoints, naming, configuration.
//!
//! A file is first opened ([`Model::open`]): its form is recognized and its tensors are listed, by reading a few short
//! ranges. Tensors are then read one at a time. Nothing in a file is trusted: every length is checked against the size
//! of the file before memory is taken, and no code in a pickle is ever run.

mod archive;
#[cfg(not(target_arch = "wasm32"))]
mod convert;
mod digest;
mod error;
mod folder;
mod infer;
mod kind;
mod layout;
mod model;
mod naming;
mod origin;
mod pickle;
mod pytorch;
mod safetensors;
mod source;
mod stored;
mod tokenizer;
mod yaml;

#[cfg(not(target_arch = "wasm32"))]
pub use convert::{FolderTensor, FolderWriter, StoredAs, convert};
pub use digest::{DigestError, sha256};
pub use error::WeightsError;
pub use folder::{CONFIG_FILE, FolderConfig, INDEX_FILE, TENSORS_FILE};
pub use kind::{ModelKind, WeightSet, WeightSetError};
pub use model::{Model, TensorEntry};
pub use origin::Origin;
pub use source::{Source, SourceError};
pub use tokenizer::TokenizerWeights;
pub use yaml::official_entries;
pub(crate) use yaml::transformer_number;
