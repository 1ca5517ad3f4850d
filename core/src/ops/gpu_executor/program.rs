//! A graph made ready for a device: memory allocated, pipelines compiled, bindings made.

use std::sync::Arc;

use ibq_shaders::Storage;

use crate::gpu::{Buffer, Dispatch, Gpu, GpuError, decode_values, encode_values};

use crate::ops::{Arena, EmitContext, Graph, Map, Parameters, SharedTensors, TensorId};

/// A graph that can be run again and again.
#[derive(Debug)]
pub(crate) struct GpuProgram {
    pub(super) gpu: Gpu,
    pub(crate) dispatches: Vec<Dispatch>,
    /// Named activations: the map that holds each once this many operations have run.
    pub(super) activations: Vec<(String, Map, usize)>,
    /// Dispatches of the operations up to each one.
    pub(super) ends: Vec<usize>,
    slots: Vec<Buffer>,
    slot_of: Vec<usize>,
    storage: Storage,
    /// Bind groups hold the buffers; this counts them while they live.
    _shared: Option<Arc<SharedTensors>>,
}

impl GpuProgram {
    /// Allocates and compiles.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    pub(crate) async fn compile(
        gpu: &Gpu,
        graph: &Graph,
        parameters: &Parameters,
        storage: Storage,
    ) -> Result<Self, GpuError> {
        let arena = Arena::plan(graph);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let mut slots = Vec::with_capacity(arena.slots.len());
        for &bytes in &arena.slots {
            slots.push(gpu.buffer("activations", bytes, usage).await?);
        }
        let mut dispatches = Vec::new();
        let mut activations = Vec::new();
        let mut ends = Vec::with_capacity(graph.nodes.len());
        let shared = graph.shared.as_ref().map_or(&[][..], |shared| shared.buffers());
        // A tensor that nothing touches has no slot; any buffer stands in, unused.
        let any = slots.first().or(shared.first());
        let buffer = |(tensor, &slot): (usize, &usize)| match graph.imported(TensorId(tensor)) {
            Some(index) => shared.get(index),
            None => slots.get(slot).or(any),
        };
        let buffers = arena.slot_of.iter().enumerate().filter_map(buffer).collect();
        let context = EmitContext { gpu, storage, parameters, buffers, sizes: &graph.tensors };
        for node in &graph.nodes {
            for dispatch in node.op.emit(&context) {
                dispatches.push(dispatch.build(gpu).await?);
            }
            ends.push(dispatches.len());
            if let Some((name, map)) = &node.activation {
                activations.push((name.clone(), *map, ends.len()));
            }
        }
        drop(context);
        let shared = graph.shared.clone();
        let (gpu, slot_of) = (gpu.clone(), arena.slot_of);
        Ok(Self { gpu, dispatches, activations, ends, slots, slot_of, storage, _shared: shared })
    }

    /// How many dispatches the first `operations` operations have.
    pub(super) fn dispatches_until(&self, operations: usize) -> usize {
        operations.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// Where a kept tensor lies.
    pub(crate) fn buffer(&self, tensor: TensorId) -> &Buffer {
        &self.slots[self.slot_of[tensor.0]]
    }

    /// Writes a map's values, [items · h · w, c].
    pub(crate) fn put_map(&self, map: &Map, values: &[f32]) {
        let width = 4 * map.c4() as usize;
        let mut padded = Vec::with_capacity(values.len() / map.c as usize * width);
        for pixel in values.chunks_exact(map.c as usize) {
            padded.extend_from_slice(pixel);
            padded.resize(padded.len().next_multiple_of(4), 0.0);
        }
        let offset = map.offset4 * self.storage.bytes_of_four();
        self.gpu.write(self.buffer(map.tensor), offset, &encode_values(&padded, self.storage));
    }

    /// The values of a map in NHWC order, without the padding of channels.
    ///
    /// # Errors
    /// [`GpuError`]: the device was lost.
    pub(crate) async fn map_values(&self, map: &Map) -> Result<Vec<f32>, GpuError> {
        let bytes = (map.offset4 + map.len4()) * self.storage.bytes_of_four();
        let bytes = self.gpu.read(self.buffer(map.tensor), bytes).await?;
        let start = (map.offset4 * self.storage.bytes_of_four()) as usize;
        let values = decode_values(&bytes[start..], self.storage);
        let width = 4 * map.c4() as usize;
        Ok(values.chunks_exact(width).flat_map(|pixel| &pixel[..map.c as usize]).copied().collect())
    }
}
