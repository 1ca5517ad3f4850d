//! Trainings side by side: the same pictures, seeds and steps, and one thing that differs.

mod plot;
mod report;
mod runs;

pub use plot::{Plot, Series};
pub use report::{ablation_report, collapse_report, insert_table};
pub use runs::{ExperimentError, Runs};

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use ibq_train_events::Evaluation;

use crate::{
    data::Pictures,
    preset_file::PresetError,
    tokenizer::{
        Preset, Trainer, evaluate,
        quantizer::{Ablation, Ibq, QuantizerConfig, Vq},
    },
};

/// How codes are chosen and learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Vector quantization.
    Vq,
    /// Index backpropagation, whole.
    Ibq,
    /// Without the first term of the double quantization loss.
    IbqWithoutDoubleQuantization,
    /// Without the entropy penalty.
    IbqWithoutEntropyPenalty,
    /// Without the gradient through the probabilities.
    IbqWithoutAllCodesGradient,
}

impl Method {
    /// Name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vq => "VQ",
            Self::Ibq => "IBQ",
            Self::IbqWithoutDoubleQuantization => "IBQ without double quantization",
            Self::IbqWithoutEntropyPenalty => "IBQ without the entropy penalty",
            Self::IbqWithoutAllCodesGradient => "IBQ without the gradient through all codes",
        }
    }
}

/// Where the codebook starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Small random numbers, as in the official code.
    #[default]
    Random,
    /// Latents of an encoder that has trained for a quarter of the steps without codes, all of one length.
    Latents,
}

/// What determines one run of an experiment, and distinguishes it from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setting {
    /// How codes are chosen and learn.
    pub method: Method,
    /// Codes, K.
    pub codes: u32,
    /// Dimension of a code, D.
    pub dimension: u32,
    /// Steps of the run.
    pub steps: u64,
    /// Seed of weights and pictures.
    pub seed: u64,
    /// Where the codebook starts.
    #[serde(default)]
    pub start: Start,
}

/// The codebook during some steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps done.
    pub step: u64,
    /// Fraction of the codes that were chosen at least once in the steps since the last point.
    pub usage: f64,
    /// Perplexity of those choices.
    pub perplexity: f64,
}

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What was trained.
    #[serde(flatten)]
    pub setting: Setting,
    /// How long the steps took.
    pub seconds: f64,
    /// The codebook over time.
    pub curve: Vec<Point>,
    /// Quality on held-out pictures at the end; none when the run failed.
    pub held_out: Option<Evaluation>,
    /// Why the run failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Points of a curve.
const POINTS: u64 = 10;

impl Setting {
    /// The preset of this run.
    ///
    /// # Errors
    /// [`PresetError`] when codes, dimension or steps are out of range.
    pub fn preset(&self) -> Result<Preset, PresetError> {
        let mut preset = Preset::parse("experiment", include_str!("../../presets/experiment.toml"))?;
        preset.model.n_embed = self.codes;
        preset.model.embed_dim = self.dimension;
        preset.training.steps = self.steps;
        preset.training.seed = self.seed;
        let ibq = |without| QuantizerConfig::Ibq(Ibq { without, ..Ibq::default() });
        preset.quantizer = match self.method {
            Method::Vq => QuantizerConfig::Vq(Vq::default()),
            Method::Ibq | Method::IbqWithoutEntropyPenalty => ibq(Vec::new()),
            Method::IbqWithoutDoubleQuantization => ibq(vec![Ablation::DoubleQuantization]),
            Method::IbqWithoutAllCodesGradient => ibq(vec![Ablation::AllCodesGradient]),
        };
        preset.model.rule = preset.quantizer.engine_rule();
        if self.start == Start::Latents {
            preset.training.continuous_steps = self.steps / 4;
            preset.training.latent_energy = 16.0;
            preset.training.latent_energy_weight = 0.1;
        }
        if self.method == Method::IbqWithoutEntropyPenalty {
            preset.quantizer_loss.entropy = 0.0;
        }
        preset.check("experiment")?;
        Ok(preset)
    }

    /// Trains and measures. `progress` is called with the fraction that is done.
    ///
    /// # Errors
    /// [`PresetError`]. A run that fails is a result, not an error.
    pub fn run(
        &self,
        training: &Pictures,
        held_out: &Pictures,
        device: &Device,
        progress: impl Fn(f64),
    ) -> Result<Run, PresetError> {
        let preset = self.preset()?;
        let mut trainer = Trainer::new(preset.clone(), device.clone());
        let (mut chosen, mut curve, mut failure) = (Vec::new(), Vec::new(), None);
        let every = (self.steps / POINTS).max(1);
        while trainer.steps() < self.steps && failure.is_none() {
            match trainer.step(training) {
                Ok(step) => chosen.extend(step.codes),
                Err(error) => failure = Some(error.to_string()),
            }
            if trainer.steps().is_multiple_of(every) && !chosen.is_empty() {
                let used = ibq_core::tokens::distinct_codes(&chosen) as f64;
                let perplexity = ibq_core::tokens::perplexity(&chosen);
                let point = Point { step: trainer.steps(), usage: used / f64::from(self.codes), perplexity };
                curve.push(point);
                chosen.clear();
            }
            progress(trainer.fraction());
        }
        let measured = failure
            .is_none()
            .then(|| evaluate(trainer.average(), &preset.model, &preset.quantizer, held_out, device).0);
        Ok(Run { setting: *self, seconds: trainer.seconds(), curve, held_out: measured, failure })
    }
}

/// Settings that vary the codes at the middle dimension and the dimension at the middle number of codes, for every method
/// and seed. Seeds come last, so that the first third is a whole experiment with one seed.
#[must_use]
pub fn cross(
    methods: &[Method],
    codes: &[u32],
    dimensions: &[u32],
    steps: u64,
    seeds: std::ops::Range<u64>,
    start: Start,
) -> Vec<Setting> {
    let (Some(&middle_codes), Some(&middle_dimension)) =
        (codes.get(codes.len() / 2), dimensions.get(dimensions.len() / 2))
    else {
        return Vec::new();
    };
    let mut cells: Vec<(u32, u32)> = codes.iter().map(|codes| (*codes, middle_dimension)).collect();
    cells.extend(dimensions.iter().map(|dimension| (middle_codes, *dimension)));
    cells.sort_unstable();
    cells.dedup();
    let mut settings = Vec::new();
    for seed in seeds {
        for &(codes, dimension) in &cells {
            let of = |method: &Method| Setting { method: *method, codes, dimension, steps, seed, start };
            settings.extend(methods.iter().map(of));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_differs_from_the_others_in_what_it_names_alone() {
        let settings = cross(&[Method::Vq, Method::Ibq], &[16, 32, 64], &[4, 8], 7, 0..2, Start::Latents);
        assert_eq!(settings.len(), 2 * 2 * 4);
        let mut distinct = settings.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), settings.len());
        let base = settings[1].preset().unwrap();
        for setting in settings.iter().filter(|s| s.method == Method::Ibq) {
            let mut preset = setting.preset().unwrap();
            assert_eq!((preset.model.n_embed, preset.model.embed_dim), (setting.codes, setting.dimension));
            preset.model.n_embed = base.model.n_embed;
            preset.model.embed_dim = base.model.embed_dim;
            preset.training.seed = base.training.seed;
            assert_eq!(preset, base);
        }
    }

    #[test]
    fn a_run_has_a_curve_and_a_measurement_and_a_failure_is_a_result() {
        let device = Device::flex();
        let pictures = Pictures::scenes(8, 16, 0, &[1], |_| {});
        let setting =
            Setting { method: Method::Vq, codes: 16, dimension: 4, steps: 4, seed: 1, start: Start::Random };
        let run = setting.run(&pictures, &pictures, &device, |_| {}).unwrap();
        assert_eq!(run.curve.iter().map(|point| point.step).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let quality = run.held_out.unwrap();
        assert!(quality.psnr > 3.0 && quality.usage > 0.0 && quality.usage <= 1.0, "{quality:?}");
        assert!(run.failure.is_none());
    }
}
