//! Loss and gradient of a batch.
//!
//! The sequences are shared out among [`Workers`].

use burn::tensor::Device;
use ibq_core::transformer::TransformerConfig;

use super::{
    network::{PassDropout, Sequences, loss},
    state::{Slot, named},
    workers::Workers,
};
use crate::random::Random;

/// A network and the flat vector of its weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'a> {
    pub(super) config: &'a TransformerConfig,
    pub(super) slots: &'a [Slot],
    pub(super) weights: &'a [f32],
}

/// The mean loss of the sequences, in nats per token; `gradient` becomes its gradient. `dropout` is the share of values that are
/// dropped and the seed that decides which.
pub(super) fn loss_and_gradient(
    workers: &Workers,
    model: Model<'_>,
    sequences: Sequences<'_>,
    dropout: Option<(f32, u64)>,
    gradient: &mut [f32],
) -> f64 {
    let count = sequences.classes.len();
    let each = sequences.tokens.len() / count;
    let share = count.div_ceil(workers.count().clamp(1, count));
    let parts: Vec<_> = sequences
        .classes
        .chunks(share)
        .zip(sequences.tokens.chunks(share * each))
        .enumerate()
        .map(|(index, (classes, tokens))| {
            let random = |seed: u64| Random::new(seed.wrapping_add(index as u64));
            let dropout = dropout.map(|(share, seed)| PassDropout { share, random: random(seed) });
            (Sequences { classes, tokens }, dropout)
        })
        .collect();
    let results = workers.each(parts, |(sequences, dropout)| {
        let share = sequences.classes.len() as f32 / count as f32;
        let (loss, gradient) = of_part(model, sequences, dropout);
        (loss * f64::from(share), gradient.into_iter().map(move |value| value * share))
    });
    gradient.fill(0.0);
    let mut loss = 0.0;
    for (part, values) in results {
        loss += part;
        gradient.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    loss
}

fn of_part(model: Model<'_>, sequences: Sequences<'_>, dropout: Option<PassDropout>) -> (f64, Vec<f32>) {
    let weights = named(model.slots, model.weights, &Device::flex()).tracked();
    let loss = loss(&weights, model.config, sequences, dropout);
    let value = f64::from(loss.clone().inner().into_scalar::<f32>());
    let mut passed = loss.backward();
    let mut gradients = weights.gradients(&mut passed);
    let mut gradient = Vec::with_capacity(model.weights.len());
    for slot in model.slots {
        match gradients.remove(&slot.name) {
            Some(values) => gradient.extend_from_slice(values.into_data().as_slice::<f32>().unwrap_or(&[])),
            None => gradient.resize(slot.range.end, 0.0),
        }
    }
    (value, gradient)
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::ar::{preset::Start, state::State, state::slots};

    #[test]
    fn shares_add_up_to_the_whole() {
        let config = TransformerConfig {
            vocab_size: 32,
            block_size: 16,
            n_layer: 2,
            n_head: 2,
            n_embd: 16,
            class_num: 3,
            ffn_dim: 32,
        };
        let start = Start { head_from_codes: 0.5, ..Start::default() };
        let codes: Vec<f32> = (0..32 * 4).map(|i| (i as f32 * 0.7).sin()).collect();
        let state = State::initial(&config, &start, &codes, &mut Random::new(1));
        let slots = slots(&config);
        let model = Model { config: &config, slots: &slots, weights: &state.weights };
        let tokens: Vec<u16> = (0..5 * 16).map(|i| (i * i % 32) as u16).collect();
        let sequences = Sequences { classes: &[0, 1, 2, 3, 0], tokens: &tokens };
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = vec![f32::NAN; state.weights.len()];
            let loss = loss_and_gradient(&pool.install(Workers::new), model, sequences, None, &mut gradient);
            (loss, gradient)
        };
        let (loss, gradient) = with(1);
        let largest = gradient.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(largest > 1e-3);
        for threads in [2, 3, 8] {
            let (shared_loss, shared) = with(threads);
            assert!((loss - shared_loss).abs() < 1e-6);
            for (a, b) in gradient.iter().zip(&shared) {
                assert!((a - b).abs() < 1e-5 * largest, "{a} {b} of {largest}");
            }
        }
    }
}
