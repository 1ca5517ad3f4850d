//! Graphs on a GPU: parameters in buffers, operations as dispatches of kernels.

mod loader;
mod program;

use std::ops::Range;

use ibq_shaders::Storage;

use crate::{
    gpu::{Gpu, GpuError, KernelRun, RunError},
    job::Job,
    ops::{Executor, Graph, Map, Parameters, Program, TensorId, pending::Pending},
};

pub(super) use loader::GpuLoader;
pub(crate) use program::GpuProgram;

/// A model on a GPU.
#[derive(Debug)]
struct GpuExecutor {
    gpu: Gpu,
    parameters: Parameters,
}

impl Executor for GpuExecutor {
    fn bytes(&self) -> u64 {
        self.parameters.bytes()
    }

    fn linear_bytes(&self, layer: &str) -> u64 {
        self.parameters.linear.linear(layer).bytes()
    }

    fn shards(&self) -> Vec<u32> {
        self.parameters.codebook.shards.iter().map(|shard| shard.codes).collect()
    }

    #[cfg(test)]
    fn linear_shards(&self, table: &str, layer: &str) -> (usize, usize) {
        let linear = &self.parameters.linear;
        (linear.table(table).shards.len(), linear.linear(layer).shards.len())
    }

    fn prepare(&self, graph: Graph, storage: Storage) -> Pending<'_, Result<Box<dyn Program>, GpuError>> {
        Box::pin(async move {
            let program = GpuProgram::compile(&self.gpu, &graph, &self.parameters, storage).await?;
            Ok(Box::new(program) as Box<dyn Program>)
        })
    }
}

impl Program for GpuProgram {
    fn operations(&self) -> usize {
        self.ends.len()
    }

    fn activations(&self) -> Vec<(String, Map, usize)> {
        self.activations.clone()
    }

    fn cost(&self) -> (usize, f64) {
        (self.dispatches.len(), self.dispatches.iter().map(|dispatch| dispatch.bytes).sum())
    }

    fn run<'a>(
        &'a self,
        operations: Range<usize>,
        timed: bool,
        job: &'a Job,
        progress: &'a dyn Fn(f32),
    ) -> Pending<'a, Result<Vec<KernelRun>, RunError>> {
        Box::pin(async move {
            let range = self.dispatches_until(operations.start)..self.dispatches_until(operations.end);
            let dispatches = &self.dispatches[range];
            let times = self.gpu.run(dispatches, timed, job, progress).await?;
            Ok(KernelRun::of(dispatches, &times))
        })
    }

    fn repeat<'a>(&'a self, times: u32, _: &'a Job) -> Pending<'a, Result<(), RunError>> {
        self.gpu.submit(&self.dispatches, times);
        Box::pin(async { Ok(()) })
    }

    fn write(&self, tensor: TensorId, words: &[u32]) {
        self.gpu.write(self.buffer(tensor), 0, bytemuck::cast_slice(words));
    }

    fn read_words(&self, tensor: TensorId, count: u64) -> Pending<'_, Result<Vec<u32>, GpuError>> {
        Box::pin(self.gpu.read_words(self.buffer(tensor), count))
    }

    fn put(&self, map: &Map, values: &[f32]) {
        self.put_map(map, values);
    }

    fn values<'a>(&'a self, map: &'a Map) -> Pending<'a, Result<Vec<f32>, GpuError>> {
        Box::pin(self.map_values(map))
    }
}
