//! One step of the training of a transformer.

use std::time::Instant;

use burn::tensor::Device;
use ibq_core::transformer::TransformerConfig;

use super::{
    gradient::{Model, Place, loss_and_gradient},
    moved_codes::Origins,
    network::{Sequences, loss},
    preset::ArPreset,
    state::{Slot, State, named, slots},
    tokens::TokenSet,
};
use crate::{
    operations::vector::dot,
    precision::{LossScale, PrecisionError, TrainingPrecision},
    random::Random,
    run::{BatchChange, TrainingError},
    weights::Weights,
};

/// What a step measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArStep {
    /// Mean cross-entropy in nats per token.
    pub loss: f64,
    /// Length of the gradient before clipping.
    pub gradient: f64,
    /// Learning rate.
    pub rate: f64,
}

/// Tokens do not fit the preset.
#[derive(Debug, thiserror::Error)]
#[error(
    "the tokens are for {found_codes} codes, {found_each} tokens per picture and {found_classes} classes; the model is for \
     {codes}, {each} and {classes} (--fit takes these numbers from the tokens)"
)]
pub struct Mismatch {
    found_codes: usize,
    found_each: usize,
    found_classes: usize,
    codes: u32,
    each: u32,
    classes: u32,
}

/// A training between two steps, all that a checkpoint keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct ArCheckpoint {
    /// What is trained, and how.
    pub preset: ArPreset,
    /// Weights, average, moments.
    pub state: State,
    /// Steps done.
    pub step: u64,
    /// Seconds spent.
    pub seconds: f64,
    /// State of the random numbers.
    pub random: u64,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// The codes of the tokenizer.
    pub codes: Vec<f32>,
    /// The batch that changed while the rate did not, if one did.
    pub batch_change: Option<BatchChange>,
    /// The factor on the loss, in mixed precision.
    pub loss_scale: Option<LossScale>,
}

/// A training in progress.
#[derive(Debug)]
pub struct ArTrainer {
    now: ArCheckpoint,
    slots: Vec<Slot>,
    random: Random,
    minutes: Option<f64>,
    gradient: Vec<f32>,
    place: Place,
}

/// One picture in so many is kept for measuring.
const KEPT: usize = 64;

impl ArTrainer {
    /// A training before its first step.
    ///
    /// # Errors
    /// [`Mismatch`].
    pub fn new(preset: ArPreset, tokens: &TokenSet) -> Result<Self, Mismatch> {
        let mut random = Random::new(preset.training.seed);
        let (class_names, codes) = (tokens.class_names.clone(), tokens.codes.clone());
        check(&preset, tokens)?;
        let state = State::initial(&preset.model, &preset.start, &codes, &mut random);
        let random = random.state();
        let (step, seconds, batch_change, loss_scale) = (0, 0.0, None, None);
        Ok(Self::resume(ArCheckpoint {
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

    /// A training that starts from the weights of a model instead of from random ones. The network is the model's, the rest
    /// is the preset's. Where the tokens have another number of classes than the model, the classes begin anew, all but "no
    /// class". Rows of codes begin with those of their `origins`.
    ///
    /// # Errors
    /// [`Mismatch`] when the tokens are for another number of codes or tokens.
    pub fn from_model(
        mut preset: ArPreset,
        (weights, model): (&Weights, TransformerConfig),
        origins: Option<&Origins>,
        tokens: &TokenSet,
    ) -> Result<Self, Mismatch> {
        let known_classes = model.class_num as usize;
        let classes = tokens.class_names.len();
        preset.model = TransformerConfig { class_num: classes as u32, ..model };
        let mut trainer = Self::new(preset, tokens)?;
        let width = trainer.now.preset.model.n_embd as usize;
        for slot in &trainer.slots {
            let values = weights.values(&slot.name);
            let place = &mut trainer.now.state.weights[slot.range.clone()];
            let of_codes = ["tok_emb.weight", "head.weight"].contains(&slot.name.as_str());
            if let Some(origins) = origins.filter(|_| of_codes) {
                for (row, &origin) in place.chunks_exact_mut(width).zip(&origins.of) {
                    row.copy_from_slice(&values[origin * width..][..width]);
                }
            } else if values.len() == place.len() {
                place.copy_from_slice(&values);
            } else {
                // Only the table of classes can differ; its last row is "no class".
                place[classes * width..].copy_from_slice(&values[known_classes * width..]);
            }
        }
        trainer.now.state.average.clone_from(&trainer.now.state.weights);
        Ok(trainer)
    }

    /// A training that goes on.
    #[must_use]
    pub fn resume(now: ArCheckpoint) -> Self {
        let slots = slots(&now.preset.model);
        let gradient = vec![0.0; now.state.weights.len()];
        Self {
            slots,
            random: Random::new(now.random),
            now,
            minutes: None,
            gradient,
            place: Place::new(vec![], 1, TrainingPrecision::Full),
        }
    }

    /// From now on gradients are computed on these devices: on each GPU for so many sequences at once. Weights, average and
    /// moments stay in main memory, where the optimizer changes them, so that a GPU needs no room for the optimizer.
    ///
    /// # Errors
    /// [`PrecisionError`] when one of the devices cannot multiply in this precision.
    pub fn set_devices(
        &mut self,
        devices: Vec<Device>,
        together: usize,
        precision: TrainingPrecision,
    ) -> Result<(), PrecisionError> {
        devices.iter().try_for_each(|device| precision.check(device))?;
        self.place = Place::new(devices, together, precision);
        let kept = self.now.loss_scale.unwrap_or_default();
        self.now.loss_scale = (precision == TrainingPrecision::Mixed).then_some(kept);
        Ok(())
    }

    /// Whether these tokens can go on with this training: those of the same tokenizer, of the same size.
    ///
    /// # Errors
    /// [`Mismatch`].
    pub fn check(&self, tokens: &TokenSet) -> Result<(), Mismatch> {
        check(&self.now.preset, tokens)
    }

    /// Whether the tokens are those of the tokenizer that the training began with.
    #[must_use]
    pub fn has_codes(&self, codes: &[f32]) -> bool {
        self.now.codes == codes
    }

    /// Ends the training after so many minutes in all, if its steps do not end it before.
    pub fn set_minutes(&mut self, minutes: Option<f64>) {
        self.minutes = minutes;
    }

    /// Everything that changes without changing the network.
    pub fn set_training(&mut self, training: super::preset::ArTraining) {
        let old = &self.now.preset.training;
        let (before, now) = ((old.batch, old.learning_rate), (training.batch, training.learning_rate));
        self.now.batch_change = BatchChange::after(self.now.batch_change, self.now.step, before, now);
        self.now.preset.training = training;
    }

    /// The state, ready to be saved.
    #[must_use]
    pub fn checkpoint(&self) -> ArCheckpoint {
        ArCheckpoint { random: self.random.state(), ..self.now.clone() }
    }

    /// Moving average of the weights.
    #[must_use]
    pub fn average(&self) -> Weights {
        named(&self.slots, &self.now.state.average, &Device::flex())
    }

    /// What is trained, and how.
    #[must_use]
    pub fn preset(&self) -> &ArPreset {
        &self.now.preset
    }

    /// Steps done.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.now.step
    }

    /// Seconds spent in steps.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.now.seconds
    }

    /// Share of the training that is done, 0 to 1: by steps, or by the clock if that is further.
    #[must_use]
    pub fn share(&self) -> f64 {
        let by_steps = self.now.step as f64 / self.now.preset.training.steps as f64;
        let by_clock = self.minutes.map_or(0.0, |minutes| self.now.seconds / (60.0 * minutes));
        by_steps.max(by_clock).min(1.0)
    }

    /// One step on pictures drawn at random.
    ///
    /// # Errors
    /// [`TrainingError::NotANumber`]; the weights are then those from before the step.
    pub fn step(&mut self, tokens: &TokenSet) -> Result<ArStep, TrainingError> {
        let start = Instant::now();
        let share = self.share();
        let preset = &self.now.preset;
        let training = &preset.training;
        let of_training = (tokens.len() - tokens.len() / KEPT).max(1);
        let (mut known, mut classes) = (Vec::new(), Vec::new());
        for _ in 0..training.batch {
            // The kept pictures are spread over the file, which may be sorted by class.
            let pick = self.random.below(of_training);
            let pick = (pick + pick / (KEPT - 1)).min(tokens.len() - 1);
            known.extend_from_slice(tokens.picture(pick));
            let dropped = f64::from(self.random.unit()) < training.class_dropout;
            classes.push(if dropped { preset.model.class_num as u16 } else { tokens.classes[pick] });
        }
        let dropout = (training.dropout > 0.0).then_some((training.dropout as f32, self.random.bits()));
        let sequences = Sequences { classes: &classes, tokens: &known };
        let (value, length) = loop {
            let preset = &self.now.preset;
            let model = Model { config: &preset.model, slots: &self.slots, weights: &self.now.state.weights };
            let scale = self.now.loss_scale.map_or(1.0, LossScale::factor);
            let value = loss_and_gradient(&self.place, model, sequences, dropout, scale, &mut self.gradient);
            self.verify("loss", value)?;
            let length = length(&self.gradient);
            // The gradient of the multiplied loss may not fit into 16 bits.
            if length.is_finite() || !self.now.loss_scale.as_mut().is_some_and(LossScale::halve) {
                break (value, length);
            }
        };
        self.verify("gradient", length)?;
        self.now.loss_scale.iter_mut().for_each(LossScale::went_well);

        let optimizer = self.now.preset.optimizer.clone();
        let scale = optimizer.clip_norm.filter(|most| length > *most).map_or(1.0, |most| most / length);
        let training = &self.now.preset.training;
        let done = (share * training.steps as f64) as u64;
        let (rate, decay) = training.at(done.max(self.now.step));
        // The clock may skip steps, but not those of the warm-up.
        let warm = self.now.step < training.warm_up;
        let rate = if warm { rate.min(training.at(self.now.step).0) } else { rate };
        let (steps, ema) = (self.now.step + 1, training.ema_decay);
        self.now.state.step(&self.slots, &self.gradient, scale as f32, steps, (rate, decay), &optimizer, ema);
        self.now.step = steps;
        self.now.seconds += start.elapsed().as_secs_f64();
        Ok(ArStep { loss: value, gradient: length, rate })
    }

    /// Mean cross-entropy of the averaged weights, on at most `most` pictures that are not trained on; none where there are
    /// too few pictures to keep one back.
    #[must_use]
    pub fn measure(&self, tokens: &TokenSet, most: usize) -> Option<f64> {
        let weights = named(&self.slots, &self.now.state.average, &self.place.device());
        let kept: Vec<usize> = (KEPT - 1..tokens.len()).step_by(KEPT).take(most).collect();
        let mut sum = 0.0;
        for batch in kept.chunks(8) {
            let known: Vec<u16> = batch.iter().flat_map(|&index| tokens.picture(index)).copied().collect();
            let classes: Vec<u16> = batch.iter().map(|&index| tokens.classes[index]).collect();
            let sequences = Sequences { classes: &classes, tokens: &known };
            let loss = loss(&weights, &self.now.preset.model, sequences, None);
            sum += f64::from(loss.into_scalar::<f32>()) * batch.len() as f64;
        }
        (!kept.is_empty()).then(|| sum / kept.len() as f64)
    }

    fn verify(&self, what: &'static str, value: f64) -> Result<(), TrainingError> {
        if value.is_finite() {
            Ok(())
        } else {
            let (step, batch_change, mixed) =
                (self.now.step, self.now.batch_change, self.now.loss_scale.is_some());
            Err(TrainingError::NotANumber { step, what, value, batch_change, mixed })
        }
    }
}

fn check(preset: &ArPreset, tokens: &TokenSet) -> Result<(), Mismatch> {
    let model = &preset.model;
    let found = [tokens.vocab, tokens.each, tokens.class_names.len()];
    if found == [model.vocab_size, model.block_size, model.class_num].map(|size| size as usize) {
        return Ok(());
    }
    Err(Mismatch {
        found_codes: found[0],
        found_each: found[1],
        found_classes: found[2],
        codes: model.vocab_size,
        each: model.block_size,
        classes: model.class_num,
    })
}

/// Length of a vector.
fn length(values: &[f32]) -> f64 {
    values.chunks(4096).map(|part| f64::from(dot(part, part))).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_beyond_16_bits_is_tried_again_with_a_smaller_factor() {
        let classes: Vec<u16> = (0..12).map(|picture| picture % 2).collect();
        let names = vec!["one".to_owned(), "two".to_owned()];
        let tokens = (0..12 * 16).map(|place| place * 7 % 32).collect();
        let tokens =
            TokenSet { each: 16, tokens, classes, class_names: names, codes: vec![0.5; 64], vocab: 32 };
        let preset = ArPreset::open("ar-tiny").unwrap().fitted_to(&tokens, "ar-tiny").unwrap();
        let mut trainer = ArTrainer::new(preset, &tokens).unwrap();
        trainer.place = Place::of_gpus(vec![Device::flex()], 4, TrainingPrecision::Mixed);
        trainer.now.loss_scale = Some(LossScale::of_factor(1e9));
        let step = trainer.step(&tokens).unwrap();
        assert!(step.gradient.is_finite() && step.gradient > 0.0);
        let factor = trainer.now.loss_scale.unwrap().factor();
        assert!((1.0..1e9).contains(&factor), "{factor}");
    }
}
