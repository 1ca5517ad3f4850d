//! What can be asked of a run: tiles, and what to compute besides the result.

use std::{fmt, str::FromStr};

use crate::picture::MAX_SIDE;

/// Whether a picture is processed in overlapping tiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiling {
    /// Only when memory asks for it.
    #[default]
    Auto,
    /// Never: an error when memory does not suffice.
    Off,
    /// Always, with tiles of this side in pixels (rounded up to the factor).
    Side(u32),
}

/// A word that names no tiling.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tiling: use `auto`, `off` or the side of a tile in pixels, 1 to {MAX_SIDE}")]
pub struct TilingError(pub String);

impl FromStr for Tiling {
    type Err = TilingError;

    fn from_str(text: &str) -> Result<Self, TilingError> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            side => {
                let side = side.parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
                side.map(Self::Side).ok_or_else(|| TilingError(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for Tiling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Off => formatter.write_str("off"),
            Self::Side(side) => write!(formatter, "{side}"),
        }
    }
}

/// What to compute besides the result itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Tiles.
    pub tiling: Tiling,
    /// Also the margin to the runner-up of every token.
    pub margins: bool,
    /// Also the latent vector of every position.
    pub latents: bool,
    /// Also the time of each kernel, where the adapter has timestamps.
    pub kernel_times: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilings_parse_and_print_the_same() {
        for text in ["auto", "off", "1", "512", "65535"] {
            assert_eq!(text.parse::<Tiling>().unwrap().to_string(), text);
        }
        for text in ["", "on", "0", "-1", "65536", "1e3"] {
            assert_eq!(text.parse::<Tiling>(), Err(TilingError(text.to_owned())));
        }
    }
}
