//! Convolution and matrix products.

use ibq_cpu::{Panels, Window, conv2d};
use ibq_shaders::{ConvTile, Kernel, MatrixTile, Storage, params::WindowParams};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent, fold};

use super::{EmitContext, Host, Map, Op, TensorId, graph::label};

/// The second factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Operand {
    /// The parameters `{name}.weight` and `{name}.bias`.
    Parameter(String),
    /// A matrix [in channels, out channels] made by the graph, without bias.
    Map(Map),
    /// The codes of one shard of the codebook, [dimension, codes], with their bias: products are scores.
    Codes(usize),
}

/// `y = scale · conv(x, w) + bias`, added to what `y` holds when `accumulate` is set.
///
/// Output pixel (r, c) sees the window of `side × side` pixels of x from (r · stride - pad, c · stride - pad) on, zeros
/// outside; with `upsample`, of x enlarged to twice its size by repeating pixels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Conv2d {
    pub(crate) x: Map,
    pub(crate) y: Map,
    pub(crate) w: Operand,
    pub(crate) side: u32,
    pub(crate) stride: u32,
    pub(crate) pad: u32,
    pub(crate) upsample: bool,
    pub(crate) accumulate: bool,
    pub(crate) scale: f32,
}

impl Conv2d {
    /// A 1 × 1 convolution, or a matrix product.
    pub(crate) fn pointwise(x: Map, w: Operand, y: Map) -> Self {
        Self { x, y, w, side: 1, stride: 1, pad: 0, upsample: false, accumulate: false, scale: 1.0 }
    }

    /// A 3 × 3 convolution that keeps the size.
    pub(crate) fn same(x: Map, name: &str, y: Map) -> Self {
        Self { side: 3, pad: 1, ..Self::pointwise(x, Operand::Parameter(name.to_owned()), y) }
    }

    /// Floating-point operations of one output row.
    fn row_flops(&self) -> f64 {
        let inner = f64::from(self.side * self.side) * f64::from(self.x.c);
        2.0 * inner * f64::from(self.y.c) * f64::from(self.y.w)
    }

    /// Rows of x that the output rows `from..to` of one item see.
    fn rows_seen(&self, from: u32, to: u32) -> (u32, u32) {
        let shift = u32::from(self.upsample);
        let first = (from * self.stride).saturating_sub(self.pad) >> shift;
        let last = ((to - 1) * self.stride + self.side - 1).saturating_sub(self.pad) >> shift;
        (first.min(self.x.h - 1), (last + 1).min(self.x.h))
    }

    /// The rows of each dispatch, as ranges over all rows of all items: everything at once, or bands within items where
    /// a binding or the time of one dispatch would become too large.
    fn row_bands(&self, context: &EmitContext<'_>) -> Vec<(u64, u64)> {
        let (h, rows) = (u64::from(self.y.h), self.y.rows());
        let (most, bytes4) = (context.largest_binding(), context.bytes4());
        let fits = self.y.len4() * bytes4 <= most && self.x.len4() * bytes4 <= most;
        if fits && self.row_flops() * rows as f64 <= context.most_flops() {
            return vec![(0, rows)];
        }
        let by_y = most / (self.y.row4() * bytes4).max(1);
        let window = (most / (self.x.row4() * bytes4).max(1)).saturating_sub(u64::from(self.side) + 1);
        let by_x = (window << u32::from(self.upsample)) / u64::from(self.stride);
        let by_time = (context.most_flops() / self.row_flops().max(1.0)) as u64;
        let band = by_y.min(by_x).min(by_time).max(1);
        let mut bands = Vec::new();
        for item in 0..u64::from(self.y.items) {
            let mut from = 0;
            while from < h {
                let to = (from + band).min(h);
                bands.push((item * h + from, item * h + to));
                from = to;
            }
        }
        bands
    }

    /// The kernel, and the pixels and channels (counted in vec4) of its tile.
    fn kernel(&self, context: &EmitContext<'_>) -> (Kernel, u32, u32) {
        let plain = |tile: ConvTile| (Kernel::Conv2d(tile), tile.pixels(), tile.channels4());
        let matrix =
            |unit, tile: MatrixTile| (Kernel::Conv2dMatrix(unit, tile), tile.pixels(), tile.channels4());
        let unit = context.gpu.info().matrix.filter(|_| context.storage == Storage::NativeF16);
        #[cfg(test)]
        match tests::forced_tile() {
            Some(tests::Tile::Plain(tile)) => return plain(tile),
            Some(tests::Tile::Matrix(tile)) => {
                return matrix(unit.expect("a device and storage for matrix units"), tile);
            }
            None => {}
        }
        if context.gpu.info().is_software() && unit.is_none() {
            return plain(ConvTile::Software);
        }
        // Fewer large tiles than a big GPU has cores would leave most of them idle.
        let fills = |pixels: u32, channels4: u32| {
            let pixels = (self.y.rows() * u64::from(self.y.w)).div_ceil(u64::from(pixels));
            pixels * u64::from(self.y.c4().div_ceil(channels4)) >= 128
        };
        if let Some(unit) = unit {
            let large = fills(MatrixTile::Large.pixels(), MatrixTile::Large.channels4());
            return matrix(unit, if large { MatrixTile::Large } else { MatrixTile::Small });
        }
        let large = fills(ConvTile::Large.pixels(), ConvTile::Large.channels4());
        plain(if large { ConvTile::Large } else { ConvTile::Small })
    }
}

impl Op for Conv2d {
    fn touches(&self) -> Vec<TensorId> {
        let mut tensors = vec![self.x.tensor, self.y.tensor];
        if let Operand::Map(w) = &self.w {
            tensors.push(w.tensor);
        }
        tensors
    }

    fn label(&self) -> String {
        let (x, y) = (&self.x, &self.y);
        let what = if self.w_is_matrix() { "matmul" } else { "conv2d" };
        let shape = if self.upsample { "2× up, " } else { "" };
        format!("{what} {shape}{0}×{0} {1}→{2} at {3}×{4}", self.side, x.c, y.c, y.h, y.w)
    }

    fn flops(&self) -> f64 {
        self.row_flops() * self.y.rows() as f64
    }

    fn compute(&self, host: &mut Host<'_>) {
        let (x, y) = (&self.x, &self.y);
        let window = Window {
            in_h: x.h as usize,
            in_w: x.w as usize,
            in_c: x.c as usize,
            out_h: y.h as usize,
            out_w: y.w as usize,
            out_c: y.c as usize,
            side: self.side as usize,
            stride: self.stride as usize,
            pad: self.pad as usize,
            upsample: self.upsample,
        };
        host.with_output(y, |host, values| {
            let (cpu, input, how) = (host.cpu, host.map(x), (self.scale, self.accumulate));
            match &self.w {
                Operand::Parameter(name) => {
                    let (weights, bias) = host.parameters.conv(name);
                    conv2d(cpu, &window, input, weights, Some(bias), how, values);
                }
                Operand::Map(map) => {
                    let stride = 4 * map.c4() as usize;
                    let weights = Panels::of_matrix(cpu, host.map(map), window.in_c, window.out_c, stride);
                    conv2d(cpu, &window, input, &weights, None, how, values);
                }
                // The processor keeps all codes in one shard.
                Operand::Codes(_) => {
                    let codes = &host.parameters.codebook;
                    conv2d(cpu, &window, input, &codes.vectors, codes.bias.as_deref(), how, values);
                }
            }
        });
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let (w, w_shift, in_c, bias) = match &self.w {
            Operand::Parameter(name) => {
                let weight = Bound::whole(context.parameters.conv(name));
                (weight, 0, 4 * x.c4(), Some(Bound::whole(context.parameters.bias(name))))
            }
            Operand::Map(map) => {
                let (bound, shift) = context.bind_map(map);
                (bound, shift, x.c, None)
            }
            Operand::Codes(shard) => {
                let shard = &context.parameters.codebook.shards[*shard];
                (Bound::whole(&shard.buffer), 0, 4 * x.c4(), shard.bias.as_ref().map(Bound::whole))
            }
        };
        let (kernel, tile_pixels, tile_channels4) = self.kernel(context);
        let name = label(self.label());
        let whole = self.row_bands(context);
        let single = whole.len() == 1;
        let dispatch = |(first, end): (u64, u64)| {
            let rows = (end - first) as u32;
            let ((x_bound, x_shift), (y_bound, y_shift)) = if single {
                (context.bind_map(x), context.bind_map(y))
            } else {
                let item = first / u64::from(y.h);
                let from = (first % u64::from(y.h)) as u32;
                let (top, bottom) = self.rows_seen(from, from + rows);
                let base = item * u64::from(x.h);
                (
                    context.bind_range(
                        x,
                        (base + u64::from(top)) * x.row4(),
                        (base + u64::from(bottom)) * x.row4(),
                    ),
                    context.bind_range(y, first * y.row4(), end * y.row4()),
                )
            };
            let pixels = u64::from(rows) * u64::from(y.w);
            let (groups_x, groups_z) = fold(pixels.div_ceil(u64::from(tile_pixels)));
            let moved = (x_bound.bytes + y_bound.bytes * (1 + u64::from(self.accumulate))) + w.bytes;
            DispatchBuilder {
                kernel,
                storage: context.storage,
                params: WindowParams {
                    in_h: x.h,
                    in_w: x.w,
                    in_c4: x.c4(),
                    in_c,
                    out_h: y.h,
                    out_w: y.w,
                    out_c4: y.c4(),
                    first_row: first as u32,
                    rows,
                    side: self.side,
                    stride: self.stride,
                    pad: self.pad,
                    upsample: self.upsample.into(),
                    add_bias: bias.is_some().into(),
                    accumulate: self.accumulate.into(),
                    scale: self.scale,
                    x_shift,
                    y_shift,
                    w_shift,
                }
                .into(),
                bindings: vec![x_bound, w, bias.unwrap_or_else(|| context.parameters.nothing()), y_bound],
                extent: Extent::Workgroups([groups_x, y.c4().div_ceil(tile_channels4), groups_z]),
                label: name.clone(),
                flops: self.row_flops() * f64::from(rows),
                bytes: moved as f64,
            }
        };
        whole.into_iter().map(dispatch).collect()
    }
}

impl Conv2d {
    fn w_is_matrix(&self) -> bool {
        !matches!(self.w, Operand::Parameter(_))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::gpu::Gpu;
    use crate::ops::testing::{Bench, assert_close, everywhere, noise, rounded, tolerance};
    use proptest::prelude::*;

    thread_local!(static TILE: Cell<Option<Tile>> = const { Cell::new(None) });

    #[derive(Clone, Copy, Debug)]
    pub(super) enum Tile {
        Plain(ConvTile),
        Matrix(MatrixTile),
    }

    const TILES: [Tile; 5] = [
        Tile::Plain(ConvTile::Software),
        Tile::Plain(ConvTile::Small),
        Tile::Plain(ConvTile::Large),
        Tile::Matrix(MatrixTile::Small),
        Tile::Matrix(MatrixTile::Large),
    ];

    impl Tile {
        /// Matrix units are not everywhere, and take nothing but 16-bit floats.
        fn runs_on(self, gpu: &Gpu, storage: Storage) -> bool {
            matches!(self, Self::Plain(_)) || (gpu.info().matrix.is_some() && storage == Storage::NativeF16)
        }
    }

    /// The tile that a test asks for: software adapters would only ever choose their own.
    pub(super) fn forced_tile() -> Option<Tile> {
        TILE.get()
    }

    #[derive(Clone, Copy, Debug)]
    struct Shape {
        items: u32,
        h: u32,
        w: u32,
        cin: u32,
        cout: u32,
        side: u32,
        stride: u32,
        pad: u32,
        upsample: bool,
    }

    impl Shape {
        fn out(&self) -> (u32, u32) {
            let shift = u32::from(self.upsample);
            // Down-sampling pads right and below only: half of an even side.
            let out = |side: u32| if self.stride == 2 { side / 2 } else { side << shift };
            (out(self.h), out(self.w))
        }
    }

    /// The definition, in f64.
    fn plain(x: &[f32], w: &[f32], bias: &[f32], s: Shape) -> Vec<f64> {
        let (out_h, out_w) = s.out();
        let shift = u32::from(s.upsample);
        let (h, width) = (i64::from(s.h << shift), i64::from(s.w << shift));
        let mut y = Vec::new();
        for item in 0..s.items {
            for (r, c) in (0..out_h).flat_map(|r| (0..out_w).map(move |c| (r, c))) {
                for o in 0..s.cout {
                    let mut sum = f64::from(bias[o as usize]);
                    for (ky, kx) in (0..s.side).flat_map(|ky| (0..s.side).map(move |kx| (ky, kx))) {
                        let row = i64::from(r * s.stride + ky) - i64::from(s.pad);
                        let col = i64::from(c * s.stride + kx) - i64::from(s.pad);
                        if row < 0 || col < 0 || row >= h || col >= width {
                            continue;
                        }
                        let pixel = (item * s.h + (row as u32 >> shift)) * s.w + (col as u32 >> shift);
                        for i in 0..s.cin {
                            let weight = w[(((o * s.cin + i) * s.side + ky) * s.side + kx) as usize];
                            sum += f64::from(x[(pixel * s.cin + i) as usize]) * f64::from(weight);
                        }
                    }
                    y.push(sum);
                }
            }
        }
        y
    }

    fn check(shape: Shape, tile: Tile, accumulate: bool, seed: u32) {
        TILE.set(Some(tile));
        let (out_h, out_w) = shape.out();
        let x = noise((shape.items * shape.h * shape.w * shape.cin) as usize, seed);
        let w = noise((shape.cout * shape.cin * shape.side * shape.side) as usize, seed + 1);
        let bias = noise(shape.cout as usize, seed + 2);
        let before = noise((shape.items * out_h * out_w * shape.cout) as usize, seed + 3);
        for (gpu, storage) in everywhere().filter(|&(gpu, storage)| tile.runs_on(gpu, storage)) {
            let (x, w, before) = (rounded(&x, storage), rounded(&w, storage), rounded(&before, storage));
            let mut bench = Bench::new(gpu, storage);
            let sides = (shape.cout as usize, shape.cin as usize, shape.side as usize);
            pollster::block_on(bench.parameters.put_conv(gpu, "layer", sides, &w, &bias)).unwrap();
            let input = bench.input((shape.items, shape.h, shape.w, shape.cin), &x);
            let out_shape = (shape.items, out_h, out_w, shape.cout);
            let y = if accumulate { bench.input(out_shape, &before) } else { bench.output(out_shape) };
            bench.graph.push(Conv2d {
                x: input,
                y,
                w: Operand::Parameter("layer".to_owned()),
                side: shape.side,
                stride: shape.stride,
                pad: shape.pad,
                upsample: shape.upsample,
                accumulate,
                scale: 1.0,
            });
            let mut expected = plain(&x, &w, &bias, shape);
            if accumulate {
                expected.iter_mut().zip(&before).for_each(|(sum, &old)| *sum += f64::from(old));
            }
            let scale = f64::from(shape.cin * shape.side * shape.side).sqrt() + 1.0;
            let what = format!("{shape:?} {tile:?} {storage:?} accumulate {accumulate}");
            assert_close(&bench.run(&y), &expected, scale, tolerance(storage), &what);
        }
        TILE.set(None);
    }

    #[test]
    fn every_form_of_the_network_on_every_tile() {
        let plain =
            Shape { items: 1, h: 6, w: 10, cin: 32, cout: 32, side: 3, stride: 1, pad: 1, upsample: false };
        let shapes = [
            plain,
            Shape { items: 2, h: 1, w: 1, cin: 3, cout: 5, ..plain },
            Shape { side: 1, pad: 0, cin: 40, cout: 132, ..plain },
            Shape { items: 2, stride: 2, pad: 0, ..plain },
            Shape { items: 2, upsample: true, cin: 7, cout: 130, ..plain },
            Shape { h: 17, w: 13, cin: 6, cout: 9, ..plain },
        ];
        for tile in TILES {
            for (index, &shape) in shapes.iter().enumerate() {
                check(shape, tile, index % 2 == 1, index as u32 * 10 + 1);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn any_shape_on_any_tile(
            (items, h, w) in (1_u32..3, 1_u32..12, 1_u32..12), (cin, cout) in (1_u32..40, 1_u32..40),
            form in 0_usize..4, tile in 0_usize..5, accumulate: bool, seed in 0_u32..1000,
        ) {
            let (side, stride, pad, upsample) = [(1, 1, 0, false), (3, 1, 1, false), (3, 2, 0, false), (3, 1, 1, true)][form];
            let (h, w) = if stride == 2 { (2 * h, 2 * w) } else { (h, w) };
            let shape = Shape { items, h, w, cin, cout, side, stride, pad, upsample };
            check(shape, TILES[tile], accumulate, seed);
        }
    }

    #[test]
    fn bands_give_the_same_rows_as_the_whole() {
        // 400 rows of 600 × 64 channels are 61 MB: within a binding; the time of one dispatch asks for bands.
        let shape =
            Shape { items: 2, h: 50, w: 600, cin: 64, cout: 64, side: 3, stride: 1, pad: 1, upsample: false };
        let (gpu, storage) = everywhere().next().unwrap();
        let mut bench = Bench::new(gpu, storage);
        let w = noise(64 * 64 * 9, 5);
        pollster::block_on(bench.parameters.put_conv(gpu, "layer", (64, 64, 3), &w, &[0.0; 64])).unwrap();
        let x = noise(2 * 50 * 600 * 64, 6);
        let input = bench.input((2, 50, 600, 64), &x);
        let y = bench.output((2, 50, 600, 64));
        bench.graph.push(Conv2d::same(input, "layer", y));
        let program = pollster::block_on(bench.compile());
        assert!(program.dispatches.len() > 4, "{} dispatches", program.dispatches.len());
        let ours = bench.run(&y);
        // Some pixels by the definition: corners and the borders of bands are where bands go wrong.
        for (item, r, c) in
            (0..2).flat_map(|item| (0..50).flat_map(move |r| [0, 1, 299, 599].map(|c| (item, r, c))))
        {
            let window = Shape { items: 1, h: 3, w: 3, ..shape };
            let mut patch = vec![0.0; 9 * 64];
            for (ky, kx) in (0..3_i64).flat_map(|ky| (0..3_i64).map(move |kx| (ky, kx))) {
                let (row, col) = (r + ky - 1, c + kx - 1);
                if (0..50).contains(&row) && (0..600).contains(&col) {
                    let from = (((item * 50 + row) * 600 + col) * 64) as usize;
                    patch[((ky * 3 + kx) * 64) as usize..][..64].copy_from_slice(&x[from..from + 64]);
                }
            }
            let center = &plain(&patch, &w, &[0.0; 64], window)[4 * 64..5 * 64];
            let at = (((item * 50 + r) * 600 + c) * 64) as usize;
            assert_close(
                &ours[at..at + 64],
                center,
                24.0,
                2e-5,
                &format!("item {item}, row {r}, column {c}"),
            );
        }
    }
}
