//! Single-head attention over all positions of a map.

use ibq_shaders::Kernel;

use crate::gpu::{DispatchBuilder, fold};

use super::{
    Conv2d, Graph, Map, NormTo, Op, Operand, Place, TensorId, graph::label, group_norm, group_norm::bands,
};

/// Bytes of scores that are alive at one time: rows of queries are taken in pieces of this size.
const SCORE_BYTES: u64 = 32 << 20;

/// Adds an AttnBlock with parameters `{name}.norm`, `.q`, `.k`, `.v`, `.proj_out` to `x`, in place:
/// `x + proj(softmax(q·kᵀ · c^-½) · v)` with q, k, v 1 × 1 convolutions of `GN(x)`.
pub(crate) fn attention(graph: &mut Graph, x: Map, name: &str) {
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
        for (from, to) in bands(u64::from(positions), SCORE_BYTES / row_bytes) {
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
pub(crate) struct Softmax {
    pub(crate) x: Map,
}

impl Op for Softmax {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let x = &self.x;
        let (bound, shift) = place.all(x);
        let (groups_x, groups_y) = fold(x.rows());
        vec![DispatchBuilder {
            kernel: Kernel::Softmax,
            storage: place.storage,
            params: vec![x.c, x.c4(), x.rows() as u32, shift],
            bindings: vec![bound],
            workgroups: [groups_x, groups_y, 1],
            label: label(format!("softmax {}×{}", x.h, x.c)),
            flops: 0.0,
            bytes: 2.0 * bound.bytes as f64,
        }]
    }
}

/// `y[c, r] = x[r, c]`.
pub(crate) struct Transpose {
    pub(crate) x: Map,
    pub(crate) y: Map,
}

impl Op for Transpose {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.y.tensor]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let (x, y) = (&self.x, &self.y);
        let ((x_bound, x_shift), (y_bound, y_shift)) = (place.all(x), place.all(y));
        let (groups_x, groups_y) = fold((u64::from(y.c4()) * u64::from(x.c4())).div_ceil(64));
        vec![DispatchBuilder {
            kernel: Kernel::Transpose,
            storage: place.storage,
            params: vec![x.rows() as u32, y.c4(), x.c4(), x_shift, y_shift],
            bindings: vec![x_bound, y_bound],
            workgroups: [groups_x, groups_y, 1],
            label: label(format!("transpose {}×{}", x.h, x.c)),
            flops: 0.0,
            bytes: 2.0 * x_bound.bytes as f64,
        }]
    }
}
