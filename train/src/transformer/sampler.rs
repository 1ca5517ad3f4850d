//! New tokens on the CPU, with the keys and values of earlier positions kept.

use burn::{
    backend::flex::FlexTensor,
    tensor::{Device, Tensor, TensorData},
};
use ibq_core::{
    tokenizer::TokenizerConfig,
    transformer::{Sampling, TransformerConfig},
};
use image::RgbImage;
use rayon::prelude::*;

use crate::{
    data::to_pictures,
    operations::{
        Rotation,
        autodiff::{Input, tensor, values},
        inverse_rms, product,
        vector::{dot, sigmoid},
    },
    random::Random,
    tokenizer::{CODEBOOK, network::decode, rows::as_map},
    weights::Weights,
};

/// Makes a picture's tokens for each of `classes` (the number of classes stands for "no class"), all at the same time.
/// `on_tokens` is called with the number of tokens that are done.
#[must_use]
pub fn sample(
    weights: &Weights,
    config: &TransformerConfig,
    classes: &[u16],
    sampling: Sampling,
    random: &mut Random,
    mut on_tokens: impl FnMut(u32),
) -> Vec<Vec<u16>> {
    let mut conditions = classes.to_vec();
    if sampling.is_guided() {
        conditions.resize(2 * classes.len(), config.class_num as u16);
    }
    let mut growing = GrowingSequences::new(weights, config, &conditions);
    let scales = sampling.scales(config.block_size);
    let codes = config.vocab_size as usize;
    let mut pictures: Vec<Vec<u16>> = vec![Vec::new(); classes.len()];
    for position in 0..config.block_size {
        let logits = growing.step();
        let logits = values(&logits);
        let draws: Vec<f32> = classes.iter().map(|_| random.unit()).collect();
        let draw = |(picture, draw): (usize, &f32)| {
            let mut row = logits[picture * codes..][..codes].to_vec();
            if sampling.is_guided() {
                let without = &logits[(classes.len() + picture) * codes..][..codes];
                let scale = scales[position as usize];
                row.iter_mut().zip(without).for_each(|(c, u)| *c = u + scale * (*c - u));
            }
            draw_token(&row, sampling, *draw)
        };
        let tokens: Vec<u16> = draws.par_iter().enumerate().map(draw).collect();
        growing.append(&tokens);
        pictures.iter_mut().zip(tokens).for_each(|(picture, token)| picture.push(token));
        on_tokens(position + 1);
    }
    pictures
}

/// Decodes tokens of square grids to pictures.
#[must_use]
pub fn decode_tokens(tokenizer: &Weights, config: &TokenizerConfig, pictures: &[Vec<u16>]) -> Vec<RgbImage> {
    let codes = tokenizer.values(CODEBOOK);
    let dimension = config.embed_dim as usize;
    let mut decoded = Vec::new();
    for pictures in pictures.chunks(8) {
        let tokens = pictures.iter().flatten();
        let rows: Vec<f32> = tokens
            .flat_map(|&token| &codes[usize::from(token) * dimension..][..dimension])
            .copied()
            .collect();
        let side = pictures[0].len().isqrt();
        let shape = [pictures.len() * side * side, dimension];
        let rows = Tensor::<2>::from_data(TensorData::new(rows, shape), &Device::flex());
        let map = as_map(rows, [pictures.len(), dimension, side, side]);
        decoded.extend(to_pictures(&decode(tokenizer, config, map)));
    }
    decoded
}

/// Draws from a row of logits; `draw` is uniform in [0, 1).
fn draw_token(logits: &[f32], sampling: Sampling, draw: f32) -> u16 {
    let best = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    let mut order: Vec<usize> = (0..logits.len()).collect();
    if sampling.temperature == 0.0 {
        return order.into_iter().min_by(best).unwrap_or(0) as u16;
    }
    order.sort_unstable_by(best);
    if sampling.top_k > 0 && (sampling.top_k as usize) < order.len() {
        let least = logits[order[sampling.top_k as usize - 1]];
        order.retain(|&token| logits[token] >= least);
    }
    let top = logits[order[0]];
    let weight = |token: &usize| f64::from((logits[*token] - top) / sampling.temperature).exp();
    let weights: Vec<f64> = order.iter().map(weight).collect();
    let all: f64 = weights.iter().sum();
    // A token stays unless those before it already exceed the limit.
    let mut before = 0.0;
    let kept = weights.iter().take_while(|weight| {
        let stays = before <= f64::from(sampling.top_p) * all;
        before += **weight;
        stays
    });
    let kept = kept.count().max(1);
    let mut left = f64::from(draw) * weights[..kept].iter().sum::<f64>();
    for (token, weight) in order[..kept].iter().zip(&weights) {
        left -= weight;
        if left < 0.0 {
            return *token as u16;
        }
    }
    order[kept - 1] as u16
}

/// Sequences that grow by a token at a time.
struct GrowingSequences<'a> {
    weights: &'a Weights,
    config: &'a TransformerConfig,
    rotation: Rotation,
    /// The rows of the position that comes next, `[R, C]`.
    x: Vec<f32>,
    position: usize,
    /// Per block: six vectors of each row, `[R, 6 C]`.
    vectors: Vec<Vec<f32>>,
    head_vectors: Vec<f32>,
    /// Per block and row: keys and values, `[position, 2 C]`.
    caches: Vec<Vec<Vec<f32>>>,
    matrices: Vec<[FlexTensor; 5]>,
    head: FlexTensor,
}

impl<'a> GrowingSequences<'a> {
    fn new(weights: &'a Weights, config: &'a TransformerConfig, conditions: &[u16]) -> Self {
        let width = config.n_embd as usize;
        let table = weights.values("class_emb.embedding_table.weight");
        let row = |class: &u16| &table[usize::from(*class) * width..][..width];
        let x: Vec<f32> = conditions.iter().flat_map(row).copied().collect();
        let active = tensor(x.iter().map(|v| v * sigmoid(*v)).collect(), [conditions.len(), width]);
        let vectors = |layer: &str| -> Vec<f32> {
            let bias = weights.values(&format!("{layer}.bias"));
            let product = product(&active, &transposed_weight(weights, &format!("{layer}.weight")));
            let rows = values(&product).chunks_exact(bias.len());
            rows.flat_map(|row| row.iter().zip(&bias).map(|(a, b)| a + b)).collect()
        };
        let blocks = 0..config.n_layer;
        let parts =
            ["attention.wqkv", "attention.wo", "feed_forward.w1", "feed_forward.w3", "feed_forward.w2"];
        let matrices =
            |block| parts.map(|part| transposed_weight(weights, &format!("blocks.{block}.{part}.weight")));
        let (positions, side) = (config.block_size as usize + 1, config.side() as usize);
        Self {
            rotation: Rotation::new(positions, side, config.head_size() as usize),
            position: 0,
            vectors: blocks.clone().map(|block| vectors(&format!("blocks.{block}.ada_lin.1"))).collect(),
            head_vectors: vectors("head_nm.ada_lin.1"),
            caches: vec![vec![Vec::new(); conditions.len()]; config.n_layer as usize],
            matrices: blocks.map(matrices).collect(),
            head: transposed_weight(weights, "head.weight"),
            x,
            weights,
            config,
        }
    }

    /// Takes the new tokens of all pictures; rows without a class take the same.
    fn append(&mut self, tokens: &[u16]) {
        let width = self.config.n_embd as usize;
        let table = self.weights.get::<2>("tok_emb.weight");
        let table = Input::of(&table).values();
        for (index, row) in self.x.chunks_exact_mut(width).enumerate() {
            let token = usize::from(tokens[index % tokens.len()]);
            row.copy_from_slice(&values(&table)[token * width..][..width]);
        }
    }

    /// The logits `[R, V]` of the next token of every row.
    fn step(&mut self) -> FlexTensor {
        let width = self.config.n_embd as usize;
        let rows = self.x.len() / width;
        for block in 0..self.config.n_layer as usize {
            let name = |part: &str| self.weights.values(&format!("blocks.{block}.{part}.weight"));
            let vectors = self.vectors[block].clone();
            let [qkv, out, gate, up, down] = &self.matrices[block].clone();

            let h = self.normalize(&name("attention_norm"), &vectors, 6, [2, 4]);
            let qkv = product(&tensor(h, [rows, width]), qkv);
            let h = self.attend(block, values(&qkv));
            let h = product(&tensor(h, [rows, width]), out);
            self.add_gated(values(&h), &vectors, 0);

            let h = tensor(self.normalize(&name("ffn_norm"), &vectors, 6, [3, 5]), [rows, width]);
            let (a, b) = (product(&h, gate), product(&h, up));
            let h = values(&a).iter().zip(values(&b)).map(|(a, b)| a * sigmoid(*a) * b).collect();
            let h = product(&tensor(h, [rows, self.config.ffn_dim as usize]), down);
            self.add_gated(values(&h), &vectors, 1);
        }
        self.position += 1;
        let norm = self.weights.values("head_nm.rmsnorm.weight");
        let h = self.normalize(&norm, &self.head_vectors, 2, [0, 1]);
        product(&tensor(h, [rows, width]), &self.head)
    }

    fn normalize(
        &self,
        weight: &[f32],
        vectors: &[f32],
        parts: usize,
        [scale, shift]: [usize; 2],
    ) -> Vec<f32> {
        let width = weight.len();
        let rows = self.x.chunks_exact(width).zip(vectors.chunks_exact(parts * width));
        let normal = |(x, vectors): (&[f32], &[f32])| -> Vec<f32> {
            let inverse = inverse_rms(x);
            let [scale, shift] = [scale, shift].map(|part| &vectors[part * width..][..width]);
            (0..width).map(|i| x[i] * inverse * weight[i] * (1.0 + scale[i]) + shift[i]).collect()
        };
        rows.flat_map(normal).collect()
    }

    fn add_gated(&mut self, y: &[f32], vectors: &[f32], gamma: usize) {
        let width = self.config.n_embd as usize;
        let rows = self.x.chunks_exact_mut(width).zip(y.chunks_exact(width));
        for ((x, y), vectors) in rows.zip(vectors.chunks_exact(6 * width)) {
            let gamma = &vectors[gamma * width..][..width];
            (0..width).for_each(|i| x[i] += gamma[i] * y[i]);
        }
    }

    /// Attention of the new rows `[R, 3 C]` to all positions so far.
    fn attend(&mut self, block: usize, qkv: &[f32]) -> Vec<f32> {
        let (width, size) = (self.config.n_embd as usize, self.config.head_size() as usize);
        let (rotation, position) = (&self.rotation, self.position);
        let mut out = vec![0.0f32; qkv.len() / 3];
        out.par_chunks_mut(width).zip(&mut self.caches[block]).zip(qkv.par_chunks(3 * width)).for_each(
            |((out, cache), qkv)| {
                let mut qkv = qkv.to_vec();
                for (index, head) in qkv[..2 * width].chunks_exact_mut(size).enumerate() {
                    let scale = if index < width / size { (size as f32).powf(-0.5) } else { 1.0 };
                    rotation.turn(position, head, scale, false);
                }
                cache.extend_from_slice(&qkv[width..]);
                for (head, out) in out.chunks_exact_mut(size).enumerate() {
                    let query = &qkv[head * size..][..size];
                    let rows = cache.chunks_exact(2 * width);
                    let mut scores: Vec<f32> =
                        rows.clone().map(|row| dot(query, &row[head * size..][..size])).collect();
                    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                    scores.iter_mut().for_each(|score| *score = (*score - top).exp());
                    let sum: f32 = scores.iter().sum();
                    for (score, row) in scores.iter().zip(rows) {
                        let value = &row[width + head * size..][..size];
                        out.iter_mut().zip(value).for_each(|(out, value)| *out += score / sum * value);
                    }
                }
            },
        );
        out
    }
}

/// A weight, transposed so that rows can be multiplied with it.
fn transposed_weight(weights: &Weights, name: &str) -> FlexTensor {
    let weight: Tensor<2> = weights.get(name);
    Input::of(&weight).values().transpose(0, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_leave_what_they_should() {
        let logits = [0.0, 3.0, 2.0, 2.0, -1.0];
        let drawn = |sampling: Sampling| -> Vec<u16> {
            let mut seen: Vec<u16> =
                (0..1000).map(|i| draw_token(&logits, sampling, i as f32 / 1000.0)).collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        let all = Sampling::default();
        assert_eq!(drawn(all), [0, 1, 2, 3, 4]);
        assert_eq!(drawn(Sampling { temperature: 0.0, ..all }), [1]);
        // Two tokens equal the second largest.
        assert_eq!(drawn(Sampling { top_k: 2, ..all }), [1, 2, 3]);
        // The largest alone has a share of 0.55.
        assert_eq!(drawn(Sampling { top_p: 0.5, ..all }), [1]);
        assert_eq!(drawn(Sampling { top_p: 0.6, ..all }), [1, 2]);
        let share = (0..1000).filter(|i| draw_token(&logits, all, *i as f32 / 1000.0) == 1).count();
        let expected = 1000.0 * 3f64.exp() / logits.iter().map(|v| f64::from(*v).exp()).sum::<f64>();
        assert!((share as f64 - expected).abs() < 2.0, "{share} {expected}");
    }
}
