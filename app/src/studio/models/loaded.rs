//! A tokenizer on the GPU.

use ibq_core::{files::WeightSet, tokenizer::Tokenizer};

use crate::studio::format::short_name;

/// Which of the two models that can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The one that is always there.
    #[default]
    First,
    /// The one beside it.
    Second,
}

impl Slot {
    pub(crate) const BOTH: [Self; 2] = [Self::First, Self::Second];
}

/// A tokenizer on the GPU.
#[derive(Clone)]
pub(crate) struct LoadedModel {
    /// Counts up with every model that is loaded.
    pub(crate) id: u64,
    /// Path or address.
    pub(crate) name: String,
    pub(crate) set: WeightSet,
    pub(crate) tokenizer: Tokenizer,
}

impl LoadedModel {
    /// The last part of its path.
    pub(crate) fn short_name(&self) -> &str {
        short_name(&self.name)
    }
}
