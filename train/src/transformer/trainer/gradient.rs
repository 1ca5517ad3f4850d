//! Loss and gradient of a batch.
//!
//! On the CPU the sequences are shared out among [`Workers`]. On a GPU some of them at a time go through the network, and
//! their gradients are added up there; several GPUs each take some of the sequences, and their sums are added up in main
//! memory.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use ibq_core::transformer::TransformerConfig;

use super::device_set::DeviceSet;
use crate::{
    random::Random,
    transformer::{
        network::{PassDropout, Sequences, loss},
        parameters::{Slot, named},
    },
    weights::Weights,
    workers::Workers,
};

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
    devices: &DeviceSet,
    model: Model<'_>,
    sequences: Sequences<'_>,
    dropout: Option<(f32, u64)>,
    scale: f32,
    gradient: &mut [f32],
) -> f64 {
    let count = sequences.classes.len();
    match devices {
        DeviceSet::Cpu(workers) => {
            let parts = micro_batches(sequences, count.div_ceil(workers.count().clamp(1, count)), dropout);
            share_among_workers(workers, model, parts, gradient)
        }
        DeviceSet::Gpus { devices, micro_batch, precision, workers } => {
            // No GPU rests while another one has several parts.
            let most = (*micro_batch).min(count.div_ceil(devices.len()));
            let parts = micro_batches(sequences, most, dropout);
            let of_device = |index| parts.iter().skip(index).step_by(devices.len()).cloned().collect();
            let work: Vec<(&Device, Vec<MicroBatch<'_>>)> =
                devices.iter().enumerate().map(|(index, device)| (device, of_device(index))).collect();
            let results = workers.each(work, |(device, parts)| {
                let weights = named(model.slots, model.weights, device).in_precision(*precision).tracked();
                accumulate_gradients(&weights, model, parts, scale)
            });
            sum_up(results, gradient)
        }
    }
}

/// Some sequences and what they drop.
#[derive(Clone)]
struct MicroBatch<'a> {
    sequences: Sequences<'a>,
    dropout: Option<PassDropout>,
    /// Their fraction of the batch.
    fraction: f32,
}

/// Parts of so many sequences, the last one of fewer.
fn micro_batches(sequences: Sequences<'_>, most: usize, dropout: Option<(f32, u64)>) -> Vec<MicroBatch<'_>> {
    let count = sequences.classes.len();
    let each = sequences.tokens.len() / count;
    sequences
        .classes
        .chunks(most)
        .zip(sequences.tokens.chunks(most * each))
        .enumerate()
        .map(|(index, (classes, tokens))| {
            let random = |seed: u64| Random::new(seed.wrapping_add(index as u64));
            let dropout = dropout.map(|(rate, seed)| PassDropout { rate, random: random(seed) });
            let fraction = classes.len() as f32 / count as f32;
            MicroBatch { sequences: Sequences { classes, tokens }, dropout, fraction }
        })
        .collect()
}

fn share_among_workers(
    workers: &Workers,
    model: Model<'_>,
    parts: Vec<MicroBatch<'_>>,
    gradient: &mut [f32],
) -> f64 {
    let results = workers.each(parts, |part| {
        let fraction = part.fraction;
        let weights = named(model.slots, model.weights, &Device::flex()).tracked();
        let (loss, gradients) = micro_batch_gradients(&weights, model, part, 1.0);
        let values = flatten(model.slots, gradients, model.weights.len());
        (loss * f64::from(fraction), values.into_iter().map(move |value| value * fraction))
    });
    sum_up(results, gradient)
}

/// Loss and gradient of some parts, each with its share.
fn accumulate_gradients(
    weights: &Weights,
    model: Model<'_>,
    parts: Vec<MicroBatch<'_>>,
    scale: f32,
) -> (f64, Vec<f32>) {
    let mut sums: BTreeMap<String, Tensor<1>> = BTreeMap::new();
    let mut loss = 0.0;
    for part in parts {
        let fraction = part.fraction;
        let (value, gradients) = micro_batch_gradients(weights, model, part, scale);
        loss += value * f64::from(fraction);
        for (name, values) in gradients {
            let values = values * (fraction / scale);
            let sum = match sums.remove(&name) {
                Some(sum) => sum + values,
                None => values,
            };
            sums.insert(name, sum);
        }
    }
    (loss, flatten(model.slots, sums, model.weights.len()))
}

fn sum_up(parts: Vec<(f64, impl IntoIterator<Item = f32>)>, gradient: &mut [f32]) -> f64 {
    gradient.fill(0.0);
    let mut loss = 0.0;
    for (part, values) in parts {
        loss += part;
        gradient.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    loss
}

/// Mean loss of a part, and the gradients by name of `scale` times as much.
fn micro_batch_gradients(
    weights: &Weights,
    model: Model<'_>,
    part: MicroBatch<'_>,
    scale: f32,
) -> (f64, BTreeMap<String, Tensor<1>>) {
    let loss = loss(weights, model.config, part.sequences, part.dropout);
    let value = f64::from(loss.clone().inner().into_scalar::<f32>());
    let mut passed = (loss * scale).backward();
    (value, weights.gradients(&mut passed))
}

/// Gradients as one vector; those of weights that the loss did not depend on are 0.
fn flatten(slots: &[Slot], mut gradients: BTreeMap<String, Tensor<1>>, count: usize) -> Vec<f32> {
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
    use crate::{
        precision::TrainingPrecision,
        transformer::{
            parameters::{initial_weights, slots},
            preset::Start,
        },
    };

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
        let weights = initial_weights(&config, &start, &codes, &mut Random::new(1));
        let slots = slots(&config);
        let model = Model { config: &config, slots: &slots, weights: &weights };
        let tokens: Vec<u16> = (0..5 * 16).map(|i| (i * i % 32) as u16).collect();
        let sequences = Sequences { classes: &[0, 1, 2, 3, 0], tokens: &tokens };
        let with = |devices: DeviceSet, scale: f32| {
            let mut gradient = vec![f32::NAN; weights.len()];
            let loss = loss_and_gradient(&devices, model, sequences, None, scale, &mut gradient);
            (loss, gradient)
        };
        let threads = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            DeviceSet::Cpu(pool.install(Workers::new))
        };
        // Part after part on one device, as on a GPU.
        let parts = |together: usize, count: usize, precision: TrainingPrecision| {
            DeviceSet::of_gpus(vec![Device::flex(); count], together, precision)
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
