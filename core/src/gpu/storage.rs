//! Values as the bytes that a buffer holds, and back.

use ibq_shaders::{F16_MAX, Storage};

/// The bytes of values in a storage. A value beyond the range of 16-bit floats becomes the largest one.
pub(crate) fn encode_values(values: &[f32], storage: Storage) -> Vec<u8> {
    match storage {
        Storage::F32 => bytemuck::cast_slice(values).to_vec(),
        Storage::PackedF16 | Storage::NativeF16 => {
            let half = |&value: &f32| half::f16::from_f32(value.clamp(-F16_MAX, F16_MAX));
            bytemuck::cast_slice(&values.iter().map(half).collect::<Vec<_>>()).to_vec()
        }
    }
}

/// The values of bytes in a storage.
pub(crate) fn decode_values(bytes: &[u8], storage: Storage) -> Vec<f32> {
    match storage {
        Storage::F32 => bytemuck::pod_collect_to_vec(bytes),
        Storage::PackedF16 | Storage::NativeF16 => {
            bytemuck::pod_collect_to_vec::<u8, half::f16>(bytes).into_iter().map(half::f16::to_f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_large_ones_are_clamped_to_the_largest_half() {
        let values = [0.0, -1.5, 65_504.0, 1e9, -1e9];
        assert_eq!(decode_values(&encode_values(&values, Storage::F32), Storage::F32), values);
        for storage in [Storage::PackedF16, Storage::NativeF16] {
            let bytes = encode_values(&values, storage);
            assert_eq!(bytes.len(), 2 * values.len());
            assert_eq!(decode_values(&bytes, storage), [0.0, -1.5, 65_504.0, 65_504.0, -65_504.0]);
        }
    }
}
