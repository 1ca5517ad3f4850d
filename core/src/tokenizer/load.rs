//! From weights in files to parameters on the device, tensor by tensor.

use crate::{
    device::Device,
    gpu::Precision,
    job::Job,
    ops::{Executor, load_parameters, shard_codes},
};

use super::{Quantizer, TokenizerError, TokenizerWeights};

/// Reads every parameter of the configuration and uploads it.
///
/// # Errors
/// [`TokenizerError`]: a tensor that cannot be read, no memory, cancelled.
pub(super) async fn load(
    device: &Device,
    weights: &TokenizerWeights,
    precision: Precision,
    job: &Job,
) -> Result<Box<dyn Executor>, TokenizerError> {
    let config = weights.config();
    config.validate()?;
    let mut parameters = load_parameters(device, precision).await?;
    let list = config.parameters();
    let size = |shape: &[u32]| shape.iter().map(|&d| f64::from(d)).product::<f64>();
    let total: f64 = list.iter().map(|(_, shape)| size(shape)).sum();
    let mut done = 0.0;
    job.stage("load weights");
    for (name, shape) in &list {
        job.check()?;
        let Some(layer) = name.strip_suffix(".weight") else { continue };
        match shape[..] {
            _ if layer == "quantize.embedding" => {
                let Quantizer { rule, codes, dimension } = config.quantizer();
                let most = shard_codes(dimension, device.storage(precision));
                let mut first = 0;
                while first < codes {
                    job.check()?;
                    let count = most.min(codes - first);
                    let rows = weights.read_rows(name, u64::from(first), u64::from(count)).await?;
                    parameters.put_codes(&rows, dimension as usize, rule.score()).await?;
                    first += count;
                }
            }
            [cout, cin, side, _] => {
                let weight = weights.read(name).await?;
                let bias = weights.read(&format!("{layer}.bias")).await?;
                let shape = (cout as usize, cin as usize, side as usize);
                parameters.put_conv(layer, shape, &weight, &bias).await?;
            }
            _ => {
                let weight = weights.read(name).await?;
                let bias = weights.read(&format!("{layer}.bias")).await?;
                parameters.put_norm(layer, &weight, &bias).await?;
            }
        }
        done += size(shape);
        job.set_progress((done / total) as f32);
    }
    Ok(parameters.finish())
}
