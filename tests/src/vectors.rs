//! Golden vectors: a folder with a `manifest.json` that names cases, and safetensors files with inputs and results of
//! the official implementation.
//!
//! The folder is `tests/golden`, or the one named by the environment variable `IBQ_GOLDEN`. Nothing is known about it
//! but its layout: a suite runs the cases that the manifest lists, and none that it does not.
//!
//! This loader is on purpose not the engine's own: a test should not trust what it tests. It panics on what is wrong.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// A folder of golden vectors.
#[derive(Debug)]
pub struct Golden {
    folder: PathBuf,
    manifest: Value,
}

impl Golden {
    /// Opens the folder that `IBQ_GOLDEN` names, or `tests/golden`.
    ///
    /// # Panics
    /// When it has no readable `manifest.json`.
    #[must_use]
    pub fn open() -> Self {
        let folder = std::env::var_os("IBQ_GOLDEN")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden"), PathBuf::from);
        Self::open_folder(folder)
    }

    /// Opens a folder of this layout.
    ///
    /// # Panics
    /// When it has no readable `manifest.json`.
    #[must_use]
    pub fn open_folder(folder: PathBuf) -> Self {
        let mut golden = Self { folder, manifest: Value::Null };
        golden.manifest = golden.json("manifest.json");
        golden
    }

    /// The whole manifest.
    #[must_use]
    pub fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// A value of the manifest by JSON pointer (`/tokenizer/cases`).
    #[must_use]
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.manifest.pointer(pointer)
    }

    /// A text of the manifest by JSON pointer, such as a file name.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.get(pointer)?.as_str()
    }

    /// A number of the manifest by JSON pointer, such as a tolerance.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<f64> {
        self.get(pointer)?.as_f64()
    }

    /// The entries of a list of the manifest by JSON pointer; none where it is not there.
    #[must_use]
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.get(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Path of a file of the folder.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// A JSON file of the folder.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn json(&self, file: &str) -> Value {
        let path = self.path(file);
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// All tensors of a safetensors file of the folder.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn tensors(&self, file: &str) -> Tensors {
        Tensors::read(&self.path(file))
    }
}

/// Largest difference of two lists; infinite where a value is no number.
///
/// # Panics
/// When they differ in length.
#[must_use]
pub fn worst(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let difference = |(a, b): (&f32, &f32)| {
        let difference = (f64::from(*a) - f64::from(*b)).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    ours.iter().zip(theirs).map(difference).fold(0.0, f64::max)
}

/// The tensors of one safetensors file.
#[derive(Debug, Default)]
pub struct Tensors {
    file: String,
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, Tensor>,
}

/// One tensor: type, shape, bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Element type in safetensors' words.
    pub dtype: String,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Row-major, little-endian.
    pub bytes: Vec<u8>,
}

impl Tensor {
    /// A float32 tensor.
    #[must_use]
    pub fn f32s(shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: "F32".to_owned(), shape: shape.to_vec(), bytes }
    }

    /// An int32 tensor.
    #[must_use]
    pub fn i32s(shape: &[usize], values: &[i32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: "I32".to_owned(), shape: shape.to_vec(), bytes }
    }
}

impl Tensors {
    /// Reads a file.
    ///
    /// # Panics
    /// When it is no safetensors file.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let length = bytes.first_chunk().unwrap_or_else(|| panic!("{file}: no header"));
        let data = 8 + u64::from_le_bytes(*length) as usize;
        let mut header: BTreeMap<String, Value> =
            serde_json::from_slice(&bytes[8..data]).unwrap_or_else(|error| panic!("{file}: {error}"));
        let metadata = header.remove("__metadata__").map_or_else(BTreeMap::new, |texts| {
            serde_json::from_value(texts).unwrap_or_else(|error| panic!("{file}: metadata: {error}"))
        });
        let tensors = header.into_iter().map(|(name, entry)| {
            let field = |field: &str| -> Vec<usize> {
                serde_json::from_value(entry[field].clone())
                    .unwrap_or_else(|error| panic!("{file}: {name}.{field}: {error}"))
            };
            let (shape, range) = (field("shape"), field("data_offsets"));
            let bytes = bytes[data + range[0]..data + range[1]].to_vec();
            let dtype = entry["dtype"].as_str().unwrap_or_default().to_owned();
            (name, Tensor { dtype, shape, bytes })
        });
        let tensors = tensors.collect();
        Self { file, metadata, tensors }
    }

    /// Adds a tensor, or replaces the one of this name.
    pub fn insert(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// Writes all tensors into a file, for folders that a test makes. Free texts are left out.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &Path) {
        let mut header = serde_json::Map::new();
        let mut data = Vec::new();
        for (name, tensor) in &self.tensors {
            let offsets = [data.len(), data.len() + tensor.bytes.len()];
            let entry = json!({ "dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets });
            header.insert(name.clone(), entry);
            data.extend_from_slice(&tensor.bytes);
        }
        let header = Value::Object(header).to_string();
        let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat();
        std::fs::write(path, file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The free texts of the file.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{}: no tensor {name}", self.file))
    }

    /// Shape of the tensor of this name.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.get(name).shape
    }

    /// Elements of a float32 tensor.
    ///
    /// # Panics
    /// When there is none of this name and type; so the others.
    #[must_use]
    pub fn f32s(&self, name: &str) -> Vec<f32> {
        self.elements(name, "F32", f32::from_le_bytes)
    }

    /// Elements of a float64 tensor.
    #[must_use]
    pub fn f64s(&self, name: &str) -> Vec<f64> {
        self.elements(name, "F64", f64::from_le_bytes)
    }

    /// Elements of an int32 tensor.
    #[must_use]
    pub fn i32s(&self, name: &str) -> Vec<i32> {
        self.elements(name, "I32", i32::from_le_bytes)
    }

    /// Elements of an int64 tensor.
    #[must_use]
    pub fn i64s(&self, name: &str) -> Vec<i64> {
        self.elements(name, "I64", i64::from_le_bytes)
    }

    /// Elements of a uint8 tensor.
    #[must_use]
    pub fn u8s(&self, name: &str) -> Vec<u8> {
        self.elements(name, "U8", u8::from_le_bytes)
    }

    fn elements<const N: usize, T>(&self, name: &str, dtype: &str, convert: fn([u8; N]) -> T) -> Vec<T> {
        let tensor = self.get(name);
        assert_eq!(tensor.dtype, dtype, "{}: {name}", self.file);
        tensor.bytes.as_chunks().0.iter().map(|&chunk| convert(chunk)).collect()
    }
}
