//! Adam (Kingma, Ba 2015), over named tensors.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::weights::Weights;

/// What does not change during a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    /// Decay of the two moments.
    pub betas: [f64; 2],
    /// Keeps the step finite where the gradient vanishes.
    pub epsilon: f64,
    /// The gradient of all parameters together is scaled down to this norm, if its norm is larger.
    pub clip_norm: Option<f64>,
}

impl Default for AdamConfig {
    /// The official values for tokenizers.
    fn default() -> Self {
        Self { betas: [0.5, 0.9], epsilon: 1e-8, clip_norm: None }
    }
}

/// First and second moment of every parameter, and the number of steps so far.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    /// Running mean of the gradient.
    pub first: BTreeMap<String, Tensor<1>>,
    /// Running mean of its square.
    pub second: BTreeMap<String, Tensor<1>>,
    /// Steps done.
    pub steps: u64,
}

impl Adam {
    /// One step: `w -= rate · m̂ / (sqrt(v̂) + ε)`. Parameters without a gradient stay as they are.
    /// Returns the norm of the whole gradient before clipping.
    pub fn step(
        &mut self,
        weights: &mut Weights,
        gradients: BTreeMap<String, Tensor<1>>,
        rate: f64,
        config: &AdamConfig,
    ) -> f64 {
        self.steps += 1;
        let [beta1, beta2] = config.betas;
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let (correct1, correct2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));

        let squares = gradients.values().map(|g| g.clone().square().sum().into_scalar::<f32>());
        let norm = squares.map(f64::from).sum::<f64>().sqrt();
        let scale = config.clip_norm.filter(|most| norm > *most).map(|most| most / norm);

        for (name, mut gradient) in gradients {
            if let Some(scale) = scale {
                gradient = gradient * scale;
            }
            let blend = |old: Option<Tensor<1>>, new: Tensor<1>, beta: f64| match old {
                Some(old) => old * beta + new * (1.0 - beta),
                None => new * (1.0 - beta),
            };
            let first = blend(self.first.remove(&name), gradient.clone(), beta1);
            let second = blend(self.second.remove(&name), gradient.square(), beta2);
            let step =
                first.clone() / ((second.clone() / correct2).sqrt() + config.epsilon) * (rate / correct1);
            weights.update(&name, |w| w - step);
            self.first.insert(name.clone(), first);
            self.second.insert(name, second);
        }
        norm
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn two_steps_equal_the_textbook() {
        let device = Device::flex();
        let mut weights = Weights::default();
        weights.insert("w", vec![1], vec![1.0], &device);
        let mut adam = Adam::default();
        let config = AdamConfig::default();
        let (mut w, mut m, mut v) = (1.0f64, 0.0f64, 0.0f64);
        for (step, g) in [(1, 0.3f64), (2, -0.8)] {
            let gradient = BTreeMap::from([("w".to_owned(), Tensor::from_floats([g as f32], &device))]);
            let norm = adam.step(&mut weights, gradient, 0.01, &config);
            assert!((norm - g.abs()).abs() < 1e-6);
            m = 0.5 * m + 0.5 * g;
            v = 0.9 * v + 0.1 * g * g;
            w -= 0.01 * (m / (1.0 - 0.5f64.powi(step))) / ((v / (1.0 - 0.9f64.powi(step))).sqrt() + 1e-8);
            let ours = weights.get::<1>("w").into_scalar::<f32>();
            assert!((f64::from(ours) - w).abs() < 1e-6, "{ours} {w}");
        }
    }
}
