//! An opened model: what it is, which tensors it has, and the tokenizer in it.

use std::collections::HashMap;

use crate::formats::{Element, safetensors::is_safetensors};

use super::{
    ModelKind, Origin, Source, TokenizerWeights, WeightSet, WeightsError,
    folder::FolderConfig,
    layout::Layout,
    naming::Naming,
    pytorch, safetensors,
    source::Shared,
    stored::{ReadError, StoredTensor},
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
    kind: ModelKind,
    available: Vec<WeightSet>,
    naming: Naming,
    folder: Option<FolderConfig>,
    entries: Vec<TensorEntry>,
    stored: Vec<(Source, StoredTensor)>,
    positions: HashMap<String, usize>,
}

impl Model {
    /// Opens one file: safetensors, a PyTorch checkpoint or state dict.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open(source: Source) -> Result<Self, WeightsError> {
        let name = source.name().to_owned();
        let origin = source.origin();
        let tensors = list_tensors(&source).await?;
        Self::assemble(
            name,
            origin,
            None,
            tensors.into_iter().map(|tensor| (source.clone(), tensor)).collect(),
        )
    }

    /// Opens a file or a model folder (`config.json` + `model.safetensors`, or shards with an index).
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn open_path(path: &std::path::Path) -> Result<Self, WeightsError> {
        if path.is_dir() {
            super::folder::open_path(path).await
        } else {
            Self::open(Source::file(path)?).await
        }
    }

    /// Opens a model folder whose two files are at hand.
    ///
    /// # Errors
    /// [`WeightsError`] names the file and what is wrong with it.
    pub async fn open_folder(config: Source, shards: Vec<Source>) -> Result<Self, WeightsError> {
        let name = shards.first().unwrap_or(&config).name().to_owned();
        let config = super::folder::read_config(&config).await?;
        Self::from_shards(name, Origin::Unknown, config, shards).await
    }

    /// Opens a model that ships with the program, from its two files.
    ///
    /// # Errors
    /// [`WeightsError`] names the model and what is wrong with it.
    pub async fn open_bundled(name: &str, config: Source, weights: Source) -> Result<Self, WeightsError> {
        let config = super::folder::read_config(&config).await?;
        Self::from_shards(name.to_owned(), Origin::Bundled(name.to_owned()), config, vec![weights]).await
    }

    /// Opens a model that ships with the page, from the address of its folder, which ends in `/`.
    ///
    /// # Errors
    /// [`WeightsError`] names the address and what is wrong with it.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_bundled_url(name: &str, url: &str) -> Result<Self, WeightsError> {
        super::folder::open_url(url, Origin::Bundled(name.to_owned())).await
    }

    /// Opens a file, or a model folder (an address that ends in `/`), over HTTP.
    ///
    /// # Errors
    /// [`WeightsError`] names the address and what is wrong with it.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_url(url: &str) -> Result<Self, WeightsError> {
        if url.ends_with('/') {
            super::folder::open_url(url, Origin::At(url.to_owned())).await
        } else {
            Self::open(Source::http(url).await?).await
        }
    }

    /// The files that hold its tensors.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let mut sources: Vec<Source> = Vec::new();
        for (source, _) in &self.0.stored {
            if sources.iter().all(|known| known.name() != source.name()) {
                sources.push(source.clone());
            }
        }
        sources
    }

    /// A folder's configuration, where it has one, and the files that hold its tensors.
    pub(super) async fn from_shards(
        name: String,
        origin: Origin,
        config: Option<FolderConfig>,
        shards: Vec<Source>,
    ) -> Result<Self, WeightsError> {
        let mut stored = Vec::new();
        for source in shards {
            let tensors = list_tensors(&source).await?;
            stored.extend(tensors.into_iter().map(|tensor| (source.clone(), tensor)));
        }
        Self::assemble(name, origin, config, stored)
    }

    fn assemble(
        name: String,
        origin: Origin,
        folder: Option<FolderConfig>,
        stored: Vec<(Source, StoredTensor)>,
    ) -> Result<Self, WeightsError> {
        let mut positions = HashMap::with_capacity(stored.len());
        let mut entries = Vec::with_capacity(stored.len());
        for (position, (_, tensor)) in stored.iter().enumerate() {
            if positions.insert(tensor.name.clone(), position).is_some() {
                let reason = format!("tensor `{}` is in two of its files", tensor.name);
                return Err(WeightsError::Broken { name, reason });
            }
            let (shape, dtype) = (tensor.layout.shape().to_vec(), tensor.dtype.name().to_owned());
            entries.push(TensorEntry { name: tensor.name.clone(), shape, dtype });
        }
        let names = || entries.iter().map(|entry| entry.name.as_str());
        let kind = folder.as_ref().map_or_else(|| ModelKind::of(names()), |folder| folder.kind);
        let naming = if kind == ModelKind::Transformer { Naming::INNER } else { Naming::TOP };
        // A model folder holds one set under plain names and says which; a transformer's may be without a tokenizer.
        let available = match (&folder, naming.available(names())) {
            (Some(folder), found) if kind != ModelKind::Transformer || !found.is_empty() => {
                vec![folder.weights]
            }
            (_, found) => found,
        };
        Ok(Self(Shared::new(Opened {
            name,
            origin,
            kind,
            available,
            naming,
            folder,
            entries,
            stored,
            positions,
        })))
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

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ModelKind {
        self.0.kind
    }

    /// The sets of weights that its tokenizer has, the default first. Empty where there is no tokenizer.
    #[must_use]
    pub fn available(&self) -> &[WeightSet] {
        &self.0.available
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

    /// What the folder's `config.json` says, where the model is a folder that has one.
    #[must_use]
    pub fn folder(&self) -> Option<&FolderConfig> {
        self.0.folder.as_ref()
    }

    /// The tokenizer in it (of a transformer checkpoint, the one inside), with the asked set of weights (none: EMA
    /// where there is one).
    ///
    /// # Errors
    /// [`WeightsError`]: another kind of model (named), missing tensors, a set that is not there.
    pub fn tokenizer(&self, set: Option<WeightSet>) -> Result<TokenizerWeights, WeightsError> {
        TokenizerWeights::new(self, self.0.naming, set)
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
            return Err(WeightsError::Missing { name: self.name().to_owned(), tensor: name.to_owned() });
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

/// Lists the tensors of one file, whose form is told by its first bytes.
async fn list_tensors(source: &Source) -> Result<Vec<StoredTensor>, WeightsError> {
    let start = source.read_at(0, source.len().min(512) as usize).await?;
    if pytorch::is_zip(&start) {
        pytorch::open_zip(source).await
    } else if pytorch::is_legacy(&start) {
        pytorch::open_legacy(source).await
    } else if is_safetensors(&start, source.len()) {
        Ok(safetensors::open(source).await?.0)
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
