//! Constants that kernels share with each other and with the host. `wgsl/shared/constants.wgsl` puts them into kernels.

use crate::specialize::Constant;

/// The index that stands for none: no code has a score that is a number, a token is not given or could not be drawn.
pub const NO_INDEX: u32 = u32::MAX;
/// Below every value that is compared: where a search for the largest begins. Finite, since WGSL has no infinities.
pub(crate) const F32_LOWEST: f32 = -3.4e38;
/// The largest 16-bit float.
pub const F16_MAX: f32 = 65_504.0;

/// Most positions that [`Kernel::CausalAttention`](crate::Kernel::CausalAttention) can attend to.
pub const ATTENTION_POSITIONS: u32 = 2560;
/// Largest head of [`Kernel::CausalAttention`](crate::Kernel::CausalAttention), in channels.
pub const ATTENTION_HEAD: u32 = 128;

/// What every kernel may import.
pub(crate) const SHARED: [(&str, Constant); 3] = [
    ("NO_INDEX", Constant::U32(NO_INDEX)),
    ("F32_LOWEST", Constant::F32(F32_LOWEST)),
    ("F16_MAX", Constant::F32(F16_MAX)),
];
