//! The sets of weights that a training checkpoint holds.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which of the two sets of weights in a training checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightSet {
    /// The exponential moving average: what the official evaluation uses.
    Ema,
    /// The weights as the optimizer left them.
    Raw,
}

/// A word that names no set of weights.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a set of weights: use ema or raw")]
pub struct WeightSetError(pub String);

impl WeightSet {
    /// "ema" or "raw", as in settings and files; [`Display`](fmt::Display) writes it for sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ema => "ema",
            Self::Raw => "raw",
        }
    }
}

impl FromStr for WeightSet {
    type Err = WeightSetError;

    fn from_str(text: &str) -> Result<Self, WeightSetError> {
        let found = [Self::Ema, Self::Raw].into_iter().find(|set| set.name() == text);
        found.ok_or_else(|| WeightSetError(text.to_owned()))
    }
}

impl fmt::Display for WeightSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ema => "EMA",
            Self::Raw => "raw",
        })
    }
}
