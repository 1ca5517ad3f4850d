//! 8-bit pixels to the network's range and back. A pixel is a u32 with red in the lowest byte.

use crate::Cpu;

/// The network's value of each 8-bit value, looked up: x has four values per pixel, the last one 0.
pub fn pixels_in(cpu: &Cpu, pixels: &[u32], table: &[f32; 256], x: &mut [f32]) {
    let band = cpu.band_of(pixels.len(), 16, 1);
    cpu.bands(x, band * 4, |index, x| {
        for (x, pixel) in x.as_chunks_mut::<4>().0.iter_mut().zip(&pixels[index * band..]) {
            let [red, green, blue, _] = pixel.to_le_bytes();
            *x = [table[red as usize], table[green as usize], table[blue as usize], 0.0];
        }
    });
}

/// `v = floor((clamp(y, -1, 1) + 1) / 2 · 255)` of the first three of four values; the highest byte is 255.
pub fn pixels_out(cpu: &Cpu, y: &[f32], pixels: &mut [u32]) {
    let byte = |value: f32| (((value.clamp(-1.0, 1.0) + 1.0) / 2.0) * 255.0) as u8;
    let band = cpu.band_of(pixels.len(), 16, 1);
    cpu.bands(pixels, band, |index, pixels| {
        for (pixel, y) in pixels.iter_mut().zip(y.as_chunks::<4>().0[index * band..].iter()) {
            *pixel = u32::from_le_bytes([byte(y[0]), byte(y[1]), byte(y[2]), 255]);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::everywhere;

    #[test]
    fn pixels_are_looked_up() {
        let table = std::array::from_fn(|value| value as f32 / 127.5 - 1.0);
        for cpu in everywhere() {
            let mut x = [f32::NAN; 8];
            pixels_in(&cpu, &[0xff00_80ff, 0xff01_0203], &table, &mut x);
            assert_eq!(x, [1.0, table[128], -1.0, 0.0, table[3], table[2], table[1], 0.0]);
        }
    }

    #[test]
    fn values_are_clamped_and_rounded_down() {
        for cpu in everywhere() {
            let mut pixels = [0; 2];
            pixels_out(&cpu, &[-2.0, 2.0, 0.0, 9.0, -1.0, 0.999, f32::NAN, 0.0], &mut pixels);
            assert_eq!(pixels, [0xff7f_ff00, 0xff00_fe00]);
        }
    }
}
