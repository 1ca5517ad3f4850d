//! A graph made ready for the processor.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use web_time::Instant;

use crate::{
    gpu::{GpuError, KernelRun},
    job::{Cancelled, Job},
};

use crate::ops::{Arena, CpuParameters, Graph, Host, Map, Op, TensorId, shared_tensors::zeros};

/// A graph that can be run again and again, with its memory.
pub(crate) struct CpuProgram {
    parameters: Arc<CpuParameters>,
    pub(super) graph: Graph,
    slot_of: Vec<usize>,
    slots: Mutex<Vec<Vec<f32>>>,
    bytes: u64,
}

/// What is computed before progress is reported and cancelling noticed, in milliseconds.
const SLICE_MS: f64 = 8.0;

impl CpuProgram {
    /// Allocates the memory.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub(crate) fn new(graph: Graph, parameters: &Arc<CpuParameters>) -> Result<Self, GpuError> {
        let arena = Arena::plan(&graph);
        let mut slots = Vec::with_capacity(arena.slots.len());
        for &bytes in &arena.slots {
            slots.push(zeros("activations", bytes)?);
        }
        let bytes = arena.bytes();
        parameters.processor.memory_counter().add(bytes);
        let parameters = Arc::clone(parameters);
        // A tensor that nothing touches has no slot; the first one stands in, unused. While operations run, the tensors that
        // are not the graph's own stand behind its slots.
        let slot_of = |(tensor, &slot): (usize, &usize)| match graph.imported(TensorId(tensor)) {
            Some(index) => slots.len() + index,
            None if slot < slots.len() => slot,
            None => 0,
        };
        let slot_of = arena.slot_of.iter().enumerate().map(slot_of).collect();
        Ok(Self { parameters, graph, slot_of, slots: Mutex::new(slots), bytes })
    }

    /// Runs some operations in order; `progress` gets the share that is done. With `timed`, the result holds what each took.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub(crate) fn compute(
        &self,
        operations: Range<usize>,
        timed: bool,
        job: &Job,
        progress: &dyn Fn(f32),
    ) -> Result<Vec<KernelRun>, Cancelled> {
        let mut slots = self.lock();
        let own = slots.len();
        let shared = self.graph.shared.as_ref().and_then(|shared| shared.host());
        let mut shared = shared.map(|shared| shared.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(shared) = &mut shared {
            slots.append(shared);
        }
        let runs = self.run_with(&mut slots, operations, timed, job, progress);
        if let Some(shared) = &mut shared {
            shared.extend(slots.drain(own..));
        }
        runs
    }

    fn run_with(
        &self,
        slots: &mut Vec<Vec<f32>>,
        operations: Range<usize>,
        timed: bool,
        job: &Job,
        progress: &dyn Fn(f32),
    ) -> Result<Vec<KernelRun>, Cancelled> {
        let nodes = &self.graph.nodes[operations];
        let total: f64 = nodes.iter().map(|node| node.op.flops()).sum::<f64>().max(1.0);
        let watched = job.clone();
        let cpu = self.parameters.processor.cpu().stoppable(move || watched.is_cancelled());
        let (mut next, mut done) = (0, 0.0);
        let mut runs = Vec::new();
        while next < nodes.len() {
            job.check()?;
            // Operations follow each other on one of the threads, which is faster than waking it for each.
            cpu.enter(|| {
                let slice = Instant::now();
                while next < nodes.len() && milliseconds(slice) < SLICE_MS && !job.is_cancelled() {
                    let started = Instant::now();
                    let op = &nodes[next].op;
                    op.compute(&mut Host {
                        cpu: &cpu,
                        parameters: &self.parameters,
                        slot_of: &self.slot_of,
                        slots: &mut *slots,
                    });
                    let ms = milliseconds(started);
                    if timed {
                        runs.push(KernelRun {
                            label: op.label().into(),
                            ms,
                            flops: op.flops(),
                            bytes: self.bytes_of(&**op),
                        });
                    }
                    done += op.flops();
                    next += 1;
                }
            });
            progress((done / total) as f32);
        }
        // What ran while the job was cancelled is incomplete.
        job.check()?;
        Ok(runs)
    }

    /// Bytes that an operation must move at least.
    fn bytes_of(&self, op: &dyn Op) -> f64 {
        let touched = || op.touches().into_iter().map(|tensor| self.graph.tensors[tensor.0] as f64).sum();
        op.bytes().unwrap_or_else(touched)
    }

    /// Bytes that all operations must move at least.
    pub(super) fn moved_bytes(&self) -> f64 {
        self.graph.nodes.iter().map(|node| self.bytes_of(&*node.op)).sum()
    }

    /// Floating-point operations of each.
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn flops(&self) -> Vec<f64> {
        self.graph.nodes.iter().map(|node| node.op.flops()).collect()
    }

    /// Writes words to the beginning of a tensor.
    pub(crate) fn write_tensor(&self, tensor: TensorId, words: &[u32]) {
        let mut slots = self.lock();
        slots[self.slot_of[tensor.0]][..words.len()].copy_from_slice(bytemuck::cast_slice(words));
    }

    /// The first `count` words of a tensor.
    pub(crate) fn read_tensor<T: bytemuck::Pod>(&self, tensor: TensorId, count: usize) -> Vec<T> {
        bytemuck::cast_slice(&self.lock()[self.slot_of[tensor.0]][..count]).to_vec()
    }

    /// Writes a map's values, [items · h · w, c].
    pub(crate) fn put_map(&self, map: &Map, values: &[f32]) {
        let (width, channels) = (4 * map.c4() as usize, map.c as usize);
        let mut slots = self.lock();
        let slot = &mut slots[self.slot_of[map.tensor.0]][map.range()];
        for (pixel, values) in slot.chunks_exact_mut(width).zip(values.chunks_exact(channels)) {
            pixel[..channels].copy_from_slice(values);
            pixel[channels..].fill(0.0);
        }
    }

    /// The values of a map in NHWC order, without the padding of channels.
    pub(crate) fn map_values(&self, map: &Map) -> Vec<f32> {
        let width = 4 * map.c4() as usize;
        let slots = self.lock();
        let slot = &slots[self.slot_of[map.tensor.0]][map.range()];
        slot.chunks_exact(width).flat_map(|pixel| &pixel[..map.c as usize]).copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<f32>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

impl Drop for CpuProgram {
    fn drop(&mut self) {
        self.parameters.processor.memory_counter().subtract(self.bytes);
    }
}

impl std::fmt::Debug for CpuProgram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CpuProgram").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
