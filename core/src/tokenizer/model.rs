//! A tokenizer on the GPU: what it holds, and loading it.

use std::sync::{Arc, Mutex, PoisonError};

use ibq_shaders::Storage;

use crate::{
    files::{Model, Origin, WeightSet},
    gpu::{Gpu, Precision},
    job::Job,
    ops::{Parameters, Program},
    picture::Size,
    tokens::Grid,
};

use super::{
    MemoryPlan, Tiling, TokenizerConfig, TokenizerError, TokenizerWeights, load,
    network::{DecoderIo, EncoderIo},
    plan::{Planner, grid_of},
};

/// A tokenizer on the GPU. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    model: Model,
    set: WeightSet,
    rule_is_assumed: bool,
    pub(super) gpu: Gpu,
    pub(super) config: TokenizerConfig,
    pub(super) precision: Precision,
    pub(super) storage: Storage,
    pub(super) parameters: Parameters,
    /// The programs of the last shape, kept for the next picture of the same shape. A run takes its program out.
    pub(super) encoder: Mutex<Option<Shaped<EncoderIo>>>,
    pub(super) decoder: Mutex<Option<Shaped<DecoderIo>>>,
}

/// A program for one batch size and grid.
#[derive(Debug)]
pub(super) struct Shaped<Io> {
    pub(super) items: u32,
    pub(super) grid: Grid,
    pub(super) program: Program,
    pub(super) io: Io,
    /// Dispatches of the first stage (encode, or all of decode).
    pub(super) first_stage: usize,
}

impl Tokenizer {
    /// Uploads the weights tensor by tensor.
    ///
    /// # Errors
    /// [`TokenizerError`]: weights that cannot be read, no memory, cancelled.
    pub async fn load(
        gpu: &Gpu,
        weights: &TokenizerWeights,
        precision: Precision,
        job: &Job,
    ) -> Result<Self, TokenizerError> {
        let storage = gpu.storage(precision);
        let parameters = load::load(gpu, weights, storage, job).await?;
        Ok(Self(Arc::new(Inner {
            model: weights.model().clone(),
            set: weights.set(),
            rule_is_assumed: weights.rule_is_assumed(),
            gpu: gpu.clone(),
            config: weights.config().clone(),
            precision,
            storage,
            parameters,
            encoder: Mutex::default(),
            decoder: Mutex::default(),
        })))
    }

    /// Path or address of its model, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.model.name()
    }

    /// Where its model comes from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.0.model.origin()
    }

    /// The model that its weights were read from.
    pub(crate) fn model(&self) -> &Model {
        &self.0.model
    }

    /// Which set of weights it holds.
    #[must_use]
    pub fn set(&self) -> WeightSet {
        self.0.set
    }

    /// Whether nothing said by which rule the quantizer chooses codes, so that it was assumed.
    #[must_use]
    pub fn rule_is_assumed(&self) -> bool {
        self.0.rule_is_assumed
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        &self.0.config
    }

    /// The device it lives on.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        &self.0.gpu
    }

    /// Storage precision.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.0.precision
    }

    /// Memory for a configuration that is not loaded yet: what a model chooser shows.
    ///
    /// # Errors
    /// [`TokenizerError`]: sides that are no multiples of the factor, or more than the device can ever hold.
    pub fn estimate(
        gpu: &Gpu,
        config: &TokenizerConfig,
        precision: Precision,
        size: Size,
        batch: u32,
        tiling: Tiling,
    ) -> Result<MemoryPlan, TokenizerError> {
        config.validate()?;
        let storage = gpu.storage(precision);
        let weights =
            config.parameter_count() * storage.bytes_of_four() / 4 + config.quantizer().derived_bytes();
        let grid = grid_of(size, config.factor())?;
        Planner { gpu, config, storage, weights }.plan(batch, grid, tiling)
    }

    /// Memory for pictures of this size, known before anything is allocated.
    ///
    /// # Errors
    /// [`TokenizerError`]: sides that are no multiples of the factor, or more than the device can ever hold.
    pub fn plan(&self, size: Size, batch: u32, tiling: Tiling) -> Result<MemoryPlan, TokenizerError> {
        let grid = grid_of(size, self.0.config.factor())?;
        self.planner().plan(batch, grid, tiling)
    }

    pub(super) fn planner(&self) -> Planner<'_> {
        let inner = &self.0;
        let weights = inner.parameters.bytes();
        Planner { gpu: &inner.gpu, config: &inner.config, storage: inner.storage, weights }
    }
}

pub(super) fn take<T>(cache: &Mutex<Option<T>>) -> Option<T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(super) fn put<T>(cache: &Mutex<Option<T>>, value: T) {
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}
