//! Element types of stored tensors and their conversion.

use half::{bf16, f16};

/// Element type of a stored tensor. Little-endian, as both file forms have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dtype {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
    Complex64,
    Complex128,
}

/// Each type with its name in safetensors, its storage class and its name in PyTorch.
const NAMES: [(Dtype, &str, &str, &str); 17] = [
    (Dtype::F64, "F64", "DoubleStorage", "float64"),
    (Dtype::F32, "F32", "FloatStorage", "float32"),
    (Dtype::F16, "F16", "HalfStorage", "float16"),
    (Dtype::BF16, "BF16", "BFloat16Storage", "bfloat16"),
    (Dtype::F8E4M3, "F8_E4M3", "Float8_e4m3fnStorage", "float8_e4m3fn"),
    (Dtype::F8E5M2, "F8_E5M2", "Float8_e5m2Storage", "float8_e5m2"),
    (Dtype::I64, "I64", "LongStorage", "int64"),
    (Dtype::I32, "I32", "IntStorage", "int32"),
    (Dtype::I16, "I16", "ShortStorage", "int16"),
    (Dtype::I8, "I8", "CharStorage", "int8"),
    (Dtype::U64, "U64", "UInt64Storage", "uint64"),
    (Dtype::U32, "U32", "UInt32Storage", "uint32"),
    (Dtype::U16, "U16", "UInt16Storage", "uint16"),
    (Dtype::U8, "U8", "ByteStorage", "uint8"),
    (Dtype::Bool, "BOOL", "BoolStorage", "bool"),
    (Dtype::Complex64, "C64", "ComplexFloatStorage", "complex64"),
    (Dtype::Complex128, "C128", "ComplexDoubleStorage", "complex128"),
];

impl Dtype {
    /// By the word of safetensors ("BF16").
    pub(crate) fn from_safetensors(word: &str) -> Option<Self> {
        NAMES.iter().find(|names| names.1 == word).map(|names| names.0)
    }

    /// By PyTorch's storage class ("BFloat16Storage").
    pub(crate) fn from_storage_class(word: &str) -> Option<Self> {
        NAMES.iter().find(|names| names.2 == word).map(|names| names.0)
    }

    /// By PyTorch's own name ("bfloat16").
    pub(crate) fn from_torch(word: &str) -> Option<Self> {
        NAMES.iter().find(|names| names.3 == word).map(|names| names.0)
    }

    /// The word of safetensors.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|names| names.0 == self).map_or("", |names| names.1)
    }

    /// Bytes of one element.
    pub(crate) fn size(self) -> u64 {
        match self {
            Self::Complex128 => 16,
            Self::F64 | Self::I64 | Self::U64 | Self::Complex64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F8E4M3 | Self::F8E5M2 | Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }
}

/// What the elements of a tensor are read as.
pub(crate) trait Element: Copy + Default + 'static {
    /// Word for messages.
    const NAME: &'static str;

    /// Appends the elements in `bytes`; false when this type cannot be read so.
    fn decode(dtype: Dtype, bytes: &[u8], out: &mut Vec<Self>) -> bool;
}

/// Appends every little-endian element of `$from`, converted by `$convert`.
macro_rules! each {
    ($bytes:expr, $out:expr, $from:ty, $convert:expr) => {
        $out.extend($bytes.as_chunks().0.iter().map(|&chunk| $convert(<$from>::from_le_bytes(chunk))))
    };
}

impl Element for f32 {
    const NAME: &'static str = "numbers";

    fn decode(dtype: Dtype, bytes: &[u8], out: &mut Vec<Self>) -> bool {
        match dtype {
            Dtype::F64 => each!(bytes, out, f64, |v| v as f32),
            Dtype::F32 => each!(bytes, out, f32, |v| v),
            Dtype::F16 => each!(bytes, out, f16, f16::to_f32),
            Dtype::BF16 => each!(bytes, out, bf16, bf16::to_f32),
            Dtype::I64 => each!(bytes, out, i64, |v| v as f32),
            Dtype::I32 => each!(bytes, out, i32, |v| v as f32),
            Dtype::I16 => each!(bytes, out, i16, f32::from),
            Dtype::I8 => each!(bytes, out, i8, f32::from),
            Dtype::U64 => each!(bytes, out, u64, |v| v as f32),
            Dtype::U32 => each!(bytes, out, u32, |v| v as f32),
            Dtype::U16 => each!(bytes, out, u16, f32::from),
            Dtype::U8 => each!(bytes, out, u8, f32::from),
            Dtype::Bool => out.extend(bytes.iter().map(|&v| f32::from(u8::from(v != 0)))),
            Dtype::F8E4M3 | Dtype::F8E5M2 | Dtype::Complex64 | Dtype::Complex128 => return false,
        }
        true
    }
}

impl Element for i64 {
    const NAME: &'static str = "whole numbers";

    fn decode(dtype: Dtype, bytes: &[u8], out: &mut Vec<Self>) -> bool {
        match dtype {
            Dtype::I64 => each!(bytes, out, i64, |v| v),
            Dtype::I32 => each!(bytes, out, i32, i64::from),
            Dtype::I16 => each!(bytes, out, i16, i64::from),
            Dtype::I8 => each!(bytes, out, i8, i64::from),
            Dtype::U32 => each!(bytes, out, u32, i64::from),
            Dtype::U16 => each!(bytes, out, u16, i64::from),
            Dtype::U8 => each!(bytes, out, u8, i64::from),
            Dtype::Bool => out.extend(bytes.iter().map(|&v| i64::from(v != 0))),
            _ => return false,
        }
        true
    }
}

/// Words as they are stored: the packed numbers of quantized layers.
impl Element for u32 {
    const NAME: &'static str = "32-bit words";

    fn decode(dtype: Dtype, bytes: &[u8], out: &mut Vec<Self>) -> bool {
        if dtype == Dtype::U32 {
            each!(bytes, out, u32, |v| v);
        }
        dtype == Dtype::U32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_type() {
        for (dtype, safetensors, storage, torch) in NAMES {
            assert_eq!(Dtype::from_safetensors(safetensors), Some(dtype));
            assert_eq!(Dtype::from_storage_class(storage), Some(dtype));
            assert_eq!(Dtype::from_torch(torch), Some(dtype));
            assert_eq!(dtype.name(), safetensors);
        }
    }

    #[test]
    fn sixteen_bit_floats_are_read_exactly() {
        let mut out = Vec::new();
        assert!(f32::decode(Dtype::BF16, &[0x80, 0x3f, 0x49, 0xc0], &mut out));
        assert!(f32::decode(Dtype::F16, &[0x00, 0x3c, 0x00, 0xc2], &mut out));
        assert_eq!(out, [1.0, -3.140_625, 1.0, -3.0]);
    }

    #[test]
    fn complex_numbers_are_refused() {
        assert!(!f32::decode(Dtype::Complex64, &[0; 8], &mut Vec::new()));
        assert!(!i64::decode(Dtype::F32, &[0; 4], &mut Vec::new()));
    }
}
