//! What a training tells while it runs: a line per interval for people, a JSON line for programs, sample pictures.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use ibq_core::image::encode_png;
use image::RgbImage;
use serde::Serialize;

use crate::adversary::AdversarialResult;

use super::{evaluate::Evaluation, event_log::EventLog, step::StepResult};

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
    best_usage: f64,
}

impl Observer {
    /// Writes into `folder`, which is made if need be; lines of an earlier part of the same training are kept.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(folder: &Path, codes: usize, batch: usize, seconds: f64) -> io::Result<Self> {
        fs::create_dir_all(folder.join("samples"))?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join("log.jsonl"))?;
        let events = EventLog::new(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            log,
            events,
            codes,
            batch,
            steps: Vec::new(),
            seconds,
            best_usage: 0.0,
        })
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
            usage: ibq_core::image::distinct_codes(&chosen) as f64 / self.codes as f64,
            perplexity: if chosen.is_empty() { 0.0 } else { ibq_core::image::perplexity(&chosen) },
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

    /// What to tell people about a record that looks like a collapse of the codebook: few codes in use, and fewer than
    /// before.
    pub fn warning(&mut self, record: &StepRecord) -> Option<String> {
        let quantized = record.perplexity > 0.0;
        let best = self.best_usage;
        self.best_usage = best.max(record.usage);
        (quantized && record.usage < 0.1 && record.usage < 0.5 * best).then(|| {
            format!(
                "codebook usage fell to {:.1} % from {:.1} %: the codebook collapses. What helps: a lower learning rate, \
                 the entropy penalty (`quantizer_loss.entropy = 0.05`), `continuous_steps` above 0, and a lower rate \
                 after a change of the batch size",
                100.0 * record.usage,
                100.0 * best
            )
        })
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
    fn a_codebook_that_collapses_is_noticed_and_a_small_sample_is_not() {
        let folder = std::env::temp_dir().join(format!("ibq-train-observer-{}", std::process::id()));
        let mut observer = Observer::new(&folder, 100, 1, 0.0).unwrap();
        let record = |usage| StepRecord { usage, perplexity: 3.0, ..StepRecord::default() };
        assert_eq!(observer.warning(&record(0.05)), None);
        assert_eq!(observer.warning(&record(0.8)), None);
        assert!(observer.warning(&record(0.04)).unwrap().contains("fell to 4.0 % from 80.0 %"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
