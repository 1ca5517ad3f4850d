//! Attention of the transformer over the cache of keys and values.

use ibq_shaders::{Kernel, params::CausalAttentionParams};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Heads, Host, Op, TensorId};

/// Softmax(q · kᵀ / √d) · v over all positions up to the query's own. A sequence has `queries` neighboring rows.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CausalAttention {
    /// The position.
    pub(crate) state: TensorId,
    /// [rows, heads, head]
    pub(crate) query: TensorId,
    /// [sequences, keys or values, heads, positions, head]
    pub(crate) cache: TensorId,
    /// [rows, heads, head]
    pub(crate) y: TensorId,
    pub(crate) rows: u32,
    pub(crate) queries: u32,
    pub(crate) heads: Heads,
    /// Bytes of four stored values of the cache.
    pub(crate) bytes4: u64,
}

impl CausalAttention {
    /// 1 / √d.
    fn scale(&self) -> f32 {
        f64::from(self.heads.size).powf(-0.5) as f32
    }

    /// Pairs of queries and positions: on average a token looks back at half of all positions.
    fn pairs(&self) -> f64 {
        f64::from(self.rows) * f64::from(self.heads.positions) / 2.0
    }

    fn width(&self) -> u32 {
        self.heads.count * self.heads.size
    }
}

impl Op for CausalAttention {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.state, self.query, self.cache, self.y]
    }

    fn label(&self) -> String {
        "causal_attention".to_owned()
    }

    fn flops(&self) -> f64 {
        4.0 * f64::from(self.width()) * self.pairs()
    }

    fn bytes(&self) -> Option<f64> {
        let elements = self.pairs() / f64::from(self.queries) * f64::from(self.width() / 4);
        Some(2.0 * elements * self.bytes4 as f64)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut y = host.take(self.y);
        let heads = self.heads.at(host.tensor(self.state)[0].to_bits(), self.queries);
        let range = ..(self.rows * self.width()) as usize;
        let (query, cache) = (&host.tensor(self.query)[range], host.tensor(self.cache));
        ibq_cpu::causal_attention(host.cpu, &heads, self.scale(), query, cache, &mut y[range]);
        host.put(self.y, y);
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        vec![DispatchBuilder {
            kernel: Kernel::CausalAttention,
            storage: context.storage,
            params: CausalAttentionParams {
                queries: self.queries,
                heads: self.heads.count,
                head4: self.heads.size / 4,
                positions: self.heads.positions,
                scale: self.scale(),
            }
            .into(),
            bindings: vec![
                Bound::whole(context.buffer(self.state)),
                context.bind_tensor(self.query),
                context.bind_tensor(self.cache),
                context.bind_tensor(self.y),
            ],
            extent: Extent::Workgroups([self.heads.count, self.rows, 1]),
            label: "causal_attention".into(),
            flops: self.flops(),
            bytes: self.bytes().unwrap_or(0.0),
        }]
    }
}
