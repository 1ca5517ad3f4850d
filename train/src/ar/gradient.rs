//! Loss and gradient of a batch.
//!
//! On the processor the sequences are shared out among [`Workers`]. On a GPU some of them at a time go through the network, and
//! their gradients are added up there; several GPUs each take some of the sequences, and their sums are added up in main
//! memory.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use ibq_core::transformer::TransformerConfig;

use super::{
    network::{PassDropout, Sequences, loss},
    state::{Slot, named},
    workers::Workers,
};
use crate::{precision::TrainingPrecision, random::Random, weights::Weights};

/// Where gradients are computed.
#[derive(Debug)]
pub(super) enum Place {
    Processor(Workers),
    Gpus {
        /// At least one.
        devices: Vec<Device>,
        /// Sequences that go through the network at once: what it keeps for the way back grows with them.
        together: usize,
        /// In what they multiply.
        precision: TrainingPrecision,
        /// A thread for each. It stays, because a GPU's memory is pooled by thread.
        workers: Workers,
    },
}

impl Place {
    /// Threads of the processor, unless there are GPUs.
    pub(super) fn new(devices: Vec<Device>, together: usize, precision: TrainingPrecision) -> Self {
        if devices.is_empty() || devices.contains(&Device::flex()) {
            Self::Processor(Workers::new())
        } else {
            Self::of_gpus(devices, together, precision)
        }
    }

    /// These devices, of which there is at least one.
    pub(super) fn of_gpus(devices: Vec<Device>, together: usize, precision: TrainingPrecision) -> Self {
        let workers = Workers::of(devices.len());
        Self::Gpus { devices, together: together.max(1), precision, workers }
    }

    /// The device for what one alone does.
    pub(super) fn device(&self) -> Device {
        match self {
            Self::Processor(_) => Device::flex(),
            Self::Gpus { devices, .. } => devices[0].clone(),
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
/// dropped and the seed that decides which. On GPUs the loss is multiplied by `scale` on its way back, and the gradient divided by it.
pub(super) fn loss_and_gradient(
    place: &Place,
    model: Model<'_>,
    sequences: Sequences<'_>,
    dropout: Option<(f32, u64)>,
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let count = sequences.classes.len();
    match place {
        Place::Processor(workers) => {
            let parts = parts(sequences, count.div_ceil(workers.count().clamp(1, count)), dropout);
            on_workers(workers, model, parts, gradient)
        }
        Place::Gpus { devices, together, precision, workers } => {
            // No GPU rests while another one has several parts.
            let most = (*together).min(count.div_ceil(devices.len()));
            let parts = parts(sequences, most, dropout);
            let of_device = |index| parts.iter().skip(index).step_by(devices.len()).cloned().collect();
            let work: Vec<(&Device, Vec<Part<'_>>)> =
                devices.iter().enumerate().map(|(index, device)| (device, of_device(index))).collect();
            let results = workers.each(work, |(device, parts)| {
                let weights = named(model.slots, model.weights, device).in_precision(*precision).tracked();
                one_after_the_other(&weights, model, parts, scale)
            });
            add_up(results, gradient)
        }
    }
}

/// Some sequences and what they drop.
#[derive(Clone)]
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
        let (loss, gradients) = of_part(&weights, model, part, 1.0);
        let values = read(model.slots, gradients, model.weights.len());
        (loss * f64::from(share), values.into_iter().map(move |value| value * share))
    });
    add_up(results, gradient)
}

/// Loss and gradient of some parts, each with its share.
fn one_after_the_other(
    weights: &Weights,
    model: Model<'_>,
    parts: Vec<Part<'_>>,
    scale: f32,
) -> (f64, Vec<f32>) {
    let mut sums: BTreeMap<String, Tensor<1>> = BTreeMap::new();
    let mut loss = 0.0;
    for part in parts {
        let share = part.share;
        let (value, gradients) = of_part(weights, model, part, scale);
        loss += value * f64::from(share);
        for (name, values) in gradients {
            let values = values * (share / scale);
            let sum = match sums.remove(&name) {
                Some(sum) => sum + values,
                None => values,
            };
            sums.insert(name, sum);
        }
    }
    (loss, read(model.slots, sums, model.weights.len()))
}

fn add_up(parts: Vec<(f64, impl IntoIterator<Item = f32>)>, gradient: &mut [f32]) -> f64 {
    gradient.fill(0.0);
    let mut loss = 0.0;
    for (part, values) in parts {
        loss += part;
        gradient.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    loss
}

/// Mean loss of a part, and the gradients by name of `scale` times as much.
fn of_part(
    weights: &Weights,
    model: Model<'_>,
    part: Part<'_>,
    scale: f32,
) -> (f64, BTreeMap<String, Tensor<1>>) {
    let loss = loss(weights, model.config, part.sequences, part.dropout);
    let value = f64::from(loss.clone().inner().into_scalar::<f32>());
    let mut passed = (loss * scale).backward();
    (value, weights.gradients(&mut passed))
}

/// Gradients as one vector; those of weights that the loss did not depend on are 0.
fn read(slots: &[Slot], mut gradients: BTreeMap<String, Tensor<1>>, count: usize) -> Vec<f32> {
    let mut gradient = Vec::with_capacity(count);
    for slot in slots {
        match gradients.remove(&slot.name) {
            Some(values) => gradient
                .extend_from_slice(values.into_data().as_slice::<f32>().expect("gradients have 32 bits")),
            None => gradient.resize(slot.range.end, 0.0),
        }
    }
    gradient
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
        let with = |place: Place, scale: f32| {
            let mut gradient = vec![f32::NAN; state.weights.len()];
            let loss = loss_and_gradient(&place, model, sequences, None, scale, &mut gradient);
            (loss, gradient)
        };
        let threads = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            Place::Processor(pool.install(Workers::new))
        };
        // Part after part on one device, as on a GPU.
        let parts = |together: usize, count: usize, precision: TrainingPrecision| {
            Place::of_gpus(vec![Device::flex(); count], together, precision)
        };
        let together = |together: usize, count: usize| parts(together, count, TrainingPrecision::Full);
        let (loss, gradient) = with(threads(1), 1.0);
        let largest = gradient.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(largest > 1e-3);
        for place in [
            threads(2),
            threads(3),
            threads(8),
            together(1, 1),
            together(2, 1),
            together(9, 1),
            together(2, 2),
            together(16, 2),
            together(1, 9),
        ] {
            let (shared_loss, shared) = with(place, 1.0);
            assert!((loss - shared_loss).abs() < 1e-6);
            for (a, b) in gradient.iter().zip(&shared) {
                assert!((a - b).abs() < 1e-5 * largest, "{a} {b} of {largest}");
            }
        }
        // In mixed precision nearly the same, whatever the factor on the loss.
        for scale in [1.0, 1024.0] {
            let (mixed_loss, mixed) = with(parts(3, 1, TrainingPrecision::Mixed), scale);
            assert!((loss - mixed_loss).abs() < 1e-3 && loss != mixed_loss, "{loss} {mixed_loss}");
            for (a, b) in gradient.iter().zip(&mixed) {
                assert!((a - b).abs() < 0.01 * largest, "{a} {b} of {largest}");
            }
        }
    }
}
