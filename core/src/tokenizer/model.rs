//! A tokenizer on its device: what it holds, and loading it.

use std::sync::{Arc, Mutex, PoisonError};

use ibq_shaders::Storage;

use crate::{
    device::Device,
    files::{Model, Origin, WeightSet},
    gpu::Precision,
    job::Job,
    ops::{Executor, Program},
    picture::Size,
    tokens::Grid,
};

use super::{
    MemoryPlan, Tiling, TokenizerConfig, TokenizerError, TokenizerWeights, load,
    network::{DecoderIo, EncoderIo},
    plan::{Planner, grid_of},
};

/// A tokenizer on a GPU or on the processor. Clones share it.
#[derive(Clone, Debug)]
pub struct Tokenizer(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    model: Model,
    set: WeightSet,
    rule_is_assumed: bool,
    pub(super) device: Device,
    pub(super) config: TokenizerConfig,
    pub(super) precision: Precision,
    pub(super) storage: Storage,
    pub(super) executor: Box<dyn Executor>,
    /// The programs of the last shape, kept for the next picture of the same shape. A run takes its program out.
    pub(super) encoder: Mutex<Option<Shaped<EncoderIo>>>,
    pub(super) decoder: Mutex<Option<Shaped<DecoderIo>>>,
}

/// A program for one batch size and grid.
#[derive(Debug)]
pub(super) struct Shaped<Io> {
    pub(super) items: u32,
    pub(super) grid: Grid,
    pub(super) program: Box<dyn Program>,
    pub(super) io: Io,
    /// Operations of the first stage (encode, or all of decode).
    pub(super) first_stage: usize,
}

impl Tokenizer {
    /// Puts the weights on the device, tensor by tensor. The processor keeps them as f32, whatever the precision.
    ///
    /// # Errors
    /// [`TokenizerError`]: weights that cannot be read, no memory, cancelled.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a page has one thread, and its files stay on it")
    )]
    pub async fn load(
        device: impl Into<Device>,
        weights: &TokenizerWeights,
        precision: Precision,
        job: &Job,
    ) -> Result<Self, TokenizerError> {
        let device = device.into();
        let storage = device.storage(precision);
        let precision = if storage == Storage::F32 { Precision::F32 } else { precision };
        let executor = load::load(&device, weights, precision, job).await?;
        Ok(Self(Arc::new(Inner {
            model: weights.model().clone(),
            set: weights.set(),
            rule_is_assumed: weights.rule_is_assumed(),
            device,
            config: weights.config().clone(),
            precision,
            storage,
            executor,
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

    /// What was chosen or changed when its model was opened, ready to be shown.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.0.model.notes()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TokenizerConfig {
        &self.0.config
    }

    /// The device it lives on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.0.device
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
        device: impl Into<Device>,
        config: &TokenizerConfig,
        precision: Precision,
        size: Size,
        batch: u32,
        tiling: Tiling,
    ) -> Result<MemoryPlan, TokenizerError> {
        config.validate()?;
        let device = &device.into();
        let storage = device.storage(precision);
        let weights =
            config.parameter_count() * storage.bytes_of_four() / 4 + config.quantizer().derived_bytes();
        let grid = grid_of(size, config.factor())?;
        Planner { device, config, storage, weights }.plan(batch, grid, tiling)
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
        let weights = inner.executor.bytes();
        Planner { device: &inner.device, config: &inner.config, storage: inner.storage, weights }
    }
}

pub(super) fn take<T>(cache: &Mutex<Option<T>>) -> Option<T> {
    cache.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(super) fn put<T>(cache: &Mutex<Option<T>>, value: T) {
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
}
