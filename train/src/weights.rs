//! Named tensors: the parameters of a model, their gradients, their moving averages.
//!
//! Every tensor is kept flat beside its shape, so that optimizer, moving average and files are plain loops over names.
//! The names are the official ones, listed by [`TokenizerConfig::parameters`].

use std::collections::BTreeMap;

use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};
use ibq_core::tokenizer::TokenizerConfig;

use crate::{precision::TrainingPrecision, random::Random};

/// One tensor: its shape as PyTorch has it, and its values in row-major order.
#[derive(Clone, Debug)]
pub struct NamedTensor {
    /// Shape.
    pub shape: Vec<usize>,
    /// Values, flat.
    pub values: Tensor<1>,
}

/// A set of named tensors on one device.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    tensors: BTreeMap<String, NamedTensor>,
    /// Whether [`get`](Self::get) gives what products multiply in 16 bits.
    half_products: bool,
}

impl Weights {
    /// The parameters of a tokenizer before training, drawn as PyTorch and the official code draw them: convolutions
    /// uniform within `1 / sqrt(fan in)`, norms 1 and 0, codes uniform within `1 / K`.
    #[must_use]
    pub fn initial(config: &TokenizerConfig, random: &mut Random, device: &Device) -> Self {
        let mut weights = Self::default();
        let mut fan_in = 1;
        for (name, shape) in config.parameters() {
            let shape: Vec<usize> = shape.into_iter().map(|d| d as usize).collect();
            let count = shape.iter().product::<usize>();
            let is_norm = name.contains("norm");
            let values: Vec<f32> = if is_norm {
                vec![if name.ends_with(".weight") { 1.0 } else { 0.0 }; count]
            } else {
                if name.ends_with(".weight") {
                    fan_in = shape[1..].iter().product::<usize>();
                }
                let limit =
                    if name == CODEBOOK { 1.0 / shape[0] as f32 } else { 1.0 / (fan_in as f32).sqrt() };
                (0..count).map(|_| random.symmetric(limit)).collect()
            };
            weights.insert(&name, shape, values, device);
        }
        weights
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: &str, shape: Vec<usize>, values: Vec<f32>, device: &Device) {
        let count = values.len();
        let values = Tensor::from_data(TensorData::new(values, [count]), device);
        self.tensors.insert(name.to_owned(), NamedTensor { shape, values });
    }

    /// Changes the values of a tensor that is there.
    ///
    /// # Panics
    /// When there is no such tensor: names come from the model's own list, so a missing one is a bug.
    pub fn update(&mut self, name: &str, change: impl FnOnce(Tensor<1>) -> Tensor<1>) {
        let Some(tensor) = self.tensors.get_mut(name) else { panic!("no tensor named {name}") };
        let device = tensor.values.device();
        let values = std::mem::replace(&mut tensor.values, Tensor::empty([0], &device));
        tensor.values = change(values);
    }

    /// A tensor in its own shape, which must have `D` dimensions.
    ///
    /// # Panics
    /// When there is no such tensor: names come from the model's own list, so a missing one is a bug.
    #[must_use]
    pub fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let Some(tensor) = self.tensors.get(name) else { panic!("no tensor named {name}") };
        let shape: [usize; D] =
            tensor.shape.as_slice().try_into().unwrap_or_else(|_| panic!("rank of {name}"));
        let values = tensor.values.clone().reshape(shape);
        // Tables that are looked up, the codebook and embeddings, are no factors of products.
        if self.half_products && D >= 2 && !name.contains("emb") {
            return values.cast(FloatDType::F16);
        }
        values
    }

    /// The same, but that [`get`](Self::get) gives kernels and matrices as 16-bit copies, as [`crate::precision`] says.
    #[must_use]
    pub fn in_precision(self, precision: TrainingPrecision) -> Self {
        Self { half_products: precision == TrainingPrecision::Mixed, ..self }
    }

    /// The values of a tensor in row-major order.
    ///
    /// # Panics
    /// When there is no such tensor: names come from the model's own list, so a missing one is a bug.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<f32> {
        let Some(tensor) = self.tensors.get(name) else { panic!("no tensor named {name}") };
        tensor.values.to_data().iter().collect()
    }

    /// Whether there is such a tensor.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// All tensors in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &NamedTensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The same tensors as leaves whose gradients are recorded.
    #[must_use]
    pub fn tracked(&self) -> Self {
        let leaf = |t: &NamedTensor| NamedTensor {
            shape: t.shape.clone(),
            values: t.values.clone().autodiff().require_grad(),
        };
        let tensors = self.tensors.iter().map(|(name, t)| (name.clone(), leaf(t))).collect();
        Self { tensors, half_products: self.half_products }
    }

    /// The gradients that a backward pass left for these leaves; leaves it did not reach are left out.
    #[must_use]
    pub fn gradients(&self, gradients: &mut Gradients) -> BTreeMap<String, Tensor<1>> {
        let pick =
            |(name, t): (&String, &NamedTensor)| Some((name.clone(), t.values.grad_remove(gradients)?));
        self.tensors.iter().filter_map(pick).collect()
    }
}

/// Name of the codebook, `[K, D]`.
pub const CODEBOOK: &str = "quantize.embedding.weight";
