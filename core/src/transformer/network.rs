//! The transformer as a graph of operations: five for each block.

use ibq_shaders::{LinearKind, Storage};

use crate::ops::{
    Advance, CausalAttention, Executor, Graph, Heads, Linear, LinearAttention, LinearVectors, Map, Sample,
    TensorId, TokenEmbed,
};

use super::{
    TransformerConfig,
    layers::{BlockLayers, Layer},
    loader::{CLASSES, ROTATIONS, TOKENS},
    sequences::{Kept, Sequences},
};

/// Makes the graphs for some sequences.
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) config: &'a TransformerConfig,
    pub(super) executor: &'a dyn Executor,
    pub(super) storage: Storage,
    /// Linear layers without workgroup memory: for software adapters.
    pub(super) software: bool,
    pub(super) sequences: &'a Sequences,
}

/// A graph of `rows` rows, `queries` of each sequence, and what it works with.
pub(super) struct Pass {
    pub(super) graph: Graph,
    /// [rows, width]: what goes from block to block.
    pub(super) x: TensorId,
    /// [rows, codes in fours], where it has a head.
    pub(super) logits: Option<TensorId>,
    rows: u32,
    queries: u32,
}

impl Network<'_> {
    fn heads(&self) -> Heads {
        let config = self.config;
        Heads { count: config.n_head, size: config.head_size(), positions: config.positions() }
    }

    /// Codes of a row of logits, filled up to fours.
    pub(super) fn logit_stride(&self) -> u32 {
        self.config.vocab_size.next_multiple_of(4)
    }

    /// The vectors of adaptive layer norm of all blocks, once for every sequence. The position must be 0.
    pub(super) fn condition(&self) -> Graph {
        let mut pass = self.embed(1);
        let blocks = (0..self.config.n_layer)
            .map(|index| (self.config.block_layers(index).condition, Kept::Vectors(index)));
        for (layer, vectors) in blocks.chain([(self.config.head_condition(), Kept::HeadVectors)]) {
            let y = self.sequences.import(&mut pass.graph, vectors);
            let bias = LinearVectors::Bias(layer.bias());
            let linear = self.linear(&pass, LinearKind::Condition, &layer, [pass.x, y], bias);
            pass.graph.push(Linear { label: "linear condition".into(), ..linear });
        }
        pass.graph
    }

    /// All blocks, from tokens to the last activations, at `queries` positions from that of the state on. After each block,
    /// x is a named activation.
    pub(super) fn blocks(&self, queries: u32) -> Pass {
        let mut pass = self.embed(queries);
        let x = Map { tensor: pass.x, offset4: 0, items: 1, h: pass.rows, w: 1, c: self.config.n_embd };
        pass.graph.name_activation("embeddings", x);
        let row = 4 * u64::from(pass.rows);
        let widths = [self.config.n_embd, self.config.n_embd, self.config.ffn_dim];
        let tensors = widths.map(|width| pass.graph.tensor(row * u64::from(width)));
        for index in 0..self.config.n_layer {
            self.block(&mut pass, index, tensors);
            pass.graph.name_activation(format!("blocks.{index}.out"), x);
        }
        pass
    }

    /// Adds the logits of every row.
    pub(super) fn with_head(&self, mut pass: Pass) -> Pass {
        let logits = pass.graph.tensor(4 * u64::from(pass.rows) * u64::from(self.logit_stride()));
        pass.graph.keep(logits);
        let tensor = self.sequences.import(&mut pass.graph, Kept::HeadVectors);
        let vectors = LinearVectors::Sequences { tensor, stride: 2, at: [0, 1, 0] };
        let layer = self.config.head_layer();
        let linear = self.linear(&pass, LinearKind::Head, &layer, [pass.x, logits], vectors);
        pass.graph.push(Linear { label: "linear head".into(), ..linear });
        Pass { logits: Some(logits), ..pass }
    }

    /// The next token of every picture.
    pub(super) fn token(&self) -> Graph {
        let mut pass = self.with_head(self.blocks(1));
        if let Some(logits) = pass.logits {
            let (vocab, stride) = (self.config.vocab_size, self.logit_stride());
            let sample =
                sample(self.sequences, &mut pass.graph, logits, [vocab, stride, self.config.block_size]);
            let unconditional = self.sequences.count > self.sequences.pictures;
            pass.graph.push(Sample { unconditional, ..sample });
        }
        let state = self.sequences.import(&mut pass.graph, Kept::State);
        pass.graph.push(Advance { state, step: 1 });
        pass.graph
    }

    /// What the network starts from.
    fn embed(&self, queries: u32) -> Pass {
        let (config, sequences) = (self.config, self.sequences);
        let rows = queries * sequences.count;
        let mut graph = sequences.graph(self.storage);
        let x = graph.tensor(4 * u64::from(rows) * u64::from(config.n_embd));
        graph.keep(x);
        let embed = TokenEmbed {
            tables: [TOKENS.into(), CLASSES.into()],
            state: sequences.import(&mut graph, Kept::State),
            tokens: sequences.import(&mut graph, Kept::Tokens),
            conditions: sequences.import(&mut graph, Kept::Conditions),
            x,
            rows,
            queries,
            width: config.n_embd,
            pictures: sequences.pictures,
            block: config.block_size,
            vocab: config.vocab_size,
        };
        graph.push(embed);
        Pass { graph, x, logits: None, rows, queries }
    }

    /// `h = x + gamma1 · attention(norm(x))`, `x = h + gamma2 · ffn(norm(h))`. Of a sequence's six vectors, gamma1, gamma2,
    /// scale1, scale2, shift1, shift2, the scales hold what norms are multiplied with.
    fn block(&self, pass: &mut Pass, index: u32, [query, attended, hidden]: [TensorId; 3]) {
        let BlockLayers { qkv, output, gate, down, .. } = self.config.block_layers(index);
        let tensor = self.sequences.import(&mut pass.graph, Kept::Vectors(index));
        let cache = self.sequences.import(&mut pass.graph, Kept::Cache(index));
        let state = self.sequences.import(&mut pass.graph, Kept::State);
        let vectors = |at| LinearVectors::Sequences { tensor, stride: 6, at };
        let x = pass.x;

        let linear = self.linear(pass, LinearKind::Qkv, &qkv, [x, query], vectors([2, 4, 0]));
        let attention = Some(LinearAttention { state, cache, rotation: ROTATIONS.into() });
        pass.graph.push(Linear { attention, label: "linear qkv".into(), ..linear });
        let (rows, queries) = (pass.rows, pass.queries);
        let (heads, bytes4) = (self.heads(), self.storage.bytes_of_four());
        let attention = CausalAttention { state, query, cache, y: attended, rows, queries, heads, bytes4 };
        pass.graph.push(attention);
        let linear = self.linear(pass, LinearKind::Residual, &output, [attended, x], vectors([0, 0, 0]));
        pass.graph.push(Linear { label: "linear wo".into(), ..linear });

        let linear = self.linear(pass, LinearKind::Gate, &gate, [x, hidden], vectors([3, 5, 0]));
        pass.graph.push(Linear { label: "linear w1 w3".into(), ..linear });
        let linear = self.linear(pass, LinearKind::Residual, &down, [hidden, x], vectors([0, 0, 1]));
        pass.graph.push(Linear { label: "linear w2".into(), ..linear });
    }

    fn linear(
        &self,
        pass: &Pass,
        kind: LinearKind,
        layer: &Layer,
        [x, y]: [TensorId; 2],
        vectors: LinearVectors,
    ) -> Linear {
        Linear {
            kind,
            layer: layer.stem.clone(),
            label: "linear".into(),
            x,
            y,
            rows: pass.rows,
            queries: pass.queries,
            inputs: layer.columns,
            outputs: layer.rows * layer.weights.len() as u32,
            vectors,
            attention: None,
            heads: self.heads(),
            weight_bytes: self.executor.linear_bytes(&layer.stem),
            software: self.software,
        }
    }
}

/// Draws a token of every picture from rows of `stride` logits, which are all with a class.
pub(super) fn sample(
    sequences: &Sequences,
    graph: &mut Graph,
    logits: TensorId,
    [vocab, stride, block]: [u32; 3],
) -> Sample {
    Sample {
        state: sequences.import(graph, Kept::State),
        logits,
        settings: sequences.import(graph, Kept::Settings),
        guidance: sequences.import(graph, Kept::Guidance),
        fixed: sequences.import(graph, Kept::Fixed),
        tokens: sequences.import(graph, Kept::Tokens),
        guided: sequences.import(graph, Kept::Guided),
        filters: sequences.import(graph, Kept::Filters),
        pictures: sequences.pictures,
        vocab,
        stride,
        block,
        unconditional: false,
    }
}
