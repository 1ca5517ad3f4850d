//! Strokes of the pointer over a grid of tokens.

/// The positions on the way from one to another, so that a fast pointer leaves no gaps.
pub(crate) fn line(from: u32, to: u32, cols: u32) -> Vec<u32> {
    let cell = |position: u32| (f64::from(position / cols.max(1)), f64::from(position % cols.max(1)));
    let ((row, col), (to_row, to_col)) = (cell(from), cell(to));
    let steps = (to_row - row).abs().max((to_col - col).abs()).max(1.0) as u32;
    let at = |step: u32| {
        let share = f64::from(step) / f64::from(steps);
        let (row, col) = (row + (to_row - row) * share, col + (to_col - col) * share);
        row.round() as u32 * cols + col.round() as u32
    };
    (0..=steps).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_stroke_has_no_gaps() {
        assert_eq!(line(5, 5, 4), [5, 5]);
        assert_eq!(line(0, 3, 4), [0, 1, 2, 3]);
        assert_eq!(line(15, 0, 4), [15, 10, 5, 0]);
        assert_eq!(line(0, 6, 4), [0, 5, 6]);
    }
}
