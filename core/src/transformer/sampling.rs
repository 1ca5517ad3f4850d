//! How tokens are drawn from logits: the settings, and what they must be.

use std::{fmt, str::FromStr};

use ibq_shaders::params::ClassMix;
use serde::{Deserialize, Serialize};

use super::{TransformerConfig, TransformerError};

/// How guidance grows over the tokens of a picture. With t from 0 at the first token to 1 at the last one, the scale is
/// `1 + (s - 1) · f(t)`: a schedule begins without guidance and ends with all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// f = 1: the same for all tokens, as in the official code.
    #[default]
    Constant,
    /// f = t.
    Linear,
    /// f = (1 - cos πt) / 2.
    Cosine,
    /// f = tᵃ.
    Power(f32),
}

impl Schedule {
    /// f(t).
    fn growth_at(self, t: f32) -> f32 {
        match self {
            Self::Constant => 1.0,
            Self::Linear => t,
            Self::Cosine => (1.0 - (std::f32::consts::PI * t).cos()) / 2.0,
            Self::Power(exponent) => t.powf(exponent),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Linear => f.write_str("linear"),
            Self::Cosine => f.write_str("cosine"),
            Self::Power(exponent) => write!(f, "power{exponent}"),
        }
    }
}

impl FromStr for Schedule {
    type Err = TransformerError;

    /// `constant`, `linear`, `cosine`, `power2.5`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let power = || text.strip_prefix("power")?.parse().ok().filter(|a: &f32| a.is_finite() && *a > 0.0);
        match text {
            "constant" => Ok(Self::Constant),
            "linear" => Ok(Self::Linear),
            "cosine" => Ok(Self::Cosine),
            _ => power().map(Self::Power).ok_or_else(|| {
                let reason = "use constant, linear, cosine or power with an exponent above 0 (power2)";
                TransformerError::Input(format!("there is no guidance schedule `{text}`; {reason}"))
            }),
        }
    }
}

/// How tokens are drawn. The default is the distribution of the model itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Classifier-free guidance s: `u + s · (c - u)` of the logits c of the class and u of no class. 1 or less: c alone.
    pub cfg_scale: f32,
    /// How it grows over the tokens.
    pub schedule: Schedule,
    /// What logits are divided by. 0: always the most probable token.
    pub temperature: f32,
    /// Only the k most probable tokens (all that equal the k-th); 0: all.
    pub top_k: u32,
    /// Only the most probable tokens that together have this share of the probability, 0 (exclusive) to 1 (all).
    pub top_p: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { cfg_scale: 1.0, schedule: Schedule::Constant, temperature: 1.0, top_k: 0, top_p: 1.0 }
    }
}

impl Sampling {
    /// For single good-looking pictures: strong guidance, and the least probable tokens left out.
    #[must_use]
    pub fn pretty() -> Self {
        Self { cfg_scale: 4.0, top_p: 0.96, ..Self::default() }
    }

    /// What the official model of this size was evaluated with; other sizes take that of the smallest.
    #[must_use]
    pub fn paper(config: &TransformerConfig) -> Self {
        let (temperature, cfg_scale) = match config.n_layer {
            30 => (1.2, 2.85),
            24 => (1.15, 2.35),
            20 => (1.0, 2.0),
            _ => (1.1, 2.25),
        };
        Self { cfg_scale, temperature, ..Self::default() }
    }

    /// The guidance scale at each of `count` positions.
    #[must_use]
    pub fn scales(&self, count: u32) -> Vec<f32> {
        let last = count.saturating_sub(1).max(1) as f32;
        (0..count).map(|p| 1.0 + (self.cfg_scale - 1.0) * self.schedule.growth_at(p as f32 / last)).collect()
    }

    /// Whether the logits without a class are needed.
    #[must_use]
    pub fn is_guided(&self) -> bool {
        self.cfg_scale > 1.0
    }

    /// Checks that every setting makes sense.
    ///
    /// # Errors
    /// [`TransformerError::Input`] names the setting.
    pub fn validate(&self) -> Result<(), TransformerError> {
        let wrong = |what: &str, value: f32, allowed: &str| {
            Err(TransformerError::Input(format!("{what} is {value}, but must be {allowed}")))
        };
        if !(0.0..=1000.0).contains(&self.cfg_scale) {
            return wrong("the guidance scale", self.cfg_scale, "0 to 1000");
        }
        if let Schedule::Power(exponent) = self.schedule
            && !(exponent.is_finite() && exponent > 0.0)
        {
            return wrong("the exponent of the guidance schedule", exponent, "above 0");
        }
        if self.temperature != 0.0 && !(1e-3..=1000.0).contains(&self.temperature) {
            return wrong("the temperature", self.temperature, "0 (most probable token) or 0.001 to 1000");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top-p", self.top_p, "above 0 and at most 1");
        }
        Ok(())
    }
}

/// What a picture is to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// One class.
    Class(u32),
    /// Between two classes: the vectors are mixed, with this share of the second.
    Mix(u32, u32, f32),
    /// No class at all.
    None,
}

impl Condition {
    /// As the kernel reads it.
    ///
    /// # Errors
    /// [`TransformerError::Input`] for a class that the model does not have.
    pub(super) fn class_mix(self, class_num: u32) -> Result<ClassMix, TransformerError> {
        let known = |class: u32| {
            if class < class_num {
                return Ok(class);
            }
            let last = class_num - 1;
            Err(TransformerError::Input(format!("there is no class {class}: this model has 0 to {last}")))
        };
        let only = |row: u32| ClassMix { first: row, second: row, second_weight: 0.0 };
        Ok(match self {
            Self::Class(class) => only(known(class)?),
            Self::Mix(first, second, share) if (0.0..=1.0).contains(&share) => {
                ClassMix { first: known(first)?, second: known(second)?, second_weight: share }
            }
            Self::Mix(.., share) => {
                let reason = format!("the share of the second class is {share}, but must be 0 to 1");
                return Err(TransformerError::Input(reason));
            }
            // The last row of the table.
            Self::None => only(class_num),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_begin_without_guidance_and_end_with_all() {
        let scales = |schedule| Sampling { cfg_scale: 3.0, schedule, ..Sampling::default() }.scales(5);
        assert_eq!(scales(Schedule::Constant), [3.0; 5]);
        assert_eq!(scales(Schedule::Linear), [1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(scales(Schedule::Power(2.0)), [1.0, 1.125, 1.5, 2.125, 3.0]);
        let cosine = scales(Schedule::Cosine);
        assert!(
            (cosine[0] - 1.0).abs() < 1e-6
                && (cosine[2] - 2.0).abs() < 1e-6
                && (cosine[4] - 3.0).abs() < 1e-6
        );
        assert_eq!(Sampling::default().scales(1), [1.0]);
    }

    #[test]
    fn presets_are_the_published_ones() {
        for (size, temperature, cfg_scale) in
            [("B", 1.1, 2.25), ("L", 1.0, 2.0), ("XL", 1.15, 2.35), ("XXL", 1.2, 2.85)]
        {
            let sampling = Sampling::paper(&TransformerConfig::official(size).unwrap());
            assert_eq!((sampling.temperature, sampling.cfg_scale), (temperature, cfg_scale), "{size}");
            assert_eq!((sampling.top_k, sampling.top_p), (0, 1.0));
        }
        assert!(Sampling::pretty().validate().is_ok());
    }

    #[test]
    fn schedules_have_names() {
        for name in ["constant", "linear", "cosine", "power2.5"] {
            assert_eq!(name.parse::<Schedule>().unwrap().to_string(), name);
        }
        for name in ["", "power", "power-1", "power0", "powerNaN", "sine"] {
            assert!(name.parse::<Schedule>().is_err(), "{name}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let wrong = |sampling: Sampling| sampling.validate().unwrap_err().to_string();
        let good = Sampling::default();
        assert!(good.validate().is_ok());
        for top_p in [0.0, -0.1, 1.1, f32::NAN] {
            assert!(wrong(Sampling { top_p, ..good }).contains("top-p"));
        }
        for temperature in [-1.0, 1e-9, f32::NAN, f32::INFINITY] {
            assert!(wrong(Sampling { temperature, ..good }).contains("temperature"));
        }
        for cfg_scale in [-1.0, f32::NAN, f32::INFINITY] {
            assert!(wrong(Sampling { cfg_scale, ..good }).contains("guidance scale"));
        }
        assert!(wrong(Sampling { schedule: Schedule::Power(f32::NAN), ..good }).contains("exponent"));
    }

    #[test]
    fn classes_must_exist() {
        let mix = |first, second, second_weight| ClassMix { first, second, second_weight };
        assert_eq!(Condition::Class(9).class_mix(10).unwrap(), mix(9, 9, 0.0));
        assert_eq!(Condition::None.class_mix(10).unwrap(), mix(10, 10, 0.0));
        assert_eq!(Condition::Mix(1, 2, 0.5).class_mix(10).unwrap(), mix(1, 2, 0.5));
        for wrong in [Condition::Class(10), Condition::Mix(0, 10, 0.5), Condition::Mix(0, 1, 1.5)] {
            assert!(wrong.class_mix(10).is_err(), "{wrong:?}");
        }
    }
}
