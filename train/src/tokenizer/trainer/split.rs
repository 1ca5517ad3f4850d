//! Rarely used codes move to the cells with the largest errors: the splitting of Linde, Buzo and Gray (1980), for a
//! codebook that is otherwise finished. A cell is the set of latents that choose the same code.

use super::trainer::Trainer;
use crate::{
    data::{DataError, Source},
    operations::vector::dot,
    tokenizer::{parameters::CODEBOOK, quantizer::QuantizerConfig},
};

/// Latents per code that decide which codes are rarely used.
const LATENTS_PER_CODE: usize = 64;
/// A code is rarely used if fewer latents choose it than this fraction of an even use.
const RARE_USE: f64 = 1.0 / 16.0;
/// Most latents of a cell that decide how it is split, and most values of all of them together, 256 MiB; but of every cell
/// a few.
const MAX_CELL_LATENTS: usize = 256;
const MAX_VALUES: usize = 1 << 26;
const MIN_CELL_LATENTS: usize = 8;
/// Rounds in which the two halves of a cell settle.
const ROUNDS: usize = 8;

/// The result of a round of splitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Codes that were rarely used.
    pub rare: usize,
    /// Those of them that now share a cell with the code it had.
    pub moved: usize,
}

/// How the latents of some pictures lie in the cells.
struct CellStatistics {
    /// Latents of every cell.
    uses: Vec<usize>,
    /// Sums of their squared distances to the code.
    errors: Vec<f64>,
    /// Batches that were looked at.
    batches: u64,
}

impl Trainer {
    /// Moves each rarely used code to one of the cells with the largest sums of squared errors: both codes
    /// become means of the cell's halves, where dot products choose with the norm of the projection of the code that it had.
    /// All other codes stay, and with them the tokens of all latents but those of split cells, of the rare codes, and at the
    /// borders of both.
    ///
    /// # Errors
    /// [`DataError`] when pictures cannot be had; nothing is changed then.
    pub fn split_codes(&mut self, pictures: &impl Source) -> Result<Split, DataError> {
        let dimension = self.preset.model.embed_dim as usize;
        let codebook = self.weights.values(CODEBOOK);
        let statistics = self.measure_cells(pictures, &codebook)?;
        let seen: usize = statistics.uses.iter().sum();
        let few = ((RARE_USE * seen as f64 / statistics.uses.len() as f64) as usize).max(1);
        let (rare, mut worst): (Vec<usize>, Vec<usize>) =
            (0..statistics.uses.len()).partition(|&code| statistics.uses[code] < few);
        worst.sort_by(|&a, &b| statistics.errors[b].total_cmp(&statistics.errors[a]));
        worst.truncate(rare.len());
        let cells = self.collect_cell_latents(pictures, &worst, &statistics)?;

        let mut changed = Vec::new();
        let mut free = rare.iter();
        for (&cell, latents) in worst.iter().zip(&cells) {
            let Some(halves) = split_in_halves(latents, dimension) else { continue };
            let Some(&moved) = free.next() else { break };
            // Neither is unused before the next pictures.
            (self.uses[cell], self.uses[moved]) = (1, 1);
            let code = &codebook[cell * dimension..][..dimension];
            let [kept, new] = halves.map(|half| match self.preset.quantizer {
                // The code's projection: latents of the half agree with it as much as they did with the code, so that it
                // wins no more of the neighboring cells than the code did.
                QuantizerConfig::Ibq(_) => with_norm(&half, dot(&half, code) / norm(&half)),
                QuantizerConfig::Vq(_) => half,
            });
            changed.extend([(cell, kept), (moved, new)]);
        }
        self.replace_codes(&changed);
        Ok(Split { rare: rare.len(), moved: changed.len() / 2 })
    }

    fn measure_cells(
        &mut self,
        pictures: &impl Source,
        codebook: &[f32],
    ) -> Result<CellStatistics, DataError> {
        let (codes, dimension) = (self.preset.model.n_embed as usize, self.preset.model.embed_dim as usize);
        let mut statistics = CellStatistics { uses: vec![0; codes], errors: vec![0.0; codes], batches: 0 };
        let mut seen = 0;
        while seen < LATENTS_PER_CODE * codes {
            statistics.batches += 1;
            let (latents, chosen) = self.encode_batch(pictures, statistics.batches)?;
            seen += chosen.len();
            for (latent, code) in latents.chunks_exact(dimension).zip(chosen) {
                let code = code as usize;
                let distance = squared_distance(latent, &codebook[code * dimension..][..dimension]);
                statistics.uses[code] += 1;
                statistics.errors[code] += f64::from(distance);
            }
        }
        Ok(statistics)
    }

    /// Latents of these cells, from as many further pictures as the statistics are of at most.
    fn collect_cell_latents(
        &mut self,
        pictures: &impl Source,
        cells: &[usize],
        statistics: &CellStatistics,
    ) -> Result<Vec<Vec<f32>>, DataError> {
        let dimension = self.preset.model.embed_dim as usize;
        let most = dimension
            * (MAX_VALUES / (cells.len() * dimension).max(1)).clamp(MIN_CELL_LATENTS, MAX_CELL_LATENTS);
        let mut place = vec![None; statistics.uses.len()];
        cells.iter().enumerate().for_each(|(index, &cell)| place[cell] = Some(index));
        let mut found: Vec<Vec<f32>> = vec![vec![]; cells.len()];
        for batch in 1..=statistics.batches {
            if found.iter().all(|latents| latents.len() >= most) {
                break;
            }
            let (latents, chosen) = self.encode_batch(pictures, statistics.batches + batch)?;
            for (latent, code) in latents.chunks_exact(dimension).zip(chosen) {
                if let Some(index) = place[code as usize].filter(|&index: &usize| found[index].len() < most) {
                    found[index].extend_from_slice(latent);
                }
            }
        }
        Ok(found)
    }
}

/// Means of two halves of some latents (2-means by direction, from the latents that differ most); none if they do not
/// differ, or cancel out.
fn split_in_halves(latents: &[f32], dimension: usize) -> Option<[Vec<f32>; 2]> {
    let rows = || latents.chunks_exact(dimension);
    let middle = mean(&rows().collect::<Vec<_>>(), dimension);
    let unlike = |direction: &[f32]| {
        let by_direction = |a: &&[f32], b: &&[f32]| {
            let cosine = |row: &[f32]| dot(row, direction) / norm(row).max(f32::MIN_POSITIVE);
            cosine(a).total_cmp(&cosine(b))
        };
        rows().min_by(by_direction).map(<[f32]>::to_vec)
    };
    let first = unlike(&middle)?;
    let mut centers = [unlike(&first)?, first];
    for _ in 0..ROUNDS {
        let [a, b] = centers.each_ref().map(|center| with_norm(center, 1.0));
        let (of_a, of_b): (Vec<&[f32]>, Vec<&[f32]>) = rows().partition(|row| dot(row, &a) > dot(row, &b));
        if of_a.is_empty() || of_b.is_empty() {
            return None;
        }
        centers = [of_a, of_b].map(|half| mean(&half, dimension));
    }
    centers.iter().all(|center| norm(center) > 0.0).then_some(centers)
}

fn mean(rows: &[&[f32]], dimension: usize) -> Vec<f32> {
    let mut mean = vec![0.0; dimension];
    let weight = 1.0 / rows.len().max(1) as f32;
    rows.iter().for_each(|row| mean.iter_mut().zip(*row).for_each(|(mean, value)| *mean += value * weight));
    mean
}

fn norm(row: &[f32]) -> f32 {
    dot(row, row).sqrt()
}

fn with_norm(row: &[f32], wanted: f32) -> Vec<f32> {
    let scale = wanted / norm(row).max(f32::MIN_POSITIVE);
    row.iter().map(|value| value * scale).collect()
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_cut_where_its_latents_are_apart() {
        let latents = [1.0, 0.0, 0.9, 0.1, 0.8, 0.1, 0.0, 2.0, 0.1, 1.0];
        let [a, b] = split_in_halves(&latents, 2).unwrap();
        let directions = [with_norm(&a, 1.0), with_norm(&b, 1.0)];
        assert!(directions.iter().any(|d| d[0] > 0.98) && directions.iter().any(|d| d[1] > 0.98));
        assert!(split_in_halves(&[1.0, 2.0, 1.0, 2.0], 2).is_none());
        assert!(split_in_halves(&[], 2).is_none());
    }
}
