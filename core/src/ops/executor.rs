//! What computes graphs: the interface of every executor.
//!
//! The parameters of a model go into a [`ParameterLoader`]. Once they are complete it becomes an [`Executor`], which prepares
//! graphs that use them: [`Program`]s, to be run again and again. `gpu_executor`, `cpu_executor` and `worker_executor` implement
//! the three; everything else in this crate knows only the traits.

use std::{fmt::Debug, ops::Range};

use ibq_shaders::{LookupScore, Storage};

use crate::{
    gpu::{GpuError, KernelRun, RunError},
    job::Job,
};

#[cfg(not(target_arch = "wasm32"))]
use super::PartWords;
use super::{Graph, LinearRows, LinearShape, LinearWords, Map, TensorId, pending::Pending};

/// What threads may share. A page has one thread, so there it is anything.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) trait Shareable: Send + Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + Sync + ?Sized> Shareable for T {}
/// What threads may share. A page has one thread, so there it is anything.
#[cfg(target_arch = "wasm32")]
pub(crate) trait Shareable {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> Shareable for T {}

/// Parameters on their way from files to a device. Errors are [`GpuError`]: no memory, or the device was lost.
pub(crate) trait ParameterLoader {
    /// Puts a convolution in of (outputs, inputs, side); `weight` as in PyTorch: [out, in, side, side].
    fn put_conv<'a>(
        &'a mut self,
        name: &'a str,
        shape: (usize, usize, usize),
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Puts a GroupNorm in.
    fn put_norm<'a>(
        &'a mut self,
        name: &'a str,
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Adds the next codes, `rows` × `dimension` values, which will be compared by `score`.
    fn put_codes<'a>(
        &'a mut self,
        rows: &'a [f32],
        dimension: usize,
        score: LookupScore,
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Makes room for a linear layer; a GPU keeps it in shards of this many rows.
    fn begin_linear<'a>(
        &'a mut self,
        name: &'a str,
        shape: LinearShape,
        shard_rows: u32,
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Puts rows of one matrix of a layer in, from row `first` on, which is a multiple of four: at most
    /// [`PIECE`](super::PIECE) bytes.
    fn put_linear_rows<'a>(
        &'a mut self,
        name: &'a str,
        rows: LinearRows,
        values: &'a [f32],
        job: &'a Job,
    ) -> Pending<'a, Result<(), RunError>>;

    /// Puts words of quantized weights in, as the GPU's kernel reads them: of one shard's outputs, from row `row` of the part on.
    fn put_linear_words<'a>(
        &'a mut self,
        name: &'a str,
        words_of: LinearWords,
        words: &'a [u32],
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Takes a layer with quantized weights out again: its words, as the GPU's kernel reads them.
    #[cfg(not(target_arch = "wasm32"))]
    fn take_linear_words<'a>(&'a mut self, name: &'a str) -> Pending<'a, Result<Vec<PartWords>, GpuError>>;

    /// Makes room for a table of (rows, columns); a GPU keeps it in shards of this many rows.
    fn begin_table<'a>(
        &'a mut self,
        name: &'a str,
        shape: (u32, u32),
        shard_rows: u32,
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Puts the next rows of a table in; none of them may be of two shards.
    fn put_table_rows<'a>(
        &'a mut self,
        name: &'a str,
        values: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>>;

    /// Puts a vector of 32-bit floats in.
    fn put_vector<'a>(&'a mut self, name: &'a str, values: &'a [f32]) -> Pending<'a, Result<(), GpuError>>;

    /// The most bytes that a kernel sees as a whole.
    fn largest_binding(&self) -> u64;

    /// The parameters, complete.
    fn finish(self: Box<Self>) -> Box<dyn Executor>;
}

/// The parameters of a model on its device, and what computes with them.
pub(crate) trait Executor: Debug + Shareable {
    /// Bytes of all parameters.
    fn bytes(&self) -> u64;

    /// Bytes of one linear layer.
    fn linear_bytes(&self, layer: &str) -> u64;

    /// Codes of each shard of the codebook.
    fn shards(&self) -> Vec<u32>;

    /// Shards of a table and of a linear layer.
    #[cfg(test)]
    fn linear_shards(&self, table: &str, layer: &str) -> (usize, usize);

    /// Makes a graph ready whose maps are stored in this way: allocates and compiles.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    fn prepare(&self, graph: Graph, storage: Storage) -> Pending<'_, Result<Box<dyn Program>, GpuError>>;
}

/// A graph made ready for its device, with its memory: to be run again and again.
pub(crate) trait Program: Debug + Shareable {
    /// Number of operations.
    fn operations(&self) -> usize;

    /// Named activations: the map that holds each once this many operations have run.
    fn activations(&self) -> Vec<(String, Map, usize)>;

    /// Steps of a run, and the bytes that they must move at least: dispatches of a GPU, operations of the processor.
    fn cost(&self) -> (usize, f64);

    /// Runs some operations in slices; `progress` gets the share that is done. With `timed`, the result holds what each
    /// kernel took, where the device can measure it.
    ///
    /// # Errors
    /// [`RunError`]: cancelled, or the device was lost.
    fn run<'a>(
        &'a self,
        operations: Range<usize>,
        timed: bool,
        job: &'a Job,
        progress: &'a dyn Fn(f32),
    ) -> Pending<'a, Result<Vec<KernelRun>, RunError>>;

    /// Runs all operations `times` times over. On a GPU that is one submission, which is not waited for: the caller sees to it
    /// that this is not too much.
    ///
    /// # Errors
    /// [`RunError`]: cancelled.
    fn repeat<'a>(&'a self, times: u32, job: &'a Job) -> Pending<'a, Result<(), RunError>>;

    /// Writes words to the beginning of a tensor.
    fn write(&self, tensor: TensorId, words: &[u32]);

    /// The first `count` words of a tensor.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    fn read_words(&self, tensor: TensorId, count: u64) -> Pending<'_, Result<Vec<u32>, GpuError>>;

    /// Writes a map's values, [items · h · w, c].
    fn put(&self, map: &Map, values: &[f32]);

    /// The values of a map in NHWC order, without the padding of channels.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    fn values<'a>(&'a self, map: &'a Map) -> Pending<'a, Result<Vec<f32>, GpuError>>;
}

impl dyn Program {
    /// Runs all operations.
    ///
    /// # Errors
    /// [`RunError`]: cancelled, or the device was lost.
    pub(crate) async fn run_all(&self, job: &Job) -> Result<(), RunError> {
        self.run(0..self.operations(), false, job, &|_| {}).await?;
        Ok(())
    }

    /// The first `count` values of a tensor, of one word each.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn read<T: bytemuck::Pod>(
        &self,
        tensor: TensorId,
        count: u64,
    ) -> Result<Vec<T>, GpuError> {
        Ok(bytemuck::cast_slice(&self.read_words(tensor, count).await?).to_vec())
    }
}
