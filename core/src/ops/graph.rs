//! A list of operations over tensors, as plain data.

use std::{any::Any, collections::HashMap, sync::Arc};

use ibq_shaders::Storage;

use crate::gpu::{Bound, Buffer, DispatchBuilder, Gpu};

use super::{Host, Map, Parameters, TensorId, shared_tensors::SharedTensors};

/// One operation: which tensors it touches, and how each executor does it.
///
/// [`Graph`], [`Map`] and [`Arena`](super::Arena) are plain data and know no device. An [`Executor`](super::Executor) makes a graph a
/// [`Program`](super::Program): on a GPU `emit` gives its dispatches, on the processor it calls `compute`.
pub(crate) trait Op: Any + Send + Sync {
    /// The tensors it reads or writes.
    fn touches(&self) -> Vec<TensorId>;
    /// Its name with its shape, for reports.
    fn label(&self) -> String;
    /// Its floating-point operations, where they matter.
    fn flops(&self) -> f64 {
        0.0
    }
    /// The bytes that it must move at least, where these are not those of the tensors that it touches.
    fn bytes(&self) -> Option<f64> {
        None
    }
    /// The dispatches that do it, in order.
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>>;
    /// Does it on the processor.
    fn compute(&self, host: &mut Host<'_>);
}

/// What an operation needs to become dispatches: where a graph's tensors and parameters are, and what the device allows.
pub(crate) struct EmitContext<'a> {
    pub(crate) gpu: &'a Gpu,
    pub(crate) storage: Storage,
    pub(crate) parameters: &'a Parameters,
    /// The buffer of each tensor, which may be larger than the tensor.
    pub(crate) buffers: Vec<&'a Buffer>,
    /// Size of each tensor in bytes.
    pub(crate) sizes: &'a [u64],
}

impl<'a> EmitContext<'a> {
    /// Bytes of four stored values.
    pub(crate) fn bytes4(&self) -> u64 {
        self.storage.bytes_of_four()
    }

    /// The largest part of a buffer that a kernel may see.
    pub(crate) fn largest_binding(&self) -> u64 {
        let limits = self.gpu.limits();
        // Room for the alignment of the first byte.
        limits.max_storage_buffer_binding_size.min(u64::from(u32::MAX)) / 512 * 512 - 512
    }

    /// The most arithmetic of one dispatch: longer ones would hold up a window, and could not be cancelled.
    pub(crate) fn most_flops(&self) -> f64 {
        if self.gpu.info().is_software() { 4e8 } else { 2e11 }
    }

    pub(crate) fn buffer(&self, tensor: TensorId) -> &'a Buffer {
        self.buffers[tensor.0]
    }

    /// Binds all of a tensor, but not what its buffer has beyond: that could be more than a binding may have.
    pub(crate) fn bind_tensor(&self, tensor: TensorId) -> Bound<'a> {
        Bound { bytes: self.sizes[tensor.0], ..Bound::whole(self.buffer(tensor)) }
    }

    /// Binds the elements `from4..to4` of a map, and returns the shift to add to an index that counts from the map's
    /// beginning (it wraps around, as u32 arithmetic in WGSL does).
    pub(crate) fn bind_range(&self, map: &Map, from4: u64, to4: u64) -> (Bound<'a>, u32) {
        let bytes4 = self.bytes4();
        let start = (map.offset4 + from4) * bytes4;
        let aligned = start / 256 * 256;
        let end = (map.offset4 + to4) * bytes4;
        let bound = Bound { buffer: self.buffer(map.tensor), offset: aligned, bytes: end - aligned };
        let shift = map.offset4.wrapping_sub(aligned / bytes4) as u32;
        (bound, shift)
    }

    /// Binds all of a map.
    pub(crate) fn bind_map(&self, map: &Map) -> (Bound<'a>, u32) {
        self.bind_range(map, 0, map.len4())
    }
}

/// One operation with its place in the network.
pub(crate) struct Node {
    pub(crate) op: Box<dyn Op>,
    /// Set after the operation that completes a named activation: the map that holds it.
    pub(crate) activation: Option<(String, Map)>,
}

/// A list of operations over tensors.
#[derive(Default)]
pub(crate) struct Graph {
    /// Size of each tensor in bytes.
    pub(crate) tensors: Vec<u64>,
    /// Tensors that live from the first to the last operation: inputs and outputs.
    pub(crate) kept: Vec<TensorId>,
    pub(crate) nodes: Vec<Node>,
    /// Tensors that are not the graph's own.
    pub(super) shared: Option<Arc<SharedTensors>>,
    /// Which of them each of these is.
    pub(super) imports: HashMap<TensorId, usize>,
    pub(super) bytes4: u64,
}

impl Graph {
    /// An empty graph whose maps are stored in this way.
    pub(crate) fn new(storage: Storage) -> Self {
        Self { bytes4: storage.bytes_of_four(), ..Self::default() }
    }

    /// A graph that works with tensors that are not its own, too.
    pub(crate) fn with_shared(storage: Storage, shared: &Arc<SharedTensors>) -> Self {
        Self { shared: Some(Arc::clone(shared)), ..Self::new(storage) }
    }

    /// One of the tensors that are not the graph's own, of this many bytes.
    pub(crate) fn import(&mut self, index: usize, bytes: u64) -> TensorId {
        let known = self.imports.iter().find(|(_, known)| **known == index).map(|(&tensor, _)| tensor);
        known.unwrap_or_else(|| {
            let tensor = self.tensor(bytes);
            self.imports.insert(tensor, index);
            tensor
        })
    }

    /// Which of the tensors that are not the graph's own this is; none where it is the graph's.
    pub(super) fn imported(&self, tensor: TensorId) -> Option<usize> {
        self.imports.get(&tensor).copied()
    }

    /// A tensor of this many bytes.
    pub(crate) fn tensor(&mut self, bytes: u64) -> TensorId {
        self.tensors.push(bytes);
        TensorId(self.tensors.len() - 1)
    }

    /// A feature map in a tensor of its own.
    pub(crate) fn map(&mut self, items: u32, h: u32, w: u32, c: u32) -> Map {
        let map = Map { tensor: TensorId(0), offset4: 0, items, h, w, c };
        Map { tensor: self.tensor(map.len4() * self.bytes4), ..map }
    }

    /// Keeps a tensor for the whole run.
    pub(crate) fn keep(&mut self, tensor: TensorId) {
        self.kept.push(tensor);
    }

    /// Adds an operation.
    pub(crate) fn push(&mut self, op: impl Op + 'static) {
        self.nodes.push(Node { op: Box::new(op), activation: None });
    }

    /// Named activations: the map that holds each once this many operations have run.
    pub(crate) fn activations(&self) -> Vec<(String, Map, usize)> {
        let named = self.nodes.iter().enumerate();
        named
            .filter_map(|(index, node)| {
                node.activation.as_ref().map(|(name, map)| (name.clone(), *map, index + 1))
            })
            .collect()
    }

    /// Gives a name to what the last operation has just completed.
    pub(crate) fn name_activation(&mut self, name: impl Into<String>, map: Map) {
        if let Some(node) = self.nodes.last_mut() {
            node.activation = Some((name.into(), map));
        }
    }
}

/// A label of dispatches.
pub(crate) fn label(text: String) -> Arc<str> {
    text.into()
}
