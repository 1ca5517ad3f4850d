//! A generator: a transformer, the tokenizer that draws its tokens, the names of its classes, and the recipe of every picture.
//!
//! [`OpenedGenerator`] knows the files: which transformer it is, what its classes are called, and which tokenizer fits. It loads
//! a [`Generator`], which makes pictures and says how each can be made again ([`Recipe`]). Files are opened, and tokenizers from
//! outside are offered, by the caller: nothing here looks for a file.

mod description;
mod error;
mod names;
mod opened;
mod recipe;
#[cfg(test)]
mod tests;
mod tokenizer;

#[expect(clippy::module_inception, reason = "named after the type it holds")]
mod generator;

pub use description::{GeneratorDescription, TokenizerDescription};
pub use error::GeneratorError;
pub use generator::Generator;
pub use names::ClassNames;
pub use opened::OpenedGenerator;
pub use recipe::{Recipe, RecipeModels, RecipeTokenizer};
pub use tokenizer::TokenizerSource;
