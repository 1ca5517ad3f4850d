//! Model files of every form: sources of bytes, safetensors, PyTorch checkpoints, model folders, official YAML.
//!
//! A file is first opened ([`Model::open`]): its form is recognized and its tensors are listed, by reading a few short
//! ranges. Tensors are then read one at a time. Nothing in a file is trusted: every length is checked against the size
//! of the file before memory is taken, and no code in a pickle is ever run.

mod archive;
#[cfg(not(target_arch = "wasm32"))]
mod checkpoint_folder;
mod digest;
#[cfg(not(target_arch = "wasm32"))]
mod disk_space;
mod error;
mod folder;
mod folder_config;
#[cfg(not(target_arch = "wasm32"))]
mod folder_lock;
#[cfg(not(target_arch = "wasm32"))]
mod folder_writer;
mod layout;
mod listing;
#[cfg(not(target_arch = "wasm32"))]
mod lock;
mod model;
mod names;
mod origin;
#[cfg(not(target_arch = "wasm32"))]
mod partial;
mod pickle;
mod pytorch;
#[cfg(not(target_arch = "wasm32"))]
mod replace_folder;
mod safetensors;
mod source;
mod state_dict;
mod stored_tensor;
mod weight_set;
#[cfg(not(target_arch = "wasm32"))]
mod whole_file;
mod yaml;

pub use digest::{DigestError, sha256};
pub use error::{ConfigError, WeightsError};
pub use folder::{INDEX_FILE, TENSORS_FILE};
pub(crate) use folder_config::read_section;
pub use folder_config::{CONFIG_FILE, FolderConfig};
#[cfg(not(target_arch = "wasm32"))]
pub use folder_lock::{FolderLock, LockError};
#[cfg(not(target_arch = "wasm32"))]
pub use folder_writer::{FolderTensor, FolderWriter, StoredAs};
#[cfg(not(target_arch = "wasm32"))]
pub use lock::try_lock;
pub use model::{Model, TensorEntry};
pub use origin::{Origin, short_name};
#[cfg(not(target_arch = "wasm32"))]
pub use partial::{follow_links, rename_durably};
pub(crate) use source::Shared;
pub use source::{Source, SourceError};
pub use weight_set::{WeightSet, WeightSetError};
#[cfg(not(target_arch = "wasm32"))]
pub use whole_file::{WholeFile, write_whole, write_whole_private};
pub use yaml::{OfficialArguments, OfficialYaml, YamlEntry};
