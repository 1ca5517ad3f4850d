//! Loss and gradient of a batch.
//!
//! On the processor the sequences are shared out among [`Workers`]. On a GPU some of them at a time go through the network, and
//! their gradients are added up there.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use ibq_core::transformer::TransformerConfig;

use super::{
    network::{PassDropout, Sequences, loss},
    state::{Slot, named},
    workers::Workers,
};
use crate::{random::Random, weights::Weights};

/// Where gradients are computed.
#[derive(Debug)]
pub(super) enum Place {
    Processor(Workers),
    Gpu {
        device: Device,
        /// Sequences that go through the network at once: what it keeps for the way back grows with them.
        together: usize,
    },
}

impl Place {
    /// Threads of the processor, where the device is the processor.
    pub(super) fn new(device: &Device, together: usize) -> Self {
        if *device == Device::flex() {
            Self::Processor(Workers::new())
        } else {
            Self::Gpu { device: device.clone(), together: together.max(1) }
        }
    }

    pub(super) fn device(&self) -> Device {
        match self {
            Self::Processor(_) => Device::flex(),
            Self::Gpu { device, .. } => device.clone(),
        }
    }
}

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
    place: &Place,
    model: Model<'_>,
    sequences: Sequences<'_>,
    dropout: Option<(f32, u64)>,
    gradient: &mut [f32],
) -> f64 {
    let count = sequences.classes.len();
    match place {
        Place::Processor(workers) => {
            let parts = parts(sequences, count.div_ceil(workers.count().clamp(1, count)), dropout);
            on_workers(workers, model, parts, gradient)
        }
        Place::Gpu { device, together } => {
            on_gpu(device, model, parts(sequences, *together, dropout), gradient)
        }
    }
}

/// Some sequences and what they drop.
struct Part<'a> {
    sequences: Sequences<'a>,
    dropout: Option<PassDropout>,
    /// Their share of the batch.
    share: f32,
}

/// Parts of so many sequences, the last one of fewer.
fn parts(sequences: Sequences<'_>, most: usize, dropout: Option<(f32, u64)>) -> Vec<Part<'_>> {
    let count = sequences.classes.len();
    let each = sequences.tokens.len() / count;
    sequences
        .classes
        .chunks(most)
        .zip(sequences.tokens.chunks(most * each))
        .enumerate()
        .map(|(index, (classes, tokens))| {
            let random = |seed: u64| Random::new(seed.wrapping_add(index as u64));
            let dropout = dropout.map(|(share, seed)| PassDropout { share, random: random(seed) });
            let share = classes.len() as f32 / count as f32;
            Part { sequences: Sequences { classes, tokens }, dropout, share }
        })
        .collect()
}

fn on_workers(workers: &Workers, model: Model<'_>, parts: Vec<Part<'_>>, gradient: &mut [f32]) -> f64 {
    let results = workers.each(parts, |part| {
        let share = part.share;
        let weights = named(model.slots, model.weights, &Device::flex()).tracked();
        let (loss, gradients) = of_part(&weights, model, part);
        let mut values = vec![0.0; model.weights.len()];
        read(model.slots, gradients, &mut values);
        (loss * f64::from(share), values.into_iter().map(move |value| value * share))
    });
    gradient.fill(0.0);
    let mut loss = 0.0;
    for (part, values) in results {
        loss += part;
        gradient.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    loss
}

fn on_gpu(device: &Device, model: Model<'_>, parts: Vec<Part<'_>>, gradient: &mut [f32]) -> f64 {
    let weights = named(model.slots, model.weights, device).tracked();
    let mut sums: BTreeMap<String, Tensor<1>> = BTreeMap::new();
    let mut loss = 0.0;
    for part in parts {
        let share = part.share;
        let (value, gradients) = of_part(&weights, model, part);
        loss += value * f64::from(share);
        for (name, values) in gradients {
            let values = values * share;
            let sum = match sums.remove(&name) {
                Some(sum) => sum + values,
                None => values,
            };
            sums.insert(name, sum);
        }
    }
    gradient.fill(0.0);
    read(model.slots, sums, gradient);
    loss
}

/// Mean loss of a part, and its gradients by name.
fn of_part(weights: &Weights, model: Model<'_>, part: Part<'_>) -> (f64, BTreeMap<String, Tensor<1>>) {
    let loss = loss(weights, model.config, part.sequences, part.dropout);
    let value = f64::from(loss.clone().inner().into_scalar::<f32>());
    let mut passed = loss.backward();
    (value, weights.gradients(&mut passed))
}

/// Writes gradients to their places; those of weights that the loss did not depend on are left as they are.
fn read(slots: &[Slot], mut gradients: BTreeMap<String, Tensor<1>>, out: &mut [f32]) {
    for slot in slots {
        if let Some(values) = gradients.remove(&slot.name) {
            let data = values.into_data();
            out[slot.range.clone()].copy_from_slice(data.as_slice::<f32>().unwrap_or(&[]));
        }
    }
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
        let with = |place: Place| {
            let mut gradient = vec![f32::NAN; state.weights.len()];
            let loss = loss_and_gradient(&place, model, sequences, None, &mut gradient);
            (loss, gradient)
        };
        let threads = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            Place::Processor(pool.install(Workers::new))
        };
        // Part after part on one device, as on a GPU.
        let together = |together: usize| Place::Gpu { device: Device::flex(), together };
        let (loss, gradient) = with(threads(1));
        let largest = gradient.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(largest > 1e-3);
        for place in [threads(2), threads(3), threads(8), together(1), together(2), together(9)] {
            let (shared_loss, shared) = with(place);
            assert!((loss - shared_loss).abs() < 1e-6);
            for (a, b) in gradient.iter().zip(&shared) {
                assert!((a - b).abs() < 1e-5 * largest, "{a} {b} of {largest}");
            }
        }
    }
}
