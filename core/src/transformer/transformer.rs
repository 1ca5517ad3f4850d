//! A transformer on the GPU.

use std::sync::Arc;

use ibq_shaders::{Storage, params::ClassMix};

use crate::{gpu::Gpu, job::Job};

use super::{
    TransformerConfig, TransformerError, TransformerPrecision, TransformerWeights, network::Network,
    parameters::Parameters, run::Sequences,
};

/// A transformer on the GPU. Clones share it.
#[derive(Clone, Debug)]
pub struct Transformer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    gpu: Gpu,
    config: TransformerConfig,
    precision: TransformerPrecision,
    storage: Storage,
    /// Linear layers take the tiles of software adapters.
    software: bool,
    parameters: Parameters,
}

impl Transformer {
    /// Uploads the weights piece by piece.
    ///
    /// # Errors
    /// [`TransformerError`]: weights that cannot be read, no memory, cancelled.
    pub async fn load(
        gpu: &Gpu,
        weights: &TransformerWeights,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Self, TransformerError> {
        let parameters = Parameters::load(gpu, weights, precision, job).await?;
        let config = weights.config().clone();
        let storage = precision.storage(gpu);
        let software = gpu.info().is_software();
        Ok(Self(Arc::new(Inner { gpu: gpu.clone(), config, precision, storage, software, parameters })))
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
    pub fn gpu(&self) -> &Gpu {
        &self.0.gpu
    }

    /// How its weights are stored.
    #[must_use]
    pub fn precision(&self) -> TransformerPrecision {
        self.0.precision
    }

    /// Bytes of weights on the GPU.
    #[must_use]
    pub fn weight_bytes(&self) -> u64 {
        self.0.parameters.bytes()
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.0.parameters
    }

    pub(super) fn network<'a>(&'a self, sequences: &'a Sequences) -> Network<'a> {
        let Inner { gpu, config, parameters, storage, software, .. } = &*self.0;
        Network { gpu, config, parameters, storage: *storage, software: *software, sequences }
    }

    /// Memory for sequences with these conditions, and their vectors of adaptive layer norm.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, cancelled, a lost device.
    pub(super) async fn start_sequences(
        &self,
        pictures: u32,
        conditions: &[ClassMix],
        tokens: &crate::gpu::Buffer,
        job: &Job,
    ) -> Result<Sequences, TransformerError> {
        let Inner { gpu, config, precision, parameters, .. } = &*self.0;
        let sequences = Sequences::new(gpu, config, *precision, pictures, conditions).await?;
        let activations =
            super::run::Activations::new(gpu, config, parameters, sequences.count, false).await?;
        let dispatches = self.network(&sequences).condition(&activations, tokens).await?;
        gpu.run(&dispatches, false, job, |_| {}).await?;
        Ok(sequences)
    }
}
