//! LPIPS (Zhang et al. 2018): how different two pictures look to a network that knows pictures.
//!
//! Both pictures pass through VGG16 (Simonyan, Zisserman 2015). At five of its layers the features of a position are brought to
//! length 1, and the squared differences of the two pictures, weighted by channel, are averaged over the positions. The
//! weights come from files of the user: none are part of the program.

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData, activation::relu, module::max_pool2d, ops::MaxPoolOptions};
use ibq_core::files::{Model, WeightsError};

use crate::operations::conv2d;

/// Weights of LPIPS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LpipsError {
    /// A file or a tensor cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A tensor is in none of the files.
    #[error(
        "{files}: the tensor `{tensor}` is missing. LPIPS needs torchvision's VGG16 (`features.0.weight` …) and the heads \
         of LPIPS (`lin0.model.1.weight` …), in one file or two"
    )]
    Missing {
        /// Its first name.
        tensor: String,
        /// The files that were searched.
        files: String,
    },
    /// A tensor does not fit the layers around it.
    #[error("{file}: the tensor `{tensor}` has the shape {found:?} instead of {expected}")]
    Shape {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<u64>,
        /// What would fit.
        expected: String,
    },
}

/// The five slices of VGG16: the numbers of their convolutions among the layers of torchvision. A maximum over 2×2 stands
/// before each slice but the first; features are taken at the end of each.
const SLICES: [&[usize]; 5] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21], &[24, 26, 28]];
/// Mean and deviation of the channels, for pictures in [-1, 1].
const SHIFT: [f32; 3] = [-0.030, -0.088, -0.188];
const SCALE: [f32; 3] = [0.458, 0.448, 0.450];
/// Added to the length of a position's features.
const EPSILON: f64 = 1e-10;
/// The smallest squared length, so that the root has a gradient where all features are 0.
const SMALLEST_SQUARE: f64 = 1e-20;

/// A VGG16 and the weights of its channels.
#[derive(Clone, Debug)]
pub struct Lpips {
    /// Kernel and bias of every convolution, slice by slice.
    slices: Vec<Vec<(Tensor<4>, Tensor<1>)>>,
    /// Weights of the channels at the end of each slice, `[1, C, 1, 1]`.
    heads: Vec<Tensor<4>>,
}

impl Lpips {
    /// The smallest side of a picture, in pixels: four layers halve it.
    pub const SMALLEST_SIDE: usize = 16;

    /// Reads the weights from the given files, PyTorch or safetensors: torchvision's VGG16 and the heads of LPIPS, together
    /// or apart, or an official checkpoint of a tokenizer, which holds both. How wide each layer is follows from the
    /// shapes.
    ///
    /// # Errors
    /// [`LpipsError`] names the file and the tensor at fault.
    pub fn open(files: &[PathBuf], device: &Device) -> Result<Self, LpipsError> {
        let open = |path: &PathBuf| pollster::block_on(Model::open_path(path));
        let files = Files { models: files.iter().map(open).collect::<Result<_, _>>()?, device };
        let (mut slices, mut heads) = (Vec::new(), Vec::new());
        let mut channels = 3;
        for (slice, layers) in SLICES.iter().enumerate() {
            let mut convolutions = Vec::new();
            for layer in *layers {
                let name = |part: &str| {
                    [format!("features.{layer}.{part}"), format!("net.slice{}.{layer}.{part}", slice + 1)]
                };
                let (shape, kernel) = files.read(&name("weight"), |shape| {
                    (shape.len() != 4 || shape[0] == 0 || shape[1..] != [channels, 3, 3])
                        .then(|| format!("[any, {channels}, 3, 3]"))
                })?;
                channels = shape[0];
                let (_, bias) = files
                    .read(&name("bias"), |shape| (shape != [channels]).then(|| format!("[{channels}]")))?;
                convolutions
                    .push((kernel.reshape([shape[0], shape[1], 3, 3].map(|size| size as usize)), bias));
            }
            slices.push(convolutions);
            let (_, head) = files.read(&[format!("lin{slice}.model.1.weight")], |shape| {
                (shape != [1, channels, 1, 1]).then(|| format!("[1, {channels}, 1, 1]"))
            })?;
            heads.push(head.reshape([1, channels as usize, 1, 1]));
        }
        Ok(Self { slices, heads })
    }

    /// The mean over the pictures of their LPIPS, for pictures `[B, 3, H, W]` in [-1, 1] whose sides are at least
    /// [`SMALLEST_SIDE`](Self::SMALLEST_SIDE). Gradients reach the reconstructions alone.
    #[must_use]
    pub fn of(&self, pictures: Tensor<4>, reconstructions: Tensor<4>) -> Tensor<1> {
        let pictures = if pictures.is_autodiff() { pictures.inner() } else { pictures };
        let mut sum = Tensor::zeros([1], &reconstructions.device());
        let (seen, made) = (self.features(pictures), self.features(reconstructions));
        for ((seen, made), head) in seen.into_iter().zip(made).zip(&self.heads) {
            let difference = (of_length_1(seen) - of_length_1(made)).square();
            sum = sum + (difference * head.clone()).sum_dim(1).mean();
        }
        sum
    }

    /// The features at the end of each slice.
    fn features(&self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        let device = pictures.device();
        let device = if pictures.is_autodiff() { device.inner() } else { device };
        let channels = |values: [f32; 3]| Tensor::<1>::from_floats(values, &device).reshape([1, 3, 1, 1]);
        let mut h = (pictures - channels(SHIFT)) / channels(SCALE);
        let mut features = Vec::new();
        for (index, slice) in self.slices.iter().enumerate() {
            if index > 0 {
                h = max_pool2d(h, MaxPoolOptions::new([2, 2]));
            }
            for (kernel, bias) in slice {
                h = relu(conv2d(h, kernel.clone(), bias.clone(), 1, [1, 1]));
            }
            features.push(h.clone());
        }
        features
    }
}

/// The features of every position over their length.
fn of_length_1(features: Tensor<4>) -> Tensor<4> {
    let square = features.clone().square().sum_dim(1).clamp_min(SMALLEST_SQUARE);
    features / (square.sqrt() + EPSILON)
}

/// Opened files, searched in their order.
struct Files<'a> {
    models: Vec<Model>,
    device: &'a Device,
}

impl Files<'_> {
    /// Shape and values of the first tensor that has one of the names, also as the part of an official checkpoint.
    /// `misfit` tells what a shape should be instead.
    fn read(
        &self,
        names: &[String],
        misfit: impl Fn(&[u64]) -> Option<String>,
    ) -> Result<(Vec<u64>, Tensor<1>), LpipsError> {
        let inside = names.iter().map(|name| format!("loss.perceptual_loss.{name}"));
        let names: Vec<String> = names.iter().cloned().chain(inside).collect();
        let pairs = self.models.iter().flat_map(|model| names.iter().map(move |name| (model, name)));
        let Some((model, entry)) =
            pairs.filter_map(|(model, name)| Some((model, model.tensor(name)?))).next()
        else {
            let files: Vec<&str> = self.models.iter().map(Model::name).collect();
            return Err(LpipsError::Missing { tensor: names[0].clone(), files: files.join(", ") });
        };
        if let Some(expected) = misfit(&entry.shape) {
            return Err(LpipsError::Shape {
                file: model.name().to_owned(),
                tensor: entry.name.clone(),
                found: entry.shape.clone(),
                expected,
            });
        }
        let values = pollster::block_on(model.read_tensor(&entry.name))?;
        let count = values.len();
        Ok((entry.shape.clone(), Tensor::from_data(TensorData::new(values, [count]), self.device)))
    }
}
