//! A batch size that changed in the middle of a run.

use std::fmt;

use ibq_train_events::Warning;
use serde::{Deserialize, Serialize};

/// The number of images per step changed while the learning rate stayed: the first thing to suspect when a loss becomes NaN,
/// because smaller batches have noisier gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchChange {
    /// Step of the change.
    pub step: u64,
    /// Images per step before.
    pub from: usize,
    /// Images per step since.
    pub to: usize,
    /// The learning rate before and since.
    pub rate: f64,
}

impl BatchChange {
    /// What to remember after batch size and rate were set at `step`: this change, none because the rate changed too or
    /// nothing was trained yet, or what was `known` before because nothing changed.
    #[must_use]
    pub fn after(known: Option<Self>, step: u64, before: (usize, f64), now: (usize, f64)) -> Option<Self> {
        let ((from, old_rate), (to, rate)) = (before, now);
        if rate != old_rate || step == 0 {
            None
        } else if from == to {
            known
        } else {
            Some(Self { step, from, to, rate })
        }
    }

    /// The learning rate to try: in proportion to a smaller batch; half of it for a larger one that failed.
    #[must_use]
    pub fn advised_rate(&self) -> f64 {
        if self.to < self.from { self.rate * self.to as f64 / self.from as f64 } else { 0.5 * self.rate }
    }
}

impl From<BatchChange> for Warning {
    fn from(change: BatchChange) -> Self {
        let BatchChange { step, from, to, rate } = change;
        Self::BatchChanged { step, from, to, rate, advised_rate: change.advised_rate() }
    }
}

impl fmt::Display for BatchChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, from, to, rate } = self;
        write!(
            formatter,
            "the batch size changed from {from} to {to} images at step {step} while the learning rate stayed {rate:.1e}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_remembered_until_the_rate_moves() {
        let change = BatchChange::after(None, 100, (32, 1e-3), (8, 1e-3)).unwrap();
        assert_eq!((change.step, change.from, change.to), (100, 32, 8));
        assert!((change.advised_rate() - 2.5e-4).abs() < 1e-12);
        assert_eq!(BatchChange::after(Some(change), 200, (8, 1e-3), (8, 1e-3)), Some(change));
        assert_eq!(BatchChange::after(Some(change), 200, (8, 1e-3), (8, 5e-4)), None);
        assert_eq!(BatchChange::after(None, 100, (32, 1e-3), (8, 2.5e-4)), None);
        assert_eq!(BatchChange::after(None, 0, (32, 1e-3), (8, 1e-3)), None);
        let larger = BatchChange::after(None, 1, (8, 1e-3), (32, 1e-3)).unwrap();
        assert_eq!(larger.advised_rate(), 5e-4);
    }
}
