//! File formats that need nothing else of the engine: element types, safetensors headers, zip archives, NumPy headers.
//!
//! Everything here works on bytes that are already in memory, or writes to a [`std::io::Write`]; nothing here knows what a
//! file is for. Reading by position, so that no file is ever held as a whole, is the business of [`files`](crate::files).

mod dtype;
pub mod npy;
pub(crate) mod safetensors;
pub mod text;
pub mod zip;

pub(crate) use dtype::{Dtype, Element};
