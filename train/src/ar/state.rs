//! Everything that a training of a transformer changes: weights, their average, the optimizer's moments. Each is one flat
//! vector over all parameters, so that a step is one pass over memory.

use std::ops::Range;

use burn::tensor::Device;
use ibq_core::transformer::TransformerConfig;
use rayon::prelude::*;

use super::preset::{Optimizer, Start};
use crate::{random::Random, weights::Weights};

/// Deviation of the official initial weights.
const DEVIATION: f32 = 0.02;
/// Values that one thread changes at a time.
const CHUNK: usize = 1 << 14;

/// Name, shape and place of a parameter.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Official name, without `transformer.`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Where its values lie.
    pub range: Range<usize>,
}

/// Weights, average and moments.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The weights.
    pub weights: Vec<f32>,
    /// Their exponential moving average.
    pub average: Vec<f32>,
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of its square.
    pub second: Vec<f32>,
}

/// The parameters of a transformer in their order.
#[must_use]
pub fn slots(config: &TransformerConfig) -> Vec<Slot> {
    let mut end = 0;
    let slot = |(name, shape): (String, Vec<u32>)| {
        let shape: Vec<usize> = shape.into_iter().map(|size| size as usize).collect();
        let start = end;
        end += shape.iter().product::<usize>();
        Slot { name, shape, range: start..end }
    };
    config.parameters().into_iter().map(slot).collect()
}

/// A flat vector as named tensors.
#[must_use]
pub fn named(slots: &[Slot], values: &[f32], device: &Device) -> Weights {
    let mut weights = Weights::default();
    for slot in slots {
        weights.insert(&slot.name, slot.shape.clone(), values[slot.range.clone()].to_vec(), device);
    }
    weights
}

impl State {
    /// Weights before training, drawn as the official code draws them where `start` does not say otherwise.
    /// `codes` `[V, D]` are those of the tokenizer.
    #[must_use]
    pub fn initial(config: &TransformerConfig, start: &Start, codes: &[f32], random: &mut Random) -> Self {
        let slots = slots(config);
        let width = config.n_embd as usize;
        let mut weights = Vec::with_capacity(slots.last().map_or(0, |slot| slot.range.end));
        for slot in &slots {
            let count = slot.range.len();
            let mut normal = |deviation: f32, count: usize| -> Vec<f32> {
                (0..count).map(|_| deviation * random.normal()).collect()
            };
            let ada = slot.name.contains("ada_lin");
            let block = slot.name.starts_with("blocks");
            let values = if slot.name.ends_with("norm.weight") {
                vec![1.0; count]
            } else if slot.name.ends_with(".bias") {
                let mut bias = vec![0.0; count];
                if block {
                    bias[..2 * width].fill(start.gamma);
                }
                bias
            } else if ada {
                let mut values = normal(0.5 * DEVIATION, count);
                if block {
                    // The rows of gamma1 and gamma2 come first.
                    values[..2 * width * width].iter_mut().for_each(|value| *value *= start.gamma_rows);
                }
                values
            } else {
                match slot.name.as_str() {
                    "class_emb.embedding_table.weight" => normal(start.class, count),
                    "tok_emb.weight" if start.tokens_from_codes > 0.0 => {
                        project(codes, config, start.tokens_from_codes, random)
                    }
                    "head.weight" if start.head_from_codes > 0.0 => {
                        project(codes, config, start.head_from_codes, random)
                    }
                    "head.weight" => vec![0.0; count],
                    _ => normal(DEVIATION, count),
                }
            };
            weights.extend(values);
        }
        let zeros = vec![0.0; weights.len()];
        Self { average: weights.clone(), weights, first: zeros.clone(), second: zeros }
    }

    /// One step of AdamW (Loshchilov, Hutter 2019) and of the moving average. `steps` counts this step, from 1 on.
    /// Gradients are multiplied by `scale` first. `decay` is applied to matrices, and to all else if the preset says so.
    #[expect(clippy::too_many_arguments, reason = "the numbers of one step")]
    pub fn step(
        &mut self,
        slots: &[Slot],
        gradient: &[f32],
        scale: f32,
        steps: u64,
        (rate, decay): (f64, f64),
        optimizer: &Optimizer,
        ema_decay: f64,
    ) {
        let [beta1, beta2] = optimizer.betas;
        let steps = i32::try_from(steps).unwrap_or(i32::MAX);
        let (correct1, correct2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        let step = (rate / correct1) as f32;
        let correct2 = (1.0 / correct2) as f32;
        let [beta1, beta2] = [beta1 as f32, beta2 as f32];
        let epsilon = optimizer.epsilon as f32;
        let blend = (1.0 - ema_decay) as f32;
        for slot in slots {
            let decays = optimizer.decay_everything || slot.shape.len() > 1;
            let keep = if decays { (1.0 - rate * decay) as f32 } else { 1.0 };
            let part = slot.range.clone();
            self.weights[part.clone()]
                .par_chunks_mut(CHUNK)
                .zip(self.average[part.clone()].par_chunks_mut(CHUNK))
                .zip(self.first[part.clone()].par_chunks_mut(CHUNK))
                .zip(self.second[part.clone()].par_chunks_mut(CHUNK))
                .zip(gradient[part].par_chunks(CHUNK))
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

/// The tokenizer's codes `[V, D]`, brought to width C by a random projection and to the root mean square `scale`: codes that
/// look alike begin alike.
fn project(codes: &[f32], config: &TransformerConfig, scale: f32, random: &mut Random) -> Vec<f32> {
    let (rows, width) = (config.vocab_size as usize, config.n_embd as usize);
    let dimension = codes.len() / rows;
    let mean: Vec<f32> =
        (0..dimension).map(|i| codes.iter().skip(i).step_by(dimension).sum::<f32>() / rows as f32).collect();
    let projection: Vec<f32> = (0..dimension * width).map(|_| random.normal()).collect();
    let mut values = vec![0.0f32; rows * width];
    for (row, code) in values.chunks_exact_mut(width).zip(codes.chunks_exact(dimension)) {
        for ((value, mean), weights) in code.iter().zip(&mean).zip(projection.chunks_exact(width)) {
            row.iter_mut().zip(weights).for_each(|(row, weight)| *row += (value - mean) * weight);
        }
    }
    let square: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / values.len() as f64;
    let factor = scale / (square.sqrt() as f32).max(1e-12);
    values.iter_mut().for_each(|value| *value *= factor);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_equals_the_textbook() {
        let mut state = State { weights: vec![1.0], average: vec![1.0], first: vec![0.0], second: vec![0.0] };
        let slot = |shape| vec![Slot { name: "w".into(), shape, range: 0..1 }];
        let optimizer =
            Optimizer { betas: [0.9, 0.95], epsilon: 1e-8, clip_norm: None, decay_everything: false };
        let (mut w, mut m, mut v, mut average) = (1.0f64, 0.0f64, 0.0f64, 1.0f64);
        for (step, g, decay) in [(1, 0.3f64, 0.1), (2, -0.8, 0.0)] {
            // A vector has no decay, a matrix has.
            let slots = slot(if decay > 0.0 { vec![1, 1] } else { vec![1] });
            state.step(&slots, &[2.0 * g as f32], 0.5, step, (0.01, 0.1), &optimizer, 0.9);
            m = 0.9 * m + 0.1 * g;
            v = 0.95 * v + 0.05 * g * g;
            let step = step as i32;
            w = w * (1.0 - 0.01 * decay)
                - 0.01 * (m / (1.0 - 0.9f64.powi(step))) / ((v / (1.0 - 0.95f64.powi(step))).sqrt() + 1e-8);
            average += 0.1 * (w - average);
            assert!((f64::from(state.weights[0]) - w).abs() < 1e-6);
            assert!((f64::from(state.average[0]) - average).abs() < 1e-6);
        }
    }

    #[test]
    fn the_start_is_the_official_one_unless_asked_otherwise() {
        let config = TransformerConfig {
            vocab_size: 32,
            block_size: 16,
            n_layer: 1,
            n_head: 2,
            n_embd: 16,
            class_num: 3,
            ffn_dim: 32,
        };
        let codes: Vec<f32> = (0..32 * 4).map(|i| (i as f32 * 0.7).sin()).collect();
        let deviation = |state: &State, name: &str, rows: Range<usize>| {
            let slots = slots(&config);
            let slot = slots.iter().find(|slot| slot.name == name).unwrap();
            let values = &state.weights[slot.range.clone()][rows.start * 16..rows.end * 16];
            (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
        };
        let state = State::initial(&config, &Start::default(), &codes, &mut Random::new(1));
        let near = |found: f32, expected: f32| (found / expected - 1.0).abs() < 0.2;
        assert!(near(deviation(&state, "tok_emb.weight", 0..32), 0.02));
        assert!(near(deviation(&state, "blocks.0.ada_lin.1.weight", 0..32), 1e-5));
        assert!(near(deviation(&state, "blocks.0.ada_lin.1.weight", 32..96), 0.01));
        assert_eq!(deviation(&state, "head.weight", 0..32), 0.0);
        let ours = Start { tokens_from_codes: 0.5, ..Start::default() };
        let state = State::initial(&config, &ours, &codes, &mut Random::new(1));
        assert!(near(deviation(&state, "tok_emb.weight", 0..32), 0.5));
    }
}
