//! Schedules of the official code: numbers that change with the step.

use std::f64::consts::PI;

/// Factor on the learning rate: rises linearly from 0 to 1 over `warm_up` steps, then stays.
#[must_use]
pub fn linear_warm_up(step: f64, warm_up: f64) -> f64 {
    if step < warm_up { step / warm_up } else { 1.0 }
}

/// Factor on the learning rate: rises linearly from 0 to 1 over `warm_up` steps, then falls along half a cosine that
/// would end at 0 at step `most`, but not below `least`.
#[must_use]
pub fn warm_up_then_cosine(step: f64, warm_up: f64, most: f64, least: f64) -> f64 {
    if step < warm_up {
        return step / warm_up;
    }
    let fraction = (step - warm_up) / (most - warm_up).max(f64::MIN_POSITIVE);
    (0.5 * (1.0 + (PI * fraction).cos())).max(least)
}

/// Learning rate and weight decay of the autoregressive stage: a linear warm-up, a short plateau, a linear fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Annealing {
    /// Highest learning rate.
    pub peak: f64,
    /// Weight decay at the start and at the end; in between it follows half a cosine.
    pub weight_decay: [f64; 2],
    /// Steps of warm-up, rounded half to even.
    pub warm_up: f64,
    /// Steps in all.
    pub steps: u64,
    /// Fraction of the highest rate at which the warm-up starts.
    pub start: f64,
    /// Fraction of the highest rate that is left at the end.
    pub end: f64,
}

impl Annealing {
    /// Fraction of the steps after the warm-up for which the rate stays at its peak.
    const PLATEAU: f64 = 0.05;

    /// Learning rate and weight decay at a step. The official code gives this weight decay to every group of
    /// parameters, those that are meant to have none included.
    #[must_use]
    pub fn at(&self, step: u64) -> (f64, f64) {
        let (now, last) = (step as f64, self.steps.saturating_sub(1) as f64);
        let warm_up = self.warm_up.round_ties_even();
        let factor = if now < warm_up {
            self.start + (1.0 - self.start) * now / warm_up
        } else {
            let passed = (now - warm_up) / (last - warm_up).max(f64::MIN_POSITIVE);
            if passed < Self::PLATEAU {
                1.0
            } else {
                self.end + (1.0 - self.end) * (1.0 - passed) / (1.0 - Self::PLATEAU)
            }
        };
        let [first, end] = self.weight_decay;
        let decay = end + (first - end) * (0.5 + 0.5 * (PI * now / last).cos());
        (factor * self.peak, decay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_as_long_as_the_run_ends_at_the_peak() {
        let annealing =
            Annealing { peak: 1e-3, weight_decay: [0.05; 2], warm_up: 1.0, steps: 2, start: 0.01, end: 0.1 };
        assert_eq!(annealing.at(1), (1e-3, 0.05));
    }
}
