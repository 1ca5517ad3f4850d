//! What a generator is, for people.

use crate::{
    files::{Origin, WeightSet},
    gpu::Precision,
    transformer::{TransformerConfig, TransformerMemory, TransformerPrecision},
};

/// What a generator is, the memory that it needs, and where its parts come from.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratorDescription {
    /// What people call it.
    pub name: String,
    /// Where the transformer comes from.
    pub origin: Origin,
    /// The configuration of the transformer.
    pub config: TransformerConfig,
    /// How the transformer's weights are stored on the GPU.
    pub precision: TransformerPrecision,
    /// Parameters of the transformer.
    pub parameters: u64,
    /// Memory of the transformer on the GPU.
    pub memory: TransformerMemory,
    /// The usual name of every class, where they have names.
    pub class_names: Option<Vec<String>>,
    /// What the file does not tell and was taken to be as in the official models.
    pub assumed: Vec<String>,
    /// The tokenizer that draws its tokens, where there is one.
    pub tokenizer: Option<TokenizerDescription>,
}

/// The tokenizer of a generator.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenizerDescription {
    /// Path or address.
    pub name: String,
    /// Whether it is in the transformer's file.
    pub inside: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// Which of its weights.
    pub weights: WeightSet,
    /// How they are stored on the GPU.
    pub precision: Precision,
    /// Pixels per token side.
    pub factor: u32,
}
