//! Signs of a training that collapses, told with what to try.

use serde::Deserialize;

use super::observe::StepRecord;

/// Less than this share of the codes that were in use at best is a collapse.
const USAGE_LEFT: f64 = 0.5;
/// Less than this share of the highest quantization loss is a collapse of the latents, unless the pictures are as good as
/// perfect.
const QUANTIZATION_LEFT: f64 = 1e-3;
/// A reconstruction loss below this is no picture's.
const NO_LOSS: f64 = 1e-6;
/// A discriminator whose loss is below this has won.
const DISCRIMINATOR_WON: f64 = 1e-3;

/// Looks at the lines of a log, one after the other. Each sign is told when it appears, and again only after it was gone.
#[derive(Clone, Debug, Default)]
pub struct CollapseWatch {
    best: Interval,
    highest_quantization: f64,
    /// Signs that are there now.
    present: Vec<Sign>,
}

/// Codes in use within an interval.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Interval {
    /// Latents that were quantized.
    #[serde(default)]
    positions: u64,
    /// Different codes that they chose.
    #[serde(default)]
    codes_in_use: u64,
}

/// What can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Usage,
    Latents,
    Reconstruction,
    Discriminator,
}

impl CollapseWatch {
    /// Takes note of a line of an earlier part of the training, so that a fall is measured against it.
    pub fn remember(&mut self, line: &str) {
        if let Ok(interval) = serde_json::from_str(line) {
            self.improve(interval);
        }
    }

    fn improve(&mut self, interval: Interval) {
        if interval.codes_in_use > self.best.codes_in_use {
            self.best = interval;
        }
    }

    /// What a line shows that the one before did not.
    pub fn look(&mut self, record: &StepRecord) -> Vec<String> {
        let now = Interval { positions: record.positions, codes_in_use: record.codes_in_use };
        let best = self.best;
        let mut signs = Vec::new();
        if now.positions > 0 {
            // A share r of the positions chooses at least the share r of the codes.
            let share = (now.positions as f64 / best.positions.max(1) as f64).min(1.0);
            if (now.codes_in_use as f64) < USAGE_LEFT * share * best.codes_in_use as f64 {
                signs.push((Sign::Usage, usage_fell(now.codes_in_use, best.codes_in_use)));
            }
            self.highest_quantization = self.highest_quantization.max(record.quantization);
            if record.quantization < QUANTIZATION_LEFT * self.highest_quantization {
                let (from, to) = (self.highest_quantization, record.quantization);
                signs.push((Sign::Latents, latents_shrank(from, to)));
            }
            self.improve(now);
        }
        if record.reconstruction.abs() < NO_LOSS {
            signs.push((
                Sign::Reconstruction,
                "the reconstruction loss went to zero: the pictures are all alike, or empty, or every weight under [loss] is \
                 0. Look at the samples and at the pictures"
                    .to_owned(),
            ));
        }
        if let Some([_, discriminator]) =
            record.adversarial.filter(|[_, loss]| loss.abs() < DISCRIMINATOR_WON)
        {
            signs.push((
                Sign::Discriminator,
                format!(
                    "the discriminator's loss went to zero ({discriminator:.1e}): it tells every reconstruction from its \
                     picture, and the decoder learns nothing from it. What helps: a later `adversarial.start`, a larger \
                     `adversarial.lecam`, fewer `adversarial.filters`, a lower learning rate"
                ),
            ));
        }
        let before = std::mem::replace(&mut self.present, signs.iter().map(|(sign, _)| *sign).collect());
        signs.into_iter().filter(|(sign, _)| !before.contains(sign)).map(|(_, text)| text).collect()
    }
}

fn usage_fell(now: u64, best: u64) -> String {
    format!(
        "only {now} codes are in use, down from {best}: the codebook collapses. What helps: a lower learning rate, above all \
         after a change of the batch, the entropy penalty (`quantizer_loss.entropy = 0.05`), `continuous_steps` and \
         `revive_every` above 0"
    )
}

fn latents_shrank(from: f64, to: f64) -> String {
    format!(
        "the quantization loss went to zero ({to:.1e}, {from:.1e} at most): the latents shrink onto their codes and carry \
         no picture any more. What helps: a lower learning rate, a smaller `quantizer_loss.quantization`, `continuous_steps` \
         with `latent_energy_weight = 0.1`, and going on from an earlier checkpoint"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(codes_in_use: u64, positions: u64) -> StepRecord {
        StepRecord {
            codes_in_use,
            positions,
            quantization: 0.1,
            reconstruction: 0.3,
            ..StepRecord::default()
        }
    }

    #[test]
    fn codes_that_fall_out_of_use_are_told_once_and_again_after_they_recovered() {
        let mut watch = CollapseWatch::default();
        assert!(watch.look(&line(0, 0)).is_empty(), "nothing is quantized yet");
        assert!(watch.look(&line(900, 5000)).is_empty());
        assert!(watch.look(&line(600, 5000)).is_empty());
        let told = watch.look(&line(400, 5000));
        assert!(told.len() == 1 && told[0].contains("only 400 codes are in use, down from 900"), "{told:?}");
        assert!(told[0].contains("entropy") && told[0].contains("learning rate"), "{told:?}");
        assert!(watch.look(&line(390, 5000)).is_empty());
        assert!(watch.look(&line(700, 5000)).is_empty());
        assert_eq!(watch.look(&line(100, 5000)).len(), 1);
    }

    #[test]
    fn a_short_interval_with_fewer_codes_is_no_collapse() {
        let mut watch = CollapseWatch::default();
        watch.look(&line(900, 5000));
        assert!(watch.look(&line(300, 1500)).is_empty());
        assert_eq!(watch.look(&line(100, 1500)).len(), 1);
    }

    #[test]
    fn a_training_that_goes_on_knows_what_was_in_use_before() {
        let mut watch = CollapseWatch::default();
        for text in [serde_json::to_string(&line(900, 5000)).unwrap(), "{}".into(), "half a li".into()] {
            watch.remember(&text);
        }
        assert_eq!(watch.look(&line(50, 5000)).len(), 1);
    }

    #[test]
    fn losses_that_go_to_zero_are_told_with_what_to_try() {
        let mut watch = CollapseWatch::default();
        let healthy = StepRecord { adversarial: Some([0.7, 0.9]), ..line(50, 100) };
        assert!(watch.look(&healthy).is_empty());
        assert!(watch.look(&StepRecord { quantization: 0.01, ..healthy.clone() }).is_empty());
        let told = |watch: &mut CollapseWatch, record: StepRecord| {
            let told = watch.look(&record);
            assert_eq!(told.len(), 1, "{told:?}");
            told[0].clone()
        };
        let latents = told(&mut watch, StepRecord { quantization: 1e-6, ..healthy.clone() });
        assert!(
            latents.contains("quantization loss went to zero") && latents.contains("latent_energy_weight")
        );
        let pictures = told(&mut watch, StepRecord { reconstruction: 0.0, ..healthy.clone() });
        assert!(pictures.contains("reconstruction loss went to zero"), "{pictures}");
        let won = told(&mut watch, StepRecord { adversarial: Some([8.0, 1e-5]), ..healthy.clone() });
        assert!(
            won.contains("discriminator's loss went to zero") && won.contains("adversarial.start"),
            "{won}"
        );
    }
}
