//! The transformer of the specification in plain code and f64, on a small random model: what the tests compare with.

use std::collections::HashMap;

use crate::{
    files::{Model, Source},
    ops::testing::noise_from,
};

use super::{Condition, TransformerConfig, TransformerPrecision, TransformerWeights};

/// A model with random weights.
pub(super) struct Reference {
    pub(super) config: TransformerConfig,
    pub(super) parameters: HashMap<String, Vec<f32>>,
}

/// Values between -1 and 1 that depend on nothing but the seed; 0 is one, too.
pub(super) fn noise(count: usize, seed: u64) -> Vec<f32> {
    noise_from(count, seed.wrapping_add(1))
}

impl Reference {
    /// Random weights of a size that keeps activations near 1, so that everything matters.
    pub(super) fn random(config: TransformerConfig, seed: u64) -> Self {
        let parameters = config.parameters().into_iter().enumerate().map(|(index, (name, shape))| {
            let count = shape.iter().product::<u32>() as usize;
            let fan_in = if shape.len() == 2 { shape[1] } else { 1 };
            let scale = match name.as_str() {
                "tok_emb.weight" | "class_emb.embedding_table.weight" => 1.5,
                "head.weight" => 5.0 / f64::from(fan_in).sqrt(),
                _ if shape.len() == 2 => 1.7 / f64::from(fan_in).sqrt(),
                _ => 0.4,
            };
            let around = if name.contains("norm") { 1.0 } else { 0.0 };
            let values = noise(count, seed.wrapping_mul(1000) + index as u64);
            (name, values.iter().map(|value| around + value * scale as f32).collect())
        });
        Self { parameters: parameters.collect(), config }
    }

    /// The same model with its weights rounded as a precision stores them, in plain code.
    pub(super) fn rounded(&self, precision: TransformerPrecision) -> Self {
        let width = self.config.n_embd as usize;
        let mut parameters = self.parameters.clone();
        for (name, shape) in self.config.parameters() {
            let (Some(values), [_, columns]) = (parameters.get_mut(&name), &shape[..]) else { continue };
            let table = name.contains("emb");
            // Scales are stored as what the norm's weight and they make together.
            let norms: &[(usize, &str)] = match name.strip_suffix("ada_lin.1.weight") {
                Some("head_nm.") => &[(0, "rmsnorm.weight")],
                Some(_) => &[(2, "attention_norm.weight"), (3, "ffn_norm.weight")],
                None => &[],
            };
            for (row, values) in values.chunks_exact_mut(*columns as usize).enumerate() {
                let norm = norms.iter().find(|(part, _)| *part == row / width);
                let factor = norm.map_or(1.0, |(_, norm)| {
                    self.parameters[&name.replace("ada_lin.1.weight", norm)][row % width]
                });
                values.iter_mut().for_each(|value| *value *= factor);
                match precision {
                    TransformerPrecision::F32 => {}
                    TransformerPrecision::Int8 if !table => quantize(values, 128, 255.0),
                    TransformerPrecision::Int4 if name == "head.weight" => quantize(values, 128, 255.0),
                    TransformerPrecision::Int4 if !table => quantize(values, 64, 15.0),
                    _ => values.iter_mut().for_each(|value| *value = half(*value)),
                }
                values.iter_mut().for_each(|value| *value /= factor);
            }
        }
        Self { config: self.config.clone(), parameters }
    }

    /// The model as a safetensors file under the official names.
    pub(super) fn weights(&self) -> TransformerWeights {
        self.model().1
    }

    /// The file, and the transformer in it.
    pub(super) fn model(&self) -> (Model, TransformerWeights) {
        let mut header = serde_json::Map::new();
        let mut data: Vec<u8> = Vec::new();
        for (name, shape) in self.config.parameters() {
            let begin = data.len();
            data.extend_from_slice(bytemuck::cast_slice(&self.parameters[&name]));
            let entry =
                serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
            header.insert(format!("transformer.{name}"), entry);
        }
        let header = serde_json::Value::Object(header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.append(&mut data);
        let yaml = format!(
            "transformer_config:\n  params:\n    n_head: {}\n    block_size: {}\n",
            self.config.n_head, self.config.block_size
        );
        let model =
            pollster::block_on(Model::open(Source::memory("random.safetensors", bytes))).expect("a model");
        let weights = TransformerWeights::new(&model, Some(&yaml)).expect("a transformer");
        (model, weights)
    }

    fn parameter(&self, name: &str) -> &[f32] {
        &self.parameters[name]
    }

    /// `W x` with W [out, in].
    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let rows = self.parameter(name).chunks_exact(x.len());
        rows.map(|row| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum()).collect()
    }

    /// The vectors of adaptive layer norm, `parts` of them.
    fn ada(&self, layer: &str, class: &[f64]) -> Vec<Vec<f64>> {
        let activated: Vec<f64> = class.iter().map(|&v| silu(v)).collect();
        let sums = self.linear(&format!("{layer}.weight"), &activated);
        let bias = self.parameter(&format!("{layer}.bias"));
        let all: Vec<f64> = sums.iter().zip(bias).map(|(sum, &bias)| sum + f64::from(bias)).collect();
        all.chunks_exact(class.len()).map(<[f64]>::to_vec).collect()
    }

    fn norm(&self, name: &str, x: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
        let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
        let rstd = 1.0 / (mean + 1e-5).sqrt();
        let weight = self.parameter(name);
        (0..x.len()).map(|i| x[i] * rstd * f64::from(weight[i]) * (1.0 + scale[i]) + shift[i]).collect()
    }

    fn row(&self, name: &str, index: u32) -> Vec<f64> {
        let width = self.config.n_embd as usize;
        self.parameter(name)[index as usize * width..][..width].iter().map(|&v| f64::from(v)).collect()
    }

    fn class(&self, condition: Condition) -> Vec<f64> {
        let row = |class| self.row("class_emb.embedding_table.weight", class);
        match condition {
            Condition::Class(class) => row(class),
            Condition::None => row(self.config.class_num),
            Condition::Mix(one, other, share) => {
                let share = f64::from(share);
                row(one).iter().zip(row(other)).map(|(a, b)| a * (1.0 - share) + b * share).collect()
            }
        }
    }

    /// Rotates the pairs of a head at a position; the class is at position 0.
    fn rotate(&self, head: &mut [f64], position: usize) {
        let (pairs, side) = (head.len() / 2, self.config.side() as usize);
        for pair in 0..pairs {
            let (sine, cosine) = if position == 0 {
                (0.0, 0.0)
            } else {
                let at = if pair < pairs / 2 { (position - 1) / side } else { (position - 1) % side };
                let m = pair % (pairs / 2);
                (at as f64 * 10_000_f64.powf(-2.0 * m as f64 / pairs as f64)).sin_cos()
            };
            let (a, b) = (head[2 * pair], head[2 * pair + 1]);
            head[2 * pair] = a * cosine - b * sine;
            head[2 * pair + 1] = a * sine + b * cosine;
        }
    }

    fn attention(&self, inputs: &[Vec<f64>], block: u32) -> Vec<Vec<f64>> {
        let (width, size) = (self.config.n_embd as usize, self.config.head_size() as usize);
        let mut qkv: Vec<Vec<f64>> =
            inputs.iter().map(|x| self.linear(&format!("blocks.{block}.attention.wqkv.weight"), x)).collect();
        for (position, qkv) in qkv.iter_mut().enumerate() {
            for head in qkv[..2 * width].chunks_exact_mut(size) {
                self.rotate(head, position);
            }
        }
        let mut out = vec![vec![0.0; width]; inputs.len()];
        for (here, out) in out.iter_mut().enumerate() {
            for head in 0..width / size {
                let part =
                    |position: usize, which: usize| &qkv[position][which * width + head * size..][..size];
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let scores: Vec<f64> =
                    (0..=here).map(|p| dot(part(here, 0), part(p, 1)) / (size as f64).sqrt()).collect();
                let most = scores.iter().copied().fold(f64::MIN, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
                let sum: f64 = weights.iter().sum();
                for (p, weight) in weights.iter().enumerate() {
                    let target = &mut out[head * size..][..size];
                    target.iter_mut().zip(part(p, 2)).for_each(|(out, v)| *out += weight / sum * v);
                }
            }
        }
        out.iter().map(|x| self.linear(&format!("blocks.{block}.attention.wo.weight"), x)).collect()
    }

    /// Logits of every position of the sequence.
    pub(super) fn logits(&self, condition: Condition, tokens: &[u32]) -> Vec<Vec<f64>> {
        let class = self.class(condition);
        let mut x = vec![class.clone()];
        x.extend(tokens.iter().map(|&token| self.row("tok_emb.weight", token)));
        for block in 0..self.config.n_layer {
            let name = |part: &str| format!("blocks.{block}.{part}");
            let ada = self.ada(&name("ada_lin.1"), &class);
            let add = |x: &mut [f64], gamma: &[f64], y: &[f64]| {
                x.iter_mut().zip(gamma).zip(y).for_each(|((x, gamma), y)| *x += gamma * y);
            };
            let normal: Vec<Vec<f64>> =
                x.iter().map(|x| self.norm(&name("attention_norm.weight"), x, &ada[2], &ada[4])).collect();
            let attended = self.attention(&normal, block);
            for (x, y) in x.iter_mut().zip(&attended) {
                add(x, &ada[0], y);
                let normal = self.norm(&name("ffn_norm.weight"), x, &ada[3], &ada[5]);
                let gate = self.linear(&name("feed_forward.w1.weight"), &normal);
                let up = self.linear(&name("feed_forward.w3.weight"), &normal);
                let hidden: Vec<f64> = gate.iter().zip(up).map(|(&gate, up)| silu(gate) * up).collect();
                add(x, &ada[1], &self.linear(&name("feed_forward.w2.weight"), &hidden));
            }
        }
        let ada = self.ada("head_nm.ada_lin.1", &class);
        let normal = x.iter().map(|x| self.norm("head_nm.rmsnorm.weight", x, &ada[0], &ada[1]));
        normal.map(|x| self.linear("head.weight", &x)).collect()
    }
}

fn half(value: f32) -> f32 {
    half::f16::from_f32(value).to_f32()
}

/// Rounds every group of values to the nearest of `steps` equal steps from its lowest to its largest value.
fn quantize(values: &mut [f32], group: usize, steps: f32) {
    for values in values.chunks_mut(group) {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (lowest, step) = (half(low), half((high - low) / steps));
        for value in values {
            let number = if step == 0.0 { 0.0 } else { ((*value - lowest) / step).round().clamp(0.0, steps) };
            *value = lowest + step * number;
        }
    }
}

fn silu(v: f64) -> f64 {
    v / (1.0 + (-v).exp())
}
