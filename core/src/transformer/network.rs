//! The transformer as a list of dispatches: five for each block.

use ibq_shaders::{
    Kernel, LinearKind, LinearTile, Storage,
    params::{AdvanceParams, CausalAttentionParams, LinearParams, TokenEmbedParams},
};

use crate::gpu::{Bound, Buffer, Dispatch, DispatchBuilder, Extent, Gpu, GpuError};

use super::{
    TransformerConfig,
    matrix::{Head, Matrix, Table},
    parameters::{Block, Parameters},
    run::{Activations, Sequences},
};

/// Outputs, in fours, from which on a layer takes the wide tile.
const WIDE: u32 = 1024;
/// Dispatches of one block.
pub(super) const PER_BLOCK: usize = 5;

/// Makes the dispatches for some sequences.
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) config: &'a TransformerConfig,
    pub(super) parameters: &'a Parameters,
    pub(super) storage: Storage,
    /// Linear layers without workgroup memory: for software adapters.
    pub(super) software: bool,
    pub(super) sequences: &'a Sequences,
}

/// What a linear layer reads and writes.
pub(super) struct Linear<'a> {
    pub(super) kind: LinearKind,
    pub(super) matrix: &'a Matrix,
    pub(super) x: &'a Buffer,
    pub(super) y: Bound<'a>,
    /// Outputs of the whole layer, of which the matrix may be a part, in fours.
    pub(super) outputs4: u32,
    pub(super) vectors: &'a Buffer,
    /// Where in the vectors of a sequence the scale, the shift and gamma are: counted in widths.
    pub(super) at: [u32; 3],
    /// Vectors of a sequence, counted in widths.
    pub(super) stride: u32,
    /// State, rotations and cache, for queries, keys and values.
    pub(super) attention: Option<[&'a Buffer; 3]>,
    pub(super) label: &'a str,
}

impl Network<'_> {
    /// What a linear layer does for `rows` rows, `queries` of each sequence.
    pub(super) fn linear<'a>(&self, layer: &Linear<'a>, rows: u32, queries: u32) -> DispatchBuilder<'a> {
        let Matrix { weights, scales, k4, o4, format } = layer.matrix;
        let software = self.software;
        let tile = LinearTile { wide: !software && layer.outputs4 >= WIDE, tall: rows > 2, software };
        let invocations4 = if software && layer.kind == LinearKind::Gate { o4 / 2 } else { *o4 };
        let width4 = self.config.n_embd / 4;
        let [scale4, shift4, gamma4] = layer.at.map(|at| at * width4);
        let mut bindings = vec![Bound::whole(weights), Bound::whole(layer.x), layer.y];
        bindings.push(Bound::whole(layer.vectors));
        bindings.extend(layer.attention.into_iter().flatten().map(Bound::whole));
        bindings.extend(scales.as_ref().map(Bound::whole));
        DispatchBuilder {
            kernel: Kernel::Linear(layer.kind, *format, tile),
            storage: self.storage,
            params: LinearParams {
                rows,
                queries,
                k4: *k4,
                o4: *o4,
                y4: layer.outputs4,
                stride4: layer.stride * width4,
                scale4,
                shift4,
                gamma4,
                heads: self.config.n_head,
                head4: self.config.head_size() / 4,
                positions: self.config.positions(),
            }
            .into(),
            bindings,
            extent: Extent::Workgroups([
                invocations4.div_ceil(tile.outputs4()),
                rows.div_ceil(tile.rows()),
                1,
            ]),
            label: layer.label.into(),
            flops: 32.0 * f64::from(*k4) * f64::from(*o4) * f64::from(rows),
            bytes: layer.matrix.bytes() as f64,
        }
    }

    /// The vectors of adaptive layer norm of all blocks, once for every sequence. The activations must have as many rows
    /// as there are sequences; the position must be 0.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    pub(super) async fn condition(
        &self,
        activations: &Activations,
        tokens: &Buffer,
    ) -> Result<Vec<Dispatch>, GpuError> {
        let Parameters { blocks, head_condition, head_condition_bias, .. } = self.parameters;
        let mut dispatches = self.embed(activations, 1, tokens).await?;
        let of_blocks = blocks
            .iter()
            .zip(&self.sequences.vectors)
            .map(|(block, vectors)| (&block.condition, &block.condition_bias, vectors));
        let of_head = (head_condition, head_condition_bias, &self.sequences.head_vectors);
        for (matrix, bias, y) in of_blocks.chain([of_head]) {
            let layer = Linear {
                kind: LinearKind::Condition,
                matrix,
                x: &activations.x,
                y: Bound::whole(y),
                outputs4: matrix.o4,
                vectors: bias,
                at: [0; 3],
                stride: 0,
                attention: None,
                label: "linear condition",
            };
            dispatches.push(self.linear(&layer, activations.rows, 1).build(self.gpu).await?);
        }
        Ok(dispatches)
    }

    /// All blocks, from tokens to the last activations, at `queries` positions from that of the state on.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    pub(super) async fn blocks(
        &self,
        activations: &Activations,
        queries: u32,
        tokens: &Buffer,
    ) -> Result<Vec<Dispatch>, GpuError> {
        let mut dispatches = self.embed(activations, queries, tokens).await?;
        let Sequences { vectors, caches, .. } = self.sequences;
        for ((block, vectors), cache) in self.parameters.blocks.iter().zip(vectors).zip(caches) {
            for dispatch in self.block(activations, queries, block, vectors, cache) {
                dispatches.push(dispatch.build(self.gpu).await?);
            }
        }
        Ok(dispatches)
    }

    /// The logits of every row, a dispatch for each shard of the head; none where the activations have no place for them.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the driver refuses a kernel.
    pub(super) async fn head(
        &self,
        activations: &Activations,
        queries: u32,
    ) -> Result<Vec<Dispatch>, GpuError> {
        let Some(logits) = &activations.logits else { return Ok(Vec::new()) };
        let Head { shards, shard4, o4 } = &self.parameters.head;
        let mut dispatches = Vec::new();
        for (index, matrix) in shards.iter().enumerate() {
            let offset = 16 * u64::from(*shard4) * index as u64;
            let layer = Linear {
                kind: LinearKind::Head,
                matrix,
                x: &activations.x,
                y: Bound { buffer: logits, offset, bytes: logits.bytes - offset },
                outputs4: *o4,
                vectors: &self.sequences.head_vectors,
                at: [0, 1, 0],
                stride: 2,
                attention: None,
                label: "linear head",
            };
            dispatches.push(self.linear(&layer, activations.rows, queries).build(self.gpu).await?);
        }
        Ok(dispatches)
    }

    /// Moves all sequences forward by `step` positions.
    pub(super) fn advance(&self, step: u32) -> DispatchBuilder<'_> {
        DispatchBuilder {
            kernel: Kernel::Advance,
            storage: Storage::F32,
            params: AdvanceParams { step }.into(),
            bindings: vec![Bound::whole(&self.sequences.state)],
            extent: Extent::Workgroups([1, 1, 1]),
            label: "advance".into(),
            flops: 0.0,
            bytes: 0.0,
        }
    }

    /// What the network starts from: a dispatch for each shard of the table.
    async fn embed(
        &self,
        activations: &Activations,
        queries: u32,
        tokens: &Buffer,
    ) -> Result<Vec<Dispatch>, GpuError> {
        let (config, sequences) = (self.config, self.sequences);
        let width4 = config.n_embd / 4;
        let Parameters { table: Table { shards, rows }, classes, .. } = self.parameters;
        let mut dispatches = Vec::new();
        for (index, table) in shards.iter().enumerate() {
            let buffers = [&sequences.state, tokens, &sequences.conditions, table, classes, &activations.x];
            let first_token = index as u32 * rows;
            let builder = DispatchBuilder {
                kernel: Kernel::TokenEmbed,
                storage: self.storage,
                params: TokenEmbedParams {
                    rows: activations.rows,
                    queries,
                    c4: width4,
                    pictures: sequences.pictures,
                    block: config.block_size,
                    first_token,
                    shard_tokens: (*rows).min(config.vocab_size - first_token),
                    vocab: config.vocab_size,
                }
                .into(),
                bindings: buffers.map(Bound::whole).to_vec(),
                extent: Extent::Elements(u64::from(activations.rows) * u64::from(width4)),
                label: "token_embed".into(),
                flops: 0.0,
                bytes: f64::from(activations.rows) * f64::from(config.n_embd) * 8.0,
            };
            dispatches.push(builder.build(self.gpu).await?);
        }
        Ok(dispatches)
    }

    /// `h = x + gamma1 · attention(norm(x))`, `x = h + gamma2 · ffn(norm(h))`. Of a sequence's six vectors, gamma1, gamma2,
    /// scale1, scale2, shift1, shift2, the scales hold what norms are multiplied with.
    fn block<'a>(
        &self,
        activations: &'a Activations,
        queries: u32,
        block: &'a Block,
        vectors: &'a Buffer,
        cache: &'a Buffer,
    ) -> [DispatchBuilder<'a>; PER_BLOCK]
    where
        Self: 'a,
    {
        let Activations { rows, x, query, attended, hidden, .. } = activations;
        let linear = |kind, matrix, x, y, at, attention, label| {
            let (matrix, y): (&Matrix, &Buffer) = (matrix, y);
            let (y, outputs4) = (Bound::whole(y), matrix.o4);
            let layer = Linear { kind, matrix, x, y, outputs4, vectors, at, stride: 6, attention, label };
            self.linear(&layer, *rows, queries)
        };
        let attention = Some([&self.sequences.state, &self.parameters.rotation, cache]);
        [
            linear(LinearKind::Qkv, &block.qkv, x, query, [2, 4, 0], attention, "linear qkv"),
            self.attention(*rows, queries, [&self.sequences.state, query, cache, attended]),
            linear(LinearKind::Residual, &block.output, attended, x, [0, 0, 0], None, "linear wo"),
            linear(LinearKind::Gate, &block.gate, x, hidden, [3, 5, 0], None, "linear w1 w3"),
            linear(LinearKind::Residual, &block.down, hidden, x, [0, 0, 1], None, "linear w2"),
        ]
    }

    /// Attention over the cache: state, queries, cache, result.
    pub(super) fn attention<'a>(
        &self,
        rows: u32,
        queries: u32,
        buffers: [&'a Buffer; 4],
    ) -> DispatchBuilder<'a> {
        let config = self.config;
        let (head_size, positions) = (config.head_size(), config.positions());
        let scale = f64::from(head_size).powf(-0.5) as f32;
        // On average a token looks back at half of all positions.
        let pairs = f64::from(rows) * f64::from(positions) / 2.0;
        DispatchBuilder {
            kernel: Kernel::CausalAttention,
            storage: self.storage,
            params: CausalAttentionParams {
                queries,
                heads: config.n_head,
                head4: head_size / 4,
                positions,
                scale,
            }
            .into(),
            bindings: buffers.map(Bound::whole).to_vec(),
            extent: Extent::Workgroups([config.n_head, rows, 1]),
            label: "causal_attention".into(),
            flops: 4.0 * f64::from(config.n_embd) * pairs,
            bytes: 2.0 * pairs / f64::from(queries)
                * f64::from(config.n_embd / 4)
                * self.storage.bytes_of_four() as f64,
        }
    }
}
