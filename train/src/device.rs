//! Where a run computes: on the CPU, or on a GPU where the program was built for one.

use std::{num::NonZeroUsize, str::FromStr};

use burn::tensor::Device;

/// What people ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU if the program was built for one and there is one, else the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A GPU, or an error.
    Gpu,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            other => Err(format!("`{other}` is none of auto, cpu, gpu")),
        }
    }
}

/// There is no such device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The program knows only the CPU.
    #[error(
        "this program was built without training on GPUs. Build it with `cargo build --release -p ibq-train --features wgpu`, \
         or take --device cpu"
    )]
    NotBuilt,
    /// No adapter, or none but software.
    #[error(
        "no GPU to train on ({reason}). Install the driver of the GPU (Vulkan, Metal or DirectX 12), or take --device cpu"
    )]
    NoGpu {
        /// What was found instead.
        reason: String,
    },
    /// The processor, and several GPUs.
    #[error("--gpus {count} does not go with --device cpu")]
    Processor {
        /// How many were asked for.
        count: usize,
    },
    /// Some adapters of the best kind, but not enough.
    #[error("there are {found} GPUs of one kind, not {count}: take --gpus {found}")]
    Fewer {
        /// How many there are.
        found: usize,
        /// How many were asked for.
        count: usize,
    },
}

impl DeviceChoice {
    /// Opens the device, and says what it is.
    ///
    /// # Errors
    /// [`DeviceError`], when a GPU was asked for and there is none.
    pub fn open(self) -> Result<(Device, String), DeviceError> {
        let (devices, names) = self.open_several(NonZeroUsize::MIN)?;
        Ok((devices.into_iter().next().unwrap_or_else(Device::flex), names))
    }

    /// Opens so many GPUs, all of one kind, or the CPU, and says what they are. There is at least one.
    ///
    /// # Errors
    /// [`DeviceError`], when a GPU was asked for and there is none, or when there are fewer than were asked for.
    pub fn open_several(self, count: NonZeroUsize) -> Result<(Vec<Device>, String), DeviceError> {
        let processor = |why: &str| (vec![Device::flex()], format!("the CPU{why}"));
        match self {
            Self::Cpu if count.get() > 1 => Err(DeviceError::Processor { count: count.get() }),
            Self::Cpu => Ok(processor("")),
            Self::Gpu => gpus(count.get()),
            Self::Auto if count.get() > 1 => gpus(count.get()),
            Self::Auto => gpus(1).or_else(|error| match error {
                DeviceError::NotBuilt => Ok(processor(" (this program was built without training on GPUs)")),
                DeviceError::NoGpu { reason } => Ok(processor(&format!(" (no GPU: {reason})"))),
                other => Err(other),
            }),
        }
    }
}

/// The first GPUs of the best kind. Adapters that are software are never taken: burn's own code for the
/// processor is much faster.
#[cfg(feature = "wgpu")]
fn gpus(count: usize) -> Result<(Vec<Device>, String), DeviceError> {
    use burn::tensor::DeviceKind;

    let mut reason = String::new();
    for kind in [DeviceKind::DiscreteGpu, DeviceKind::IntegratedGpu, DeviceKind::VirtualGpu] {
        let (mut devices, mut names) = (vec![], vec![]);
        for index in 0..count {
            match Device::wgpu_options().device_kind(kind(index)).init_with_setup() {
                Ok((device, setup)) => {
                    let info = setup.adapter.get_info();
                    devices.push(device);
                    names.push(format!("{} ({:?})", info.name, info.backend));
                }
                Err(error) => {
                    reason = error.to_string();
                    break;
                }
            }
        }
        match devices.len() {
            0 => {}
            found if found < count => return Err(DeviceError::Fewer { found, count }),
            _ => return Ok((devices, names.join(", "))),
        }
    }
    Err(DeviceError::NoGpu { reason })
}

#[cfg(not(feature = "wgpu"))]
fn gpus(_: usize) -> Result<(Vec<Device>, String), DeviceError> {
    Err(DeviceError::NotBuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_a_gpu_that_is_not_is_explained() {
        assert_eq!(DeviceChoice::Cpu.open().unwrap(), (Device::flex(), "the CPU".to_owned()));
        assert!("tpu".parse::<DeviceChoice>().unwrap_err().contains("auto, cpu, gpu"));
        assert_eq!("gpu".parse(), Ok(DeviceChoice::Gpu));
        let (_, found) = DeviceChoice::Auto.open().unwrap();
        match DeviceChoice::Gpu.open() {
            Ok((_, gpu)) => assert_eq!(gpu, found),
            Err(error) => {
                assert!(error.to_string().contains("--device cpu"), "{error}");
                assert!(found.starts_with("the CPU ("), "{found}");
            }
        }
    }
}
