//! Which adapter to open, and how.

use std::str::FromStr;

use super::Tier;

/// Which adapter to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The fastest one.
    #[default]
    Best,
    /// A software one (lavapipe, SwiftShader, WARP).
    Software,
    /// The first whose name contains this text, whatever the case.
    Named(String),
}

impl FromStr for AdapterChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "" | "best" => Self::Best,
            "software" => Self::Software,
            name => Self::Named(name.to_owned()),
        })
    }
}

/// How to open a device.
#[derive(Clone, Debug, Default)]
pub struct GpuOptions {
    /// Which adapter.
    pub adapter: AdapterChoice,
    /// Use at most this tier (none: the fastest of the adapter's; on software adapters matrix units are slower).
    pub tier: Option<Tier>,
    /// Ask only for the default limits of WebGPU, to see how an adapter without more behaves.
    pub default_limits: bool,
}
