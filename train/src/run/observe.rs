//! What a training tells while it runs: a line per interval for people, a JSON line for programs, sample pictures.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ibq_core::picture::encode_png;
use image::RgbImage;
use serde::Serialize;

use crate::adversary::AdversarialResult;

use super::{collapse::CollapseWatch, evaluate::Evaluation, event_log::EventLog, step::StepResult};

/// One line of the log: means over the steps since the line before.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepRecord {
    /// Steps done.
    pub step: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Learning rate.
    pub rate: f64,
    /// Pictures per second.
    pub pictures_per_second: f64,
    /// Weighted reconstruction loss.
    pub reconstruction: f64,
    /// Quantization loss, unweighted.
    pub quantization: f64,
    /// Mean entropy of a position's choice.
    pub sample_entropy: f64,
    /// Entropy of the mean choice.
    pub mean_entropy: f64,
    /// Length of the gradient.
    pub gradient: f64,
    /// Mean squared length of the latents.
    pub latent_energy: f64,
    /// Share of the codes chosen at least once since the line before; 0 while latents are not quantized.
    pub usage: f64,
    /// Those codes.
    pub codes_in_use: u64,
    /// Latents that were quantized.
    pub positions: u64,
    /// Perplexity of those choices.
    pub perplexity: f64,
    /// The decoder's adversarial loss, unweighted, and the discriminator's, once it takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<[f64; 2]>,
    /// On held-out pictures, where this line has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Evaluation>,
}

impl StepRecord {
    /// The numbers of the line by name, in groups.
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        let mut numbers = vec![
            ("training/rate", self.rate),
            ("training/pictures_per_second", self.pictures_per_second),
            ("training/gradient", self.gradient),
            ("loss/reconstruction", self.reconstruction),
            ("loss/quantization", self.quantization),
            ("loss/sample_entropy", self.sample_entropy),
            ("loss/mean_entropy", self.mean_entropy),
            ("codebook/usage", self.usage),
            ("codebook/perplexity", self.perplexity),
            ("codebook/latent_energy", self.latent_energy),
        ];
        if let Some([generator, discriminator]) = self.adversarial {
            numbers.extend([("loss/generator", generator), ("loss/discriminator", discriminator)]);
        }
        if let Some(quality) = &self.held_out {
            numbers.extend([
                ("held_out/psnr", quality.psnr),
                ("held_out/ssim", quality.ssim),
                ("held_out/usage", quality.usage),
                ("held_out/perplexity", quality.perplexity),
            ]);
        }
        numbers
    }
}

/// Gathers steps and writes what they amount to.
#[derive(Debug)]
pub struct Observer {
    folder: PathBuf,
    log: File,
    events: EventLog,
    codes: usize,
    batch: usize,
    steps: Vec<StepResult>,
    seconds: f64,
    watch: CollapseWatch,
}

impl Observer {
    /// Writes into `folder`, which is made if need be; lines of an earlier part of the same training are kept.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(folder: &Path, codes: usize, batch: usize, seconds: f64) -> io::Result<Self> {
        fs::create_dir_all(folder.join("samples"))?;
        let path = folder.join("log.jsonl");
        let mut watch = CollapseWatch::default();
        if path.exists() {
            fs::read_to_string(&path)?.lines().for_each(|line| watch.remember(line));
        }
        let log = OpenOptions::new().create(true).append(true).open(path)?;
        let events = EventLog::new(folder)?;
        Ok(Self { folder: folder.to_owned(), log, events, codes, batch, steps: Vec::new(), seconds, watch })
    }

    /// Notes a step.
    pub fn note(&mut self, step: StepResult) {
        self.steps.push(step);
    }

    /// Writes a line about all steps noted since the last one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, step: u64, seconds: f64, held_out: Option<Evaluation>) -> io::Result<StepRecord> {
        let steps = std::mem::take(&mut self.steps);
        let mean =
            |of: &dyn Fn(&StepResult) -> f64| steps.iter().map(of).sum::<f64>() / steps.len().max(1) as f64;
        let quantizer = |of: fn(&crate::quantizer::QuantizerLosses) -> f32| {
            mean(&|s| f64::from(s.quantizer.as_ref().map_or(0.0, of)))
        };
        let chosen: Vec<u32> = steps.iter().flat_map(|s| s.codes.iter().copied()).collect();
        let in_use = ibq_core::tokens::distinct_codes(&chosen);
        let record = StepRecord {
            step,
            seconds,
            rate: steps.last().map_or(0.0, |s| s.rate),
            pictures_per_second: (steps.len() * self.batch) as f64 / (seconds - self.seconds).max(1e-9),
            reconstruction: mean(&|s| f64::from(s.reconstruction)),
            quantization: quantizer(|q| q.quantization),
            sample_entropy: quantizer(|q| q.sample_entropy),
            mean_entropy: quantizer(|q| q.mean_entropy),
            gradient: mean(&|s| s.gradient),
            latent_energy: mean(&|s| f64::from(s.latent_energy)),
            usage: in_use as f64 / self.codes as f64,
            codes_in_use: in_use as u64,
            positions: chosen.len() as u64,
            perplexity: if chosen.is_empty() { 0.0 } else { ibq_core::tokens::perplexity(&chosen) },
            adversarial: steps.iter().any(|s| s.adversarial.is_some()).then(|| {
                let game = |of: fn(&AdversarialResult) -> f32| {
                    mean(&|s| s.adversarial.as_ref().map_or(0.0, |a| f64::from(of(a))))
                };
                [game(|a| a.generator), game(|a| a.discriminator)]
            }),
            held_out,
        };
        self.seconds = seconds;
        let mut line = serde_json::to_string(&record).map_err(io::Error::other)?;
        line.push('\n');
        self.log.write_all(line.as_bytes())?;
        self.events.write(step, &record.numbers())?;
        Ok(record)
    }

    /// Signs of a collapse in a record that the one before did not have, each with what to try.
    pub fn warnings(&mut self, record: &StepRecord) -> Vec<String> {
        self.watch.look(record)
    }

    /// Writes a sheet of reconstructions.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn samples(&self, step: u64, sheet: &RgbImage) -> io::Result<()> {
        let png = encode_png(sheet).map_err(io::Error::other)?;
        fs::write(self.folder.join("samples").join(format!("step-{step:06}.png")), png)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collapse_is_noticed_also_after_a_training_went_on() {
        let folder = std::env::temp_dir().join(format!("ibq-train-observer-{}", std::process::id()));
        let step = |codes: &[u32]| StepResult {
            reconstruction: 0.5,
            quantizer: Some(crate::quantizer::QuantizerLosses { quantization: 0.1, ..Default::default() }),
            gradient: 1.0,
            rate: 1e-3,
            codes: codes.to_vec(),
            latent_energy: 1.0,
            adversarial: None,
        };
        let mut observer = Observer::new(&folder, 100, 1, 0.0).unwrap();
        observer.note(step(&(0..80).collect::<Vec<_>>()));
        let record = observer.write(1, 1.0, None).unwrap();
        assert_eq!((record.codes_in_use, record.positions, record.usage), (80, 80, 0.8));
        assert!(observer.warnings(&record).is_empty());
        let mut observer = Observer::new(&folder, 100, 1, 0.0).unwrap();
        observer.note(step(&[7; 80]));
        let record = observer.write(2, 2.0, None).unwrap();
        let warnings = observer.warnings(&record);
        assert!(warnings.len() == 1 && warnings[0].contains("only 1 codes"), "{warnings:?}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
