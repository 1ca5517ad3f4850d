//! Encoder and decoder, as functions of named weights, and the discriminator.
//!
//! Layouts are NCHW. The structure is fixed by [`TokenizerConfig`](ibq_core::tokenizer::TokenizerConfig) and the
//! names are the official ones, so a trained model is an official checkpoint without conversion.

mod decoder;
mod discriminator;
mod encoder;
mod layers;

pub use decoder::decode;
pub(crate) use decoder::{LAST_KERNEL, decode_features, last_layer};
pub use discriminator::Discriminator;
pub use encoder::encode;
