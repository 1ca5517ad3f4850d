//! Convolution and matrix products.

use ibq_shaders::{ConvTile, Kernel};

use crate::gpu::{Bound, DispatchBuilder};

use super::{Map, Op, Place, TensorId, graph::label};

/// The second factor.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// The parameters `{name}.weight` and `{name}.bias`.
    Parameter(String),
    /// A matrix [in channels, out channels] made by the graph, without bias.
    Map(Map),
    /// The codes of one shard of the codebook, [dimension, codes].
    Codes(usize),
}

/// `y = scale · conv(x, w) + bias`, added to what `y` holds when `accumulate` is set.
///
/// Output pixel (r, c) sees the window of `side × side` pixels of x from (r · stride - pad, c · stride - pad) on, zeros
/// outside; with `upsample`, of x enlarged to twice its size by repeating pixels.
#[derive(Clone, Debug)]
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
    fn bands(&self, place: &Place<'_>) -> Vec<(u64, u64)> {
        let (h, rows) = (u64::from(self.y.h), self.y.rows());
        let (most, bytes4) = (place.largest_binding(), place.bytes4());
        let fits = self.y.len4() * bytes4 <= most && self.x.len4() * bytes4 <= most;
        if fits && self.row_flops() * rows as f64 <= place.most_flops() {
            return vec![(0, rows)];
        }
        let by_y = most / (self.y.row4() * bytes4).max(1);
        let window = (most / (self.x.row4() * bytes4).max(1)).saturating_sub(u64::from(self.side) + 1);
        let by_x = (window << u32::from(self.upsample)) / u64::from(self.stride);
        let by_time = (place.most_flops() / self.row_flops().max(1.0)) as u64;
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

    fn tile(&self, place: &Place<'_>) -> ConvTile {
        if place.gpu.info().software {
            return ConvTile::Software;
        }
        // Fewer large tiles than a big GPU has cores would leave most of them idle.
        let tiles = (self.y.rows() * u64::from(self.y.w)).div_ceil(u64::from(ConvTile::Large.pixels()))
            * u64::from(self.y.c4().div_ceil(ConvTile::Large.channels4()));
        if tiles >= 128 { ConvTile::Large } else { ConvTile::Small }
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

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let (w, w_shift, in_c, bias) = match &self.w {
            Operand::Parameter(name) => {
                let weight = Bound::whole(place.parameters.conv(name));
                (weight, 0, 4 * x.c4(), Some(Bound::whole(place.parameters.bias(name))))
            }
            Operand::Map(map) => {
                let (bound, shift) = place.all(map);
                (bound, shift, x.c, None)
            }
            Operand::Codes(shard) => {
                (Bound::whole(&place.parameters.codebook.shards[*shard].buffer), 0, 4 * x.c4(), None)
            }
        };
        let tile = self.tile(place);
        let what = if self.w_is_matrix() { "matmul" } else { "conv2d" };
        let shape = if self.upsample { "2× up, " } else { "" };
        let name = label(format!("{what} {shape}{0}×{0} {1}→{2} at {3}×{4}", self.side, x.c, y.c, y.h, y.w));
        let whole = self.bands(place);
        let single = whole.len() == 1;
        let dispatch = |(first, end): (u64, u64)| {
            let rows = (end - first) as u32;
            let ((x_bound, x_shift), (y_bound, y_shift)) = if single {
                (place.all(x), place.all(y))
            } else {
                let item = first / u64::from(y.h);
                let from = (first % u64::from(y.h)) as u32;
                let (top, bottom) = self.rows_seen(from, from + rows);
                let base = item * u64::from(x.h);
                (
                    place.part(x, (base + u64::from(top)) * x.row4(), (base + u64::from(bottom)) * x.row4()),
                    place.part(y, first * y.row4(), end * y.row4()),
                )
            };
            let flags = u32::from(bias.is_some()) | (u32::from(self.accumulate) << 1);
            let pixels = u64::from(rows) * u64::from(y.w);
            let (groups_x, groups_z) = crate::gpu::fold(pixels.div_ceil(u64::from(tile.pixels())));
            let moved = (x_bound.bytes + y_bound.bytes * (1 + u64::from(self.accumulate))) + w.bytes;
            DispatchBuilder {
                kernel: Kernel::Conv2d(tile),
                storage: place.storage,
                params: vec![
                    x.h,
                    x.w,
                    x.c4(),
                    in_c,
                    y.h,
                    y.w,
                    y.c4(),
                    first as u32,
                    rows,
                    self.side,
                    self.stride,
                    self.pad,
                    u32::from(self.upsample),
                    flags,
                    self.scale.to_bits(),
                    x_shift,
                    y_shift,
                    w_shift,
                ],
                bindings: vec![x_bound, w, bias.unwrap_or_else(|| place.parameters.nothing()), y_bound],
                workgroups: [groups_x, y.c4().div_ceil(tile.channels4()), groups_z],
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
