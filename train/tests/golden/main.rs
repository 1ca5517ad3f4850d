//! Every training quantity of the official implementation, from the golden vectors.
//!
//! The folder is `IBQ_GOLDEN`, or `tests/golden` of the repository. Which files hold what, and with which settings, is
//! read from its `manifest.json`.

mod adversary;
mod lpips;
mod quantizers;
mod steps;
mod transformer;

use burn::tensor::{Device, Tensor, TensorData};
use ibq_tests::vectors::{Golden, Tensors};

/// The file of vectors that the manifest names at this JSON pointer.
pub(crate) fn vectors(golden: &Golden, pointer: &str) -> Tensors {
    golden.tensors(golden.text(pointer).unwrap_or_else(|| panic!("no {pointer} in the manifest")))
}

/// Vectors as tensors on the CPU.
pub(crate) trait ToTensor {
    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D>;
    fn scalar(&self, name: &str) -> f32;
}

impl ToTensor for Tensors {
    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let shape: [usize; D] = self.shape(name).try_into().unwrap();
        Tensor::from_data(TensorData::new(self.f32s(name), shape), &Device::flex())
    }

    fn scalar(&self, name: &str) -> f32 {
        self.f32s(name)[0]
    }
}

/// Positions of a map as rows.
pub(crate) fn rows(map: Tensor<4>) -> Tensor<2> {
    let [batch, dimension, height, width] = map.dims();
    map.permute([0, 2, 3, 1]).reshape([batch * height * width, dimension])
}

/// Fails unless `ours` is within `tolerance` of `truth`, relative to the largest value of `truth` or to 1e-3.
#[track_caller]
pub(crate) fn assert_close<const D: usize>(ours: Tensor<D>, truth: Tensor<D>, tolerance: f32, what: &str) {
    assert_eq!(ours.dims(), truth.dims(), "{what}");
    let scale = truth.clone().abs().max().into_scalar::<f32>().max(1e-3);
    let error = (ours - truth).abs().max().into_scalar::<f32>();
    assert!(error <= tolerance * scale, "{what}: off by {error} where values reach {scale}");
}

/// The same for single numbers.
#[track_caller]
pub(crate) fn assert_near(ours: f64, truth: f64, tolerance: f64, what: &str) {
    assert!((ours - truth).abs() <= tolerance * truth.abs().max(1e-3), "{what}: {ours} instead of {truth}");
}
