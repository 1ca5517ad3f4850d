//! Positions of cells in raster order: under a brush, and within a rectangle.

/// The positions under a square brush.
pub(super) fn brush_cells(position: u32, side: u32, rows: u32, cols: u32) -> Vec<u32> {
    let (row, col) = (position / cols.max(1), position % cols.max(1));
    let before = side.saturating_sub(1) / 2;
    let rows = row.saturating_sub(before)..(row + side.max(1) - before).min(rows);
    rows.flat_map(|r| {
        (col.saturating_sub(before)..(col + side.max(1) - before).min(cols)).map(move |c| r * cols + c)
    })
    .collect()
}

/// The positions of the rectangle between two corners.
pub(super) fn rectangle(from: u32, to: u32, cols: u32) -> Vec<u32> {
    let cols = cols.max(1);
    let (rows, columns) = ((from / cols, to / cols), (from % cols, to % cols));
    let rows = rows.0.min(rows.1)..=rows.0.max(rows.1);
    rows.flat_map(|row| {
        (columns.0.min(columns.1)..=columns.0.max(columns.1)).map(move |col| row * cols + col)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brush_stays_within_the_grid() {
        assert_eq!(brush_cells(4, 1, 3, 3), [4]);
        assert_eq!(brush_cells(4, 3, 3, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(brush_cells(0, 3, 3, 3), [0, 1, 3, 4]);
        assert_eq!(brush_cells(8, 2, 3, 3), [8]);
    }

    #[test]
    fn a_rectangle_may_be_drawn_in_any_direction() {
        assert_eq!(rectangle(1, 8, 4), rectangle(8, 1, 4));
        assert_eq!(rectangle(1, 8, 4), [0, 1, 4, 5, 8, 9]);
        assert_eq!(rectangle(6, 6, 4), [6]);
    }
}
