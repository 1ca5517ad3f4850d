//! The vector of every code.

use crate::{Cpu, Panels, padded};

/// `z[p] = C[index[p]]`; padding is 0, and so is the vector of an index beyond the codebook.
pub fn embed(cpu: &Cpu, indices: &[u32], codes: &Panels, z: &mut [f32]) {
    let width = padded(codes.inputs);
    let band = cpu.band_of(indices.len(), 8 * width, 1);
    cpu.bands(z, band * width, |index, z| {
        for (z, &code) in z.chunks_exact_mut(width).zip(&indices[index * band..]) {
            z.fill(0.0);
            if (code as usize) < codes.outputs {
                for (d, value) in z.iter_mut().take(codes.inputs).enumerate() {
                    *value = codes.get(0, d, code as usize);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{everywhere, noise};

    #[test]
    fn every_index_gets_its_code() {
        let rows = noise(50 * 6, 3);
        let indices = [49, 0, 17, 50, u32::MAX];
        for cpu in everywhere() {
            let codes = Panels::of_rows(&cpu, &rows, 50, 6);
            let mut z = vec![f32::NAN; 5 * 8];
            embed(&cpu, &indices, &codes, &mut z);
            for (z, &index) in z.chunks_exact(8).zip(&indices) {
                let row =
                    rows.get((index as usize).saturating_mul(6)..).and_then(|rows| rows.first_chunk::<6>());
                assert_eq!(&z[..6], row.unwrap_or(&[0.0; 6]));
                assert_eq!(&z[6..], [0.0; 2]);
            }
        }
    }
}
