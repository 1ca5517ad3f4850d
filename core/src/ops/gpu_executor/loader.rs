//! Parameters on their way to a GPU.

use ibq_shaders::LookupScore;

use crate::{
    gpu::{Gpu, GpuError, Precision, RunError},
    job::Job,
};

#[cfg(not(target_arch = "wasm32"))]
use crate::ops::PartWords;
use crate::ops::{
    Executor, LinearRows, LinearShape, LinearWords, ParameterLoader, Parameters, pending::Pending,
};

use super::GpuExecutor;

/// Parameters that are being read, on a GPU.
pub(crate) struct GpuLoader {
    gpu: Gpu,
    parameters: Parameters,
}

impl GpuLoader {
    /// No parameters yet.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn new(gpu: &Gpu, precision: Precision) -> Result<Self, GpuError> {
        let parameters = Parameters::empty(gpu, gpu.storage(precision)).await?;
        Ok(Self { gpu: gpu.clone(), parameters })
    }
}

impl ParameterLoader for GpuLoader {
    fn put_conv<'a>(
        &'a mut self,
        name: &'a str,
        shape: (usize, usize, usize),
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(self.parameters.put_conv(&self.gpu, name, shape, weight, bias))
    }

    fn put_norm<'a>(
        &'a mut self,
        name: &'a str,
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(self.parameters.put_norm(&self.gpu, name, weight, bias))
    }

    fn put_codes<'a>(
        &'a mut self,
        rows: &'a [f32],
        dimension: usize,
        score: LookupScore,
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(self.parameters.put_codes(&self.gpu, rows, dimension, score))
    }

    fn begin_linear<'a>(
        &'a mut self,
        name: &'a str,
        shape: LinearShape,
        shard_rows: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        let storage = self.parameters.storage;
        Box::pin(self.parameters.linear.begin_linear(&self.gpu, storage, name, shape, shard_rows))
    }

    fn put_linear_rows<'a>(
        &'a mut self,
        name: &'a str,
        rows: LinearRows,
        values: &'a [f32],
        job: &'a Job,
    ) -> Pending<'a, Result<(), RunError>> {
        let storage = self.parameters.storage;
        Box::pin(self.parameters.linear.put_rows(&self.gpu, storage, name, rows, values, job))
    }

    fn put_linear_words<'a>(
        &'a mut self,
        name: &'a str,
        words_of: LinearWords,
        words: &'a [u32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(self.parameters.linear.put_words(&self.gpu, name, words_of, words))
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn take_linear_words<'a>(&'a mut self, name: &'a str) -> Pending<'a, Result<Vec<PartWords>, GpuError>> {
        Box::pin(self.parameters.linear.take_words(&self.gpu, name))
    }

    fn begin_table<'a>(
        &'a mut self,
        name: &'a str,
        shape: (u32, u32),
        shard_rows: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        let storage = self.parameters.storage;
        Box::pin(self.parameters.linear.begin_table(&self.gpu, storage, name, shape, shard_rows))
    }

    fn put_table_rows<'a>(
        &'a mut self,
        name: &'a str,
        values: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        let storage = self.parameters.storage;
        Box::pin(self.parameters.linear.put_table_rows(&self.gpu, storage, name, values))
    }

    fn put_vector<'a>(&'a mut self, name: &'a str, values: &'a [f32]) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(self.parameters.linear.put_vector(&self.gpu, name, values))
    }

    fn largest_binding(&self) -> u64 {
        let limits = self.gpu.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    fn finish(mut self: Box<Self>) -> Box<dyn Executor> {
        self.parameters.linear.finish();
        let Self { gpu, parameters } = *self;
        Box::new(GpuExecutor { gpu, parameters })
    }
}
