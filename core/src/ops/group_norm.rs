//! GroupNorm with 32 groups, and the swish that follows it.

use ibq_shaders::Kernel;

use crate::gpu::{Bound, DispatchBuilder, fold};

use super::{Graph, Map, Op, Place, TensorId, graph::label};

/// Groups of every GroupNorm of the network.
const GROUPS: u32 = 32;
/// Added to the variance.
const EPS: f32 = 1e-6;
/// Chunks that one item's pixels are cut into for the statistics, at most.
const CHUNKS: u64 = 512;

/// Where the normalised map goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NormTo {
    /// Over the input.
    InPlace,
    /// Into a map of its own.
    New,
}

/// Adds `GN(x)` with the parameters `{name}.weight`, `{name}.bias`, followed by swish when asked; returns the result.
pub(crate) fn group_norm(graph: &mut Graph, x: Map, name: &str, swish: bool, to: NormTo) -> Map {
    let chunk_pixels = x.item_pixels().div_ceil(CHUNKS).max(16) as u32;
    let chunks = x.item_pixels().div_ceil(u64::from(chunk_pixels)) as u32;
    let entries = u64::from(x.items) * u64::from(x.c4());
    let stats = graph.tensor(entries * u64::from(chunks) * 32);
    let factors = graph.tensor(entries * 32);
    graph.push(Statistics { x, chunk_pixels, chunks, stats });
    graph.push(Finish { x, chunk_pixels, chunks, stats, factors, name: name.to_owned() });
    let y = match to {
        NormTo::InPlace => x,
        NormTo::New => graph.map(x.items, x.h, x.w, x.c),
    };
    graph.push(Apply { x, y, factors, swish });
    y
}

/// Mean and M2 of every channel in every chunk of pixels.
struct Statistics {
    x: Map,
    chunk_pixels: u32,
    chunks: u32,
    stats: TensorId,
}

impl Op for Statistics {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.stats]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, c4) = (&self.x, u64::from(self.x.c4()));
        let name = label(format!("group_norm_stats {} at {}×{}", x.c, x.h, x.w));
        let total = u64::from(x.items) * u64::from(self.chunks);
        let pixel_of = |chunk: u64| {
            let (item, within) = (chunk / u64::from(self.chunks), chunk % u64::from(self.chunks));
            item * x.item_pixels() + (within * u64::from(self.chunk_pixels)).min(x.item_pixels())
        };
        let per_chunk = u64::from(self.chunk_pixels) * c4 * place.bytes4();
        bands(total, place.largest_binding() / per_chunk)
            .map(|(first, end)| {
                let (bound, shift) = place.part(x, pixel_of(first) * c4, pixel_of(end) * c4);
                let (groups_x, groups_y) = fold(((end - first) * c4).div_ceil(64));
                DispatchBuilder {
                    kernel: Kernel::GroupNormStats,
                    storage: place.storage,
                    params: vec![
                        x.c4(),
                        x.item_pixels() as u32,
                        self.chunk_pixels,
                        self.chunks,
                        first as u32,
                        (end - first) as u32,
                        shift,
                    ],
                    bindings: vec![bound, place.whole(self.stats)],
                    workgroups: [groups_x, groups_y, 1],
                    label: name.clone(),
                    flops: 0.0,
                    bytes: bound.bytes as f64,
                }
            })
            .collect()
    }
}

/// Scale and shift of every channel.
struct Finish {
    x: Map,
    chunk_pixels: u32,
    chunks: u32,
    stats: TensorId,
    factors: TensorId,
    name: String,
}

impl Op for Finish {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.stats, self.factors]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let x = &self.x;
        let (weight, bias) = place.parameters.norm(&self.name);
        vec![DispatchBuilder {
            kernel: Kernel::GroupNormFinish,
            storage: place.storage,
            params: vec![
                x.c4(),
                x.c,
                GROUPS,
                self.chunks,
                x.item_pixels() as u32,
                self.chunk_pixels,
                EPS.to_bits(),
            ],
            bindings: vec![
                place.whole(self.stats),
                Bound::whole(weight),
                Bound::whole(bias),
                place.whole(self.factors),
            ],
            workgroups: [GROUPS, x.items, 1],
            label: label(format!("group_norm_finish {}", x.c)),
            flops: 0.0,
            bytes: f64::from(x.items) * f64::from(self.chunks) * f64::from(x.c4()) * 32.0,
        }]
    }
}

/// `y = x · scale + shift`, then swish.
struct Apply {
    x: Map,
    y: Map,
    factors: TensorId,
    swish: bool,
}

impl Op for Apply {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.y.tensor, self.factors]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let in_place = x.tensor == y.tensor;
        let name = label(format!("group_norm_apply {} at {}×{}", x.c, x.h, x.w));
        bands(x.len4(), place.largest_binding() / place.bytes4())
            .map(|(from, to)| {
                let (y_bound, y_shift) = place.part(y, from, to);
                let (x_bound, x_shift) = place.part(x, from, to);
                let mut bindings = vec![place.whole(self.factors), y_bound];
                if !in_place {
                    bindings.push(x_bound);
                }
                let (groups_x, groups_y) = fold((to - from).div_ceil(64));
                DispatchBuilder {
                    kernel: Kernel::GroupNormApply { in_place },
                    storage: place.storage,
                    params: vec![
                        x.c4(),
                        (x.item_pixels() * u64::from(x.c4())) as u32,
                        (to - from) as u32,
                        from as u32,
                        u32::from(self.swish),
                        x_shift,
                        y_shift,
                    ],
                    bindings,
                    workgroups: [groups_x, groups_y, 1],
                    label: name.clone(),
                    flops: 0.0,
                    bytes: 2.0 * y_bound.bytes as f64,
                }
            })
            .collect()
    }
}

/// Ranges of at most `most` that cover `0..count`.
pub(super) fn bands(count: u64, most: u64) -> impl Iterator<Item = (u64, u64)> {
    let most = most.max(1);
    (0..count.div_ceil(most)).map(move |band| (band * most, ((band + 1) * most).min(count)))
}
