//! Checkpoints of transformers: weights under `transformer.`, their average under `model_ema.transformer` with the dots
//! removed, the optimizer's moments under `adam.first.` and `adam.second.`, in one safetensors file.

use std::{collections::HashMap, path::Path};

use super::{
    preset::ArPreset,
    state::{State, slots},
    trainer::ArCheckpoint,
};
use crate::{
    checkpoint::{BATCH_CHANGE, CheckpointError, LOSS_SCALE},
    stored::{self, Stored, StoredError, StoredFile},
};

/// Name of the tokenizer's codes in a checkpoint.
const CODES: &str = "tokenizer.codes";

impl ArCheckpoint {
    /// Writes the checkpoint to `path`. What stood there is replaced only when the new one is complete on disk.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let slots = slots(&self.preset.model);
        let mut tensors = Vec::new();
        for slot in &slots {
            for (name, values) in stored_names(&slot.name).into_iter().zip(self.state.parts()) {
                tensors.push((name, Stored::floats(slot.shape.clone(), &values[slot.range.clone()])));
            }
        }
        tensors.push((CODES.to_owned(), Stored::floats(vec![self.codes.len()], &self.codes)));
        let preset = toml::to_string(&self.preset).map_err(|error| StoredError::content(path, &error))?;
        let names = stored::json_fact(path, &self.class_names)?;
        let mut facts = HashMap::from([
            ("ar_preset".to_owned(), preset),
            ("class_names".to_owned(), names),
            ("step".to_owned(), self.step.to_string()),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("random".to_owned(), self.random.to_string()),
        ]);
        if let Some(change) = &self.batch_change {
            facts.insert(BATCH_CHANGE.to_owned(), stored::json_fact(path, change)?);
        }
        if let Some(scale) = &self.loss_scale {
            facts.insert(LOSS_SCALE.to_owned(), stored::json_fact(path, scale)?);
        }
        Ok(stored::write(path, tensors, facts)?)
    }

    /// Reads a checkpoint of [`save`](Self::save).
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = StoredFile::open(path, "a checkpoint of `ibq-train ar`")?;
        let preset = ArPreset::parse(&path.display().to_string(), file.fact("ar_preset")?)?;
        let mut parts: [Vec<f32>; 4] = Default::default();
        for slot in slots(&preset.model) {
            for (name, part) in stored_names(&slot.name).iter().zip(&mut parts) {
                part.extend(file.floats_of(name, slot.range.len())?);
            }
        }
        let [weights, average, first, second] = parts;
        Ok(Self {
            state: State { weights, average, first, second },
            step: file.number("step")?,
            seconds: file.number("seconds")?,
            random: file.number("random")?,
            class_names: file.json("class_names")?,
            codes: file.floats(CODES)?.1,
            batch_change: file.json_if_any(BATCH_CHANGE)?,
            loss_scale: file.json_if_any(LOSS_SCALE)?,
            preset,
        })
    }
}

impl State {
    /// Weights, average and moments, in the order of [`stored_names`].
    fn parts(&self) -> [&[f32]; 4] {
        [&self.weights, &self.average, &self.first, &self.second]
    }
}

/// What a parameter, its average and its moments are called in the file.
fn stored_names(name: &str) -> [String; 4] {
    [
        format!("transformer.{name}"),
        format!("model_ema.transformer{}", name.replace('.', "")),
        format!("adam.first.{name}"),
        format!("adam.second.{name}"),
    ]
}
