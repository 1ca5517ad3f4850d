//! The state of a run between two steps: how it starts, what can be changed about it, and its checkpoint.

use burn::tensor::Device;
use ibq_core::transformer::TransformerConfig;

use super::device_set::DeviceSet;
use crate::{
    optim::AdamWState,
    precision::{PrecisionError, TrainingPrecision},
    preset_file::PresetError,
    random::Random,
    training::BatchChange,
    transformer::{
        checkpoint::Checkpoint,
        parameters::{Slot, initial_weights, named, slots},
        preset::{Preset, Training},
        remap_codes::CodeMap,
        tokens::{TokenMismatch, TokenSet},
    },
    weights::Weights,
};

/// What a run changes about its preset or checkpoint, where it computes, and when it ends. What is not given stays.
#[derive(Clone, Debug)]
pub struct TrainerOptions {
    /// Ends the run after this many minutes in total, if its steps do not end it before; the learning-rate schedule then
    /// follows the clock.
    pub minutes: Option<f64>,
    /// GPUs that compute gradients; without any, or with the CPU among them, the CPU does. Weights, average and moments stay
    /// in main memory, where the optimizer changes them, so that a GPU needs no room for the optimizer.
    pub devices: Vec<Device>,
    /// Sequences that go through the network at once on a GPU.
    pub micro_batch: usize,
    /// In what GPUs multiply.
    pub precision: TrainingPrecision,
    /// Rates, batch and steps that replace those of the checkpoint.
    pub training: Option<Training>,
    /// Images per step.
    pub batch: Option<usize>,
    /// Highest learning rate.
    pub learning_rate: Option<f64>,
}

impl Default for TrainerOptions {
    fn default() -> Self {
        Self {
            minutes: None,
            devices: Vec::new(),
            micro_batch: 16,
            precision: TrainingPrecision::Full,
            training: None,
            batch: None,
            learning_rate: None,
        }
    }
}

/// A run cannot be configured like this.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A device cannot multiply in this precision.
    #[error(transparent)]
    Precision(#[from] PrecisionError),
    /// A number is out of range.
    #[error(transparent)]
    Preset(#[from] PresetError),
}

/// A run in progress.
#[derive(Debug)]
pub struct Trainer {
    pub(super) current: Checkpoint,
    pub(super) slots: Vec<Slot>,
    pub(super) random: Random,
    minutes: Option<f64>,
    pub(super) gradient: Vec<f32>,
    pub(super) devices: DeviceSet,
}

impl Trainer {
    /// A run before its first step.
    ///
    /// # Errors
    /// [`TokenMismatch`].
    pub fn new(preset: Preset, tokens: &TokenSet) -> Result<Self, TokenMismatch> {
        let mut random = Random::new(preset.training.seed);
        let (class_names, codes) = (tokens.class_names.clone(), tokens.codes.clone());
        tokens.check(&preset.model)?;
        let weights = initial_weights(&preset.model, &preset.start, &codes, &mut random);
        let state = AdamWState::new(weights);
        let random = random.state();
        let (step, seconds, batch_change, loss_scale) = (0, 0.0, None, None);
        Ok(Self::resume(Checkpoint {
            preset,
            state,
            step,
            seconds,
            random,
            class_names,
            codes,
            batch_change,
            loss_scale,
        }))
    }

    /// A run that starts from the weights of a model instead of random ones. The network is the model's, the rest is the
    /// preset's. Where the tokens have another number of classes than the model, the classes begin anew, all but "no
    /// class". Rows of codes begin with those that the `code_map` names.
    ///
    /// # Errors
    /// [`TokenMismatch`] when the tokens are for another number of codes or tokens.
    pub fn from_model(
        mut preset: Preset,
        (weights, model): (&Weights, TransformerConfig),
        code_map: Option<&CodeMap>,
        tokens: &TokenSet,
    ) -> Result<Self, TokenMismatch> {
        let known_classes = model.class_num as usize;
        let classes = tokens.class_names.len();
        preset.model = TransformerConfig { class_num: classes as u32, ..model };
        let mut trainer = Self::new(preset, tokens)?;
        let width = trainer.current.preset.model.n_embd as usize;
        for slot in &trainer.slots {
            let values = weights.values(&slot.name);
            let place = &mut trainer.current.state.weights[slot.range.clone()];
            let of_codes = ["tok_emb.weight", "head.weight"].contains(&slot.name.as_str());
            if let Some(code_map) = code_map.filter(|_| of_codes) {
                for (row, &source) in place.chunks_exact_mut(width).zip(&code_map.sources) {
                    row.copy_from_slice(&values[source * width..][..width]);
                }
            } else if values.len() == place.len() {
                place.copy_from_slice(&values);
            } else {
                // Only the table of classes can differ; its last row is "no class".
                place[classes * width..].copy_from_slice(&values[known_classes * width..]);
            }
        }
        trainer.current.state.average.clone_from(&trainer.current.state.weights);
        Ok(trainer)
    }

    /// A run that resumes from a checkpoint.
    #[must_use]
    pub fn resume(current: Checkpoint) -> Self {
        let slots = slots(&current.preset.model);
        let gradient = vec![0.0; current.state.weights.len()];
        Self {
            slots,
            random: Random::new(current.random),
            current,
            minutes: None,
            gradient,
            devices: DeviceSet::new(vec![], 1, TrainingPrecision::Full),
        }
    }

    /// Applies the options.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn configure(&mut self, options: &TrainerOptions) -> Result<(), OptionsError> {
        let TrainerOptions { devices, micro_batch, precision, .. } = options;
        devices.iter().try_for_each(|device| precision.check(device))?;
        self.minutes = options.minutes;
        self.devices = DeviceSet::new(devices.clone(), *micro_batch, *precision);
        let current = &mut self.current;
        let kept = current.loss_scale.unwrap_or_default();
        current.loss_scale = (*precision == TrainingPrecision::Mixed).then_some(kept);
        let old = &current.preset.training;
        let before = (old.batch, old.learning_rate);
        let mut training = options.training.clone().unwrap_or_else(|| old.clone());
        training.batch = options.batch.unwrap_or(training.batch);
        training.learning_rate = options.learning_rate.unwrap_or(training.learning_rate);
        let after = (training.batch, training.learning_rate);
        current.batch_change = BatchChange::after(current.batch_change, current.step, before, after);
        current.preset.training = training;
        Ok(current.preset.check("the run as configured")?)
    }

    /// Whether the run can continue with these tokens: those of a tokenizer and images of the same size.
    ///
    /// # Errors
    /// [`TokenMismatch`].
    pub fn check(&self, tokens: &TokenSet) -> Result<(), TokenMismatch> {
        tokens.check(&self.current.preset.model)
    }

    /// Whether the tokens are those of the tokenizer that the run began with.
    #[must_use]
    pub fn has_codes(&self, codes: &[f32]) -> bool {
        self.current.codes == codes
    }

    /// The state, ready to be saved.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { random: self.random.state(), ..self.current.clone() }
    }

    /// Moving average of the weights.
    #[must_use]
    pub fn average(&self) -> Weights {
        named(&self.slots, &self.current.state.average, &Device::flex())
    }

    /// What is trained, and how.
    #[must_use]
    pub fn preset(&self) -> &Preset {
        &self.current.preset
    }

    /// Steps done.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.current.step
    }

    /// Seconds spent in steps.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.current.seconds
    }

    /// Fraction of the run that is done, 0 to 1: by steps, or by the clock if that is further.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let by_steps = self.current.step as f64 / self.current.preset.training.steps as f64;
        let by_clock = self.minutes.map_or(0.0, |minutes| self.current.seconds / (60.0 * minutes));
        by_steps.max(by_clock).min(1.0)
    }

    /// The change of the batch size at an unchanged rate, if there was one.
    #[must_use]
    pub fn batch_change(&self) -> Option<BatchChange> {
        self.current.batch_change
    }
}
