//! Symptoms of a run of a transformer that goes wrong.

use ibq_train_events::Warning;

/// A loss below this, in nats per token, is that of tokens that are all alike or memorized.
const NO_LOSS: f64 = 1e-2;
/// The loss on held-out images may exceed its best by this fraction before the model counts as overfitting.
const ALLOWED_RISE: f64 = 0.05;

/// Examines the losses of a run in their order. Each symptom is reported when it appears, and again only after it was gone.
#[derive(Clone, Copy, Debug)]
pub struct LossWatch {
    best_held_out: f64,
    is_zero: bool,
    is_rising: bool,
}

impl Default for LossWatch {
    fn default() -> Self {
        Self { best_held_out: f64::INFINITY, is_zero: false, is_rising: false }
    }
}

impl LossWatch {
    /// Symptoms of a loss, and of the one on held-out images where it was measured, that those before did not have. Both in
    /// nats per token.
    pub fn examine(&mut self, loss: f64, held_out: Option<f64>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let is_zero = loss.abs() < NO_LOSS;
        if is_zero && !self.is_zero {
            warnings.push(Warning::LossVanished);
        }
        self.is_zero = is_zero;
        if let Some(held_out) = held_out {
            let best = self.best_held_out;
            self.best_held_out = best.min(held_out);
            let is_rising = held_out > best * (1.0 + ALLOWED_RISE);
            if is_rising && !self.is_rising {
                warnings.push(Warning::Overfit { best, loss: held_out });
            }
            self.is_rising = is_rising;
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_goes_to_zero_and_one_that_rises_on_held_out_images_are_reported_once() {
        let mut watch = LossWatch::default();
        assert!(watch.examine(6.0, Some(6.1)).is_empty());
        assert!(watch.examine(4.0, Some(5.0)).is_empty());
        assert!(watch.examine(3.0, None).is_empty());
        assert!(watch.examine(3.0, Some(5.2)).is_empty());
        let [warning] = watch.examine(1.0, Some(5.5)).try_into().unwrap();
        assert!(warning.to_string().contains("rose from 5.000 to 5.500"), "{warning}");
        assert!(watch.examine(0.9, Some(5.6)).is_empty());
        let [warning] = watch.examine(0.001, None).try_into().unwrap();
        assert!(warning.to_string().contains("went to zero"), "{warning}");
        assert!(watch.examine(0.001, None).is_empty());
        assert!(watch.examine(0.5, Some(4.0)).is_empty());
        assert_eq!(watch.examine(0.0, Some(5.0)).len(), 2);
    }
}
