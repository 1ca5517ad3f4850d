//! Drawing tokens from logits.

use ibq_shaders::{NO_INDEX, Storage};

use crate::{
    device::Device,
    gpu::Precision,
    job::Job,
    ops::{Sample, load_parameters},
};

use super::{
    Sampling, TransformerError, network,
    sample_inputs::{Drawing, SampleInputs},
    sequences::{Kept, Sequences},
};

/// Logits of one position of one picture, and how to draw from them.
#[derive(Clone, Debug)]
pub struct LogitRow<'a> {
    /// With the class.
    pub conditional: &'a [f32],
    /// Without a class; needed for guidance.
    pub unconditional: Option<&'a [f32]>,
    /// How to draw. A guidance schedule is at its end.
    pub sampling: Sampling,
    /// Seed of the draw.
    pub seed: u64,
    /// Number of the picture.
    pub number: u32,
}

/// What the sampler made of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Guided logits, divided by the temperature.
    pub guided: Vec<f32>,
    /// Whether the filters keep each token.
    pub kept: Vec<bool>,
    /// The token; none where a logit is not a number.
    pub token: Option<u32>,
}

/// Runs the sampler alone on logits from elsewhere: all rows as if at position 0 of a picture.
///
/// # Errors
/// [`TransformerError`]: rows of different lengths, settings that make no sense, no memory, a lost device.
pub async fn draw(device: impl Into<Device>, rows: &[LogitRow<'_>]) -> Result<Vec<Drawn>, TransformerError> {
    let wrong = |reason: &str| TransformerError::Input(reason.to_owned());
    let vocab = rows.first().map_or(0, |row| row.conditional.len());
    if vocab == 0 {
        return Err(wrong("no logits to draw from"));
    }
    let two_rows = rows.iter().any(|row| row.unconditional.is_some());
    let mut conditional = Vec::new();
    let mut unconditional = Vec::new();
    let mut drawings = Vec::new();
    for row in rows {
        row.sampling.validate()?;
        let without = row.unconditional.unwrap_or(row.conditional);
        if row.conditional.len() != vocab || without.len() != vocab {
            return Err(wrong("rows of logits must have one length"));
        }
        if row.sampling.is_guided() && row.unconditional.is_none() {
            return Err(wrong("guidance needs the logits without a class"));
        }
        conditional.extend_from_slice(row.conditional);
        if two_rows {
            unconditional.extend_from_slice(without);
        }
        let sampling = Sampling { schedule: super::Schedule::Constant, ..row.sampling };
        drawings.push(Drawing { sampling, seed: row.seed, number: row.number, fixed: Vec::new() });
    }
    conditional.append(&mut unconditional);
    let device = device.into();
    let sequences =
        Sequences::without_blocks(&device, vocab as u32, &SampleInputs::new(&drawings, 1)).await?;
    let mut graph = sequences.graph(Storage::F32);
    let logits = graph.tensor(4 * conditional.len() as u64);
    graph.keep(logits);
    let sample = network::sample(&sequences, &mut graph, logits, [vocab as u32, vocab as u32, 1]);
    graph.push(Sample { unconditional: two_rows, ..sample });
    let parameters = load_parameters(&device, Precision::F32).await?.finish();
    let program = parameters.prepare(graph, Storage::F32).await?;
    program.write(logits, bytemuck::cast_slice(&conditional));
    program.run_all(&Job::new()).await?;
    let count = rows.len() as u64;
    let tokens: Vec<u32> = sequences.read(Kept::Tokens, count).await?;
    let filters: Vec<u32> = sequences.read(Kept::Filters, count).await?;
    let guided: Vec<f32> = sequences.read(Kept::Guided, count * vocab as u64).await?;
    let drawn = |((guided, &least), &token): ((&[f32], &u32), &u32)| {
        let kept = guided.iter().map(|&value| ordered(value) >= least).collect();
        Drawn { guided: guided.to_vec(), kept, token: (token != NO_INDEX).then_some(token) }
    };
    Ok(guided.chunks_exact(vocab).zip(&filters).zip(&tokens).map(drawn).collect())
}

/// A number that is ordered as the float is.
fn ordered(value: f32) -> u32 {
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

#[cfg(test)]
mod tests;
