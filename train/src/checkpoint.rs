//! Checkpoints: everything that a training needs to go on as if it had never stopped, in one safetensors file.
//!
//! The weights are under their official names and their moving averages under `model_ema.` with the dots removed, as in
//! an official checkpoint; the discriminator's under `loss.discriminator.`; the optimizers' moments are under `adam.first.` and
//! `adam.second.`.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors, View};

use crate::{
    adam::Adam,
    adversary::Adversary,
    ema::Ema,
    preset::{Preset, PresetError},
    random::Random,
    weights::Weights,
};

/// A checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The preset inside.
    #[error(transparent)]
    Preset(#[from] PresetError),
}

/// A training between two steps.
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
    /// The discriminator with its own optimizer, where one takes part.
    pub adversary: Option<Adversary>,
    /// Steps done.
    pub step: u64,
    /// Seconds spent.
    pub seconds: f64,
    /// State of the random numbers.
    pub random: u64,
    /// How often each code was chosen since unused codes were last revived.
    pub uses: Vec<u32>,
}

impl Checkpoint {
    /// Writes the checkpoint to `path`. What stood there is replaced only when the new one is complete on disk.
    ///
    /// # Errors
    /// [`CheckpointError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut tensors: Vec<(String, Values)> = Vec::new();
        for (name, tensor) in self.weights.iter() {
            tensors.push((name.to_owned(), Values::new(tensor.shape.clone(), &tensor.values)));
        }
        for (name, tensor) in self.ema.weights.iter() {
            tensors.push((ema_name(name), Values::new(tensor.shape.clone(), &tensor.values)));
        }
        for (prefix, moments) in [("adam.first.", &self.adam.first), ("adam.second.", &self.adam.second)] {
            for (name, values) in moments {
                tensors.push((format!("{prefix}{name}"), Values::new(values.dims().to_vec(), values)));
            }
        }
        if let Some(adversary) = &self.adversary {
            let Adversary { discriminator, adam, .. } = adversary;
            for (name, tensor) in discriminator.weights.iter().chain(discriminator.statistics.iter()) {
                let values = Values::new(tensor.shape.clone(), &tensor.values);
                tensors.push((format!("{DISCRIMINATOR}{name}"), values));
            }
            for (prefix, moments) in [("adam.first.", &adam.first), ("adam.second.", &adam.second)] {
                for (name, values) in moments {
                    let stored = format!("{prefix}{DISCRIMINATOR}{name}");
                    tensors.push((stored, Values::new(values.dims().to_vec(), values)));
                }
            }
        }
        let uses = self.uses.iter().flat_map(|uses| (*uses as f32).to_le_bytes()).collect();
        tensors.push((USES.to_owned(), Values { shape: vec![self.uses.len()], bytes: uses }));
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let preset = toml::to_string(&self.preset).map_err(|error| content(error.to_string()))?;
        let mut facts = HashMap::from([
            ("preset".to_owned(), preset),
            ("step".to_owned(), self.step.to_string()),
            ("seconds".to_owned(), self.seconds.to_string()),
            ("random".to_owned(), self.random.to_string()),
            ("adam_steps".to_owned(), self.adam.steps.to_string()),
        ]);
        if let Some(adversary) = &self.adversary {
            facts.insert("discriminator_steps".to_owned(), adversary.adam.steps.to_string());
            facts.insert("lecam_real".to_owned(), adversary.lecam.real.to_string());
            facts.insert("lecam_fake".to_owned(), adversary.lecam.fake.to_string());
        }
        let bytes =
            safetensors::serialize(tensors, Some(facts)).map_err(|error| content(error.to_string()))?;
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        write_whole(path, &bytes).map_err(io)
    }

    /// Reads a checkpoint of [`save`](Self::save) onto a device.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(path: &Path, device: &Device) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Io { path: path.to_owned(), source })?;
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let file = SafeTensors::deserialize(&bytes).map_err(|error| content(error.to_string()))?;
        let (_, head) = SafeTensors::read_metadata(&bytes).map_err(|error| content(error.to_string()))?;
        let facts = head.metadata().clone().unwrap_or_default();
        let fact = |name: &str| {
            facts.get(name).ok_or_else(|| content(format!("not a checkpoint of ibq-train: no `{name}`")))
        };
        let wrong = |name: &str| content(format!("`{name}` is not a number"));
        let preset = Preset::parse(&path.display().to_string(), fact("preset")?)?;

        let values = |name: &str| -> Result<Vec<f32>, CheckpointError> {
            let tensor = file.tensor(name).map_err(|_| content(format!("the tensor `{name}` is missing")))?;
            if tensor.dtype() != Dtype::F32 {
                return Err(content(format!("the tensor `{name}` is not F32")));
            }
            Ok(tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        };
        let (mut weights, mut average, mut adam) = (Weights::default(), Weights::default(), Adam::default());
        for (name, shape) in preset.model.parameters() {
            let shape: Vec<usize> = shape.into_iter().map(|size| size as usize).collect();
            let count = shape.iter().product::<usize>();
            let checked = |stored: &str| match values(stored)? {
                values if values.len() == count => Ok(values),
                values => Err(content(format!("`{stored}` has {} values instead of {count}", values.len()))),
            };
            weights.insert(&name, shape.clone(), checked(&name)?, device);
            average.insert(&name, shape, checked(&ema_name(&name))?, device);
            for (prefix, moments) in [("adam.first.", &mut adam.first), ("adam.second.", &mut adam.second)] {
                let stored = format!("{prefix}{name}");
                if file.tensor(&stored).is_ok() {
                    let data = TensorData::new(checked(&stored)?, [count]);
                    moments.insert(name.clone(), Tensor::from_data(data, device));
                }
            }
        }
        let mut adversary = None;
        if let Some(config) = &preset.adversarial {
            // One before training has all names and shapes; every value of it is replaced.
            let mut stored = Adversary::new(config, &mut Random::new(0), device);
            let Adversary { discriminator, adam, lecam } = &mut stored;
            let flat = |name: &str, count: usize| match values(name)? {
                values if values.len() == count => {
                    Ok(Tensor::<1>::from_data(TensorData::new(values, [count]), device))
                }
                values => Err(content(format!("`{name}` has {} values instead of {count}", values.len()))),
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
                        if file.tensor(&stored).is_ok() {
                            moments.insert(name.clone(), flat(&stored, count)?);
                        }
                    }
                }
            }
            adam.steps = fact("discriminator_steps")?.parse().map_err(|_| wrong("discriminator_steps"))?;
            lecam.real = fact("lecam_real")?.parse().map_err(|_| wrong("lecam_real"))?;
            lecam.fake = fact("lecam_fake")?.parse().map_err(|_| wrong("lecam_fake"))?;
            adversary = Some(stored);
        }
        let mut uses = vec![0; preset.model.n_embed as usize];
        if file.tensor(USES).is_ok() {
            uses.iter_mut().zip(values(USES)?).for_each(|(uses, stored)| *uses = stored as u32);
        }
        adam.steps = fact("adam_steps")?.parse().map_err(|_| wrong("adam_steps"))?;
        let mut ema = Ema::new(&average, preset.training.ema_decay, false);
        ema.weights = average;
        Ok(Self {
            step: fact("step")?.parse().map_err(|_| wrong("step"))?,
            seconds: fact("seconds")?.parse().map_err(|_| wrong("seconds"))?,
            random: fact("random")?.parse().map_err(|_| wrong("random"))?,
            preset,
            weights,
            ema,
            adam,
            adversary,
            uses,
        })
    }
}

/// What the names of the discriminator's tensors begin with, as in an official checkpoint.
const DISCRIMINATOR: &str = "loss.discriminator.";

/// Name of the counts of chosen codes.
const USES: &str = "codebook.uses";

/// Name of a moving average in an official checkpoint.
fn ema_name(name: &str) -> String {
    format!("model_ema.{}", name.replace('.', ""))
}

/// Writes a file under another name beside its place, and moves it there once it is on disk.
///
/// # Errors
/// Those of the file system.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

/// A tensor on its way to a file.
struct Values {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Values {
    fn new(shape: Vec<usize>, values: &Tensor<1>) -> Self {
        let values = values.to_data().convert::<f32>();
        Self { shape, bytes: values.iter::<f32>().flat_map(f32::to_le_bytes).collect() }
    }
}

impl View for Values {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
