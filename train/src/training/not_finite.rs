//! A loss or a gradient that is NaN or infinite.

use super::batch_change::BatchChange;

/// A loss or a gradient is NaN or infinite: the run cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("step {step}: the {quantity} is {value}. The last checkpoint is from before that. {}", causes(*batch_change, *mixed))]
pub struct NotFinite {
    /// Step at which it appeared.
    pub step: u64,
    /// Which loss, or "gradient".
    pub quantity: &'static str,
    /// Its value.
    pub value: f64,
    /// The batch size that changed before, if it did.
    pub batch_change: Option<BatchChange>,
    /// Whether products were computed in 16 bits.
    pub mixed: bool,
}

impl NotFinite {
    /// Fails if the value is not finite.
    ///
    /// # Errors
    /// Itself.
    pub(crate) fn check(self) -> Result<(), Self> {
        if self.value.is_finite() { Ok(()) } else { Err(self) }
    }
}

/// Why a loss or a gradient may not be finite, and what to do.
fn causes(batch_change: Option<BatchChange>, mixed: bool) -> String {
    let range =
        ". It may also be a value beyond the range of 16 bits, which is up to 65,504: try --precision full";
    let causes = match batch_change {
        Some(change) => format!(
            "The likely cause: {change}. Resume from the checkpoint with a lower rate, such as {:.1e}, or with the old batch \
             size",
            change.advised_rate()
        ),
        None => "Usual causes: a learning rate that is too high for the batch (halve it, or warm up longer), no gradient \
                 clipping (`adam.clip_norm = 1.0`), or a batch size that changed while the rate did not"
            .to_owned(),
    };
    if mixed { causes + range } else { causes }
}
