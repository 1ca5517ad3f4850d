//! Training pictures as tokens with their classes, in one safetensors file.

use std::{collections::HashMap, path::Path};

use burn::tensor::Device;
use ibq_core::{tokenizer::TokenizerConfig, transformer::TransformerConfig};

use crate::{
    data::Pictures,
    safetensors_file::{self, SafetensorsFile, StoredTensor, TensorFileError},
    tokenizer::{
        CODEBOOK,
        network::encode,
        quantizer::QuantizerConfig,
        rows::{as_rows, integers},
    },
    weights::Weights,
    workers::Workers,
};

/// Pictures that go through the encoder at once.
const BATCH: usize = 16;

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

/// Tokens do not fit a model.
#[derive(Debug, thiserror::Error)]
#[error(
    "the tokens are for {found_codes} codes, {found_each} tokens per image and {found_classes} classes; the model is for \
     {codes}, {each} and {classes} (--fit takes these numbers from the tokens)"
)]
pub struct TokenMismatch {
    found_codes: usize,
    found_each: usize,
    found_classes: usize,
    codes: u32,
    each: u32,
    classes: u32,
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

    /// Whether the tokens are of the model's numbers of codes, tokens per image and classes.
    ///
    /// # Errors
    /// [`TokenMismatch`].
    pub fn check(&self, model: &TransformerConfig) -> Result<(), TokenMismatch> {
        let found = [self.vocab, self.each, self.class_names.len()];
        if found == [model.vocab_size, model.block_size, model.class_num].map(|size| size as usize) {
            return Ok(());
        }
        Err(TokenMismatch {
            found_codes: found[0],
            found_each: found[1],
            found_classes: found[2],
            codes: model.vocab_size,
            each: model.block_size,
            classes: model.class_num,
        })
    }

    /// Encodes pictures where the tokenizer is, as they are and mirrored, and adds their tokens. `classes` has the class of
    /// every picture.
    pub fn add(
        &mut self,
        tokenizer: &Weights,
        config: &TokenizerConfig,
        pictures: &Pictures,
        classes: &[u16],
        progress: impl Fn(u64),
    ) {
        let device = tokenizer.get::<2>(CODEBOOK).device();
        let workers = (device == Device::flex()).then(Workers::new);
        let quantizer = QuantizerConfig::of(config.rule);
        let encode = |batch: &[usize]| -> Vec<u16> {
            let pixels = pictures.tensor(batch, &device);
            let tokens = [pixels.clone(), pixels.flip([3])].map(|pixels| {
                let rows = as_rows(encode(tokenizer, config, pixels));
                integers(&quantizer.rule().choose(rows, tokenizer.get(CODEBOOK)))
            });
            tokens.into_iter().flatten().map(|code| code as u16).collect()
        };
        let all: Vec<usize> = (0..pictures.len()).collect();
        for batches in all.chunks(BATCH * workers.as_ref().map_or(1, Workers::count)) {
            let batches: Vec<&[usize]> = batches.chunks(BATCH).collect();
            let encoded = match &workers {
                Some(workers) => workers.each(batches.clone(), encode),
                None => batches.iter().map(|batch| encode(batch)).collect(),
            };
            for (batch, tokens) in batches.into_iter().zip(encoded) {
                self.tokens.extend(tokens);
                for _mirrored in [false, true] {
                    self.classes.extend(batch.iter().map(|index| classes[*index]));
                }
                progress(batch.len() as u64);
            }
        }
    }

    /// Writes the file; what stood there is replaced when the new one is complete.
    ///
    /// # Errors
    /// [`TensorFileError`].
    pub fn save(&self, path: &Path) -> Result<(), TensorFileError> {
        let codes = vec![self.vocab, self.codes.len() / self.vocab];
        let tensors = [
            ("tokens", StoredTensor::words(vec![self.len(), self.each], &self.tokens)),
            ("classes", StoredTensor::words(vec![self.len()], &self.classes)),
            ("codes", StoredTensor::floats(codes, &self.codes)),
        ];
        let names = safetensors_file::metadata_json(path, &self.class_names)?;
        safetensors_file::write(path, tensors, HashMap::from([("class_names".to_owned(), names)]))
    }

    /// Reads a file of [`save`](Self::save) and checks that every token and class exists.
    ///
    /// # Errors
    /// [`TensorFileError`].
    pub fn open(path: &Path) -> Result<Self, TensorFileError> {
        let file = SafetensorsFile::open(path, "a file of `ibq-train tokens`")?;
        let wrong = |what: &str| file.content_error(&format!("{what}: not a file of `ibq-train tokens`"));
        let class_names: Vec<String> = file.json("class_names")?;
        let (shape, tokens) = file.words("tokens")?;
        let (pictures, classes) = file.words("classes")?;
        let (codebook, codes) = file.floats("codes")?;
        let (&[count, each], &[vocab, _]) = (shape, codebook) else {
            return Err(wrong("a tensor has another shape"));
        };
        if *pictures != [count] || count == 0 || each == 0 || vocab == 0 {
            return Err(wrong("tokens and classes do not fit each other"));
        }
        let set = Self { each, tokens, classes, class_names, codes, vocab };
        if set.tokens.iter().any(|token| usize::from(*token) >= vocab) {
            return Err(wrong("a token is not below the number of codes"));
        }
        if set.classes.iter().any(|class| usize::from(*class) >= set.class_names.len()) {
            return Err(wrong("a class has no name"));
        }
        Ok(set)
    }
}
