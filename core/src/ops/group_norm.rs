//! GroupNorm with 32 groups, and the swish that follows it.

use ibq_shaders::{
    Kernel, NormOutput,
    params::{GroupNormApplyParams, GroupNormFinishParams, GroupNormStatsParams},
};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Graph, Host, Map, Op, TensorId, bands::bands, graph::label};

/// Groups of every GroupNorm of the network.
const GROUPS: u32 = 32;
/// Added to the variance.
const EPS: f32 = 1e-6;
/// Chunks that one item's pixels are cut into for the statistics, at most.
const CHUNKS: u64 = 512;

/// Where the normalized map goes.
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
    let y = match to {
        NormTo::InPlace => x,
        NormTo::New => graph.map(x.items, x.h, x.w, x.c),
    };
    let statistics = Statistics { x, chunk_pixels, chunks, stats };
    let finish = Finish { x, chunk_pixels, chunks, stats, factors, name: name.to_owned() };
    graph.push(GroupNorm { statistics, finish, apply: Apply { x, y, factors, swish } });
    y
}

/// The three steps.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct GroupNorm {
    statistics: Statistics,
    finish: Finish,
    apply: Apply,
}

impl Op for GroupNorm {
    fn touches(&self) -> Vec<TensorId> {
        let Apply { x, y, factors, .. } = self.apply;
        vec![x.tensor, y.tensor, factors, self.statistics.stats]
    }

    fn label(&self) -> String {
        let x = self.apply.x;
        format!("group_norm {} at {}×{}", x.c, x.h, x.w)
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let mut dispatches = self.statistics.emit(context);
        dispatches.extend(self.finish.emit(context));
        dispatches.extend(self.apply.emit(context));
        dispatches
    }

    fn compute(&self, host: &mut Host<'_>) {
        let Apply { x, y, swish, .. } = self.apply;
        let (weight, bias) = host.parameters.norm(&self.finish.name);
        let (channels, groups) = (x.c as usize, GROUPS as usize);
        let norm = ibq_cpu::GroupNorm { channels, groups, eps: EPS, weight, bias, swish };
        let pixels = x.item_pixels() as usize;
        host.with_output(&y, |host, values| {
            let input = (x.tensor != y.tensor).then(|| host.map(&x));
            ibq_cpu::group_norm(host.cpu, &norm, pixels, input, values);
        });
    }
}

/// Mean and M2 of every channel in every chunk of pixels.
#[derive(Clone, Serialize, Deserialize)]
struct Statistics {
    x: Map,
    chunk_pixels: u32,
    chunks: u32,
    stats: TensorId,
}

impl Statistics {
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, c4) = (&self.x, u64::from(self.x.c4()));
        let name = label(format!("group_norm_stats {} at {}×{}", x.c, x.h, x.w));
        let total = u64::from(x.items) * u64::from(self.chunks);
        let pixel_of = |chunk: u64| {
            let (item, within) = (chunk / u64::from(self.chunks), chunk % u64::from(self.chunks));
            item * x.item_pixels() + (within * u64::from(self.chunk_pixels)).min(x.item_pixels())
        };
        let per_chunk = u64::from(self.chunk_pixels) * c4 * context.bytes4();
        bands(total, context.largest_binding() / per_chunk)
            .map(|(first, end)| {
                let (bound, x_shift) = context.bind_range(x, pixel_of(first) * c4, pixel_of(end) * c4);
                DispatchBuilder {
                    kernel: Kernel::GroupNormStats,
                    storage: context.storage,
                    params: GroupNormStatsParams {
                        c4: x.c4(),
                        item_pixels: x.item_pixels() as u32,
                        chunk_pixels: self.chunk_pixels,
                        item_chunks: self.chunks,
                        first_chunk: first as u32,
                        chunks: (end - first) as u32,
                        x_shift,
                    }
                    .into(),
                    bindings: vec![bound, context.bind_tensor(self.stats)],
                    extent: Extent::Elements((end - first) * c4),
                    label: name.clone(),
                    flops: 0.0,
                    bytes: bound.bytes as f64,
                }
            })
            .collect()
    }
}

/// Scale and shift of every channel.
#[derive(Clone, Serialize, Deserialize)]
struct Finish {
    x: Map,
    chunk_pixels: u32,
    chunks: u32,
    stats: TensorId,
    factors: TensorId,
    name: String,
}

impl Finish {
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let x = &self.x;
        let (weight, bias) = context.parameters.norm(&self.name);
        vec![DispatchBuilder {
            kernel: Kernel::GroupNormFinish,
            storage: context.storage,
            params: GroupNormFinishParams {
                c4: x.c4(),
                channels: x.c,
                groups: GROUPS,
                item_pixels: x.item_pixels() as u32,
                chunk_pixels: self.chunk_pixels,
                item_chunks: self.chunks,
                eps: EPS,
            }
            .into(),
            bindings: vec![
                context.bind_tensor(self.stats),
                Bound::whole(weight),
                Bound::whole(bias),
                context.bind_tensor(self.factors),
            ],
            extent: Extent::Workgroups([GROUPS, x.items, 1]),
            label: label(format!("group_norm_finish {}", x.c)),
            flops: 0.0,
            bytes: f64::from(x.items) * f64::from(self.chunks) * f64::from(x.c4()) * 32.0,
        }]
    }
}

/// `y = x · scale + shift`, then swish.
#[derive(Clone, Serialize, Deserialize)]
struct Apply {
    x: Map,
    y: Map,
    factors: TensorId,
    swish: bool,
}

impl Apply {
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let output = if x.tensor == y.tensor { NormOutput::InPlace } else { NormOutput::Separate };
        let name = label(format!("group_norm_apply {} at {}×{}", x.c, x.h, x.w));
        bands(x.len4(), context.largest_binding() / context.bytes4())
            .map(|(from, to)| {
                let (y_bound, y_shift) = context.bind_range(y, from, to);
                let (x_bound, x_shift) = context.bind_range(x, from, to);
                let mut bindings = vec![context.bind_tensor(self.factors), y_bound];
                if output == NormOutput::Separate {
                    bindings.push(x_bound);
                }
                DispatchBuilder {
                    kernel: Kernel::GroupNormApply(output),
                    storage: context.storage,
                    params: GroupNormApplyParams {
                        c4: x.c4(),
                        item_elements: (x.item_pixels() * u64::from(x.c4())) as u32,
                        first_element: from as u32,
                        elements: (to - from) as u32,
                        swish: self.swish.into(),
                        x_shift,
                        y_shift,
                    }
                    .into(),
                    bindings,
                    extent: Extent::Elements(to - from),
                    label: name.clone(),
                    flops: 0.0,
                    bytes: 2.0 * y_bound.bytes as f64,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, assert_close, everywhere, noise, rounded, tolerance};
    use proptest::prelude::*;

    /// The definition, in f64.
    fn plain(
        x: &[f32],
        (items, pixels, c): (usize, usize, usize),
        weight: &[f32],
        bias: &[f32],
        swish: bool,
    ) -> Vec<f64> {
        let width = c / 32;
        let mut y = vec![0.0; x.len()];
        for item in 0..items {
            for group in 0..32 {
                let at = |pixel: usize, k: usize| (item * pixels + pixel) * c + group * width + k;
                let each = || (0..pixels).flat_map(|pixel| (0..width).map(move |k| (pixel, k)));
                let count = (pixels * width) as f64;
                let mean = each().map(|(p, k)| f64::from(x[at(p, k)])).sum::<f64>() / count;
                let var = each().map(|(p, k)| (f64::from(x[at(p, k)]) - mean).powi(2)).sum::<f64>() / count;
                for (p, k) in each() {
                    let channel = group * width + k;
                    let normal = (f64::from(x[at(p, k)]) - mean) / (var + 1e-6).sqrt();
                    let value = normal * f64::from(weight[channel]) + f64::from(bias[channel]);
                    y[at(p, k)] = if swish { value / (1.0 + (-value).exp()) } else { value };
                }
            }
        }
        y
    }

    fn check((items, h, w, c): (u32, u32, u32, u32), swish: bool, in_place: bool, far: f32, seed: u32) {
        let pixels = (h * w) as usize;
        let x: Vec<f32> = noise(items as usize * pixels * c as usize, seed).iter().map(|v| v + far).collect();
        let (weight, bias) = (noise(c as usize, seed + 1), noise(c as usize, seed + 2));
        for (gpu, storage) in everywhere() {
            let x = rounded(&x, storage);
            let mut bench = Bench::new(gpu, storage);
            pollster::block_on(bench.parameters.put_norm(gpu, "norm", &weight, &bias)).unwrap();
            let input = bench.input((items, h, w, c), &x);
            let to = if in_place { NormTo::InPlace } else { NormTo::New };
            let y = group_norm(&mut bench.graph, input, "norm", swish, to);
            bench.graph.keep(y.tensor);
            let expected = plain(&x, (items as usize, pixels, c as usize), &weight, &bias, swish);
            let what = format!("{items}×{h}×{w}×{c} {storage:?}");
            assert_close(&bench.run(&y), &expected, 3.0 + f64::from(far), tolerance(storage), &what);
        }
    }

    #[test]
    fn a_mean_far_from_zero_keeps_its_digits() {
        check((1, 40, 50, 32), false, false, 100.0, 1);
    }

    #[test]
    fn one_pixel_with_one_channel_per_group_is_the_bias() {
        check((3, 1, 1, 32), true, true, 0.0, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10))]
        #[test]
        fn any_shape(items in 1_u32..3, h in 1_u32..40, w in 1_u32..40, width in 1_u32..5, swish: bool, in_place: bool, seed in 0_u32..1000) {
            check((items, h, w, 32 * width), swish, in_place, 0.0, seed);
        }
    }
}
