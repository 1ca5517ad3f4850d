//! Checkpoints: everything that a run needs to resume as if it had never stopped, in one safetensors file.
//!
//! The weights are under their official names and their moving averages under `model_ema.` with the dots removed, as in
//! an official checkpoint; the discriminator's under `loss.discriminator.`; the optimizers' moments are under `adam.first.` and
//! `adam.second.`.

use std::{collections::HashMap, path::Path};

use burn::tensor::{Device, Tensor, TensorData};

use super::{adversary::Adversary, preset::Preset};
use crate::{
    optim::{Adam, Ema},
    precision::LossScale,
    random::Random,
    safetensors_file::{self, SafetensorsFile, StoredTensor, TensorFileError},
    training::{BATCH_CHANGE, BatchChange, CheckpointError, LOSS_SCALE},
    weights::Weights,
};

/// A run between two steps.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What is trained, and how.
    pub preset: Preset,
    /// The weights.
    pub weights: Weights,
    /// Their moving average.
    pub ema: Ema,
    /// The optimizer.
    pub adam: Adam,
    /// The discriminator with its own optimizer, if there is one.
    pub adversary: Option<Adversary>,
    /// Steps done.
    pub step: u64,
    /// Seconds spent.
    pub seconds: f64,
    /// State of the random numbers.
    pub random: u64,
    /// How often each code was chosen since unused codes were last reset.
    pub uses: Vec<u32>,
    /// The change of the batch size at an unchanged rate, if there was one.
    pub batch_change: Option<BatchChange>,
    /// The factor on the loss, in mixed precision.
    pub loss_scale: Option<LossScale>,
}

impl Checkpoint {
    /// Writes the checkpoint to `path`. What stood there is replaced only when the new one is complete on disk.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut tensors: Vec<(String, StoredTensor)> = Vec::new();
        for (name, tensor) in self.weights.iter() {
            tensors.push((name.to_owned(), floats(tensor.shape.clone(), &tensor.values)));
        }
        for (name, tensor) in self.ema.weights.iter() {
            tensors.push((ema_name(name), floats(tensor.shape.clone(), &tensor.values)));
        }
        for (prefix, moments) in [("adam.first.", &self.adam.first), ("adam.second.", &self.adam.second)] {
            for (name, values) in moments {
                tensors.push((format!("{prefix}{name}"), floats(values.dims().to_vec(), values)));
            }
        }
        if let Some(adversary) = &self.adversary {
            let Adversary { discriminator, adam, .. } = adversary;
            for (name, tensor) in discriminator.weights.iter().chain(discriminator.statistics.iter()) {
                let values = floats(tensor.shape.clone(), &tensor.values);
                tensors.push((format!("{DISCRIMINATOR}{name}"), values));
            }
            for (prefix, moments) in [("adam.first.", &adam.first), ("adam.second.", &adam.second)] {
                for (name, values) in moments {
                    let stored = format!("{prefix}{DISCRIMINATOR}{name}");
                    tensors.push((stored, floats(values.dims().to_vec(), values)));
                }
            }
        }
        let uses: Vec<f32> = self.uses.iter().map(|uses| *uses as f32).collect();
        tensors.push((USES.to_owned(), StoredTensor::floats(vec![uses.len()], &uses)));
        let content = |error: toml::ser::Error| TensorFileError::content(path, &error);
        let preset = toml::to_string(&self.preset).map_err(content)?;
        let mut metadata = HashMap::from([
            ("preset".to_owned(), preset),
            ("step".to_owned(), self.step.to_string()),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("random".to_owned(), self.random.to_string()),
            ("adam_steps".to_owned(), self.adam.steps.to_string()),
        ]);
        if let Some(change) = &self.batch_change {
            metadata.insert(BATCH_CHANGE.to_owned(), safetensors_file::metadata_json(path, change)?);
        }
        if let Some(scale) = &self.loss_scale {
            metadata.insert(LOSS_SCALE.to_owned(), safetensors_file::metadata_json(path, scale)?);
        }
        if let Some(adversary) = &self.adversary {
            metadata.insert("discriminator_steps".to_owned(), adversary.adam.steps.to_string());
            metadata.insert("lecam_real".to_owned(), adversary.lecam.real.to_string());
            metadata.insert("lecam_fake".to_owned(), adversary.lecam.fake.to_string());
        }
        Ok(safetensors_file::write(path, tensors, metadata)?)
    }

    /// Reads a checkpoint of [`save`](Self::save) onto a device.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path, device: &Device) -> Result<Self, CheckpointError> {
        let file = SafetensorsFile::open(path, "a checkpoint of ibq-train")?;
        let preset = Preset::parse(&path.display().to_string(), file.text("preset")?)?;

        let (mut weights, mut average, mut adam) = (Weights::default(), Weights::default(), Adam::default());
        for (name, shape) in preset.model.parameters() {
            let shape: Vec<usize> = shape.into_iter().map(|size| size as usize).collect();
            let count = shape.iter().product::<usize>();
            weights.insert(&name, shape.clone(), file.floats_of(&name, count)?, device);
            average.insert(&name, shape, file.floats_of(&ema_name(&name), count)?, device);
            for (prefix, moments) in [("adam.first.", &mut adam.first), ("adam.second.", &mut adam.second)] {
                let stored = format!("{prefix}{name}");
                if file.has(&stored) {
                    let data = TensorData::new(file.floats_of(&stored, count)?, [count]);
                    moments.insert(name.clone(), Tensor::from_data(data, device));
                }
            }
        }
        let mut adversary = None;
        if let Some(config) = &preset.adversarial {
            // One before training has all names and shapes; every value of it is replaced.
            let mut stored = Adversary::new(config, &mut Random::new(0), device);
            let Adversary { discriminator, adam, lecam } = &mut stored;
            let flat = |name: &str, count: usize| -> Result<Tensor<1>, TensorFileError> {
                Ok(Tensor::from_data(TensorData::new(file.floats_of(name, count)?, [count]), device))
            };
            for part in [&mut discriminator.weights, &mut discriminator.statistics] {
                let names: Vec<_> = part.iter().map(|(n, t)| (n.to_owned(), t.values.dims()[0])).collect();
                for (name, count) in names {
                    let full = format!("{DISCRIMINATOR}{name}");
                    let read = flat(&full, count)?;
                    part.update(&name, |_| read);
                    for (prefix, moments) in
                        [("adam.first.", &mut adam.first), ("adam.second.", &mut adam.second)]
                    {
                        let stored = format!("{prefix}{full}");
                        if file.has(&stored) {
                            moments.insert(name.clone(), flat(&stored, count)?);
                        }
                    }
                }
            }
            adam.steps = file.number("discriminator_steps")?;
            lecam.real = file.number("lecam_real")?;
            lecam.fake = file.number("lecam_fake")?;
            adversary = Some(stored);
        }
        let mut uses = vec![0; preset.model.n_embed as usize];
        if file.has(USES) {
            uses.iter_mut().zip(file.floats(USES)?.1).for_each(|(uses, stored)| *uses = stored as u32);
        }
        adam.steps = file.number("adam_steps")?;
        let mut ema = Ema::new(&average, preset.training.ema_decay, false);
        ema.weights = average;
        Ok(Self {
            step: file.number("step")?,
            seconds: file.number("seconds")?,
            random: file.number("random")?,
            preset,
            weights,
            ema,
            adam,
            adversary,
            uses,
            batch_change: file.optional_json(BATCH_CHANGE)?,
            loss_scale: file.optional_json(LOSS_SCALE)?,
        })
    }
}

/// What the names of the discriminator's tensors begin with, as in an official checkpoint.
pub(crate) const DISCRIMINATOR: &str = "loss.discriminator.";

/// Name of the counts of chosen codes.
const USES: &str = "codebook.uses";

/// Name of a moving average in an official checkpoint.
pub(crate) fn ema_name(name: &str) -> String {
    format!("model_ema.{}", name.replace('.', ""))
}

fn floats(shape: Vec<usize>, values: &Tensor<1>) -> StoredTensor {
    let values: Vec<f32> = values.to_data().convert::<f32>().iter::<f32>().collect();
    StoredTensor::floats(shape, &values)
}
