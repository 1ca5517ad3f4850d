//! The parameters of a transformer as one flat vector, and their values before training.

use std::ops::Range;

use burn::tensor::Device;
use ibq_core::transformer::TransformerConfig;

use super::preset::Start;
use crate::{optim::FlatParameter, random::Random, weights::Weights};

/// Deviation of the official initial weights.
const DEVIATION: f32 = 0.02;

/// Name, shape and place of a parameter within the flat vector.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Official name, without `transformer.`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Where its values lie.
    pub range: Range<usize>,
}

impl Slot {
    /// Its place for the optimizer.
    #[must_use]
    pub fn flat(&self) -> FlatParameter {
        FlatParameter { range: self.range.clone(), is_matrix: self.shape.len() > 1 }
    }
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

/// Weights before training, drawn as the official code draws them where `start` does not say otherwise.
/// `codes` `[V, D]` are those of the tokenizer.
#[must_use]
pub fn initial_weights(
    config: &TransformerConfig,
    start: &Start,
    codes: &[f32],
    random: &mut Random,
) -> Vec<f32> {
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
    weights
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
        let deviation = |weights: &[f32], name: &str, rows: Range<usize>| {
            let slots = slots(&config);
            let slot = slots.iter().find(|slot| slot.name == name).unwrap();
            let values = &weights[slot.range.clone()][rows.start * 16..rows.end * 16];
            (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
        };
        let weights = initial_weights(&config, &Start::default(), &codes, &mut Random::new(1));
        let near = |found: f32, expected: f32| (found / expected - 1.0).abs() < 0.2;
        assert!(near(deviation(&weights, "tok_emb.weight", 0..32), 0.02));
        assert!(near(deviation(&weights, "blocks.0.ada_lin.1.weight", 0..32), 1e-5));
        assert!(near(deviation(&weights, "blocks.0.ada_lin.1.weight", 32..96), 0.01));
        assert_eq!(deviation(&weights, "head.weight", 0..32), 0.0);
        let ours = Start { tokens_from_codes: 0.5, ..Start::default() };
        let weights = initial_weights(&config, &ours, &codes, &mut Random::new(1));
        assert!(near(deviation(&weights, "tok_emb.weight", 0..32), 0.5));
    }
}
