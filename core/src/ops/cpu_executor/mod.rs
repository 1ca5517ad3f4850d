//! Graphs on the processor: parameters in memory, operations as calls of the crate `cpu`.

mod loader;
mod program;

use std::{ops::Range, sync::Arc};

use ibq_shaders::Storage;

use crate::{
    gpu::{GpuError, KernelRun, RunError},
    job::Job,
    ops::{CpuParameters, Executor, Graph, Map, Program, TensorId, pending::Pending},
};

pub(crate) use program::CpuProgram;

/// A model on the processor.
#[derive(Debug)]
struct CpuExecutor(Arc<CpuParameters>);

impl Executor for CpuExecutor {
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    fn linear_bytes(&self, layer: &str) -> u64 {
        self.0.linear.linear(layer).bytes()
    }

    fn shards(&self) -> Vec<u32> {
        vec![self.0.codebook.vectors.outputs() as u32]
    }

    #[cfg(test)]
    fn linear_shards(&self, _: &str, _: &str) -> (usize, usize) {
        (1, 1)
    }

    fn prepare(&self, graph: Graph, _: Storage) -> Pending<'_, Result<Box<dyn Program>, GpuError>> {
        Box::pin(async move {
            let program = CpuProgram::new(graph, &self.0)?;
            Ok(Box::new(program) as Box<dyn Program>)
        })
    }
}

/// The processor computes at once: nothing of it is ever pending.
impl Program for CpuProgram {
    fn operations(&self) -> usize {
        self.graph.nodes.len()
    }

    fn activations(&self) -> Vec<(String, Map, usize)> {
        self.graph.activations()
    }

    fn cost(&self) -> (usize, f64) {
        (self.graph.nodes.len(), self.moved_bytes())
    }

    fn run<'a>(
        &'a self,
        operations: Range<usize>,
        timed: bool,
        job: &'a Job,
        progress: &'a dyn Fn(f32),
    ) -> Pending<'a, Result<Vec<KernelRun>, RunError>> {
        Box::pin(async move { Ok(self.compute(operations, timed, job, progress)?) })
    }

    fn repeat<'a>(&'a self, times: u32, job: &'a Job) -> Pending<'a, Result<(), RunError>> {
        Box::pin(async move {
            for _ in 0..times {
                self.compute(0..self.graph.nodes.len(), false, job, &|_| {})?;
            }
            Ok(())
        })
    }

    fn write(&self, tensor: TensorId, words: &[u32]) {
        self.write_tensor(tensor, words);
    }

    fn read_words(&self, tensor: TensorId, count: u64) -> Pending<'_, Result<Vec<u32>, GpuError>> {
        Box::pin(async move { Ok(self.read_tensor(tensor, count as usize)) })
    }

    fn put(&self, map: &Map, values: &[f32]) {
        self.put_map(map, values);
    }

    fn values<'a>(&'a self, map: &'a Map) -> Pending<'a, Result<Vec<f32>, GpuError>> {
        Box::pin(async move { Ok(self.map_values(map)) })
    }
}
