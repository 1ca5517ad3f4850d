//! What the axes of an array of tokens are: pictures, rows and columns; or pictures and, in one row, all their codes.
//!
//! The extraction of LlamaGen writes the second form: `[1, pictures, 256]` for pictures of 16 × 16 codes, one array per class of
//! augmentation, or `[pictures, 256]` in one array. Nothing in a bare array tells the two forms apart but the lengths: a row
//! that is a square number, and much longer than there are rows or much shorter, is taken for all codes of a picture.

use super::{Grid, TokenGrid};

/// Fewest codes in a row that are taken for those of a picture: 4 × 4.
const FEWEST: u64 = 16;
/// A grid whose sides differ by more than this factor is not taken for the grid of a picture.
const STRIP: u64 = 8;
/// A grid whose sides differ by more than this factor may be meant otherwise, which is noted.
const LONG: u64 = 2;

/// Whether a file states what its axes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    /// The last two axes are rows and columns.
    Stated,
    /// The lengths of the axes must tell.
    Unstated,
    /// The caller knows the grid, and cuts what is found anew.
    Known,
}

/// How an array is cut into grids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrangement {
    /// The grid of each picture.
    pub(super) grid: Grid,
    /// What was assumed, ready to be shown.
    pub(super) assumed: Option<String>,
}

/// Finds the grids in an array of this shape.
pub(super) fn arrange(shape: &[u64], axes: Axes) -> Result<Arrangement, String> {
    let (rows, cols) = match *shape {
        [cols] if axes == Axes::Known || square_side(cols).is_some() => (None, cols),
        [rows, cols] | [_, rows, cols] => (Some(rows), cols),
        _ => {
            return Err(format!(
                "has shape {shape:?}, not [rows, cols], [pictures, rows, cols] or, for all codes of square pictures in a row, \
                 [pictures, codes]"
            ));
        }
    };
    let side =
        |side: u64| u32::try_from(side).map_err(|_| format!("has shape {shape:?}, which is too large"));
    let is_strip = |rows: u64| cols > rows.saturating_mul(STRIP) || rows > cols.saturating_mul(STRIP);
    let flat = square_side(cols).filter(|_| axes == Axes::Unstated && rows.is_none_or(is_strip));
    if let Some(side) = flat {
        let grid = Grid::new(side, side);
        let assumed = format!("its shape {shape:?} is taken for pictures of {grid} codes in a row");
        return Ok(Arrangement { grid, assumed: Some(assumed) });
    }
    let grid = Grid::new(side(rows.unwrap_or(1))?, side(cols)?);
    if grid.tokens() == 0 {
        return Err(format!("has shape {shape:?}, which has no tokens"));
    }
    let is_long = rows.is_some_and(|rows| cols > rows * LONG || rows > cols * LONG);
    let assumed = square_side(cols).filter(|_| axes == Axes::Unstated && is_long).map(|side| {
        format!("its shape {shape:?} is taken for a grid of {grid}, not for pictures of {side} × {side} codes in a row")
    });
    Ok(Arrangement { grid, assumed })
}

/// Cuts grids anew: each into one of the asked shape, or each of its rows.
pub(super) fn rearrange(grids: Vec<TokenGrid>, asked: Grid) -> Result<Vec<TokenGrid>, String> {
    let mut rearranged = Vec::new();
    for grid in grids {
        let is_whole = grid.tokens.len() as u64 == asked.tokens();
        if asked.tokens() == 0 || !(is_whole || u64::from(grid.cols) == asked.tokens()) {
            let (found, tokens) = (grid.grid(), grid.tokens.len());
            return Err(format!(
                "holds {tokens} tokens a picture, on a grid of {found}; a grid of {asked} needs {}",
                asked.tokens()
            ));
        }
        let pictures = grid.tokens.chunks(asked.tokens() as usize);
        rearranged.extend(pictures.map(|tokens| TokenGrid {
            rows: asked.rows,
            cols: asked.cols,
            tokens: tokens.to_vec(),
        }));
    }
    Ok(rearranged)
}

/// Whether an array of this shape, whose axes are rows and columns, would be taken for something else.
pub(super) fn is_ambiguous(shape: &[u64], grid: Grid) -> bool {
    arrange(shape, Axes::Unstated).is_ok_and(|arrangement| arrangement.grid != grid)
}

/// The side of a square of so many codes, where there are enough to be a picture.
fn square_side(codes: u64) -> Option<u32> {
    let side = codes.isqrt();
    u32::try_from(side).ok().filter(|_| codes >= FEWEST && side * side == codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(shape: &[u64]) -> Grid {
        arrange(shape, Axes::Unstated).unwrap().grid
    }

    #[test]
    fn codes_in_a_row_are_squares_and_grids_stay_grids() {
        for shape in [&[1, 2, 256][..], &[1, 10, 256], &[50_000, 256], &[1, 256], &[256]] {
            assert_eq!(grid(shape), Grid::new(16, 16), "{shape:?}");
            assert!(arrange(shape, Axes::Unstated).unwrap().assumed.unwrap().contains("16 × 16"));
        }
        assert_eq!(grid(&[1, 576]), Grid::new(24, 24));
        for shape in [&[16, 16][..], &[4, 16, 16], &[7, 12, 25], &[32, 64], &[3, 2], &[1, 255], &[9, 1]] {
            let [.., rows, cols] = *shape else { panic!() };
            assert_eq!(grid(shape), Grid::new(rows as u32, cols as u32), "{shape:?}");
        }
        assert_eq!(arrange(&[1, 2, 256], Axes::Stated).unwrap().grid, Grid::new(2, 256));
        assert_eq!(arrange(&[16, 16], Axes::Unstated).unwrap().assumed, None);
        let doubtful = arrange(&[100, 256], Axes::Unstated).unwrap();
        assert_eq!(doubtful.grid, Grid::new(100, 256));
        assert!(doubtful.assumed.unwrap().contains("not for pictures of 16 × 16"));
    }

    #[test]
    fn other_shapes_are_refused() {
        for shape in [&[][..], &[200], &[1, 1, 16, 16], &[0, 5], &[2, 0], &[u64::MAX, 3]] {
            assert!(arrange(shape, Axes::Unstated).is_err(), "{shape:?}");
        }
    }

    #[test]
    fn grids_are_cut_anew() {
        let tokens: Vec<u32> = (0..32).collect();
        let strip = TokenGrid { rows: 2, cols: 16, tokens: tokens.clone() };
        let squares = rearrange(vec![strip.clone()], Grid::new(4, 4)).unwrap();
        assert_eq!(squares.len(), 2);
        assert_eq!(squares[1], TokenGrid { rows: 4, cols: 4, tokens: tokens[16..].to_vec() });
        let whole = rearrange(vec![strip.clone()], Grid::new(4, 8)).unwrap();
        assert_eq!(whole, [TokenGrid { rows: 4, cols: 8, tokens }]);
        assert!(rearrange(vec![strip.clone()], Grid::new(5, 5)).unwrap_err().contains("needs 25"));
        assert!(rearrange(vec![strip], Grid::new(0, 4)).is_err());
    }
}
