//! 2-D rotary positions.

/// Angles of rotation by position: the class token first, then the grid row by row.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    /// Cosine and sine, `[positions, pairs]`.
    table: Vec<(f32, f32)>,
    pairs: usize,
}

impl Rotation {
    /// For `positions` positions (the class, then tokens of a grid of `side` columns) and heads of `head` channels. Half of
    /// the pairs turn with the row, the other half with the column. The class token's entry is zero, as in the official
    /// code: its query and key are zero.
    pub(crate) fn new(positions: usize, side: usize, head: usize) -> Self {
        let (pairs, half) = (head / 2, head / 4);
        let mut table = vec![(0.0, 0.0); pairs];
        for token in 0..positions - 1 {
            for pair in 0..pairs {
                let place = if pair < half { token / side } else { token % side };
                let frequency = 10_000f64.powf(-2.0 * (pair % half) as f64 / pairs as f64);
                let angle = place as f64 * frequency;
                table.push((angle.cos() as f32, angle.sin() as f32));
            }
        }
        Self { table, pairs }
    }

    /// Cosines and sines, `[positions, pairs]` each.
    pub(crate) fn cosines_and_sines(&self) -> [Vec<f32>; 2] {
        let (cosines, sines) = self.table.iter().copied().unzip();
        [cosines, sines]
    }

    /// Turns the head vector of a position and scales it; `back` turns the other way.
    pub(crate) fn turn(&self, position: usize, head: &mut [f32], scale: f32, back: bool) {
        let angles = &self.table[position * self.pairs..][..self.pairs];
        for (pair, &(cosine, sine)) in head.chunks_exact_mut(2).zip(angles) {
            let sine = if back { -sine } else { sine };
            let (a, b) = (pair[0], pair[1]);
            pair[0] = scale * (a * cosine - b * sine);
            pair[1] = scale * (a * sine + b * cosine);
        }
    }
}
