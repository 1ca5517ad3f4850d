//! The structs that the host fills and kernels read: "host-shareable" in WGSL's terms.
//!
//! Every kernel has a struct of parameters, `Params` in its file, as the uniform buffer of binding 0. The other structs
//! have the same name on both sides. The tests compare fields, types, offsets and sizes with those of the WGSL text.

mod bench;
mod tokenizer;
mod transformer;

pub use bench::{PeakArithmeticParams, PeakCopyParams};
pub use tokenizer::{
    EmbedParams, GroupNormApplyParams, GroupNormFinishParams, GroupNormStatsParams, LookupFinishParams,
    LookupParams, PixelsParams, SoftmaxParams, Top2, TransposeParams, WindowParams,
};
pub use transformer::{
    AdvanceParams, CausalAttentionParams, ClassMix, LinearParams, LinearWeightsParams, SampleParams,
    SampleSettings, State, TokenEmbedParams,
};

/// A struct that host and kernels share.
pub trait HostShareable: bytemuck::Pod {
    /// Its fields.
    const LAYOUT: &'static StructLayout;
}

/// The layout of a struct.
#[derive(Debug, PartialEq, Eq)]
pub struct StructLayout {
    /// Name on the host.
    pub name: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Fields in order.
    pub fields: &'static [FieldLayout],
}

/// One field of a struct.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Name on both sides.
    pub name: &'static str,
    /// Type on both sides: "u32" or "f32".
    pub scalar: &'static str,
    /// Bytes before it.
    pub offset: usize,
}

/// The parameters of one dispatch: the bytes of a struct of parameters.
#[derive(Clone, Debug)]
pub struct Params {
    layout: &'static StructLayout,
    bytes: Vec<u8>,
}

impl Params {
    /// The struct they were.
    #[must_use]
    pub fn layout(&self) -> &'static StructLayout {
        self.layout
    }

    /// The bytes for the uniform buffer.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<P: HostShareable> From<P> for Params {
    fn from(params: P) -> Self {
        Self { layout: P::LAYOUT, bytes: bytemuck::bytes_of(&params).to_vec() }
    }
}

/// The structs of buffers, which WGSL declares under the same names.
#[cfg(test)]
pub(crate) const BUFFER_STRUCTS: [&StructLayout; 4] =
    [Top2::LAYOUT, State::LAYOUT, SampleSettings::LAYOUT, ClassMix::LAYOUT];

/// Declares structs with the layout of C and says it as [`StructLayout`].
macro_rules! host_shareable {
    ($(
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$field_about:meta])* pub $field:ident: $scalar:ident,)+ }
    )+) => {$(
        $(#[$about])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name { $($(#[$field_about])* pub $field: $scalar,)+ }

        impl $crate::params::HostShareable for $name {
            const LAYOUT: &'static $crate::params::StructLayout = &$crate::params::StructLayout {
                name: stringify!($name),
                size: size_of::<Self>(),
                fields: &[$($crate::params::FieldLayout {
                    name: stringify!($field),
                    scalar: stringify!($scalar),
                    offset: std::mem::offset_of!(Self, $field),
                },)+],
            };
        }
    )+};
}
use host_shareable;
