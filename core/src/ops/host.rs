//! What an operation works with on the processor.

use ibq_cpu::Cpu;

use super::{CpuParameters, Map, TensorId};

/// Where an operation finds its tensors and parameters, and the threads that compute it.
pub(crate) struct Host<'a> {
    pub(crate) cpu: &'a Cpu,
    pub(crate) parameters: &'a CpuParameters,
    /// The slot of each tensor.
    pub(super) slot_of: &'a [usize],
    pub(super) slots: &'a mut Vec<Vec<f32>>,
}

impl Host<'_> {
    /// All values of a tensor, and what its slot has beyond. Numbers that are no floats are kept as their bits.
    pub(crate) fn tensor(&self, tensor: TensorId) -> &[f32] {
        &self.slots[self.slot_of[tensor.0]]
    }

    /// The values of a map, channels padded.
    pub(crate) fn map(&self, map: &Map) -> &[f32] {
        &self.tensor(map.tensor)[map.range()]
    }

    /// Takes a tensor out to write to it; [`Host::put`] brings it back.
    pub(crate) fn take(&mut self, tensor: TensorId) -> Vec<f32> {
        std::mem::take(&mut self.slots[self.slot_of[tensor.0]])
    }

    /// Puts a tensor back.
    pub(crate) fn put(&mut self, tensor: TensorId, values: Vec<f32>) {
        self.slots[self.slot_of[tensor.0]] = values;
    }

    /// Computes a map while all others can be read.
    pub(crate) fn with_output(&mut self, map: &Map, compute: impl FnOnce(&Self, &mut [f32])) {
        let mut values = self.take(map.tensor);
        compute(self, &mut values[map.range()]);
        self.put(map.tensor, values);
    }
}
