//! Structs of the kernels that measure an adapter.

use super::host_shareable;

host_shareable! {
    /// Parameters of `peak_arithmetic`.
    pub struct PeakArithmeticParams {
        /// Rounds of eight multiply-adds of vec4.
        pub rounds: u32,
        /// A factor just below 1, which the driver does not know.
        pub factor: f32,
    }

    /// Parameters of `peak_copy`.
    pub struct PeakCopyParams {
        /// Elements.
        pub elements: u32,
    }
}
