//! A small network that tells the classes of scenes apart: the judge of generated pictures.

use std::{collections::HashMap, path::Path};

use burn::tensor::{Device, Int, Tensor, TensorData, activation::log_softmax};

use crate::{
    data::Pictures,
    operations::{conv2d, group_norm_swish},
    optim::{Adam, AdamConfig, warm_up_then_cosine},
    random::Random,
    safetensors_file::{self, SafetensorsFile, StoredTensor, TensorFileError},
    weights::Weights,
};

/// Width and stride of the convolutions.
const LAYERS: [(usize, usize); 5] = [(64, 2), (64, 2), (128, 2), (128, 1), (128, 2)];
/// Numbers that describe a picture before the last layer.
pub const FEATURES: usize = 128;
/// Pictures that go through the network at once.
const BATCH: usize = 32;

/// The network and the names of its classes.
#[derive(Clone, Debug)]
pub struct Classifier {
    weights: Weights,
    device: Device,
    /// Names of the classes.
    pub class_names: Vec<String>,
}

/// What it predicts for some pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The most probable class of each.
    pub classes: Vec<usize>,
    /// `[pictures, FEATURES]`.
    pub features: Vec<f32>,
}

impl Predictions {
    /// Fraction of the pictures that show their target class.
    #[must_use]
    pub fn accuracy(&self, targets: &[usize]) -> f64 {
        let right =
            self.classes.iter().zip(targets).filter(|(predicted, target)| predicted == target).count();
        right as f64 / targets.len().max(1) as f64
    }
}

impl Classifier {
    /// A network before training, which computes on this device.
    #[must_use]
    pub fn new(class_names: Vec<String>, random: &mut Random, device: Device) -> Self {
        let mut weights = Weights::default();
        let mut cin = 3;
        for (index, (cout, _)) in LAYERS.into_iter().enumerate() {
            let deviation = (2.0 / (cin as f32 * 9.0)).sqrt();
            let kernel = (0..cout * cin * 9).map(|_| deviation * random.normal()).collect();
            weights.insert(&format!("conv{index}.weight"), vec![cout, cin, 3, 3], kernel, &device);
            weights.insert(&format!("conv{index}.bias"), vec![cout], vec![0.0; cout], &device);
            weights.insert(&format!("norm{index}.weight"), vec![cout], vec![1.0; cout], &device);
            weights.insert(&format!("norm{index}.bias"), vec![cout], vec![0.0; cout], &device);
            cin = cout;
        }
        let classes = class_names.len();
        weights.insert("head.weight", vec![FEATURES, classes], vec![0.0; FEATURES * classes], &device);
        weights.insert("head.bias", vec![classes], vec![0.0; classes], &device);
        Self { weights, device, class_names }
    }

    /// Trains for `epochs` passes over the pictures, whose classes are given. `on_step` is called
    /// with the fraction that is done and the loss.
    pub fn train(
        &mut self,
        pictures: &Pictures,
        classes: &[usize],
        epochs: usize,
        random: &mut Random,
        mut on_step: impl FnMut(f64, f64),
    ) {
        let config = AdamConfig { betas: [0.9, 0.99], clip_norm: Some(1.0), ..AdamConfig::default() };
        let mut adam = Adam::default();
        let steps = (epochs * pictures.len()).div_ceil(BATCH);
        for step in 0..steps {
            let picks: Vec<usize> = (0..BATCH).map(|_| random.below(pictures.len())).collect();
            let mut batch = pictures.tensor(&picks, &self.device);
            if random.below(2) == 1 {
                batch = batch.flip([3]);
            }
            let targets: Vec<i32> = picks.iter().map(|&pick| classes[pick] as i32).collect();
            let targets: Tensor<2, Int> =
                Tensor::from_data(TensorData::new(targets, [BATCH, 1]), &self.device);
            let tracked = self.weights.tracked();
            let (_, logits) = forward(&tracked, batch);
            let loss = -log_softmax(logits, 1).gather(1, targets.autodiff()).mean();
            let value = f64::from(loss.clone().inner().into_scalar::<f32>());
            let mut passed = loss.backward();
            let gradients = tracked.gradients(&mut passed);
            let rate = 2e-3 * warm_up_then_cosine(step as f64, 50.0, steps as f64, 0.01);
            adam.step(&mut self.weights, gradients, rate, &config);
            on_step((step + 1) as f64 / steps as f64, value);
        }
    }

    /// Classifies pictures.
    #[must_use]
    pub fn classify(&self, pictures: &Pictures) -> Predictions {
        let (mut classes, mut features) = (Vec::new(), Vec::new());
        let all: Vec<usize> = (0..pictures.len()).collect();
        for batch in all.chunks(BATCH) {
            let (seen, logits) = forward(&self.weights, pictures.tensor(batch, &self.device));
            features.extend(seen.to_data().iter::<f32>());
            let logits: Vec<f32> = logits.to_data().iter().collect();
            let best = |row: &[f32]| {
                row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class)
            };
            classes.extend(logits.chunks_exact(self.class_names.len()).map(best));
        }
        Predictions { classes, features }
    }

    /// Writes the network to a safetensors file.
    ///
    /// # Errors
    /// [`TensorFileError`].
    pub fn save(&self, path: &Path) -> Result<(), TensorFileError> {
        let tensors = self.weights.iter().map(|(name, t)| {
            (name.to_owned(), StoredTensor::floats(t.shape.clone(), &self.weights.values(name)))
        });
        let names = safetensors_file::metadata_json(path, &self.class_names)?;
        safetensors_file::write(path, tensors, HashMap::from([("class_names".to_owned(), names)]))
    }

    /// Reads a file of [`save`](Self::save), to compute on this device.
    ///
    /// # Errors
    /// [`TensorFileError`].
    pub fn open(path: &Path, device: Device) -> Result<Self, TensorFileError> {
        let file = SafetensorsFile::open(path, "a file of `ibq-train classifier`")?;
        let class_names = file.json("class_names")?;
        let mut opened = Self::new(class_names, &mut Random::new(0), device);
        let expected: Vec<(String, Vec<usize>)> =
            opened.weights.iter().map(|(name, t)| (name.to_owned(), t.shape.clone())).collect();
        for (name, shape) in expected {
            let (stored_shape, values) = file.floats(&name)?;
            if stored_shape != shape {
                return Err(file.content_error(&format!("the tensor `{name}` has another shape")));
            }
            opened.weights.insert(&name, shape, values, &opened.device);
        }
        Ok(opened)
    }
}

/// Features and logits of pictures `[B, 3, H, W]`.
fn forward(weights: &Weights, pictures: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
    let mut h = pictures;
    for (index, (_, stride)) in LAYERS.into_iter().enumerate() {
        let get = |part: &str| weights.get::<1>(&format!("{part}{index}.bias"));
        let y = conv2d(h.clone(), weights.get(&format!("conv{index}.weight")), get("conv"), stride, [1, 1]);
        let y = group_norm_swish(y, weights.get(&format!("norm{index}.weight")), get("norm"));
        h = if stride == 1 { h + y } else { y };
    }
    let features: Tensor<2> = h.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2);
    let bias: Tensor<1> = weights.get("head.bias");
    let logits = features.clone().matmul(weights.get("head.weight")) + bias.unsqueeze();
    (features, logits)
}

#[cfg(test)]
mod tests {
    use ibq_scenes::Class;

    use super::*;

    #[test]
    fn classes_that_differ_are_told_apart_and_a_file_keeps_what_was_learned() {
        let pictures = Pictures::scenes(4 * Class::ALL.len(), 32, 0, &[1], |_| {});
        // Two "classes": the first and the second half of the list.
        let half = Class::ALL.len() / 2;
        let classes: Vec<usize> =
            (0..pictures.len()).map(|i| usize::from(i % Class::ALL.len() >= half)).collect();
        let mut random = Random::new(1);
        let mut classifier = Classifier::new(vec!["one".into(), "two".into()], &mut random, Device::flex());
        let before = classifier.classify(&pictures).accuracy(&classes);
        classifier.train(&pictures, &classes, 12, &mut random, |_, _| {});
        let seen = classifier.classify(&pictures);
        assert!(seen.accuracy(&classes) > 0.9, "{before} only became {}", seen.accuracy(&classes));

        let path = std::env::temp_dir().join(format!("ibq-train-classifier-{}", std::process::id()));
        classifier.save(&path).unwrap();
        assert_eq!(Classifier::open(&path, Device::flex()).unwrap().classify(&pictures), seen);
        std::fs::remove_file(&path).unwrap();
    }
}
