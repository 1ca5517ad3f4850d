//! What an open device is and can do.

use std::fmt;

use ibq_shaders::MatrixUnit;
use serde::Serialize;

/// A level of capabilities; kernels are written for a level, not for single features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// What every WebGPU browser offers, within default limits.
    Portable,
    /// 16-bit floats in shaders.
    Fast,
    /// Matrix units besides, for 16-bit convolutions and matrix products.
    Matrix,
}

impl Tier {
    /// One word: portable, fast, matrix.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Fast => "fast",
            Self::Matrix => "matrix",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// A GPU with memory of its own.
    Discrete,
    /// A GPU that shares the memory of the processor.
    Integrated,
    /// A GPU of a virtual machine.
    Virtual,
    /// A software adapter (lavapipe, SwiftShader, WARP).
    Software,
    /// A GPU of which the driver says no more; every GPU in a browser.
    Unknown,
}

impl fmt::Display for AdapterKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Discrete => "discrete GPU",
            Self::Integrated => "integrated GPU",
            Self::Virtual => "virtual GPU",
            Self::Software => "software",
            Self::Unknown => "GPU",
        })
    }
}

/// One limit of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub name: &'static str,
    /// How many, or how many bytes.
    pub value: u64,
    /// Whether it counts bytes.
    pub bytes: bool,
}

/// Description of the adapter and of what its device offers.
#[derive(Clone, Debug)]
pub struct GpuInfo {
    /// Name of the adapter.
    pub name: String,
    /// Vulkan, Metal, Dx12 or WebGPU.
    pub backend: String,
    /// Driver and its version, where known.
    pub driver: String,
    /// What it is made of.
    pub kind: AdapterKind,
    /// Tier in use.
    pub tier: Tier,
    /// The matrix units in use.
    pub matrix: Option<MatrixUnit>,
    /// Whether kernels can be timed one by one.
    pub timestamps: bool,
    /// Features in use, by name.
    pub features: Vec<String>,
    /// Limits that matter here.
    pub limits: Vec<Limit>,
}

impl GpuInfo {
    /// Whether this is a software adapter, for which other kernels are faster.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.kind == AdapterKind::Software
    }
}
