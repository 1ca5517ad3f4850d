//! Which device a script asks for.

use std::{fmt, str::FromStr};

/// Which device a script asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceChoice {
    /// The GPU; the processor where there is none, or only a software adapter.
    Auto,
    /// WebGPU, whatever its adapter is.
    Gpu,
    /// The processor.
    Cpu,
}

/// A text that names no device.
#[derive(Debug)]
pub(super) struct NoSuchDevice(String);

impl fmt::Display for NoSuchDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no device `{}`: choose auto, gpu or cpu", self.0)
    }
}

impl FromStr for DeviceChoice {
    type Err = NoSuchDevice;

    fn from_str(text: &str) -> Result<Self, NoSuchDevice> {
        match text {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            other => Err(NoSuchDevice(other.to_owned())),
        }
    }
}
