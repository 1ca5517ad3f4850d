//! Where gradients are computed.

use burn::tensor::Device;

use crate::{precision::TrainingPrecision, workers::Workers};

/// Where gradients are computed.
#[derive(Debug)]
pub(super) enum DeviceSet {
    Cpu(Workers),
    Gpus {
        /// At least one.
        devices: Vec<Device>,
        /// Sequences that go through the network at once: what it keeps for the backward pass grows with them.
        micro_batch: usize,
        /// In what they multiply.
        precision: TrainingPrecision,
        /// A thread for each. It stays, because a GPU's memory is pooled by thread.
        workers: Workers,
    },
}

impl DeviceSet {
    /// Threads of the CPU, unless there are GPUs.
    pub(super) fn new(devices: Vec<Device>, micro_batch: usize, precision: TrainingPrecision) -> Self {
        if devices.is_empty() || devices.contains(&Device::flex()) {
            Self::Cpu(Workers::new())
        } else {
            Self::of_gpus(devices, micro_batch, precision)
        }
    }

    /// These devices, of which there is at least one.
    pub(super) fn of_gpus(devices: Vec<Device>, micro_batch: usize, precision: TrainingPrecision) -> Self {
        let workers = Workers::of(devices.len());
        Self::Gpus { devices, micro_batch: micro_batch.max(1), precision, workers }
    }

    /// The device for work that is not shared.
    pub(super) fn device(&self) -> Device {
        match self {
            Self::Cpu(_) => Device::flex(),
            Self::Gpus { devices, .. } => devices[0].clone(),
        }
    }
}
