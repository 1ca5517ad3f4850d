//! Convolution and matrix products.

use crate::{
    Cpu, Panels,
    cpu::NARROW,
    isa::{Compute, Target, Tile},
    padded,
    tile::add_products,
};

/// Input pixels whose values should stay in the second-level cache while all panels pass over them.
const BAND_BYTES: usize = 256 << 10;

/// Which input pixels an output pixel sees.
///
/// Output pixel (r, c) sees `side × side` pixels of x from (r · stride - pad, c · stride - pad) on, zeros outside; with
/// `upsample`, of x enlarged to twice its size by repeating pixels.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Rows of an item of x.
    pub in_h: usize,
    /// Columns of x.
    pub in_w: usize,
    /// Channels of x.
    pub in_c: usize,
    /// Rows of an item of y.
    pub out_h: usize,
    /// Columns of y.
    pub out_w: usize,
    /// Channels of y.
    pub out_c: usize,
    /// Side of the window.
    pub side: usize,
    /// Step of the window.
    pub stride: usize,
    /// Zeros left and above.
    pub pad: usize,
    /// Whether x is enlarged first.
    pub upsample: bool,
}

impl Window {
    /// A matrix product: `rows` rows of `in_c` values by a matrix [`in_c`, `out_c`].
    #[must_use]
    pub fn matrix(rows: usize, in_c: usize, out_c: usize) -> Self {
        let (in_h, out_h) = (rows, rows);
        Self { in_h, in_w: 1, in_c, out_h, out_w: 1, out_c, side: 1, stride: 1, pad: 0, upsample: false }
    }
}

/// `y = scale · conv(x, w) + bias`, added to what `y` holds when `accumulate` is set; without `bias` none is added.
///
/// x: [items, in_h, in_w, in_c padded]; y: [items, out_h, out_w, out_c padded]; bias: at least `out_c` values.
pub fn conv2d(
    cpu: &Cpu,
    window: &Window,
    x: &[f32],
    weights: &Panels,
    bias: Option<&[f32]>,
    (scale, accumulate): (f32, bool),
    y: &mut [f32],
) {
    let width = padded(window.out_c);
    let pixels = y.len() / width;
    let cost = 2 * weights.values.len();
    let by_cache = (BAND_BYTES / (4 * padded(window.in_c))).max(48);
    let band = cpu.band_of(pixels, cost, 12).min(by_cache.next_multiple_of(12));
    let zeros = vec![0.0; padded(window.in_c)];
    cpu.bands(y, band * width, |index, y| {
        let first = index * band;
        cpu.isa().run(Band { window, x, weights, bias, scale, accumulate, zeros: &zeros, first, y });
    });
}

/// Some consecutive output pixels.
struct Band<'a> {
    window: &'a Window,
    x: &'a [f32],
    weights: &'a Panels,
    bias: Option<&'a [f32]>,
    scale: f32,
    accumulate: bool,
    zeros: &'a [f32],
    /// The first one, counted over all items.
    first: usize,
    y: &'a mut [f32],
}

impl Compute for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<T: Target>(mut self) {
        match T::TILE {
            _ if self.weights.width == NARROW => self.panels::<T, 6, NARROW>(),
            Tile::P4C8 => self.panels::<T, 4, 8>(),
            Tile::P6C16 => self.panels::<T, 6, 16>(),
            Tile::P12C32 => self.panels::<T, 12, 32>(),
        }
    }
}

impl Band<'_> {
    /// All panels, each over all tiles of `P` pixels: a panel stays in the first-level cache, the pixels in the second.
    #[inline(always)]
    fn panels<T: Target, const P: usize, const N: usize>(&mut self) {
        let width = padded(self.window.out_c);
        let pixels = self.y.len() / width;
        for panel in 0..self.weights.count() {
            for pixel in (0..pixels).step_by(P) {
                self.tile::<T, P, N>(pixel, panel, pixels);
            }
        }
    }

    /// The channels of a panel of the pixels from `pixel` on.
    #[inline(always)]
    fn tile<T: Target, const P: usize, const N: usize>(&mut self, pixel: usize, panel: usize, pixels: usize) {
        let window = self.window;
        let (side, inputs) = (window.side, self.weights.inputs);
        // Pixels beyond the last one repeat it; their sums are not stored.
        let mut places = [(0, 0, 0); P];
        for (p, place) in places.iter_mut().enumerate() {
            let at = self.first + (pixel + p).min(pixels - 1);
            let (row, column) = (at / window.out_w, at % window.out_w);
            *place = (row / window.out_h, row % window.out_h, column);
        }
        let mut sums = [[0.0; N]; P];
        for (tap, weights) in self.weights.panel::<N>(panel).chunks_exact(inputs).enumerate() {
            let (ky, kx) = (tap / side, tap % side);
            let mut seen = [self.zeros; P];
            for (seen, place) in seen.iter_mut().zip(places) {
                *seen = self.seen(place, ky, kx);
            }
            sums = add_products::<T, P, N>(seen, weights, sums);
        }
        self.store(&sums, pixel, panel * N, pixels);
    }

    /// The input pixel at (ky, kx) of an output pixel's window.
    #[inline(always)]
    fn seen(&self, (item, row, column): (usize, usize, usize), ky: usize, kx: usize) -> &[f32] {
        let window = self.window;
        let width = padded(window.in_c);
        let shift = u32::from(window.upsample);
        // Negative numbers wrap around and so are outside as well.
        let row = (row * window.stride + ky).wrapping_sub(window.pad);
        let column = (column * window.stride + kx).wrapping_sub(window.pad);
        if row < window.in_h << shift && column < window.in_w << shift {
            let at = (item * window.in_h + (row >> shift)) * window.in_w + (column >> shift);
            &self.x[at * width..][..width]
        } else {
            self.zeros
        }
    }

    #[inline(always)]
    fn store<const P: usize, const N: usize>(
        &mut self,
        sums: &[[f32; N]; P],
        pixel: usize,
        channel: usize,
        pixels: usize,
    ) {
        let width = padded(self.window.out_c);
        let count = N.min(width - channel);
        let mut bias = [0.0; N];
        if let Some(values) = self.bias {
            let values = &values[channel..];
            for (slot, value) in bias.iter_mut().zip(values) {
                *slot = *value;
            }
        }
        for (p, sums) in sums.iter().enumerate().take(pixels - pixel) {
            let y = &mut self.y[(pixel + p) * width + channel..][..count];
            for ((y, sum), bias) in y.iter_mut().zip(sums).zip(&bias) {
                let value = self.scale * sum + bias;
                *y = if self.accumulate { *y + value } else { value };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, everywhere, noise};
    use proptest::prelude::*;

    /// The definition, in f64.
    fn reference(
        window: &Window,
        items: usize,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        (scale, before): (f32, Option<&[f32]>),
    ) -> Vec<f64> {
        let (in_width, out_width) = (padded(window.in_c), padded(window.out_c));
        let enlarged = 1 + usize::from(window.upsample);
        let mut y = vec![0.0; items * window.out_h * window.out_w * out_width];
        for (at, y) in y.iter_mut().enumerate() {
            let (pixel, output) = (at / out_width, at % out_width);
            let (row, column) = (pixel / window.out_w, pixel % window.out_w);
            let (item, row) = (row / window.out_h, row % window.out_h);
            *y = before.map_or(0.0, |before| f64::from(before[at]));
            if output >= window.out_c {
                continue;
            }
            let mut sum = 0.0;
            for (ky, kx) in (0..window.side).flat_map(|ky| (0..window.side).map(move |kx| (ky, kx))) {
                let (r, c) = (row * window.stride + ky, column * window.stride + kx);
                let (Some(r), Some(c)) = (r.checked_sub(window.pad), c.checked_sub(window.pad)) else {
                    continue;
                };
                let (r, c) = (r / enlarged, c / enlarged);
                if r >= window.in_h || c >= window.in_w {
                    continue;
                }
                let pixel = &x[((item * window.in_h + r) * window.in_w + c) * in_width..];
                for (input, &value) in pixel[..window.in_c].iter().enumerate() {
                    let at = ((output * window.in_c + input) * window.side + ky) * window.side + kx;
                    sum += f64::from(value) * f64::from(weight[at]);
                }
            }
            *y += f64::from(scale) * sum + bias.map_or(0.0, |bias| f64::from(bias[output]));
        }
        y
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_follows_its_definition(
            items in 1_usize..3, in_h in 1_usize..9, in_w in 1_usize..9, in_c in 1_usize..9, out_c in 1_usize..40,
            kind in 0_usize..4, accumulate: bool, with_bias: bool, seed: u64,
        ) {
            let (side, stride, pad, upsample) = [(1, 1, 0, false), (3, 1, 1, false), (3, 2, 0, false), (3, 1, 1, true)][kind];
            let (out_h, out_w) = match kind {
                2 => ((in_h / 2).max(1), (in_w / 2).max(1)),
                3 => (2 * in_h, 2 * in_w),
                _ => (in_h, in_w),
            };
            let window = Window { in_h, in_w, in_c, out_h, out_w, out_c, side, stride, pad, upsample };
            let x = noise(items * in_h * in_w * padded(in_c), seed);
            let weight = noise(out_c * in_c * side * side, seed ^ 1);
            let bias = noise(out_c, seed ^ 2);
            let bias = with_bias.then_some(&bias[..]);
            let mut before = noise(items * out_h * out_w * padded(out_c), seed ^ 3);
            for pixel in before.chunks_exact_mut(padded(out_c)) {
                pixel[out_c..].fill(0.0);
            }
            let expected = reference(&window, items, &x, &weight, bias, (0.5, accumulate.then_some(&before[..])));
            for cpu in everywhere() {
                let panels = Panels::of_conv(&cpu, &weight, out_c, in_c, side);
                let mut y = before.clone();
                conv2d(&cpu, &window, &x, &panels, bias, (0.5, accumulate), &mut y);
                assert_close(&y, &expected, 2e-5, &format!("{window:?}, {:?}", cpu.isa()));
            }
        }
    }
}
