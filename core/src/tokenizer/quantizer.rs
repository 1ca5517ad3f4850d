//! The quantizer: how many codes there are, how long they are, and by which rule a latent vector chooses one.
//!
//! This is the one place that knows what a code is. A further quantizer is a [`Rule`] here, its operation in `ops`, and
//! the family that uses it.

use ibq_shaders::LookupScore;
use serde::{Deserialize, Serialize};

/// How a latent vector z chooses its code: the one with the largest score, the lowest index on an exact tie. Scores are
/// f32 sums; the margin of a choice is its score minus the second-best one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Index backpropagation quantization: the score is the dot product `z · c`.
    #[default]
    Ibq,
    /// Plain vector quantization: the nearest code by Euclidean distance. The score is `z · c - |c|² / 2`, so a margin is
    /// half the difference of two squared distances.
    Vq,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Ibq, Self::Vq];

    /// The word for it in files and on command lines.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Ibq => "ibq",
            Self::Vq => "vq",
        }
    }

    /// For people: the name, and what is chosen.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Ibq => "IBQ (largest dot product)",
            Self::Vq => "VQ (nearest code)",
        }
    }

    /// What the lookup compares codes by.
    pub(super) fn score(self) -> LookupScore {
        match self {
            Self::Ibq => LookupScore::DotProduct,
            Self::Vq => LookupScore::Distance,
        }
    }
}

/// The quantizer of a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantizer {
    /// How a code is chosen.
    pub rule: Rule,
    /// Number of codes K. Tokens are 0 to K - 1.
    pub codes: u32,
    /// Values of a code, and of a latent vector.
    pub dimension: u32,
}

impl Quantizer {
    /// Bits that a token holds: log2 K.
    #[must_use]
    pub fn bits(&self) -> f64 {
        f64::from(self.codes).log2()
    }

    /// Bytes that the rule needs on the GPU besides the codes themselves.
    pub(super) fn derived_bytes(&self) -> u64 {
        match self.rule {
            Rule::Ibq => 0,
            // One f32 per code: half of its squared norm.
            Rule::Vq => 4 * u64::from(self.codes.next_multiple_of(4)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_written_as_its_key() {
        for rule in Rule::ALL {
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(json, format!("\"{}\"", rule.key()));
            assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
        }
        assert!(serde_json::from_str::<Rule>("\"lfq\"").unwrap_err().to_string().contains("`lfq`"));
    }
}
