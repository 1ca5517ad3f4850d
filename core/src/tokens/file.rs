//! What a token file holds, whatever its form.

use crate::picture::Size;

use super::{
    Grid, TokenGrid,
    arrangement::{Arrangement, Axes, arrange},
};

/// Most pictures of one file: each takes memory of its own, however few tokens it has.
pub(super) const MOST_PICTURES: usize = 100_000;

/// The content of a token file. Only JSON can hold pictures of different sizes together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile {
    /// One grid per picture.
    pub grids: Vec<TokenGrid>,
    /// Sizes of the pictures before padding, one per picture, where the form carries them.
    pub sizes: Option<Vec<Size>>,
    /// Pixels per token side, where the form carries it.
    pub factor: Option<u32>,
    /// Number of codes of the model, where the form carries it.
    pub codebook_size: Option<u32>,
    /// Name of the model, where the form carries it.
    pub model: Option<String>,
}

/// A token file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTokens {
    /// Its content.
    pub file: TokenFile,
    /// What was assumed about its grids, where the file does not state them, ready to be shown.
    pub assumed: Option<String>,
}

impl From<TokenFile> for ReadTokens {
    fn from(file: TokenFile) -> Self {
        Self { file, assumed: None }
    }
}

/// Why a token file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFileError {
    /// The content is none of the forms, or broken.
    #[error("{name}: {reason}")]
    Broken {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// The tokens of a file are those of another model than the one that is to decode them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtherModel {
    /// The codebooks differ in size.
    #[error("its tokens are of a model with {file} codes, but this model has {model}")]
    Codes {
        /// Codes of the file's model.
        file: u32,
        /// Codes of the model at hand.
        model: u32,
    },
    /// The tokens stand for squares of another size.
    #[error("its tokens stand for {file} × {file} pixels each, those of this model for {model} × {model}")]
    Factor {
        /// Pixels per token side in the file.
        file: u32,
        /// Pixels per token side of the model at hand.
        model: u32,
    },
}

/// Refuses more pictures than a file may hold.
pub(super) fn check_count(pictures: usize) -> Result<(), String> {
    if pictures > MOST_PICTURES {
        return Err(format!("holds more than {MOST_PICTURES} pictures; split it into several files"));
    }
    Ok(())
}

impl TokenFile {
    /// Whether a model with so many codes and so many pixels per token side can have made these tokens. What the file does not
    /// say is not checked.
    ///
    /// # Errors
    /// [`OtherModel`] says what differs.
    pub fn check_model(&self, codes: u32, factor: u32) -> Result<(), OtherModel> {
        if let Some(file) = self.codebook_size.filter(|&file| file != codes) {
            return Err(OtherModel::Codes { file, model: codes });
        }
        match self.factor.filter(|&file| file != factor) {
            Some(file) => Err(OtherModel::Factor { file, model: factor }),
            None => Ok(()),
        }
    }

    /// What holds for every token file, whatever its form.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.grids.is_empty() {
            return Err("holds no picture".to_owned());
        }
        check_count(self.grids.len())?;
        for grid in &self.grids {
            let size = grid.grid();
            if size.tokens() == 0 || size.tokens() != grid.tokens.len() as u64 {
                return Err(format!("a grid of {size} with {} tokens", grid.tokens.len()));
            }
            let beyond = |&token: &u32| self.codebook_size.is_some_and(|size| token >= size);
            if let Some(position) = grid.tokens.iter().position(beyond) {
                let (token, size) = (grid.tokens[position], self.codebook_size.unwrap_or_default());
                let (row, col) = (position / grid.cols as usize, position % grid.cols as usize);
                return Err(format!(
                    "token {token} in row {row}, column {col} is beyond the codebook of {size}"
                ));
            }
        }
        if self.factor == Some(0) {
            return Err("factor 0".to_owned());
        }
        let Some(sizes) = &self.sizes else { return Ok(()) };
        if sizes.len() != self.grids.len() {
            return Err(format!("{} picture sizes for {} grids", sizes.len(), self.grids.len()));
        }
        for (&size, grid) in sizes.iter().zip(&self.grids) {
            let fits = |side: u32, tokens: u32| {
                let factor = self.factor.map_or(u64::MAX, u64::from);
                side > 0 && u64::from(side) <= factor.saturating_mul(tokens.into())
            };
            if !fits(size.width, grid.cols) || !fits(size.height, grid.rows) {
                let grid = grid.grid();
                return Err(format!("a picture of {size} pixels does not fit a grid of {grid} tokens"));
            }
        }
        Ok(())
    }

    /// Rows and columns that all grids share.
    pub(super) fn common_grid(&self) -> Result<Grid, String> {
        let first = self.grids.first().ok_or("holds no picture")?.grid();
        if self.grids.iter().all(|grid| grid.grid() == first) {
            Ok(first)
        } else {
            Err("pictures of different sizes fit into one file only as JSON".to_owned())
        }
    }

    /// All tokens as little-endian int32.
    pub(super) fn int32s(&self) -> Result<Vec<u8>, String> {
        let tokens = self.grids.iter().flat_map(|grid| &grid.tokens);
        let values =
            tokens.map(|&token| i32::try_from(token).map_err(|_| format!("token {token} is beyond int32")));
        let values: Vec<i32> = values.collect::<Result<_, _>>()?;
        Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Grids of one size from the tokens of all pictures, without anything else.
    pub(super) fn from_tokens(shape: &[u64], tokens: &[u32], axes: Axes) -> Result<ReadTokens, String> {
        let Arrangement { grid, assumed } = arrange(shape, axes)?;
        let size = usize::try_from(grid.tokens()).unwrap_or(usize::MAX);
        check_count(tokens.len().div_ceil(size))?;
        let grids = tokens.chunks(size).map(|tokens| TokenGrid::new(grid.rows, grid.cols, tokens.to_vec()));
        let grids = grids.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let file = Self { grids, sizes: None, factor: None, codebook_size: None, model: None };
        Ok(ReadTokens { file, assumed })
    }
}
