//! How weights and precisions are called.

use ibq_core::{files::WeightSet, gpu::Precision};

/// "EMA" or "raw".
pub(crate) fn set_name(set: WeightSet) -> &'static str {
    match set {
        WeightSet::Ema => "EMA",
        WeightSet::Raw => "raw",
    }
}

/// "f32" or "f16".
pub(crate) fn precision_name(precision: Precision) -> &'static str {
    precision.name()
}
