//! Training pictures as tokens with their classes, in one safetensors file.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use ibq_core::tokenizer::TokenizerConfig;
use safetensors::{Dtype, SafeTensors, View, tensor::TensorView};

use crate::{
    checkpoint::write_whole,
    data::Pictures,
    network::encode,
    quantizer::{Ibq, QuantizerConfig},
    run::{as_rows, integers},
    weights::{CODEBOOK, Weights},
};

/// Pictures that go through the encoder at once.
const BATCH: usize = 16;

/// Tokens cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its content.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Pictures as tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSet {
    /// Tokens of one picture.
    pub each: usize,
    /// Picture after picture, in raster order.
    pub tokens: Vec<u16>,
    /// Class of every picture.
    pub classes: Vec<u16>,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// The codes of the tokenizer, `[K, D]`: a model that was trained on these tokens is for this tokenizer alone.
    pub codes: Vec<f32>,
    /// Number of codes.
    pub vocab: usize,
}

impl TokenSet {
    /// No pictures yet.
    #[must_use]
    pub fn new(tokenizer: &Weights, config: &TokenizerConfig, side: usize, class_names: Vec<String>) -> Self {
        let grid = side / config.factor() as usize;
        let (codes, vocab) = (tokenizer.values(CODEBOOK), config.n_embed as usize);
        Self { each: grid * grid, tokens: vec![], classes: vec![], class_names, codes, vocab }
    }

    /// Pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The tokens of a picture.
    #[must_use]
    pub fn picture(&self, index: usize) -> &[u16] {
        &self.tokens[index * self.each..][..self.each]
    }

    /// Encodes pictures, as they are and mirrored, and adds their tokens. `classes` has the class of every picture.
    pub fn add(
        &mut self,
        tokenizer: &Weights,
        config: &TokenizerConfig,
        pictures: &Pictures,
        classes: &[u16],
        progress: impl Fn(u64),
    ) {
        let rule = QuantizerConfig::Ibq(Ibq::default());
        let all: Vec<usize> = (0..pictures.len()).collect();
        for batch in all.chunks(BATCH) {
            let pixels = pictures.tensor(batch, &Device::flex());
            for pixels in [pixels.clone(), pixels.flip([3])] {
                let rows = as_rows(encode(tokenizer, config, pixels));
                let quantized = rule.rule().forward(rows, tokenizer.get(CODEBOOK));
                self.tokens.extend(integers(&quantized.indices).into_iter().map(|code| code as u16));
                self.classes.extend(batch.iter().map(|index| classes[*index]));
            }
            progress(batch.len() as u64);
        }
    }

    /// Writes the file; what stood there is replaced when the new one is complete.
    ///
    /// # Errors
    /// [`TokensError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), TokensError> {
        let words = |values: &[u16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let codes = self.codes.iter().flat_map(|value| value.to_le_bytes()).collect();
        let dimension = self.codes.len() / self.vocab;
        let tensors = [
            ("tokens", Stored(Dtype::U16, vec![self.len(), self.each], words(&self.tokens))),
            ("classes", Stored(Dtype::U16, vec![self.len()], words(&self.classes))),
            ("codes", Stored(Dtype::F32, vec![self.vocab, dimension], codes)),
        ];
        let content = |reason: String| TokensError::Content { path: path.to_owned(), reason };
        let names = serde_json::to_string(&self.class_names).map_err(|error| content(error.to_string()))?;
        let facts = HashMap::from([("class_names".to_owned(), names)]);
        let bytes =
            safetensors::serialize(tensors, Some(facts)).map_err(|error| content(error.to_string()))?;
        write_whole(path, &bytes).map_err(|source| TokensError::Io { path: path.to_owned(), source })
    }

    /// Reads a file of [`save`](Self::save) and checks that every token and class exists.
    ///
    /// # Errors
    /// [`TokensError`].
    pub fn open(path: &Path) -> Result<Self, TokensError> {
        let bytes = fs::read(path).map_err(|source| TokensError::Io { path: path.to_owned(), source })?;
        let content = |reason: String| TokensError::Content { path: path.to_owned(), reason };
        let wrong = |what: &str| content(format!("{what}: not a file of `ibq-train tokens`"));
        let file = SafeTensors::deserialize(&bytes).map_err(|error| content(error.to_string()))?;
        let (_, head) = SafeTensors::read_metadata(&bytes).map_err(|error| content(error.to_string()))?;
        let names = head.metadata().as_ref().and_then(|facts| facts.get("class_names"));
        let names = names.ok_or_else(|| wrong("no names of classes"))?;
        let class_names: Vec<String> =
            serde_json::from_str(names).map_err(|error| content(error.to_string()))?;
        let tensor = |name: &str, dtype: Dtype, rank: usize| -> Result<TensorView<'_>, TokensError> {
            let tensor = file.tensor(name).map_err(|_| wrong(&format!("no tensor `{name}`")))?;
            if tensor.dtype() != dtype || tensor.shape().len() != rank {
                return Err(wrong(&format!("the tensor `{name}` has another type")));
            }
            Ok(tensor)
        };
        let words = |tensor: &TensorView<'_>| -> Vec<u16> {
            tensor.data().chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
        };
        let (tokens, classes) = (tensor("tokens", Dtype::U16, 2)?, tensor("classes", Dtype::U16, 1)?);
        let codes = tensor("codes", Dtype::F32, 2)?;
        let (vocab, each) = (codes.shape()[0], tokens.shape()[1]);
        if tokens.shape()[0] != classes.shape()[0] || tokens.shape()[0] == 0 || each == 0 || vocab == 0 {
            return Err(wrong("tokens and classes do not fit each other"));
        }
        let set = Self {
            each,
            tokens: words(&tokens),
            classes: words(&classes),
            class_names,
            codes: codes
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            vocab,
        };
        if set.tokens.iter().any(|token| usize::from(*token) >= vocab) {
            return Err(wrong("a token is not below the number of codes"));
        }
        if set.classes.iter().any(|class| usize::from(*class) >= set.class_names.len()) {
            return Err(wrong("a class has no name"));
        }
        Ok(set)
    }
}

/// A tensor on its way to a file.
pub(super) struct Stored(pub(super) Dtype, pub(super) Vec<usize>, pub(super) Vec<u8>);

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.0
    }

    fn shape(&self) -> &[usize] {
        &self.1
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.2)
    }

    fn data_len(&self) -> usize {
        self.2.len()
    }
}
