//! Writing model folders: `config.json` and `model.safetensors`, tensor by tensor.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use half::f16;

use crate::{
    formats::{
        Dtype,
        safetensors::{HeaderTensor, encode_header},
    },
    gpu::Precision,
};

use super::{
    CONFIG_FILE, FolderConfig, INDEX_FILE, WeightsError,
    disk_space::check_space,
    partial::{create_folder, folder_of, follow_links, sync_folder},
    replace_folder::{recover, replace},
};

/// How a tensor is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredAs {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 32-bit words that are no numbers to anyone but their reader.
    U32,
}

impl StoredAs {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::U32 => Dtype::U32,
        }
    }

    /// Bytes of a value.
    fn size(self) -> u64 {
        self.dtype().size()
    }
}

/// One tensor of a folder that is being written.
#[derive(Clone, Debug)]
pub struct FolderTensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u32>,
    /// How it is written.
    pub stored: StoredAs,
}

impl FolderTensor {
    fn values(&self) -> u64 {
        self.shape.iter().map(|&size| u64::from(size)).product()
    }
}

/// Writes a model folder under a temporary name beside its place and moves it there when it is complete on disk. Dropped
/// before that, it leaves nothing behind; what a killed process left is removed by the next one that writes there. A link is
/// followed, so that the folder behind it is replaced and not the link.
#[derive(Debug)]
pub struct FolderWriter {
    out: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    /// The tensors in the order in which they must come.
    tensors: Vec<FolderTensor>,
    /// The tensor that is being written, and how many of its values have been.
    at: (usize, u64),
}

impl FolderWriter {
    /// Begins a folder that will hold `parameters` (name and shape).
    ///
    /// # Errors
    /// [`WeightsError::Write`]: the place cannot be written to, or holds something that is no model folder.
    pub fn create(
        out: &Path,
        config: &FolderConfig,
        parameters: &[(String, Vec<u32>)],
    ) -> Result<Self, WeightsError> {
        let stored = match config.precision {
            Precision::F32 => StoredAs::F32,
            Precision::F16 => StoredAs::F16,
        };
        let tensor = |(name, shape): &(String, Vec<u32>)| FolderTensor {
            name: name.clone(),
            shape: shape.clone(),
            stored,
        };
        Self::create_mixed(out, config, parameters.iter().map(tensor).collect())
    }

    /// Begins a folder that will hold these tensors, each stored in its own way.
    ///
    /// # Errors
    /// As [`FolderWriter::create`].
    pub fn create_mixed(
        out: &Path,
        config: &FolderConfig,
        tensors: Vec<FolderTensor>,
    ) -> Result<Self, WeightsError> {
        let out = follow_links(out).map_err(failed(out))?;
        recover(&out).map_err(failed(&out))?;
        check_replaceable(&out)?;
        let folder = folder_of(&out);
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let (temporary, file) = create_folder(&out).map_err(failed(&out))?;
        let file = BufWriter::with_capacity(1 << 18, file);
        let mut writer = Self { out, temporary, file, tensors, at: (0, 0) };
        writer.write_config(config)?;
        let header = header(&writer.tensors);
        let sizes = writer.tensors.iter().map(|tensor| tensor.values().saturating_mul(tensor.stored.size()));
        let bytes = sizes.fold(header.len() as u64, u64::saturating_add);
        check_space(writer.file.get_ref(), &writer.out, bytes)?;
        writer.file.write_all(&header).map_err(failed(&writer.temporary))?;
        Ok(writer)
    }

    fn write_config(&self, config: &FolderConfig) -> Result<(), WeightsError> {
        let path = self.temporary.join(CONFIG_FILE);
        let mut json = serde_json::to_string_pretty(config).map_err(|error| failed(&path)(error.into()))?;
        json.push('\n');
        let write = || {
            let mut file = File::create_new(&path)?;
            file.write_all(json.as_bytes())?;
            file.sync_all()
        };
        write().map_err(failed(&path))
    }

    /// Appends values: those of the first tensor, then of the next, in row-major order, in pieces of any length.
    ///
    /// # Errors
    /// [`WeightsError`]: a value that the precision cannot hold, or the disk is full.
    ///
    /// # Panics
    /// When more values come than the tensors have, or the tensor holds words: a mistake of the caller.
    pub fn append(&mut self, mut values: &[f32]) -> Result<(), WeightsError> {
        while !values.is_empty() {
            let FolderTensor { name: tensor, stored, .. } = &self.tensors[self.at.0];
            let size = self.tensors[self.at.0].values();
            let room = usize::try_from(size - self.at.1).unwrap_or(usize::MAX);
            let (now, later) = values.split_at(values.len().min(room));
            let bytes: Vec<u8> = match stored {
                StoredAs::U32 => panic!("`{tensor}` holds words"),
                StoredAs::F32 => now.iter().flat_map(|value| value.to_le_bytes()).collect(),
                StoredAs::F16 => {
                    if let Some(value) = now.iter().find(|&&value| !f16::from_f32(value).is_finite()) {
                        return Err(WeightsError::Tensor {
                            name: self.out.display().to_string(),
                            tensor: tensor.clone(),
                            reason: format!("the value {value} does not fit into f16; use f32"),
                        });
                    }
                    now.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
                }
            };
            self.file.write_all(&bytes).map_err(failed(&self.temporary))?;
            self.go_on(now.len() as u64);
            values = later;
        }
        Ok(())
    }

    /// Appends little-endian words: all those of the next tensor, which holds words.
    ///
    /// # Errors
    /// [`WeightsError`]: the disk is full.
    ///
    /// # Panics
    /// When the next tensor does not hold as many words: a mistake of the caller.
    pub fn append_words(&mut self, bytes: &[u8]) -> Result<(), WeightsError> {
        let tensor = &self.tensors[self.at.0];
        let fits = (tensor.stored, tensor.values() * 4, self.at.1) == (StoredAs::U32, bytes.len() as u64, 0);
        assert!(fits, "`{}` does not hold {} bytes of words", tensor.name, bytes.len());
        self.file.write_all(bytes).map_err(failed(&self.temporary))?;
        self.go_on(bytes.len() as u64 / 4);
        Ok(())
    }

    fn go_on(&mut self, values: u64) {
        self.at.1 += values;
        if self.at.1 == self.tensors[self.at.0].values() {
            self.at = (self.at.0 + 1, 0);
        }
    }

    /// Moves the complete folder to its place.
    ///
    /// # Errors
    /// [`WeightsError`]: values are missing, the disk is full, or the place is no longer free.
    pub fn finish(mut self) -> Result<(), WeightsError> {
        if let Some(tensor) = self.tensors.get(self.at.0) {
            let reason = format!("has only {} of {} values", self.at.1, tensor.values());
            return Err(WeightsError::Tensor {
                name: self.out.display().to_string(),
                tensor: tensor.name.clone(),
                reason,
            });
        }
        self.file.flush().map_err(failed(&self.temporary))?;
        self.file.get_ref().sync_all().map_err(failed(&self.temporary))?;
        sync_folder(&self.temporary).map_err(failed(&self.temporary))?;
        check_replaceable(&self.out)?;
        replace(&self.temporary, &self.out).map_err(failed(&self.out))
    }
}

impl Drop for FolderWriter {
    fn drop(&mut self) {
        remove(&self.temporary);
    }
}

/// Removes a temporary folder, if it is still there.
fn remove(temporary: &Path) {
    if temporary.exists()
        && let Err(error) = fs::remove_dir_all(temporary)
    {
        log::warn!("{}: cannot be removed: {error}", temporary.display());
    }
}

/// What stands before the tensors in the safetensors file.
fn header(list: &[FolderTensor]) -> Vec<u8> {
    let mut begin = 0;
    let place = |tensor: &FolderTensor| {
        let dtype = tensor.stored.dtype();
        let end = begin + dtype.size() * tensor.values();
        let shape = tensor.shape.iter().copied().map(u64::from).collect();
        let placed = HeaderTensor { name: tensor.name.clone(), dtype, shape, begin, end };
        begin = end;
        placed
    };
    let tensors: Vec<HeaderTensor> = list.iter().map(place).collect();
    encode_header(&BTreeMap::from([("format".to_owned(), "pt".to_owned())]), &tensors)
}

/// Free, an empty folder, or a model folder with nothing else in it.
fn check_replaceable(out: &Path) -> Result<(), WeightsError> {
    let refuse = |reason: &str| {
        let reason = format!("{reason}; it is left alone: choose another place");
        Err(WeightsError::Write { path: out.display().to_string(), reason })
    };
    if !out.exists() {
        return Ok(());
    }
    if !out.is_dir() {
        return refuse("is a file, not a model folder");
    }
    let mut empty = true;
    for entry in fs::read_dir(out).map_err(failed(out))? {
        let name = entry.map_err(failed(out))?.file_name();
        let name = name.to_string_lossy();
        if name != CONFIG_FILE && name != INDEX_FILE && !name.ends_with(".safetensors") {
            return refuse(&format!("holds `{name}`, so it is more than a model folder"));
        }
        empty = false;
    }
    let config = fs::read(out.join(CONFIG_FILE)).ok();
    let ours = config.is_some_and(|json| serde_json::from_slice::<FolderConfig>(&json).is_ok());
    if empty || ours { Ok(()) } else { refuse("is not a model folder written by ibq") }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> WeightsError {
    let path = path.display().to_string();
    move |error| WeightsError::Write { path: path.clone(), reason: error.to_string() }
}
