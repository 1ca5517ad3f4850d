//! Prints how long the products and the attention of one token take, for the smallest official transformer with random weights, in
//! the middle of a picture.

use std::time::Instant;

use ibq_cpu::{
    Cpu, Heads, Inputs, LinearWeights, Outputs, Vectors, WeightFormat, causal_attention, isa::Isa, linear,
};

const BLOCKS: usize = 16;
const WIDTH: usize = 1024;
const HIDDEN: usize = 2816;
const VOCAB: usize = 16_384;
const POSITIONS: usize = 257;

struct Block {
    qkv: LinearWeights,
    output: LinearWeights,
    gate: LinearWeights,
    down: LinearWeights,
}

/// Weights that look random.
fn weights(cpu: &Cpu, format: WeightFormat, inputs: usize, outputs: usize, seed: u64) -> LinearWeights {
    let mut weights = LinearWeights::zeros(cpu, format, inputs, outputs).expect("memory");
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let scale = (3.0 / inputs as f32).sqrt();
    for output in 0..outputs {
        let row: Vec<f32> = (0..inputs)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                scale * ((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
            })
            .collect();
        weights.put_rows(&row, |_| output);
    }
    weights
}

/// Computes the next token of `rows` sequences; returns the logits.
fn token(cpu: &Cpu, blocks: &[Block], head: &LinearWeights, rows: usize, cache: &mut [f32]) -> Vec<f32> {
    let heads = Heads { count: 16, size: 64, positions: POSITIONS, first: 128, queries: 1 };
    let vectors = vec![0.1; rows * 6 * WIDTH];
    let vectors = Vectors { values: &vectors, stride: 6 * WIDTH, queries: 1 };
    let rotation = vec![0.5; POSITIONS * 64];
    let (mut x, mut query) = (vec![0.5; rows * WIDTH], vec![0.0; rows * WIDTH]);
    let (mut attended, mut hidden) = (vec![0.0; rows * WIDTH], vec![0.0; rows * HIDDEN]);
    for block in blocks {
        let outputs = Outputs::Qkv { heads, rotation: &rotation, query: &mut query, cache };
        linear(cpu, &block.qkv, &x, Inputs::Modulate(vectors, [2 * WIDTH, 4 * WIDTH]), outputs);
        causal_attention(cpu, &heads, 0.125, &query, cache, &mut attended);
        linear(cpu, &block.output, &attended, Inputs::Plain, Outputs::Residual(&mut x, vectors, 0));
        let inputs = Inputs::Modulate(vectors, [3 * WIDTH, 5 * WIDTH]);
        linear(cpu, &block.gate, &x, inputs, Outputs::Gate(&mut hidden));
        linear(cpu, &block.down, &hidden, Inputs::Plain, Outputs::Residual(&mut x, vectors, WIDTH));
    }
    let mut logits = vec![0.0; rows * VOCAB];
    linear(cpu, head, &x, Inputs::Modulate(vectors, [0, WIDTH]), Outputs::Plain(&mut logits, VOCAB));
    logits
}

fn main() {
    for isa in Isa::available().into_iter().rev() {
        for format in [WeightFormat::Int4, WeightFormat::Int8, WeightFormat::F16, WeightFormat::F32] {
            let make = |inputs, outputs, seed| weights(&Cpu::new(isa, 1), format, inputs, outputs, seed);
            let block = |seed| Block {
                qkv: make(WIDTH, 3 * WIDTH, seed),
                output: make(WIDTH, WIDTH, seed + 1),
                gate: make(WIDTH, 2 * HIDDEN, seed + 2),
                down: make(HIDDEN, WIDTH, seed + 3),
            };
            let blocks: Vec<Block> = (0..BLOCKS as u64).map(|index| block(10 * index)).collect();
            let logits = if format == WeightFormat::Int4 { WeightFormat::Int8 } else { format };
            let head = weights(&Cpu::new(isa, 1), logits, WIDTH, VOCAB, 1);
            let all = |block: &Block| {
                [&block.qkv, &block.output, &block.gate, &block.down].map(LinearWeights::bytes)
            };
            let bytes = blocks.iter().flat_map(all).sum::<u64>() + head.bytes();
            for (threads, rows) in [(1, 1), (1, 2), (1, 6), (1, 32), (2, 1), (2, 2), (2, 32)] {
                let cpu = Cpu::new(isa, threads);
                let mut cache = vec![0.1; rows * 2 * WIDTH * POSITIONS];
                let mut best = f64::MAX;
                for _ in 0..7 {
                    let started = Instant::now();
                    cpu.enter(|| token(&cpu, &blocks, &head, rows, &mut cache));
                    best = best.min(started.elapsed().as_secs_f64());
                }
                println!(
                    "{:8} {format:?} {threads} threads, {rows:2} sequences: {:7.2} ms, {:5.1} GB/s of weights",
                    isa.name(),
                    best * 1e3,
                    bytes as f64 / best / 1e9
                );
            }
        }
    }
}
