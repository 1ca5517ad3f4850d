//! Linear layers of the transformer, with what comes before and after their products.

use std::borrow::Cow;

use ibq_cpu::{Inputs, Outputs, Vectors};
use ibq_shaders::{Kernel, LinearKind, LinearTile, params::LinearParams};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Host, Op, TensorId};

/// Outputs, in fours, from which on a layer takes the wide tile.
const WIDE: u32 = 1024;

/// How channels are cut into heads, and how many positions the cache has.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Heads {
    pub(crate) count: u32,
    /// Channels of one head.
    pub(crate) size: u32,
    pub(crate) positions: u32,
}

/// What a layer multiplies and adds beside its weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum LinearVectors {
    /// The bias: a parameter.
    Bias(String),
    /// The vectors of adaptive layer norm: a tensor [sequences, `stride`], and where in those of a sequence scale, shift and gamma
    /// are. All are counted in widths.
    Sequences { tensor: TensorId, stride: u32, at: [u32; 3] },
}

/// What queries, keys and values need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LinearAttention {
    /// The position.
    pub(crate) state: TensorId,
    /// [sequences, keys or values, heads, positions, head]
    pub(crate) cache: TensorId,
    /// The parameter with cosine and sine of every position and pair.
    pub(crate) rotation: Cow<'static, str>,
}

/// A linear layer of `rows` rows, of each sequence `queries` neighboring ones; `linear.wgsl` describes the kinds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Linear {
    pub(crate) kind: LinearKind,
    /// The parameter.
    pub(crate) layer: String,
    /// Its name in reports.
    pub(crate) label: Cow<'static, str>,
    /// [rows, inputs]
    pub(crate) x: TensorId,
    /// [rows, outputs in fours]; half of them with a gate.
    pub(crate) y: TensorId,
    pub(crate) rows: u32,
    pub(crate) queries: u32,
    pub(crate) inputs: u32,
    /// Outputs of all matrices.
    pub(crate) outputs: u32,
    pub(crate) vectors: LinearVectors,
    pub(crate) attention: Option<LinearAttention>,
    pub(crate) heads: Heads,
    /// Bytes of its weights.
    pub(crate) weight_bytes: u64,
    /// Without workgroup memory: for software adapters.
    pub(crate) software: bool,
}

impl Linear {
    /// Width of the network.
    fn width(&self) -> u32 {
        self.heads.count * self.heads.size
    }

    fn vectors<'a>(&self, host: &'a Host<'_>) -> (Vectors<'a>, [usize; 3]) {
        let width = self.width() as usize;
        match self.vectors {
            LinearVectors::Bias(_) => (Vectors { values: &[], stride: 0, queries: 1 }, [0; 3]),
            LinearVectors::Sequences { tensor, stride, at } => {
                let (values, queries) = (host.tensor(tensor), self.queries as usize);
                let vectors = Vectors { values, stride: stride as usize * width, queries };
                (vectors, at.map(|at| at as usize * width))
            }
        }
    }
}

impl Op for Linear {
    fn touches(&self) -> Vec<TensorId> {
        let mut tensors = vec![self.x, self.y];
        if let LinearVectors::Sequences { tensor, .. } = self.vectors {
            tensors.push(tensor);
        }
        if let Some(LinearAttention { state, cache, .. }) = &self.attention {
            tensors.extend([*state, *cache]);
        }
        tensors
    }

    fn label(&self) -> String {
        self.label.clone().into_owned()
    }

    fn flops(&self) -> f64 {
        2.0 * f64::from(self.inputs) * f64::from(self.outputs) * f64::from(self.rows)
    }

    fn bytes(&self) -> Option<f64> {
        Some(self.weight_bytes as f64)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut y = host.take(self.y);
        let mut cache = self.attention.as_ref().map_or(Vec::new(), |attention| host.take(attention.cache));
        let parameters = &host.parameters.linear;
        let weights = parameters.linear(&self.layer);
        let (vectors, [scale, shift, gamma]) = self.vectors(host);
        let x = &host.tensor(self.x)[..(self.rows * self.inputs) as usize];
        let inputs = match self.kind {
            LinearKind::Condition => Inputs::Silu,
            LinearKind::Residual => Inputs::Plain,
            LinearKind::Qkv | LinearKind::Gate | LinearKind::Head => {
                Inputs::Modulate(vectors, [scale, shift])
            }
        };
        let outputs = match (self.kind, &self.vectors, &self.attention) {
            (LinearKind::Condition, LinearVectors::Bias(bias), _) => {
                Outputs::Bias(&mut y, parameters.vector(bias))
            }
            (LinearKind::Residual, ..) => Outputs::Residual(&mut y, vectors, gamma),
            (LinearKind::Gate, ..) => Outputs::Gate(&mut y),
            (LinearKind::Qkv, _, Some(LinearAttention { state, rotation, .. })) => Outputs::Qkv {
                heads: self.heads.at(host.tensor(*state)[0].to_bits(), self.queries),
                rotation: parameters.vector(rotation),
                query: &mut y,
                cache: &mut cache,
            },
            _ => Outputs::Plain(&mut y, self.outputs.next_multiple_of(4) as usize),
        };
        ibq_cpu::linear(host.cpu, weights, x, inputs, outputs);
        host.put(self.y, y);
        if let Some(attention) = &self.attention {
            host.put(attention.cache, cache);
        }
    }

    /// A dispatch for each shard of the weights.
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let parameters = &context.parameters.linear;
        let layer = parameters.linear(&self.layer);
        let software = self.software;
        let width4 = self.width() / 4;
        let (vectors, stride, at) = match &self.vectors {
            LinearVectors::Bias(name) => (Bound::whole(parameters.vector(name)), 0, [0; 3]),
            LinearVectors::Sequences { tensor, stride, at } => (context.bind_tensor(*tensor), *stride, *at),
        };
        let [scale4, shift4, gamma4] = at.map(|at| at * width4);
        let y = context.bind_tensor(self.y);
        let mut dispatches = Vec::new();
        for (index, matrix) in layer.shards.iter().enumerate() {
            let (k4, o4) = (matrix.shape.k4(), matrix.shape.o4());
            let tile = LinearTile { wide: !software && layer.o4 >= WIDE, tall: self.rows > 2, software };
            let invocations4 = if software && self.kind == LinearKind::Gate { o4 / 2 } else { o4 };
            let offset = 16 * u64::from(layer.shard4) * index as u64;
            let y = Bound { offset, bytes: y.bytes - offset, ..y };
            let mut bindings = vec![Bound::whole(&matrix.weights), context.bind_tensor(self.x), y, vectors];
            if let Some(LinearAttention { state, cache, rotation }) = &self.attention {
                bindings.push(Bound::whole(context.buffer(*state)));
                bindings.push(Bound::whole(parameters.vector(rotation)));
                bindings.push(context.bind_tensor(*cache));
            }
            bindings.extend(matrix.scales.as_ref().map(Bound::whole));
            let bytes = matrix.weights.bytes + matrix.scales.as_ref().map_or(0, |scales| scales.bytes);
            dispatches.push(DispatchBuilder {
                kernel: Kernel::Linear(self.kind, matrix.shape.format, tile),
                storage: context.storage,
                params: LinearParams {
                    rows: self.rows,
                    queries: self.queries,
                    k4,
                    o4,
                    y4: layer.o4,
                    stride4: stride * width4,
                    scale4,
                    shift4,
                    gamma4,
                    heads: self.heads.count,
                    head4: self.heads.size / 4,
                    positions: self.heads.positions,
                }
                .into(),
                bindings,
                extent: Extent::Workgroups([
                    invocations4.div_ceil(tile.outputs4()),
                    self.rows.div_ceil(tile.rows()),
                    1,
                ]),
                label: self.label().into(),
                flops: 32.0 * f64::from(k4) * f64::from(o4) * f64::from(self.rows),
                bytes: bytes as f64,
            });
        }
        dispatches
    }
}

impl Heads {
    /// The same for rows from a position on.
    pub(super) fn at(self, first: u32, queries: u32) -> ibq_cpu::Heads {
        ibq_cpu::Heads {
            count: self.count as usize,
            size: self.size as usize,
            positions: self.positions as usize,
            first: first as usize,
            queries: queries as usize,
        }
    }
}
