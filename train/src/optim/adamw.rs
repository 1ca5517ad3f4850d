//! AdamW (Loshchilov, Hutter 2019) with a moving average of the weights, over flat vectors: a step is one pass over memory.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values that one thread changes at a time.
const CHUNK: usize = 1 << 14;

/// What does not change during a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamWConfig {
    /// Decay of the two moments.
    pub betas: [f64; 2],
    /// Keeps the step finite where the gradient vanishes.
    pub epsilon: f64,
    /// The gradient of all parameters together is scaled down to this norm, if its norm is larger.
    pub clip_norm: Option<f64>,
    /// Weight decay also of norms and biases. The official code means to spare them, but its schedule overwrites that.
    pub decay_everything: bool,
}

impl Default for AdamWConfig {
    /// The official values for transformers.
    fn default() -> Self {
        Self { betas: [0.9, 0.95], epsilon: 1e-8, clip_norm: Some(1.0), decay_everything: true }
    }
}

/// The numbers of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// Number of this step, from 1.
    pub number: u64,
    /// Factor on the gradient.
    pub gradient_scale: f32,
    /// Learning rate.
    pub rate: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Decay of the moving average.
    pub ema_decay: f64,
}

/// A parameter within the flat vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatParameter {
    /// Where its values lie.
    pub range: Range<usize>,
    /// Whether it is a matrix: vectors have weight decay only if the configuration says so.
    pub is_matrix: bool,
}

/// Weights, their average and the optimizer's moments.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamWState {
    /// The weights.
    pub weights: Vec<f32>,
    /// Their exponential moving average.
    pub average: Vec<f32>,
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of its square.
    pub second: Vec<f32>,
}

impl AdamWState {
    /// The state before the first step.
    #[must_use]
    pub fn new(weights: Vec<f32>) -> Self {
        let zeros = vec![0.0; weights.len()];
        Self { average: weights.clone(), weights, first: zeros.clone(), second: zeros }
    }

    /// One step, and one of the moving average.
    pub fn step(
        &mut self,
        parameters: impl IntoIterator<Item = FlatParameter>,
        gradient: &[f32],
        step: AdamWStep,
        config: &AdamWConfig,
    ) {
        let AdamWStep { number, gradient_scale: scale, rate, weight_decay, ema_decay } = step;
        let [beta1, beta2] = config.betas;
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let (correct1, correct2) = (1.0 - beta1.powi(number), 1.0 - beta2.powi(number));
        let step = (rate / correct1) as f32;
        let correct2 = (1.0 / correct2) as f32;
        let [beta1, beta2] = [beta1 as f32, beta2 as f32];
        let epsilon = config.epsilon as f32;
        let blend = (1.0 - ema_decay) as f32;
        for FlatParameter { range, is_matrix } in parameters {
            let decays = config.decay_everything || is_matrix;
            let keep = if decays { (1.0 - rate * weight_decay) as f32 } else { 1.0 };
            self.weights[range.clone()]
                .par_chunks_mut(CHUNK)
                .zip(self.average[range.clone()].par_chunks_mut(CHUNK))
                .zip(self.first[range.clone()].par_chunks_mut(CHUNK))
                .zip(self.second[range.clone()].par_chunks_mut(CHUNK))
                .zip(gradient[range].par_chunks(CHUNK))
                .for_each(|((((weights, average), first), second), gradient)| {
                    pulp::Arch::new().dispatch(|| {
                        for i in 0..gradient.len() {
                            let g = gradient[i] * scale;
                            first[i] = beta1 * first[i] + (1.0 - beta1) * g;
                            second[i] = beta2 * second[i] + (1.0 - beta2) * g * g;
                            let change = step * first[i] / ((second[i] * correct2).sqrt() + epsilon);
                            weights[i] = keep * weights[i] - change;
                            average[i] += blend * (weights[i] - average[i]);
                        }
                    });
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_equals_the_textbook() {
        let mut state = AdamWState::new(vec![1.0]);
        let config =
            AdamWConfig { betas: [0.9, 0.95], epsilon: 1e-8, clip_norm: None, decay_everything: false };
        let (mut w, mut m, mut v, mut average) = (1.0f64, 0.0f64, 0.0f64, 1.0f64);
        for (number, g, decay) in [(1, 0.3f64, 0.1), (2, -0.8, 0.0)] {
            // A vector has no decay, a matrix has.
            let parameter = FlatParameter { range: 0..1, is_matrix: decay > 0.0 };
            let step =
                AdamWStep { number, gradient_scale: 0.5, rate: 0.01, weight_decay: 0.1, ema_decay: 0.9 };
            state.step([parameter], &[2.0 * g as f32], step, &config);
            m = 0.9 * m + 0.1 * g;
            v = 0.95 * v + 0.05 * g * g;
            let step = number as i32;
            w = w * (1.0 - 0.01 * decay)
                - 0.01 * (m / (1.0 - 0.9f64.powi(step))) / ((v / (1.0 - 0.95f64.powi(step))).sqrt() + 1e-8);
            average += 0.1 * (w - average);
            assert!((f64::from(state.weights[0]) - w).abs() < 1e-6);
            assert!((f64::from(state.average[0]) - average).abs() < 1e-6);
        }
    }
}
