//! The device that tests run on.

use ibq_core::gpu::{AdapterChoice, Gpu, GpuOptions, Tier};

/// A software adapter of this tier, or of the best below it that the adapter has; the portable one has only the limits that every browser has.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn software_gpu(tier: Tier) -> Gpu {
    let options = GpuOptions {
        adapter: AdapterChoice::Software,
        tier: Some(tier),
        default_limits: tier == Tier::Portable,
    };
    pollster::block_on(Gpu::open(&options)).expect("a software adapter")
}
