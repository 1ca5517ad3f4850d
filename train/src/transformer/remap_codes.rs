//! Resuming a transformer with a tokenizer of which some codes moved, for example after `ibq-train tokenizer --split-codes`.

use rayon::prelude::*;

/// For every code the code whose rows it begins with: itself where it stayed, the nearest previous one where it moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeMap {
    /// Indices of previous codes.
    pub sources: Vec<usize>,
    /// How many codes changed: of a split cell both.
    pub changed: usize,
}

impl CodeMap {
    /// Compares two codebooks `[K, D]` of `count` codes; none if they differ in size, or in more than half of the codes:
    /// then they are those of two tokenizers that have nothing to do with each other.
    #[must_use]
    pub fn find(before: &[f32], now: &[f32], count: usize) -> Option<Self> {
        if before.len() != now.len() || count == 0 || !now.len().is_multiple_of(count) {
            return None;
        }
        let dimension = now.len() / count;
        let stayed: Vec<bool> = before
            .chunks_exact(dimension)
            .zip(now.chunks_exact(dimension))
            .map(|(a, b)| alike(a, b))
            .collect();
        let changed = stayed.iter().filter(|stayed| !**stayed).count();
        if 2 * changed > count {
            return None;
        }
        let nearest = |code: &[f32]| {
            let distance =
                |row: &[f32]| -> f32 { row.iter().zip(code).map(|(a, b)| (a - b) * (a - b)).sum() };
            let distances = before.chunks_exact(dimension).map(distance).enumerate();
            distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index)
        };
        let source = |(index, code): (usize, &[f32])| if stayed[index] { index } else { nearest(code) };
        Some(Self { sources: now.par_chunks_exact(dimension).enumerate().map(source).collect(), changed })
    }
}

/// Equal but for the rounding of folders that hold 16 bits.
fn alike(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs() + 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_moved_begin_with_the_nearest_previous_one() {
        let before = [0.0, 1.0, 5.0, 5.0, 9.0, 0.0, 3.0, 3.0];
        let now = [0.0, 1.0002, 8.0, 1.0, 9.0, 0.0, 3.0, 3.0];
        assert_eq!(CodeMap::find(&before, &now, 4), Some(CodeMap { sources: vec![0, 2, 2, 3], changed: 1 }));
        assert_eq!(CodeMap::find(&before, &before, 4).unwrap().changed, 0);
    }

    #[test]
    fn codebooks_of_other_tokenizers_are_not_taken_for_moved_ones() {
        let before = [0.0, 1.0, 5.0, 5.0];
        assert_eq!(CodeMap::find(&before, &[1.0, 0.0, 4.0, 3.0], 2), None);
        assert_eq!(CodeMap::find(&before, &before[..2], 2), None);
        assert_eq!(CodeMap::find(&[], &[], 0), None);
    }
}
