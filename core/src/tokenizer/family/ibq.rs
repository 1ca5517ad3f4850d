//! IBQ (arXiv 2412.02692): index backpropagation quantization, with the network of VQGAN.

use crate::tokenizer::Rule;

use super::{Family, Signs};

/// The family.
pub(super) struct Ibq;

impl Family for Ibq {
    fn name(&self) -> &'static str {
        "IBQ"
    }

    fn rule(&self) -> Rule {
        Rule::Ibq
    }

    fn classes(&self) -> &'static [&'static str] {
        &["src.IBQ.models.ibqgan.IBQ", "src.IBQ.models.ibqgan_pretrain.IBQ"]
    }

    fn recognizes(&self, signs: &Signs<'_>) -> bool {
        signs.has("quantize.embedding.weight") && signs.any("encoder.")
    }
}
