//! Checkpoints of transformers: weights under `transformer.`, their average under `model_ema.transformer` with the dots
//! removed, the optimizer's moments under `adam.first.` and `adam.second.`, in one safetensors file.

use std::{collections::HashMap, fs, path::Path};

use safetensors::{Dtype, SafeTensors};

use super::{
    preset::ArPreset,
    state::{State, slots},
    tokens::Stored,
    trainer::ArCheckpoint,
};
use crate::checkpoint::{CheckpointError, write_whole};

/// Name of the tokenizer's codes in a checkpoint.
const CODES: &str = "tokenizer.codes";

impl ArCheckpoint {
    /// Writes the checkpoint to `path`. What stood there is replaced only when the new one is complete on disk.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let slots = slots(&self.preset.model);
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let mut tensors = Vec::new();
        for slot in &slots {
            for (name, values) in stored_names(&slot.name).into_iter().zip(self.state.parts()) {
                let part = bytes(&values[slot.range.clone()]);
                tensors.push((name, Stored(Dtype::F32, slot.shape.clone(), part)));
            }
        }
        tensors.push((CODES.to_owned(), Stored(Dtype::F32, vec![self.codes.len()], bytes(&self.codes))));
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let preset = toml::to_string(&self.preset).map_err(|error| content(error.to_string()))?;
        let names = serde_json::to_string(&self.class_names).map_err(|error| content(error.to_string()))?;
        let facts = HashMap::from([
            ("ar_preset".to_owned(), preset),
            ("class_names".to_owned(), names),
            ("step".to_owned(), self.step.to_string()),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("random".to_owned(), self.random.to_string()),
        ]);
        let bytes =
            safetensors::serialize(tensors, Some(facts)).map_err(|error| content(error.to_string()))?;
        write_whole(path, &bytes).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })
    }

    /// Reads a checkpoint of [`save`](Self::save).
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let file = SafeTensors::deserialize(&bytes).map_err(|error| content(error.to_string()))?;
        let (_, head) = SafeTensors::read_metadata(&bytes).map_err(|error| content(error.to_string()))?;
        let facts = head.metadata().clone().unwrap_or_default();
        let fact = |name: &str| {
            facts.get(name).ok_or_else(|| content(format!("not a checkpoint of `ibq-train ar`: no `{name}`")))
        };
        let wrong = |name: &str| content(format!("`{name}` is not what it should be"));
        let preset = ArPreset::parse(&path.display().to_string(), fact("ar_preset")?)?;
        let floats = |name: &str| -> Result<Vec<f32>, CheckpointError> {
            let tensor = file.tensor(name).map_err(|_| content(format!("the tensor `{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(wrong(name));
            }
            Ok(tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        };
        let mut parts: [Vec<f32>; 4] = Default::default();
        for slot in slots(&preset.model) {
            for (name, part) in stored_names(&slot.name).iter().zip(&mut parts) {
                let values = floats(name)?;
                if values.len() != slot.range.len() {
                    return Err(wrong(name));
                }
                part.extend(values);
            }
        }
        let [weights, average, first, second] = parts;
        Ok(Self {
            state: State { weights, average, first, second },
            step: fact("step")?.parse().map_err(|_| wrong("step"))?,
            seconds: fact("seconds")?.parse().map_err(|_| wrong("seconds"))?,
            random: fact("random")?.parse().map_err(|_| wrong("random"))?,
            class_names: serde_json::from_str(fact("class_names")?).map_err(|_| wrong("class_names"))?,
            codes: floats(CODES)?,
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
