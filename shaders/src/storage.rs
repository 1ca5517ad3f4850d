//! How values are stored.

/// How feature maps and weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// 32-bit floats.
    F32,
    /// 16-bit floats, packed in pairs: needs nothing beyond WebGPU's default limits.
    PackedF16,
    /// 16-bit floats as the shader's own type (feature `shader-f16`).
    NativeF16,
}

impl Storage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::PackedF16, Self::NativeF16];

    /// Bytes of four stored values, the unit in which all maps are addressed.
    #[must_use]
    pub fn bytes_of_four(self) -> u64 {
        match self {
            Self::F32 => 16,
            Self::PackedF16 | Self::NativeF16 => 8,
        }
    }
}
