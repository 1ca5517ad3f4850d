//! Exponential moving average of the weights: what the official evaluation uses.

use crate::weights::Weights;

/// `LitEma` of the official code.
#[derive(Clone, Debug)]
pub struct Ema {
    /// The averages, under the parameters' names.
    pub weights: Weights,
    /// Fraction of the old average that stays at each update.
    pub decay: f64,
    /// Number of updates so far, when the decay grows with it as `min(decay, (1 + n) / (10 + n))`; none: it is constant.
    pub updates: Option<u64>,
}

impl Ema {
    /// Starts at the weights as they are.
    #[must_use]
    pub fn new(weights: &Weights, decay: f64, growing: bool) -> Self {
        Self { weights: weights.clone(), decay, updates: growing.then_some(0) }
    }

    /// `average -= (1 - decay) · (average - weight)`.
    pub fn update(&mut self, weights: &Weights) {
        let mut decay = self.decay;
        if let Some(updates) = &mut self.updates {
            *updates += 1;
            let n = *updates as f64;
            decay = decay.min((1.0 + n) / (10.0 + n));
        }
        for (name, new) in weights.iter() {
            self.weights.update(name, |old| old.clone() - (old - new.values.clone()) * (1.0 - decay));
        }
    }
}
