//! One step of a run, and the measurement on held-out images.

use std::time::Instant;

use super::{
    gradient::{Model, loss_and_gradient},
    trainer::Trainer,
};
use crate::{
    operations::vector::dot,
    optim::AdamWStep,
    precision::LossScale,
    training::NotFinite,
    transformer::{
        network::{Sequences, loss},
        parameters::{Slot, named},
        tokens::TokenSet,
    },
};

/// What a step measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// Mean cross-entropy in nats per token.
    pub loss: f64,
    /// Norm of the gradient before clipping.
    pub gradient: f64,
    /// Learning rate.
    pub rate: f64,
}

/// One image in this many is held out for measurements.
const HELD_OUT_EVERY: usize = 64;

impl Trainer {
    /// One step on pictures drawn at random.
    ///
    /// # Errors
    /// [`NotFinite`]; the weights are then those from before the step.
    pub fn step(&mut self, tokens: &TokenSet) -> Result<StepResult, NotFinite> {
        let start = Instant::now();
        let fraction = self.fraction();
        let preset = &self.current.preset;
        let training = &preset.training;
        let training_images = (tokens.len() - Self::held_out(tokens)).max(1);
        let (mut known, mut classes) = (Vec::new(), Vec::new());
        for _ in 0..training.batch {
            // The held-out images are spread over the file, which may be sorted by class.
            let pick = self.random.below(training_images);
            let pick = (pick + pick / (HELD_OUT_EVERY - 1)).min(tokens.len() - 1);
            known.extend_from_slice(tokens.picture(pick));
            let dropped = f64::from(self.random.unit()) < training.class_dropout;
            classes.push(if dropped { preset.model.class_num as u16 } else { tokens.classes[pick] });
        }
        let dropout = (training.dropout > 0.0).then_some((training.dropout as f32, self.random.bits()));
        let sequences = Sequences { classes: &classes, tokens: &known };
        let (value, norm) = loop {
            let preset = &self.current.preset;
            let model =
                Model { config: &preset.model, slots: &self.slots, weights: &self.current.state.weights };
            let scale = self.current.loss_scale.map_or(1.0, LossScale::factor);
            let value =
                loss_and_gradient(&self.devices, model, sequences, dropout, scale, &mut self.gradient);
            self.check_finite("loss", value)?;
            let norm = norm(&self.gradient);
            // The gradient of the multiplied loss may not fit into 16 bits.
            if norm.is_finite() || !self.current.loss_scale.as_mut().is_some_and(LossScale::halve) {
                break (value, norm);
            }
        };
        self.check_finite("gradient", norm)?;
        self.current.loss_scale.iter_mut().for_each(LossScale::went_well);

        let optimizer = self.current.preset.optimizer.clone();
        let scale = optimizer.clip_norm.filter(|most| norm > *most).map_or(1.0, |most| most / norm);
        let training = &self.current.preset.training;
        let done = (fraction * training.steps as f64) as u64;
        let (rate, decay) = training.at(done.max(self.current.step));
        // The clock may skip steps, but not those of the warm-up.
        let warm = self.current.step < training.warm_up;
        let rate = if warm { rate.min(training.at(self.current.step).0) } else { rate };
        let number = self.current.step + 1;
        let step = AdamWStep {
            number,
            gradient_scale: scale as f32,
            rate,
            weight_decay: decay,
            ema_decay: training.ema_decay,
        };
        self.current.state.step(self.slots.iter().map(Slot::flat), &self.gradient, step, &optimizer);
        self.current.step = number;
        self.current.seconds += start.elapsed().as_secs_f64();
        Ok(StepResult { loss: value, gradient: norm, rate })
    }

    /// How many of these images are held out.
    #[must_use]
    pub fn held_out(tokens: &TokenSet) -> usize {
        tokens.len() / HELD_OUT_EVERY
    }

    /// Mean cross-entropy of the averaged weights, on at most `most` held-out images; none where there
    /// are too few images to hold one out.
    #[must_use]
    pub fn measure(&self, tokens: &TokenSet, most: usize) -> Option<f64> {
        let weights = named(&self.slots, &self.current.state.average, &self.devices.device());
        let held_out: Vec<usize> =
            (HELD_OUT_EVERY - 1..tokens.len()).step_by(HELD_OUT_EVERY).take(most).collect();
        let mut sum = 0.0;
        for batch in held_out.chunks(8) {
            let known: Vec<u16> = batch.iter().flat_map(|&index| tokens.picture(index)).copied().collect();
            let classes: Vec<u16> = batch.iter().map(|&index| tokens.classes[index]).collect();
            let sequences = Sequences { classes: &classes, tokens: &known };
            let loss = loss(&weights, &self.current.preset.model, sequences, None);
            sum += f64::from(loss.into_scalar::<f32>()) * batch.len() as f64;
        }
        (!held_out.is_empty()).then(|| sum / held_out.len() as f64)
    }

    fn check_finite(&self, quantity: &'static str, value: f64) -> Result<(), NotFinite> {
        let (step, batch_change, mixed) =
            (self.current.step, self.current.batch_change, self.current.loss_scale.is_some());
        NotFinite { step, quantity, value, batch_change, mixed }.check()
    }
}

/// Norm of a vector.
fn norm(values: &[f32]) -> f64 {
    values.chunks(4096).map(|part| f64::from(dot(part, part))).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::{
        precision::TrainingPrecision,
        transformer::{preset::Preset, trainer::device_set::DeviceSet},
    };

    #[test]
    fn a_gradient_beyond_16_bits_is_tried_again_with_a_smaller_factor() {
        let classes: Vec<u16> = (0..12).map(|picture| picture % 2).collect();
        let names = vec!["one".to_owned(), "two".to_owned()];
        let tokens = (0..12 * 16).map(|place| place * 7 % 32).collect();
        let tokens =
            TokenSet { each: 16, tokens, classes, class_names: names, codes: vec![0.5; 64], vocab: 32 };
        let preset = Preset::open("ar-tiny").unwrap().fitted_to(&tokens, "ar-tiny").unwrap();
        let mut trainer = Trainer::new(preset, &tokens).unwrap();
        trainer.devices = DeviceSet::of_gpus(vec![Device::flex()], 4, TrainingPrecision::Mixed);
        trainer.current.loss_scale = Some(LossScale::of_factor(1e9));
        let step = trainer.step(&tokens).unwrap();
        assert!(step.gradient.is_finite() && step.gradient > 0.0);
        let factor = trainer.current.loss_scale.unwrap().factor();
        assert!((1.0..1e9).contains(&factor), "{factor}");
    }
}
