//! PatchGAN discriminator (Isola et al. 2017): judges overlapping patches, not whole pictures.

use burn::tensor::{
    Device, Tensor,
    activation::leaky_relu,
    module::{batch_norm, batch_norm_train},
};

use crate::{operations::conv2d, random::Random, weights::Weights};

/// Slope of the activation for negative values.
const SLOPE: f64 = 0.2;
/// Added to the variance by batch norms.
const EPSILON: f64 = 1e-5;
/// Share of a step's statistics in the running ones.
const MOMENTUM: f64 = 0.1;

/// A discriminator: convolutions of 4×4 with batch norms, under the official names (`main.0.weight`, …).
#[derive(Clone, Debug)]
pub struct Discriminator {
    layers: usize,
    /// What is learned.
    pub weights: Weights,
    /// Running means and variances of the batch norms: what is used outside of training.
    pub statistics: Weights,
}

impl Discriminator {
    /// A discriminator before training, with `filters` channels in its first layer and `layers` halvings (official: 64
    /// and 3): convolutions normal with deviation 0.02, norms normal around 1.
    #[must_use]
    pub fn new(filters: usize, layers: usize, random: &mut Random, device: &Device) -> Self {
        let (mut weights, mut statistics) = (Weights::default(), Weights::default());
        let width = |layer: usize| filters * (1 << layer.min(3));
        let mut cin = 3;
        for layer in 0..=layers + 1 {
            let cout = if layer == layers + 1 { 1 } else { width(layer) };
            let conv = conv_name(layer);
            weights.insert(
                &format!("{conv}.weight"),
                vec![cout, cin, 4, 4],
                normal(random, cout * cin * 16, 0.0),
                device,
            );
            if layer == 0 || layer == layers + 1 {
                let limit = 1.0 / (cin as f32 * 16.0).sqrt();
                let bias = (0..cout).map(|_| random.symmetric(limit)).collect();
                weights.insert(&format!("{conv}.bias"), vec![cout], bias, device);
            } else {
                let norm = norm_name(layer);
                weights.insert(&format!("{norm}.weight"), vec![cout], normal(random, cout, 1.0), device);
                weights.insert(&format!("{norm}.bias"), vec![cout], vec![0.0; cout], device);
                statistics.insert(&format!("{norm}.running_mean"), vec![cout], vec![0.0; cout], device);
                statistics.insert(&format!("{norm}.running_var"), vec![cout], vec![1.0; cout], device);
            }
            cin = cout;
        }
        Self { layers, weights, statistics }
    }

    /// A discriminator with given tensors and `layers` halvings.
    #[must_use]
    pub fn from_parts(layers: usize, weights: Weights, statistics: Weights) -> Self {
        Self { layers, weights, statistics }
    }

    /// Logits `[B, 1, h, w]` of pictures `[B, 3, H, W]`, with the running statistics.
    #[must_use]
    pub fn judge(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.forward(&self.weights, pictures, |norm, x, gamma, beta| {
            let mean = self.statistics.get(&format!("{norm}.running_mean"));
            batch_norm(x, gamma, beta, mean, self.statistics.get(&format!("{norm}.running_var")), EPSILON)
        })
    }

    /// The same with the statistics of this batch, which also move the running ones. `weights` are those of the
    /// discriminator, tracked or not.
    #[must_use]
    pub fn judge_in_training(&mut self, weights: &Weights, pictures: Tensor<4>) -> Tensor<4> {
        let mut seen = Vec::new();
        let logits = self.forward(weights, pictures, |norm, x, gamma, beta| {
            let [batch, _, height, width] = x.dims();
            let count = (batch * height * width) as f64;
            let trained = batch_norm_train(x, gamma, beta, EPSILON);
            // Running variances are unbiased, those of the batch are not.
            let unbiased = trained.variance.inner() * (count / (count - 1.0).max(1.0));
            seen.push((format!("{norm}.running_mean"), trained.mean.inner()));
            seen.push((format!("{norm}.running_var"), unbiased));
            trained.output
        });
        for (name, new) in seen {
            self.statistics.update(&name, |old| old * (1.0 - MOMENTUM) + new * MOMENTUM);
        }
        logits
    }

    fn forward(
        &self,
        weights: &Weights,
        pictures: Tensor<4>,
        mut normalize: impl FnMut(&str, Tensor<4>, Tensor<1>, Tensor<1>) -> Tensor<4>,
    ) -> Tensor<4> {
        let mut h = pictures;
        for layer in 0..=self.layers + 1 {
            let conv = conv_name(layer);
            let kernel: Tensor<4> = weights.get(&format!("{conv}.weight"));
            let bias = format!("{conv}.bias");
            let bias = if weights.contains(&bias) {
                weights.get(&bias)
            } else {
                Tensor::zeros([kernel.dims()[0]], &h.device())
            };
            h = conv2d(h, kernel, bias, if layer < self.layers { 2 } else { 1 }, [1, 1]);
            if layer == self.layers + 1 {
                break;
            }
            if layer > 0 {
                let norm = norm_name(layer);
                let gamma = weights.get(&format!("{norm}.weight"));
                h = normalize(&norm, h, gamma, weights.get(&format!("{norm}.bias")));
            }
            h = leaky_relu(h, SLOPE);
        }
        h
    }
}

fn normal(random: &mut Random, count: usize, mean: f32) -> Vec<f32> {
    (0..count).map(|_| mean + 0.02 * random.normal()).collect()
}

/// Name of the convolution of a layer: the first is followed by an activation, each later one by a norm and one.
fn conv_name(layer: usize) -> String {
    format!("main.{}", if layer == 0 { 0 } else { 3 * layer - 1 })
}

fn norm_name(layer: usize) -> String {
    format!("main.{}", 3 * layer)
}
