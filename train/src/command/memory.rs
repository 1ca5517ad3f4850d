//! `ibq-train experiment memory`: the quantizer at full size.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use ibq_train::tokenizer::quantizer::{Ibq, Quantizer, QuantizerWeights};

use super::{Outcome, output::say};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Codes, K.
    #[arg(long, default_value_t = 262_144)]
    codes: usize,
    /// Dimension of a code, D.
    #[arg(long, default_value_t = 256)]
    dimension: usize,
    /// Positions, N.
    #[arg(long, default_value_t = 4096)]
    positions: usize,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { codes, dimension, positions } = *arguments;
    let device = Device::flex();
    device.seed(1);
    let random =
        |rows, spread| Tensor::<2>::random([rows, dimension], Distribution::Normal(0.0, spread), &device);
    let (latents, codebook, upstream) = (random(positions, 1.0), random(codes, 1.0), random(positions, 1e-3));
    let gib = (1u64 << 30) as f64;
    say!(
        "IBQ, {codes} codes of {dimension} values, {positions} positions: one table of positions × codes would be {:.1} GiB",
        4.0 * codes as f64 * positions as f64 / gib
    );
    let rule = Ibq::default();
    let start = Instant::now();
    let quantized = rule.forward(latents.clone(), codebook.clone());
    say!("forward   {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let (d_latents, d_codebook) =
        rule.backward(latents, codebook, &quantized, upstream, &QuantizerWeights::default());
    say!("backward  {:.1} s", start.elapsed().as_secs_f64());
    let norm = |gradient: Tensor<2>| gradient.square().sum().into_scalar::<f32>().sqrt();
    say!("gradient norms {:.3e} of the latents, {:.3e} of the codes", norm(d_latents), norm(d_codebook));
    match peak_memory() {
        Some(bytes) => say!("peak      {:.2} GiB resident", bytes as f64 / gib),
        None => say!("peak      unknown on this system (it is read from /proc, on Linux)"),
    }
    Ok(())
}

/// Most memory that this process ever held, in bytes, where the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn linux_reports_the_peak() {
        assert!(super::peak_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
