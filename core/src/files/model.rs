//! An opened model: which tensors it has, and their values. What they mean is for those who run the model.

use std::{collections::HashMap, sync::OnceLock};

use serde_json::Value;

use crate::{
    formats::{Element, safetensors::is_safetensors},
    job::Job,
};

use super::{
    Origin, Source, WeightsError,
    digest::sha256_of_all,
    folder_config::{ConfigJson, FolderConfig, read_config},
    layout::Layout,
    listing::{Listing, UnreadableTensor},
    names::without_wrapper,
    pytorch, safetensors,
    source::Shared,
    stored_tensor::{ReadError, StoredTensor},
};

/// One tensor of a file.
#[derive(Clone, Debug)]
pub struct TensorEntry {
    /// Its name as stored.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its element type, in safetensors' words ("F32", "BF16", …).
    pub dtype: String,
}

/// An opened model file or model folder. Only its directory has been read. Clones share it.
#[derive(Clone, Debug)]
pub struct Model(Shared<Opened>);

#[derive(Debug)]
struct Opened {
    name: String,
    origin: Origin,
    config: Option<ConfigJson>,
    entries: Vec<TensorEntry>,
    stored: Vec<(Source, StoredTensor)>,
    positions: HashMap<String, usize>,
    /// Names of the tensors that cannot be read, and why.
    unreadable: HashMap<String, String>,
    /// What was removed from the names.
    wrappers: Vec<String>,
    /// What was chosen or changed when it was opened, ready to be shown.
    notes: Vec<String>,
    sha256: OnceLock<String>,
}

impl Model {
    /// Opens one file: safetensors, a PyTorch checkpoint or state dict.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open(source: Source) -> Result<Self, WeightsError> {
        Self::open_with(source, Vec::new()).await
    }

    /// Opens one file, with notes on how it was found.
    pub(super) async fn open_with(source: Source, notes: Vec<String>) -> Result<Self, WeightsError> {
        let (name, origin) = (source.name().to_owned(), source.origin());
        Self::from_files(name, origin, None, vec![source], notes).await
    }

    /// Opens a model folder whose two files are at hand.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open_folder(config: Source, shards: Vec<Source>) -> Result<Self, WeightsError> {
        let name = shards.first().unwrap_or(&config).name().to_owned();
        let config = read_config(&config).await?;
        Self::from_shards(name, Origin::Unknown, Some(config), shards).await
    }

    /// Opens a model that ships with the program, from its two files.
    ///
    /// # Errors
    /// [`WeightsError`] names the model and what is wrong with it.
    pub async fn open_bundled(name: &str, config: Source, weights: Source) -> Result<Self, WeightsError> {
        let config = read_config(&config).await?;
        Self::from_shards(name.to_owned(), Origin::Bundled(name.to_owned()), Some(config), vec![weights])
            .await
    }

    /// The files that hold its tensors.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<Source> = Vec::new();
        for (source, _) in &self.0.stored {
            // The tensors of one file follow each other.
            if sources.last().is_none_or(|last| last.name() != source.name()) {
                sources.push(source.clone());
            }
        }
        sources
    }

    /// SHA-256 of its file, as `sha256sum` prints it; of a model in several files, of what `sha256sum` prints for them.
    /// None for files that would have to be fetched for it. It is computed once.
    ///
    /// # Errors
    /// [`WeightsError`]: a file that cannot be read, or a cancelled job.
    pub async fn sha256(&self, job: &Job) -> Result<Option<&str>, WeightsError> {
        let sources = self.sources();
        if self.known_sha256().is_none() && !sources.is_empty() && sources.iter().all(Source::is_at_hand) {
            let digest = sha256_of_all(&sources, job).await?;
            // Whoever was faster has set the same.
            let _ = self.0.sha256.set(digest);
        }
        Ok(self.known_sha256())
    }

    /// SHA-256 of its file, once [`sha256`](Self::sha256) has computed it.
    #[must_use]
    pub fn known_sha256(&self) -> Option<&str> {
        self.0.sha256.get().map(String::as_str)
    }

    /// A folder's configuration, where it has one, and the files that hold its tensors.
    pub(super) async fn from_shards(
        name: String,
        origin: Origin,
        config: Option<ConfigJson>,
        shards: Vec<Source>,
    ) -> Result<Self, WeightsError> {
        Self::from_files(name, origin, config, shards, Vec::new()).await
    }

    async fn from_files(
        name: String,
        origin: Origin,
        config: Option<ConfigJson>,
        files: Vec<Source>,
        notes: Vec<String>,
    ) -> Result<Self, WeightsError> {
        let mut opened = Opened {
            name,
            origin,
            config,
            entries: Vec::new(),
            stored: Vec::new(),
            positions: HashMap::new(),
            unreadable: HashMap::new(),
            wrappers: Vec::new(),
            notes,
            sha256: OnceLock::new(),
        };
        for source in files {
            let listing = list_tensors(&source).await?;
            opened.add(&source, listing)?;
        }
        Ok(Self(Shared::new(opened)))
    }

    /// Path or address, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// All tensors, in the file's order.
    #[must_use]
    pub fn tensors(&self) -> &[TensorEntry] {
        &self.0.entries
    }

    /// The tensor of this stored name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.0.positions.get(name).map(|&position| &self.0.entries[position])
    }

    /// Whether it has a tensor of this name, readable or not, also where the name was changed when it was opened.
    pub(crate) fn lists(&self, name: &str) -> bool {
        let has = |name: &str| self.0.positions.contains_key(name) || self.0.unreadable.contains_key(name);
        has(name) || self.0.wrappers.iter().any(|wrapper| has(&without_wrapper(name, wrapper)))
    }

    /// Names of the tensors that are in the file and cannot be read.
    pub(crate) fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.0.unreadable.keys().map(String::as_str)
    }

    /// Why a tensor cannot be had: it is not there, or it is stored in a form that is not read.
    pub(crate) fn missing(&self, tensor: &str) -> WeightsError {
        let (name, tensor) = (self.name().to_owned(), tensor.to_owned());
        match self.0.unreadable.get(&tensor) {
            Some(reason) => WeightsError::Tensor { name, tensor, reason: reason.clone() },
            None => WeightsError::Missing { name, tensor },
        }
    }

    /// What was chosen or changed when it was opened, as sentences without a subject: "its weights are those in its entry `model`".
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    /// What the folder's `config.json` says, where the model is a folder that has one.
    #[must_use]
    pub fn folder(&self) -> Option<&FolderConfig> {
        self.0.config.as_ref()?.folder.as_ref()
    }

    /// The whole `config.json` of the folder, also where another program wrote it.
    #[must_use]
    pub fn config_json(&self) -> Option<&Value> {
        self.0.config.as_ref().map(|config| &config.json)
    }

    /// Reads one tensor by its stored name, row-major, as f32. Values that are not finite are an error.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_tensor(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let values = self.read(name, None).await?;
        self.check_finite(name, &values, 0)?;
        Ok(values)
    }

    /// Reads `count` entries along the first axis from `first` on, as [`read_tensor`](Self::read_tensor) does.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_tensor_rows(
        &self,
        name: &str,
        first: u64,
        count: u64,
    ) -> Result<Vec<f32>, WeightsError> {
        let values = self.read(name, Some((first, count))).await?;
        let per_row = values.len() as u64 / count.max(1);
        self.check_finite(name, &values, first * per_row)?;
        Ok(values)
    }

    /// Reads a tensor of whole numbers or booleans, such as a counter. Exact, unlike f32.
    ///
    /// # Errors
    /// [`WeightsError`] names the tensor.
    pub async fn read_integers(&self, name: &str) -> Result<Vec<i64>, WeightsError> {
        self.read(name, None).await
    }

    /// Reads `count` entries along the first axis of a tensor of 32-bit words, from `first` on.
    pub(crate) async fn read_words_rows(
        &self,
        name: &str,
        first: u64,
        count: u64,
    ) -> Result<Vec<u32>, WeightsError> {
        self.read(name, Some((first, count))).await
    }

    async fn read<E: Element>(&self, name: &str, rows: Option<(u64, u64)>) -> Result<Vec<E>, WeightsError> {
        let failed = |reason: String| WeightsError::Tensor {
            name: self.name().to_owned(),
            tensor: name.to_owned(),
            reason,
        };
        let Some(&position) = self.0.positions.get(name) else {
            return Err(self.missing(name));
        };
        let (source, tensor) = &self.0.stored[position];
        let part: Layout;
        let layout = match rows {
            None => &tensor.layout,
            Some((first, count)) => {
                let rows = tensor.layout.rows(first, count);
                part = rows.ok_or_else(|| failed(format!("has no {count} rows from row {first} on")))?;
                &part
            }
        };
        tensor.read(source, layout).await.map_err(|error| match error {
            ReadError::Source(error) => error.into(),
            ReadError::Tensor(reason) => failed(reason),
        })
    }

    fn check_finite(&self, tensor: &str, values: &[f32], first: u64) -> Result<(), WeightsError> {
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(index) => Err(WeightsError::NotFinite {
                name: self.name().to_owned(),
                tensor: tensor.to_owned(),
                index: first + index as u64,
                value: values[index],
            }),
        }
    }
}

impl Opened {
    /// Adds the tensors of a file.
    fn add(&mut self, source: &Source, listing: Listing) -> Result<(), WeightsError> {
        for tensor in listing.tensors {
            if self.positions.insert(tensor.name.clone(), self.stored.len()).is_some() {
                let reason = format!("tensor `{}` is in two of its files", tensor.name);
                return Err(WeightsError::Broken { name: self.name.clone(), reason });
            }
            let (shape, dtype) = (tensor.layout.shape().to_vec(), tensor.dtype.name().to_owned());
            self.entries.push(TensorEntry { name: tensor.name.clone(), shape, dtype });
            self.stored.push((source.clone(), tensor));
        }
        for UnreadableTensor { name, reason } in listing.unreadable {
            self.unreadable.insert(name, reason);
        }
        self.wrappers.extend(listing.wrappers);
        for note in listing.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(())
    }
}

/// Lists the tensors of one file, whose form is told by its first bytes.
async fn list_tensors(source: &Source) -> Result<Listing, WeightsError> {
    let start = source.read_at(0, source.len().min(512) as usize).await?;
    if pytorch::is_zip(&start) {
        pytorch::open_zip(source).await
    } else if pytorch::is_legacy(&start) {
        pytorch::open_legacy(source).await
    } else if is_safetensors(&start, source.len()) {
        safetensors::open(source).await
    } else {
        let what = guess(&start);
        let reason = format!("{what}; safetensors files and PyTorch checkpoints (.ckpt, .pt, .pth) are read");
        Err(WeightsError::Unrecognized { name: source.name().to_owned(), reason })
    }
}

/// What a file that is no model seems to be.
fn guess(start: &[u8]) -> &'static str {
    let text = start.trim_ascii_start();
    if start.is_empty() {
        "is empty"
    } else if text.starts_with(b"version https://git-lfs") {
        "is a Git LFS pointer, not the file itself (run `git lfs pull`)"
    } else if text.starts_with(b"<") {
        "is a web page, not a model"
    } else if start.starts_with(b"\x89HDF") {
        "is an HDF5 file"
    } else if start.starts_with(b"GGUF") {
        "is a GGUF file"
    } else if start.get(257..262) == Some(b"ustar") {
        "is a tar archive (the form of PyTorch before 0.1.10)"
    } else if start.starts_with(b"\x80") {
        "is a pickle without tensors of its own"
    } else {
        "is cut off, or no model"
    }
}
