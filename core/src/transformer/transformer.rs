//! A transformer on a device.

use std::sync::Arc;

use ibq_shaders::{Storage, params::ClassMix};

use crate::{
    device::Device,
    job::Job,
    ops::{Executor, Graph, Program},
};

use super::{
    TransformerConfig, TransformerError, TransformerPrecision, TransformerWeights, loader::load,
    network::Network, sample_inputs::SampleInputs, sequences::Sequences,
};

/// A transformer on a device. Clones share it.
#[derive(Clone, Debug)]
pub struct Transformer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    device: Device,
    config: TransformerConfig,
    precision: TransformerPrecision,
    storage: Storage,
    /// Linear layers take the tiles of software adapters.
    software: bool,
    executor: Box<dyn Executor>,
}

impl Transformer {
    /// Brings the weights to the device, piece by piece.
    ///
    /// # Errors
    /// [`TransformerError`]: weights that cannot be read, no memory, cancelled.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a page has one thread, and its files stay on it")
    )]
    pub async fn load(
        device: impl Into<Device>,
        weights: &TransformerWeights,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Self, TransformerError> {
        let device = device.into();
        let executor = load(&device, weights, precision, job).await?;
        let config = weights.config().clone();
        let storage = precision.storage(&device);
        let software = device.gpu().is_some_and(|gpu| gpu.info().is_software());
        Ok(Self(Arc::new(Inner { device, config, precision, storage, software, executor })))
    }

    /// With the tiles of GPUs, wherever it runs.
    #[cfg(test)]
    pub(super) fn with_tiles_of_gpus(self) -> Self {
        let inner = Arc::into_inner(self.0).expect("not shared yet");
        Self(Arc::new(Inner { software: false, ..inner }))
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &TransformerConfig {
        &self.0.config
    }

    /// The device it lives on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// How its weights are stored.
    #[must_use]
    pub fn precision(&self) -> TransformerPrecision {
        self.0.precision
    }

    /// Bytes of weights on the device.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        self.0.executor.bytes()
    }

    #[cfg(test)]
    pub(super) fn executor(&self) -> &dyn Executor {
        &*self.0.executor
    }

    pub(super) fn network<'a>(&'a self, sequences: &'a Sequences) -> Network<'a> {
        let Inner { config, executor, storage, software, .. } = &*self.0;
        Network { config, executor: &**executor, storage: *storage, software: *software, sequences }
    }

    /// A graph of this transformer made ready to run.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, or the driver refuses a kernel.
    pub(super) async fn prepare(&self, graph: Graph) -> Result<Box<dyn Program>, TransformerError> {
        Ok(self.0.executor.prepare(graph, self.0.storage).await?)
    }

    /// Memory for sequences with these conditions, and their vectors of adaptive layer norm.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, cancelled, a lost device.
    pub(super) async fn start_sequences(
        &self,
        conditions: &[ClassMix],
        inputs: &SampleInputs,
        job: &Job,
    ) -> Result<Sequences, TransformerError> {
        let Inner { device, config, precision, .. } = &*self.0;
        let sequences = Sequences::new(device, config, *precision, conditions, inputs).await?;
        let program = self.prepare(self.network(&sequences).condition()).await?;
        program.run_all(job).await?;
        Ok(sequences)
    }
}
