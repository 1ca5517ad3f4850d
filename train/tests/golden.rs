//! Every training quantity of the official implementation, from the golden vectors.
//!
//! The folder is `IBQ_GOLDEN`, or `tests/golden` of the repository. Which files hold what, and with which settings, is
//! read from its `manifest.json`.

use std::{fs, path::PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// The folder of vectors and the part of its manifest about training.
pub(crate) struct Golden {
    folder: PathBuf,
    pub(crate) training: Value,
}

impl Golden {
    pub(crate) fn open() -> Self {
        let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden"));
        let folder = std::env::var_os("IBQ_GOLDEN").map_or_else(default, PathBuf::from);
        let path = folder.join("manifest.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let manifest: Value = serde_json::from_str(&text).unwrap();
        Self { folder, training: manifest["training"].clone() }
    }

    pub(crate) fn path(&self, name: &Value) -> PathBuf {
        self.folder.join(name.as_str().unwrap())
    }

    pub(crate) fn json(&self, name: &Value) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    pub(crate) fn file(&self, name: &Value) -> Vectors {
        let path = self.path(name);
        Vectors(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }
}

/// The tensors of one file.
pub(crate) struct Vectors(Vec<u8>);

impl Vectors {
    pub(crate) fn names(&self) -> Vec<String> {
        SafeTensors::deserialize(&self.0).unwrap().names().into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn shape(&self, name: &str) -> Vec<usize> {
        SafeTensors::deserialize(&self.0).unwrap().tensor(name).unwrap().shape().to_vec()
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        assert_eq!(tensor.dtype(), Dtype::F32, "{name}");
        tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    pub(crate) fn integers(&self, name: &str) -> Vec<i32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let tensor = file.tensor(name).unwrap();
        tensor.data().chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    pub(crate) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let shape: [usize; D] = self.shape(name).try_into().unwrap();
        Tensor::from_data(TensorData::new(self.floats(name), shape), &Device::flex())
    }

    pub(crate) fn scalar(&self, name: &str) -> f32 {
        self.floats(name)[0]
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

#[path = "golden/quantizers.rs"]
mod quantizers;

#[path = "golden/adversary.rs"]
mod adversary;

#[path = "golden/lpips.rs"]
mod lpips;

#[path = "golden/steps.rs"]
mod steps;

#[path = "golden/transformer.rs"]
mod transformer;
