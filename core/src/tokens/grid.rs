//! The tokens of one picture.

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
#[error("a grid of {rows} × {cols} needs {} tokens but has {found}", u64::from(*rows) * u64::from(*cols))]
pub struct GridError {
    /// Rows asked for.
    pub rows: u32,
    /// Columns asked for.
    pub cols: u32,
    /// Tokens given.
    pub found: usize,
}

impl TokenGrid {
    /// A grid of `rows × cols` tokens in raster order.
    ///
    /// # Errors
    /// [`GridError`] when the number of tokens is not `rows · cols`.
    pub fn new(rows: u32, cols: u32, tokens: Vec<u32>) -> Result<Self, GridError> {
        if u64::from(rows) * u64::from(cols) == tokens.len() as u64 {
            Ok(Self { rows, cols, tokens })
        } else {
            Err(GridError { rows, cols, found: tokens.len() })
        }
    }

    /// The token at (row, column), if inside.
    #[must_use]
    pub fn get(&self, row: u32, col: u32) -> Option<u32> {
        let inside = row < self.rows && col < self.cols;
        inside.then(|| self.tokens[(row * self.cols + col) as usize])
    }
}
