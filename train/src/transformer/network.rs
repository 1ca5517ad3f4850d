//! The transformer as a function of named weights: Llama-style blocks with adaptive norms.

use burn::tensor::{Tensor, activation::silu};
use ibq_core::transformer::TransformerConfig;

use crate::{
    operations::{
        Dropout, Rotation, adaptive_norm, causal_attention, class_rows, cross_entropy, embed, gated_residual,
        gated_silu, linear,
    },
    random::Random,
    weights::Weights,
};

/// Dropout of one pass.
#[derive(Clone, Debug)]
pub struct PassDropout {
    /// Fraction of values that are dropped.
    pub rate: f32,
    /// Decides which.
    pub random: Random,
}

impl PassDropout {
    fn next(&mut self) -> Dropout {
        Dropout { seed: self.random.bits() as u32, rate: self.rate }
    }
}

/// Sequences of one length, ready for the network.
#[derive(Clone, Copy, Debug)]
pub struct Sequences<'a> {
    /// The class of each; the number of classes stands for "no class".
    pub classes: &'a [u16],
    /// Their tokens, one sequence after the other.
    pub tokens: &'a [u16],
}

/// Mean cross-entropy, in nats per token, of all tokens of the sequences, each given its class and the tokens before it.
#[must_use]
pub fn loss(
    weights: &Weights,
    config: &TransformerConfig,
    sequences: Sequences<'_>,
    dropout: Option<PassDropout>,
) -> Tensor<1> {
    let each = sequences.tokens.len() / sequences.classes.len();
    // The last token of a sequence is only predicted.
    let known: Vec<u16> = sequences.tokens.chunks_exact(each).flat_map(|s| &s[..each - 1]).copied().collect();
    let sequences_known = Sequences { tokens: &known, ..sequences };
    let rows = rows(weights, config, sequences_known, dropout);
    cross_entropy(&rows, &weights.get("head.weight"), sequences.tokens)
}

/// Logits `[B · (T + 1), V]` of sequences of T tokens: row p of a sequence predicts its token p.
#[must_use]
pub fn logits(weights: &Weights, config: &TransformerConfig, sequences: Sequences<'_>) -> Tensor<2> {
    linear(&rows(weights, config, sequences, None), &weights.get("head.weight"))
}

/// The rows that the last layer multiplies.
fn rows(
    weights: &Weights,
    config: &TransformerConfig,
    sequences: Sequences<'_>,
    mut dropout: Option<PassDropout>,
) -> Tensor<2> {
    let length = 1 + sequences.tokens.len() / sequences.classes.len();
    let rotation = Rotation::new(length, config.side() as usize, config.head_size() as usize);
    let mut drop = || dropout.as_mut().map(PassDropout::next);
    let nothing = Dropout { seed: 0, rate: 0.0 };

    let class = class_rows(&weights.get("class_emb.embedding_table.weight"), sequences.classes);
    let mut x = embed(&class, &weights.get("tok_emb.weight"), sequences.tokens, drop());
    let condition = silu(class);
    let vectors = |layer: &str| {
        let bias: Tensor<1> = weights.get(&format!("{layer}.bias"));
        linear(&condition, &weights.get(&format!("{layer}.weight"))) + bias.unsqueeze()
    };
    for block in 0..config.n_layer {
        let name = |part: &str| format!("blocks.{block}.{part}");
        let multiply = |x: &Tensor<2>, part: &str| linear(x, &weights.get(&name(part)));
        // gamma1, gamma2, scale1, scale2, shift1, shift2
        let vectors = vectors(&name("ada_lin.1"));

        let h = adaptive_norm(&x, &weights.get(&name("attention_norm.weight")), &vectors, [2, 4]);
        let qkv = multiply(&h, "attention.wqkv.weight");
        let h = causal_attention(&qkv, config.n_head as usize, length, &rotation);
        let h = multiply(&h, "attention.wo.weight");
        x = gated_residual(&x, &h, &vectors, 0, drop().unwrap_or(nothing));

        let h = adaptive_norm(&x, &weights.get(&name("ffn_norm.weight")), &vectors, [3, 5]);
        let gate = multiply(&h, "feed_forward.w1.weight");
        let h = gated_silu(&gate, &multiply(&h, "feed_forward.w3.weight"));
        let h = multiply(&h, "feed_forward.w2.weight");
        x = gated_residual(&x, &h, &vectors, 1, drop().unwrap_or(nothing));
    }
    // scale, shift
    adaptive_norm(&x, &weights.get("head_nm.rmsnorm.weight"), &vectors("head_nm.ada_lin.1"), [0, 1])
}
