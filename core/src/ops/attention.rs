//! Single-head attention over all positions of a map.

use ibq_shaders::{
    Kernel,
    params::{SoftmaxParams, TransposeParams},
};
use serde::{Deserialize, Serialize};

use crate::gpu::{DispatchBuilder, Extent, fold};

use super::{
    Conv2d, EmitContext, Graph, Host, Map, NormTo, Op, Operand, TensorId, bands::bands, graph::label,
    group_norm,
};

/// Bytes of scores that are alive at one time: rows of queries are taken in pieces of this size.
const SCORE_BYTES: u64 = 32 << 20;

/// Adds an AttnBlock with parameters `{name}.norm`, `.q`, `.k`, `.v`, `.proj_out` to `x`, in place:
/// `x + proj(softmax(q·kᵀ · c^-½) · v)` with q, k, v 1 × 1 convolutions of `GN(x)`.
pub(crate) fn attention(graph: &mut Graph, x: Map, name: &str) {
    attention_in_pieces(graph, x, name, SCORE_BYTES);
}

/// The same with at most so many bytes of scores alive at one time.
fn attention_in_pieces(graph: &mut Graph, x: Map, name: &str, score_bytes: u64) {
    let normal = group_norm(graph, x, &format!("{name}.norm"), false, NormTo::New);
    let mut project = |part: &str| {
        let y = graph.map(x.items, x.h, x.w, x.c);
        let weight = Operand::Parameter(format!("{name}.{part}"));
        graph.push(Conv2d::pointwise(normal, weight, y));
        y
    };
    let (q, k, v) = (project("q"), project("k"), project("v"));
    let mixed = graph.map(x.items, x.h, x.w, x.c);
    let positions = x.h * x.w;
    let row_bytes = u64::from(positions.div_ceil(4)) * 16;
    for item in 0..x.items {
        let (q, k, v) = (q.item_matrix(item), k.item_matrix(item), v.item_matrix(item));
        let mixed = mixed.item_matrix(item);
        // kᵀ: [channels padded to four, positions].
        let turned = graph.map(1, 4 * x.c4(), 1, positions);
        graph.push(Transpose { x: k, y: turned });
        for (from, to) in bands(u64::from(positions), score_bytes / row_bytes) {
            let (from, to) = (from as u32, to as u32);
            let scores = graph.map(1, to - from, 1, positions);
            let scale = (f64::from(x.c).powf(-0.5)) as f32;
            let product = Conv2d::pointwise(q.row_range(from, to), Operand::Map(turned), scores);
            graph.push(Conv2d { scale, ..product });
            graph.push(Softmax { x: scores });
            graph.push(Conv2d::pointwise(scores, Operand::Map(v), mixed.row_range(from, to)));
        }
    }
    let projected = Conv2d::pointwise(mixed, Operand::Parameter(format!("{name}.proj_out")), x);
    graph.push(Conv2d { accumulate: true, ..projected });
}

/// Softmax of every row, in place.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Softmax {
    pub(crate) x: Map,
}

impl Op for Softmax {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor]
    }

    fn label(&self) -> String {
        format!("softmax {}×{}", self.x.h, self.x.c)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let columns = self.x.c as usize;
        host.with_output(&self.x, |host, values| ibq_cpu::softmax(host.cpu, columns, values));
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let x = &self.x;
        let (bound, x_shift) = context.bind_map(x);
        let (groups_x, groups_y) = fold(x.rows());
        vec![DispatchBuilder {
            kernel: Kernel::Softmax,
            storage: context.storage,
            params: SoftmaxParams { columns: x.c, columns4: x.c4(), rows: x.rows() as u32, x_shift }.into(),
            bindings: vec![bound],
            extent: Extent::Workgroups([groups_x, groups_y, 1]),
            label: label(self.label()),
            flops: 0.0,
            bytes: 2.0 * bound.bytes as f64,
        }]
    }
}

/// `y[c, r] = x[r, c]`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Transpose {
    pub(crate) x: Map,
    pub(crate) y: Map,
}

impl Op for Transpose {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.y.tensor]
    }

    fn label(&self) -> String {
        format!("transpose {}×{}", self.x.h, self.x.c)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let (rows, columns) = (self.x.rows() as usize, self.x.c as usize);
        host.with_output(&self.y, |host, values| {
            ibq_cpu::transpose(host.cpu, rows, columns, host.map(&self.x), values);
        });
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let ((x_bound, x_shift), (y_bound, y_shift)) = (context.bind_map(x), context.bind_map(y));
        vec![DispatchBuilder {
            kernel: Kernel::Transpose,
            storage: context.storage,
            params: TransposeParams {
                rows: x.rows() as u32,
                rows4: y.c4(),
                columns4: x.c4(),
                x_shift,
                y_shift,
            }
            .into(),
            bindings: vec![x_bound, y_bound],
            extent: Extent::Elements(u64::from(y.c4()) * u64::from(x.c4())),
            label: label(self.label()),
            flops: 0.0,
            bytes: 2.0 * x_bound.bytes as f64,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{Bench, assert_close, everywhere, noise, rounded, tolerance};
    use proptest::prelude::*;

    #[test]
    fn softmax_of_known_rows() {
        for (gpu, storage) in everywhere() {
            let mut bench = Bench::new(gpu, storage);
            let x = bench
                .input((1, 2, 1, 5), &[0.0, 0.0, 0.0, 0.0, 0.0, 60_000.0, 0.0, 60_000.0, -60_000.0, 0.0]);
            bench.graph.push(Softmax { x });
            let expected = [0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.0, 0.5, 0.0, 0.0];
            assert_close(&bench.run(&x), &expected, 1.0, tolerance(storage), &format!("{storage:?}"));
        }
    }

    #[test]
    fn transposing_pads_with_zeros() {
        for (gpu, storage) in everywhere() {
            let values = rounded(&noise(7 * 9, 3), storage);
            let mut bench = Bench::new(gpu, storage);
            let x = bench.input((1, 7, 1, 9), &values);
            let y = bench.output((1, 12, 1, 7));
            bench.graph.push(Transpose { x, y });
            let at = |c: usize, r: usize| if c < 9 { f64::from(values[r * 9 + c]) } else { 0.0 };
            let expected: Vec<f64> = (0..12).flat_map(|c| (0..7).map(move |r| at(c, r))).collect();
            assert_close(&bench.run(&y), &expected, 1.0, 0.0, &format!("{storage:?}"));
        }
    }

    /// `x[rows, cin] · wᵀ + b` with w as in PyTorch: [cout, cin].
    fn linear(x: &[f64], w: &[f32], b: &[f32]) -> Vec<f64> {
        let (cin, cout) = (w.len() / b.len(), b.len());
        let row = |x: &[f64], o: usize| {
            x.iter().enumerate().map(|(i, x)| x * f64::from(w[o * cin + i])).sum::<f64>()
        };
        x.chunks_exact(cin).flat_map(|x| (0..cout).map(move |o| row(x, o) + f64::from(b[o]))).collect()
    }

    fn check(items: u32, h: u32, w: u32, score_bytes: u64, seed: u32) {
        const C: usize = 32;
        let pixels = (h * w) as usize;
        let x = noise(items as usize * pixels * C, seed);
        // Scores of order 1, as trained networks have: the softmax of large ones is a step that halves cannot resolve.
        let gentle = |seed| noise(C * C, seed).iter().map(|w| 0.3 * w).collect();
        let weights: Vec<Vec<f32>> = (0..4).map(|k| gentle(seed + 10 + k)).collect();
        let biases: Vec<Vec<f32>> = (0..4).map(|k| noise(C, seed + 20 + k)).collect();
        for (gpu, storage) in everywhere() {
            let x = rounded(&x, storage);
            let mut bench = Bench::new(gpu, storage);
            pollster::block_on(async {
                let (one, zero) = ([1.0; C], [0.0; C]);
                bench.parameters.put_norm(gpu, "attn.norm", &one, &zero).await.unwrap();
                for (k, name) in ["q", "k", "v", "proj_out"].iter().enumerate() {
                    let layer = format!("attn.{name}");
                    bench.parameters.put_conv(gpu, &layer, (C, C, 1), &weights[k], &biases[k]).await.unwrap();
                }
            });
            let map = bench.input((items, h, w, C as u32), &x);
            attention_in_pieces(&mut bench.graph, map, "attn", score_bytes);
            let mut expected = Vec::new();
            for x in x.chunks_exact(pixels * C) {
                let group = |p: usize, c: usize| f64::from(x[p * C + c]);
                let mut normal = vec![0.0; x.len()];
                for c in 0..C {
                    let mean = (0..pixels).map(|p| group(p, c)).sum::<f64>() / pixels as f64;
                    let var = (0..pixels).map(|p| (group(p, c) - mean).powi(2)).sum::<f64>() / pixels as f64;
                    (0..pixels).for_each(|p| normal[p * C + c] = (group(p, c) - mean) / (var + 1e-6).sqrt());
                }
                let project = |k: usize| linear(&normal, &weights[k], &biases[k]);
                let (q, k, v) = (project(0), project(1), project(2));
                let mut mixed = vec![0.0; x.len()];
                for p in 0..pixels {
                    let score = |o: usize| {
                        (0..C).map(|c| q[p * C + c] * k[o * C + c]).sum::<f64>() / (C as f64).sqrt()
                    };
                    let scores: Vec<f64> = (0..pixels).map(score).collect();
                    let most = scores.iter().copied().fold(f64::MIN, f64::max);
                    let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
                    for c in 0..C {
                        mixed[p * C + c] =
                            (0..pixels).map(|o| (scores[o] - most).exp() / sum * v[o * C + c]).sum();
                    }
                }
                let out = linear(&mixed, &weights[3], &biases[3]);
                expected.extend(out.iter().zip(x).map(|(out, &x)| out + f64::from(x)));
            }
            let what = format!("{items}×{h}×{w} {storage:?}");
            assert_close(&bench.run(&map), &expected, 8.0, tolerance(storage), &what);
        }
    }

    #[test]
    fn more_scores_than_are_alive_at_one_time() {
        // 63 scores, padded to a multiple of four.
        let row_bytes = 64 * 4;
        check(2, 9, 7, 5 * row_bytes, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn any_shape(items in 1_u32..4, h in 1_u32..9, w in 1_u32..9, seed in 0_u32..1000) {
            check(items, h, w, SCORE_BYTES, seed);
        }
    }
}
