//! How fast a transformer makes tokens, and what smaller precisions change.

use serde::Serialize;
use web_time::Instant;

use crate::{
    device::Device,
    gpu::{KernelRun, Stage, Times},
    job::Job,
    transformer::{
        Condition, Logits, PictureRequest, Sampling, TokenLoop, Transformer, TransformerError,
        TransformerPrecision, TransformerWeights, log_sum_exp,
    },
};

use super::{Ceilings, KernelReport, describe_device, kernel_report};

/// Pictures at a time that are measured, each without and with guidance.
const BATCHES: [u32; 2] = [1, 8];

/// How fast tokens are made, so many pictures at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenSpeed {
    /// Pictures at a time.
    pub pictures: u32,
    /// With guidance: twice as many sequences on the same weights.
    pub guided: bool,
    /// Milliseconds until every picture has its next token.
    pub ms_per_token: f64,
    /// Tokens of all pictures in a second.
    pub tokens_per_s: f64,
    /// Dispatches for the next token of all pictures; on the processor, operations.
    pub dispatches: usize,
    /// 10⁹ bytes per second, counting what must be read at least: weights, keys and values.
    pub gbytes_per_s: f64,
    /// Share of the device's measured bandwidth, 0 to 1.
    pub share: f64,
}

/// Everything that the benchmark of a transformer prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenerationReport {
    /// Name of the adapter or of the processor.
    pub adapter: String,
    /// Tier in use; on the processor, its vector instructions.
    pub tier: String,
    /// How the weights are stored.
    pub precision: TransformerPrecision,
    /// What the adapter can do at most.
    pub ceilings: Ceilings,
    /// Tokens that were timed for each line, in the middle of a picture.
    pub timed_tokens: u32,
    /// 1 and 8 pictures at a time, without and with guidance.
    pub speeds: Vec<TokenSpeed>,
    /// The kernels of one token of one picture without guidance, the slowest first; empty where they cannot be timed.
    pub kernels: Vec<KernelReport>,
    /// Bytes of weights on the device.
    pub weights_memory: u64,
    /// The most bytes in the engine's buffers at one time so far, loading included.
    pub peak_memory: u64,
}

/// Measures `tokens` tokens in each of four ways.
///
/// # Errors
/// [`TransformerError`]: no memory, cancelled, a lost device.
pub async fn generation(
    transformer: &Transformer,
    tokens: u32,
    job: &Job,
) -> Result<GenerationReport, TransformerError> {
    let device = transformer.device();
    job.stage("measure the adapter");
    let (adapter, tier, ceilings) = describe_device(device, job).await?;
    let tokens = tokens.clamp(1, transformer.config().block_size);
    let (mut speeds, mut kernels) = (Vec::new(), Vec::new());
    job.stage("measure");
    for pictures in BATCHES {
        for guided in [false, true] {
            let mut token_loop = transformer.measured_loop(pictures, guided, tokens, job).await?;
            let ms = measure(&mut token_loop, tokens, job).await?;
            let (dispatches, bytes) = token_loop.cost();
            let gbytes_per_s = bytes / ms / 1e6;
            speeds.push(TokenSpeed {
                pictures,
                guided,
                ms_per_token: ms,
                tokens_per_s: 1e3 * f64::from(pictures) / ms,
                dispatches,
                gbytes_per_s,
                share: gbytes_per_s / ceilings.gbytes_per_s,
            });
            job.set_progress(speeds.len() as f32 / 4.0);
            if speeds.len() == 1 {
                kernels = by_kernel(&token_loop.timed(job).await?, ceilings);
            }
        }
    }
    Ok(GenerationReport {
        adapter,
        tier,
        precision: transformer.precision(),
        ceilings,
        timed_tokens: tokens,
        speeds,
        kernels,
        weights_memory: transformer.weight_bytes(),
        peak_memory: device.memory().peak,
    })
}

/// Milliseconds of one of `tokens` tokens, reading them back included; one token before is not counted.
async fn measure(token_loop: &mut TokenLoop, tokens: u32, job: &Job) -> Result<f64, TransformerError> {
    token_loop.advance(1, job).await?;
    let started = Instant::now();
    let mut made = 0;
    while made < tokens {
        made += token_loop.advance(tokens - made, job).await?.0;
    }
    Ok(started.elapsed().as_secs_f64() * 1e3 / f64::from(tokens))
}

fn by_kernel(runs: &[KernelRun], ceilings: Ceilings) -> Vec<KernelReport> {
    let mut times = Times::default();
    times.add_kernels(Stage::Token, runs);
    let mut reports: Vec<KernelReport> =
        times.kernels.iter().map(|kernel| kernel_report(kernel, ceilings)).collect();
    reports.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    reports
}

/// How far a precision is from f32, over all tokens of some pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// The precision.
    pub precision: TransformerPrecision,
    /// Bytes of weights on the device.
    pub weights_memory: u64,
    /// Largest difference of a logit.
    pub largest_difference: f64,
    /// Mean divergence of the predicted distributions, KL(f32 ‖ this), in nats per token.
    pub kl_per_token: f64,
    /// Share of the tokens whose most probable code is the same, 0 to 1.
    pub agreement: f64,
}

/// Compares f16, int8 and int4 with f32, teacher-forced along pictures that f32 draws (seed 0, no guidance, temperature 1),
/// `pictures` of them of classes spread evenly.
///
/// # Errors
/// [`TransformerError`]: weights that are stored quantized, no memory for f32, cancelled, a lost device.
pub async fn drift(
    device: &Device,
    weights: &TransformerWeights,
    pictures: u32,
    job: &Job,
) -> Result<Vec<Drift>, TransformerError> {
    let classes = weights.config().class_num;
    let request = |number: u32| PictureRequest {
        condition: Condition::Class(
            (u64::from(number) * u64::from(classes) / u64::from(pictures.max(1))) as u32,
        ),
        sampling: Sampling::default(),
        seed: 0,
        number,
        fixed: Vec::new(),
    };
    let requests: Vec<PictureRequest> = (0..pictures.max(1)).map(request).collect();
    let exact = Transformer::load(device, weights, TransformerPrecision::F32, job).await?;
    let grids = exact.generate(&requests, job, |_| {}).await?;
    let mut wanted = Vec::new();
    for (request, grid) in requests.iter().zip(&grids) {
        wanted.push(exact.logits(request.condition, &grid.tokens, None, job).await?);
    }
    drop(exact);
    let mut drifts = Vec::new();
    for precision in [TransformerPrecision::F16, TransformerPrecision::Int8, TransformerPrecision::Int4] {
        let transformer = Transformer::load(device, weights, precision, job).await?;
        let mut sums = Sums::default();
        for ((request, grid), wanted) in requests.iter().zip(&grids).zip(&wanted) {
            let ours = transformer.logits(request.condition, &grid.tokens, None, job).await?;
            sums.add(wanted, &ours, grid.tokens.len());
        }
        drifts.push(Drift {
            precision,
            weights_memory: transformer.weight_bytes(),
            largest_difference: sums.largest,
            kl_per_token: sums.divergence / sums.tokens,
            agreement: sums.agreeing / sums.tokens,
        });
    }
    Ok(drifts)
}

#[derive(Default)]
struct Sums {
    largest: f64,
    divergence: f64,
    agreeing: f64,
    tokens: f64,
}

impl Sums {
    fn add(&mut self, wanted: &Logits, ours: &Logits, tokens: usize) {
        for position in 0..tokens {
            let (p, q) = (wanted.row(position), ours.row(position));
            let (log_p, log_q) = (log_sum_exp(p), log_sum_exp(q));
            for (&p, &q) in p.iter().zip(q) {
                let (p, q) = (f64::from(p), f64::from(q));
                self.largest = self.largest.max((p - q).abs());
                self.divergence += (p - log_p).exp() * ((p - log_p) - (q - log_q));
            }
            self.agreeing += f64::from(u8::from(most(p) == most(q)));
            self.tokens += 1.0;
        }
    }
}

/// The first of the largest.
fn most(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ops::testing::executors, transformer::TransformerConfig};

    fn weights() -> TransformerWeights {
        let config = TransformerConfig {
            vocab_size: 75,
            block_size: 16,
            n_layer: 2,
            n_head: 3,
            n_embd: 24,
            class_num: 5,
            ffn_dim: 268,
        };
        TransformerWeights::random(config, 1).unwrap()
    }

    #[test]
    fn a_report_has_four_ways_and_counts_dispatches() {
        for device in [executors().first(), executors().last()].into_iter().flatten() {
            let job = Job::new();
            let transformer =
                pollster::block_on(Transformer::load(device, &weights(), TransformerPrecision::Int4, &job))
                    .unwrap();
            let report = pollster::block_on(generation(&transformer, 3, &job)).unwrap();
            let ways: Vec<(u32, bool)> =
                report.speeds.iter().map(|speed| (speed.pictures, speed.guided)).collect();
            assert_eq!(ways, [(1, false), (1, true), (8, false), (8, true)]);
            for speed in &report.speeds {
                // Embedding, five for each of two blocks, head, sampling, going on.
                assert_eq!(speed.dispatches, 14);
                assert!(speed.ms_per_token > 0.0 && speed.gbytes_per_s > 0.0);
                let tokens = f64::from(speed.pictures) * 1e3;
                assert!((speed.tokens_per_s * speed.ms_per_token - tokens).abs() < 1e-6 * tokens);
            }
            assert!(
                report.kernels.is_empty()
                    || report.kernels.iter().map(|kernel| kernel.calls).sum::<u32>() == 14
            );
            assert!(report.weights_memory > 0 && report.peak_memory >= report.weights_memory);
        }
    }

    #[test]
    fn smaller_precisions_drift_further() {
        for device in [executors().first(), executors().last()].into_iter().flatten() {
            let drifts = pollster::block_on(drift(device, &weights(), 2, &Job::new())).unwrap();
            let [f16, int8, int4] = drifts[..] else { panic!("{drifts:?}") };
            assert!(0.0 < f16.largest_difference && f16.largest_difference < int4.largest_difference);
            assert!(f16.kl_per_token >= 0.0 && int8.kl_per_token < int4.kl_per_token, "{drifts:?}");
            assert!((0.0..=1.0).contains(&int4.agreement) && f16.agreement > 0.9);
            assert!(int4.weights_memory < int8.weights_memory && int8.weights_memory < f16.weights_memory);
        }
    }

    #[test]
    fn divergence_is_that_of_the_definition() {
        let logits = |values: [f32; 2]| Logits { vocab: 2, values: values.to_vec() };
        let mut sums = Sums::default();
        // Probabilities 3/4 and 1/4 against 1/2 and 1/2.
        sums.add(&logits([3.0_f32.ln(), 0.0]), &logits([0.0, 0.0]), 1);
        let expected = 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln();
        assert!((sums.divergence - expected).abs() < 1e-6);
        assert_eq!((sums.agreeing, sums.tokens), (1.0, 1.0));
    }
}
