//! VQGAN (arXiv 2012.09841): plain vector quantization, as in taming-transformers.
//!
//! Its checkpoints have the same tensors as those of IBQ: only their YAML file, or the `config.json` of a model folder,
//! tells the two apart.

use crate::tokenizer::Rule;

use super::{Family, Signs};

/// The family.
pub(super) struct Vqgan;

impl Family for Vqgan {
    fn name(&self) -> &'static str {
        "VQGAN"
    }

    fn rule(&self) -> Rule {
        Rule::Vq
    }

    fn classes(&self) -> &'static [&'static str] {
        &["taming.models.vqgan.VQModel"]
    }

    fn recognizes(&self, signs: &Signs<'_>) -> bool {
        signs.has("quantize.embedding.weight") && signs.any("encoder.")
    }
}
