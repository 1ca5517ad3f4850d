//! The input of the transformer at each position.

use std::collections::TryReserveError;

use crate::halves;

/// Vectors that are looked up by their number, as 32- or 16-bit floats.
#[derive(Clone, Debug)]
pub struct Table {
    values: Values,
    width: usize,
}

#[derive(Clone, Debug)]
enum Values {
    F32(Vec<f32>),
    F16(Vec<u16>),
}

impl Table {
    /// A table without vectors yet, with room for `rows` of `width` values.
    ///
    /// # Errors
    /// There is no memory.
    pub fn with_capacity(rows: usize, width: usize, halves: bool) -> Result<Self, TryReserveError> {
        let values = if halves {
            let mut values = Vec::new();
            values.try_reserve_exact(rows * width)?;
            Values::F16(values)
        } else {
            let mut values = Vec::new();
            values.try_reserve_exact(rows * width)?;
            Values::F32(values)
        };
        Ok(Self { values, width })
    }

    /// Adds the next vectors.
    pub fn append_rows(&mut self, rows: &[f32]) {
        match &mut self.values {
            Values::F32(values) => values.extend_from_slice(rows),
            Values::F16(values) => values.extend(rows.iter().copied().map(halves::to_bits)),
        }
    }

    /// Bytes of the values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.values {
            Values::F32(values) => 4 * values.len() as u64,
            Values::F16(values) => 2 * values.len() as u64,
        }
    }

    /// The number of vectors.
    #[must_use]
    pub fn rows(&self) -> usize {
        let values = match &self.values {
            Values::F32(values) => values.len(),
            Values::F16(values) => values.len(),
        };
        values / self.width
    }

    /// Calls `put(place, value)` for the values of one vector.
    fn read(&self, row: usize, y: &mut [f32], put: impl Fn(&mut f32, f32)) {
        let range = row * self.width..(row + 1) * self.width;
        match &self.values {
            Values::F32(values) => y.iter_mut().zip(&values[range]).for_each(|(y, &value)| put(y, value)),
            Values::F16(values) => {
                y.iter_mut().zip(&values[range]).for_each(|(y, &bits)| put(y, halves::from_bits(bits)));
            }
        }
    }
}

/// The vector of a sequence's class: that of one, or a mix of two.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// The first class.
    pub first: usize,
    /// The second class.
    pub second: usize,
    /// Share of the second class, 0 to 1.
    pub second_share: f32,
}

/// The vectors of all rows of x: at position 0 that of the sequence's class, at position p that of token p - 1.
///
/// `tokens` and `classes` give the token before a position, and the class, of a sequence. Of each sequence there are `queries`
/// neighboring rows at neighboring positions from `first` on.
pub fn token_embed(
    (table, class_table): (&Table, &Table),
    (first, queries): (usize, usize),
    tokens: impl Fn(usize, usize) -> u32,
    classes: impl Fn(usize) -> Mix,
    x: &mut [f32],
) {
    for (row, x) in x.chunks_exact_mut(table.width).enumerate() {
        let (sequence, position) = (row / queries, first + row % queries);
        if position == 0 {
            let Mix { first, second, second_share } = classes(sequence);
            class_table.read(first, x, |x, value| *x = value * (1.0 - second_share));
            class_table.read(second, x, |x, value| *x += value * second_share);
        } else {
            // What is no token has no vector; its picture has failed already.
            let token = (tokens(sequence, position - 1) as usize).min(table.rows() - 1);
            table.read(token, x, |x, value| *x = value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    #[test]
    fn classes_come_first_and_tokens_one_later() {
        let (rows, class_rows) = (noise(5 * 4, 1), noise(3 * 4, 2));
        for halves in [false, true] {
            let mut table = Table::with_capacity(5, 4, halves).unwrap();
            table.append_rows(&rows[..8]);
            table.append_rows(&rows[8..]);
            let mut classes = Table::with_capacity(3, 4, halves).unwrap();
            classes.append_rows(&class_rows);
            assert_eq!((table.rows(), table.bytes()), (5, if halves { 40 } else { 80 }));
            let tokens =
                |sequence: usize, position: usize| if sequence == 1 { u32::MAX } else { position as u32 + 2 };
            let mix = |_| Mix { first: 2, second: 0, second_share: 0.25 };
            let mut x = [f32::NAN; 2 * 3 * 4];
            token_embed((&table, &classes), (0, 3), tokens, mix, &mut x);
            let row = |row: usize| &rows[row * 4..][..4];
            for c in 0..4 {
                let class = 0.75 * class_rows[2 * 4 + c] + 0.25 * class_rows[c];
                let expected = [class, row(2)[c], row(3)[c], class, row(4)[c], row(4)[c]];
                for (row, expected) in expected.into_iter().enumerate() {
                    assert!((x[row * 4 + c] - expected).abs() < 1e-3, "row {row}");
                }
            }
        }
    }
}
