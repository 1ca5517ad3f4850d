//! Symptoms of a collapse.

use std::{fs, io, path::Path};

use ibq_train_events::{TokenizerRecord, Warning};
use serde::Deserialize;

/// Less than this fraction of the codes that were in use at best is a collapse.
const USAGE_LEFT: f64 = 0.5;
/// Less than this fraction of the highest quantization loss is a collapse of the latents, unless the pictures are as good as
/// perfect.
const QUANTIZATION_LEFT: f64 = 1e-3;
/// A reconstruction loss below this is no picture's.
const NO_LOSS: f64 = 1e-6;
/// A discriminator whose loss is below this has won.
const DISCRIMINATOR_WON: f64 = 1e-3;

/// Examines the records of a run in their order. Each symptom is reported when it appears, and again only after it was gone.
#[derive(Clone, Debug, Default)]
pub struct CollapseWatch {
    best: Interval,
    highest_quantization: f64,
    /// Symptoms of the last record.
    present: Vec<Symptom>,
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

/// A kind of symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symptom {
    Usage,
    Latents,
    Reconstruction,
    Discriminator,
}

impl CollapseWatch {
    /// A watch that knows the log of the earlier parts of a run, so that a fall is measured against them.
    ///
    /// # Errors
    /// Those of the file system; a log that does not exist yet has no lines.
    pub fn of_log(path: &Path) -> io::Result<Self> {
        let mut watch = Self::default();
        match fs::read_to_string(path) {
            Ok(log) => log.lines().for_each(|line| watch.remember(line)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(watch)
    }

    /// Remembers a line of the log of an earlier part of the run.
    fn remember(&mut self, line: &str) {
        if let Ok(interval) = serde_json::from_str(line) {
            self.improve(interval);
        }
    }

    fn improve(&mut self, interval: Interval) {
        if interval.codes_in_use > self.best.codes_in_use {
            self.best = interval;
        }
    }

    /// Symptoms of a record that the one before did not have.
    pub fn examine(&mut self, record: &TokenizerRecord) -> Vec<Warning> {
        let now = Interval { positions: record.positions, codes_in_use: record.codes_in_use };
        let best = self.best;
        let mut symptoms = Vec::new();
        if now.positions > 0 {
            // A fraction r of the positions chooses at least the fraction r of the codes.
            let fraction = (now.positions as f64 / best.positions.max(1) as f64).min(1.0);
            if (now.codes_in_use as f64) < USAGE_LEFT * fraction * best.codes_in_use as f64 {
                let warning = Warning::UsageFell { codes: now.codes_in_use, best: best.codes_in_use };
                symptoms.push((Symptom::Usage, warning));
            }
            self.highest_quantization = self.highest_quantization.max(record.quantization);
            let (highest, loss) = (self.highest_quantization, record.quantization);
            if loss < QUANTIZATION_LEFT * highest {
                symptoms.push((Symptom::Latents, Warning::QuantizationVanished { loss, highest }));
            }
            self.improve(now);
        }
        if record.reconstruction.abs() < NO_LOSS {
            symptoms.push((Symptom::Reconstruction, Warning::ReconstructionVanished));
        }
        if let Some([_, loss]) = record.adversarial.filter(|[_, loss]| loss.abs() < DISCRIMINATOR_WON) {
            symptoms.push((Symptom::Discriminator, Warning::DiscriminatorWon { loss }));
        }
        let present = symptoms.iter().map(|(symptom, _)| *symptom).collect();
        let before = std::mem::replace(&mut self.present, present);
        let is_new = |(symptom, warning)| (!before.contains(&symptom)).then_some(warning);
        symptoms.into_iter().filter_map(is_new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(codes_in_use: u64, positions: u64) -> TokenizerRecord {
        TokenizerRecord {
            codes_in_use,
            positions,
            quantization: 0.1,
            reconstruction: 0.3,
            ..TokenizerRecord::default()
        }
    }

    #[test]
    fn codes_that_fall_out_of_use_are_reported_once_and_again_after_they_recovered() {
        let mut watch = CollapseWatch::default();
        assert!(watch.examine(&line(0, 0)).is_empty(), "nothing is quantized yet");
        assert!(watch.examine(&line(900, 5000)).is_empty());
        assert!(watch.examine(&line(600, 5000)).is_empty());
        let [warning] = watch.examine(&line(400, 5000)).try_into().unwrap();
        let text = warning.to_string();
        assert!(text.contains("only 400 codes are in use, down from 900"), "{text}");
        assert!(text.contains("entropy") && text.contains("learning rate"), "{text}");
        assert!(watch.examine(&line(390, 5000)).is_empty());
        assert!(watch.examine(&line(700, 5000)).is_empty());
        assert_eq!(watch.examine(&line(100, 5000)).len(), 1);
    }

    #[test]
    fn a_short_interval_with_fewer_codes_is_no_collapse() {
        let mut watch = CollapseWatch::default();
        watch.examine(&line(900, 5000));
        assert!(watch.examine(&line(300, 1500)).is_empty());
        assert_eq!(watch.examine(&line(100, 1500)).len(), 1);
    }

    #[test]
    fn a_resumed_run_knows_what_was_in_use_before() {
        let mut watch = CollapseWatch::default();
        for text in [serde_json::to_string(&line(900, 5000)).unwrap(), "{}".into(), "half a li".into()] {
            watch.remember(&text);
        }
        assert_eq!(watch.examine(&line(50, 5000)).len(), 1);
    }

    #[test]
    fn losses_that_go_to_zero_are_reported_with_what_to_try() {
        let mut watch = CollapseWatch::default();
        let healthy = TokenizerRecord { adversarial: Some([0.7, 0.9]), ..line(50, 100) };
        assert!(watch.examine(&healthy).is_empty());
        assert!(watch.examine(&TokenizerRecord { quantization: 0.01, ..healthy.clone() }).is_empty());
        let warning = |watch: &mut CollapseWatch, record: TokenizerRecord| {
            let [warning] = watch.examine(&record).try_into().unwrap();
            warning.to_string()
        };
        let latents = warning(&mut watch, TokenizerRecord { quantization: 1e-6, ..healthy.clone() });
        assert!(
            latents.contains("quantization loss went to zero") && latents.contains("latent_energy_weight")
        );
        let pictures = warning(&mut watch, TokenizerRecord { reconstruction: 0.0, ..healthy.clone() });
        assert!(pictures.contains("reconstruction loss went to zero"), "{pictures}");
        let won = warning(&mut watch, TokenizerRecord { adversarial: Some([8.0, 1e-5]), ..healthy.clone() });
        assert!(
            won.contains("discriminator's loss went to zero") && won.contains("adversarial.start"),
            "{won}"
        );
    }
}
