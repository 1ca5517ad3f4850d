//! Named tensors: the parameters of a model, their gradients, their moving averages.
//!
//! Every tensor is kept flat beside its shape, so that optimizer, moving average and files are plain loops over names.
//! The names are the official ones, listed by the models' configurations.

use std::collections::BTreeMap;

use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};

use crate::precision::TrainingPrecision;

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
