//! The tokens of one picture, and the grid that they lie on.

use std::fmt;

use crate::picture::Size;

/// Rows and columns of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Number of rows: picture height / factor.
    pub rows: u32,
    /// Number of columns: picture width / factor.
    pub cols: u32,
}

impl Grid {
    /// A grid of `rows` rows of `cols` tokens.
    #[must_use]
    pub const fn new(rows: u32, cols: u32) -> Self {
        Self { rows, cols }
    }

    /// Number of tokens.
    #[must_use]
    pub fn tokens(self) -> u64 {
        u64::from(self.rows) * u64::from(self.cols)
    }

    /// The size of the picture, of which each token stands for `factor × factor` pixels.
    #[must_use]
    pub fn size(self, factor: u32) -> Size {
        Size::new(self.cols.saturating_mul(factor), self.rows.saturating_mul(factor))
    }
}

/// "40 × 30": columns first, as the width of a picture is.
impl fmt::Display for Grid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} × {}", self.cols, self.rows)
    }
}

/// The code indices of one picture, in raster order (row by row).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenGrid {
    /// Rows of the grid: picture height / factor.
    pub rows: u32,
    /// Columns of the grid: picture width / factor.
    pub cols: u32,
    /// `rows · cols` code indices.
    pub tokens: Vec<u32>,
}

/// A grid whose shape and content disagree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grid of {grid} needs {} tokens but has {found}", grid.tokens())]
pub struct GridError {
    /// The grid asked for.
    pub grid: Grid,
    /// Tokens given.
    pub found: usize,
}

impl TokenGrid {
    /// A grid of `rows × cols` tokens in raster order.
    ///
    /// # Errors
    /// [`GridError`] when the number of tokens is not `rows · cols`.
    pub fn new(rows: u32, cols: u32, tokens: Vec<u32>) -> Result<Self, GridError> {
        let grid = Grid::new(rows, cols);
        if grid.tokens() == tokens.len() as u64 {
            Ok(Self { rows, cols, tokens })
        } else {
            Err(GridError { grid, found: tokens.len() })
        }
    }

    /// Its rows and columns.
    #[must_use]
    pub fn grid(&self) -> Grid {
        Grid::new(self.rows, self.cols)
    }

    /// The token at (row, column), if inside.
    #[must_use]
    pub fn get(&self, row: u32, col: u32) -> Option<u32> {
        let inside = row < self.rows && col < self.cols;
        inside.then(|| self.tokens[(row * self.cols + col) as usize])
    }
}
