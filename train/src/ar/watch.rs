//! Signs of a training of a transformer that goes wrong, told with what to try.

/// A loss below this, in nats per token, is that of tokens which are all alike or known by heart.
const NO_LOSS: f64 = 1e-2;
/// The loss on other pictures may exceed its best by this share before the training is said to learn by heart.
const ALLOWED_RISE: f64 = 0.05;

/// Looks at the losses of a training, one measurement after the other. Each sign is told when it appears, and again only
/// after it was gone.
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
    /// What a loss, and the one on other pictures where it was measured, show that those before did not. Both in nats per
    /// token.
    pub fn look(&mut self, loss: f64, held_out: Option<f64>) -> Vec<String> {
        let mut signs = Vec::new();
        let is_zero = loss.abs() < NO_LOSS;
        if is_zero && !self.is_zero {
            signs.push(
                "the loss went to zero: the tokens are all alike, or too few and known by heart. Look at the usage of the \
                 tokenizer (`ibq-train evaluate`), and make tokens of more pictures"
                    .to_owned(),
            );
        }
        self.is_zero = is_zero;
        if let Some(held_out) = held_out {
            let best = self.best_held_out;
            self.best_held_out = best.min(held_out);
            let is_rising = held_out > best * (1.0 + ALLOWED_RISE);
            if is_rising && !self.is_rising {
                signs.push(format!(
                    "the loss on other pictures rose from {best:.3} to {held_out:.3}: the training pictures are learned by \
                     heart. What helps: more pictures, more `training.dropout`, a smaller model, fewer steps"
                ));
            }
            self.is_rising = is_rising;
        }
        signs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_goes_to_zero_and_one_that_rises_elsewhere_are_told_once() {
        let mut watch = LossWatch::default();
        assert!(watch.look(6.0, Some(6.1)).is_empty());
        assert!(watch.look(4.0, Some(5.0)).is_empty());
        assert!(watch.look(3.0, None).is_empty());
        assert!(watch.look(3.0, Some(5.2)).is_empty());
        let told = watch.look(1.0, Some(5.5));
        assert!(told.len() == 1 && told[0].contains("rose from 5.000 to 5.500"), "{told:?}");
        assert!(watch.look(0.9, Some(5.6)).is_empty());
        let told = watch.look(0.001, None);
        assert!(told.len() == 1 && told[0].contains("went to zero"), "{told:?}");
        assert!(watch.look(0.001, None).is_empty());
        assert!(watch.look(0.5, Some(4.0)).is_empty());
        assert_eq!(watch.look(0.0, Some(5.0)).len(), 2);
    }
}
