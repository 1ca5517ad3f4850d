//! Checkpoints of transformers: weights under `transformer.`, their average under `model_ema.transformer` with the dots
//! removed, the optimizer's moments under `adam.first.` and `adam.second.`, in one safetensors file.

use std::{collections::HashMap, path::Path};

use super::{parameters::slots, preset::Preset};
use crate::{
    optim::AdamWState,
    precision::LossScale,
    safetensors_file::{self, SafetensorsFile, StoredTensor, TensorFileError},
    training::{BATCH_CHANGE, BatchChange, CheckpointError, LOSS_SCALE},
};

/// A run between two steps: all that a checkpoint keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What is trained, and how.
    pub preset: Preset,
    /// Weights, average, moments.
    pub state: AdamWState,
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
    /// The change of the batch size at an unchanged rate, if there was one.
    pub batch_change: Option<BatchChange>,
    /// The factor on the loss, in mixed precision.
    pub loss_scale: Option<LossScale>,
}

/// Name of the tokenizer's codes in a checkpoint.
const CODES: &str = "tokenizer.codes";

impl Checkpoint {
    /// Writes the checkpoint to `path`. What stood there is replaced only when the new one is complete on disk.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let slots = slots(&self.preset.model);
        let mut tensors = Vec::new();
        for slot in &slots {
            for (name, values) in stored_names(&slot.name).into_iter().zip(self.state.vectors()) {
                tensors.push((name, StoredTensor::floats(slot.shape.clone(), &values[slot.range.clone()])));
            }
        }
        tensors.push((CODES.to_owned(), StoredTensor::floats(vec![self.codes.len()], &self.codes)));
        let preset = toml::to_string(&self.preset).map_err(|error| TensorFileError::content(path, &error))?;
        let names = safetensors_file::metadata_json(path, &self.class_names)?;
        let mut metadata = HashMap::from([
            ("ar_preset".to_owned(), preset),
            ("class_names".to_owned(), names),
            ("step".to_owned(), self.step.to_string()),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("random".to_owned(), self.random.to_string()),
        ]);
        if let Some(change) = &self.batch_change {
            metadata.insert(BATCH_CHANGE.to_owned(), safetensors_file::metadata_json(path, change)?);
        }
        if let Some(scale) = &self.loss_scale {
            metadata.insert(LOSS_SCALE.to_owned(), safetensors_file::metadata_json(path, scale)?);
        }
        Ok(safetensors_file::write(path, tensors, metadata)?)
    }

    /// Reads a checkpoint of [`save`](Self::save).
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let file = SafetensorsFile::open(path, "a checkpoint of `ibq-train ar`")?;
        let preset = Preset::parse(&path.display().to_string(), file.text("ar_preset")?)?;
        let mut vectors: [Vec<f32>; 4] = Default::default();
        for slot in slots(&preset.model) {
            for (name, vector) in stored_names(&slot.name).iter().zip(&mut vectors) {
                vector.extend(file.floats_of(name, slot.range.len())?);
            }
        }
        let [weights, average, first, second] = vectors;
        Ok(Self {
            state: AdamWState { weights, average, first, second },
            step: file.number("step")?,
            seconds: file.number("seconds")?,
            random: file.number("random")?,
            class_names: file.json("class_names")?,
            codes: file.floats(CODES)?.1,
            batch_change: file.optional_json(BATCH_CHANGE)?,
            loss_scale: file.optional_json(LOSS_SCALE)?,
            preset,
        })
    }
}

impl AdamWState {
    /// Weights, average and moments, in the order of [`stored_names`].
    fn vectors(&self) -> [&[f32]; 4] {
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
