//! What a worker answers is what the processor computes natively.

use std::sync::Arc;

use bytemuck::cast_slice;
use ibq_shaders::{
    LinearKind, LookupScore, NO_INDEX, Storage, WeightFormat,
    params::{ClassMix, SampleSettings},
};

use crate::{
    device::Processor,
    job::Job,
    ops::{
        Advance, CausalAttention, Conv2d, CpuParameters, CpuProgram, Embed, Graph, Heads, Linear,
        LinearAttention, LinearRows, LinearShape, LinearVectors, Lookup, Map, NormTo, Operand, PixelsIn,
        PixelsOut, Sample, SharedTensors, TensorId, TokenEmbed, attention, group_norm, testing::noise,
    },
};

use super::{
    graph_message::GraphMessage,
    request::{Answer, Refusal, Request},
    server::{Answered, Server},
};

const CHANNELS: usize = 32;

/// A graph with every operation of a tokenizer, its pixels in and out, its indices, and its last map.
fn tokenizer_graph() -> (Graph, [TensorId; 3], Map) {
    let mut graph = Graph::new(Storage::F32);
    let pixels = graph.tensor(4 * 16);
    let x = graph.map(1, 4, 4, 3);
    graph.push(PixelsIn { pixels, x });
    let y = graph.map(1, 4, 4, CHANNELS as u32);
    graph.push(Conv2d::same(x, "conv", y));
    let y = group_norm(&mut graph, y, "norm", true, NormTo::New);
    attention(&mut graph, y, "attention");
    let z = graph.map(1, 4, 4, 3);
    graph.push(Conv2d {
        scale: 0.123_456_79,
        ..Conv2d::pointwise(y, Operand::Parameter("out".to_owned()), z)
    });
    let lookup = Lookup::new(&mut graph, z, 1, 20);
    let indices = lookup.indices;
    graph.push(lookup);
    let code = graph.map(1, 4, 4, 3);
    graph.push(Embed { indices, z: code });
    let out = graph.tensor(4 * 16);
    graph.push(PixelsOut { y: code, pixels: out });
    for tensor in [pixels, indices, out, code.tensor] {
        graph.keep(tensor);
    }
    (graph, [pixels, indices, out], code)
}

/// Name, shape, weight and bias of a convolution.
type Conv = (&'static str, (usize, usize, usize), Vec<f32>, Vec<f32>);

fn convs() -> Vec<Conv> {
    let conv = |name, (cout, cin, side), seed| {
        (name, (cout, cin, side), noise(cout * cin * side * side, seed), noise(cout, seed + 100))
    };
    let square = (CHANNELS, CHANNELS, 1);
    vec![
        conv("conv", (CHANNELS, 3, 3), 1),
        conv("attention.q", square, 2),
        conv("attention.k", square, 3),
        conv("attention.v", square, 4),
        conv("attention.proj_out", square, 5),
        conv("out", (3, CHANNELS, 1), 6),
    ]
}

fn norms() -> [&'static str; 2] {
    ["norm", "attention.norm"]
}

fn words(values: &[f32]) -> Vec<u32> {
    cast_slice(values).to_vec()
}

/// Sends a request as a page does, as text.
fn ask(server: &mut Server, request: &Request, arrays: &[Vec<u32>]) -> Answered {
    let text = serde_json::to_string(request).unwrap();
    server.answer(serde_json::from_str(&text).unwrap(), arrays)
}

#[test]
fn a_worker_computes_tokenizers_as_the_processor_does() {
    let processor = Processor::open(1);
    let mut parameters = CpuParameters::empty(&processor, false);
    let mut server = Server::new(processor);
    ask(&mut server, &Request::NewParameters { parameters: 7, halves: false }, &[]).unwrap();
    for (name, shape, weight, bias) in convs() {
        parameters.add_conv(name, shape, &weight, &bias);
        let request = Request::PutConv { parameters: 7, name: name.to_owned(), shape };
        ask(&mut server, &request, &[words(&weight), words(&bias)]).unwrap();
    }
    for (seed, name) in norms().into_iter().enumerate() {
        let (weight, bias) = (noise(CHANNELS, 50 + seed as u32), noise(CHANNELS, 60));
        parameters.add_norm(name, &weight, &bias);
        let request = Request::PutNorm { parameters: 7, name: name.to_owned() };
        ask(&mut server, &request, &[words(&weight), words(&bias)]).unwrap();
    }
    let codes = noise(20 * 3, 70);
    parameters.add_codes(&codes, 3, LookupScore::Distance);
    let request = Request::PutCodes { parameters: 7, dimension: 3, score: LookupScore::Distance };
    let (answer, _) = ask(&mut server, &request, &[words(&codes)]).unwrap();
    assert!(matches!(answer, Answer::Bytes(bytes) if bytes == parameters.bytes));

    let (graph, [pixels, indices, out], code) = tokenizer_graph();
    let message = GraphMessage::of(&graph, None).unwrap();
    let operations = graph.nodes.len();
    ask(&mut server, &Request::Prepare { program: 3, parameters: 7, graph: message }, &[]).unwrap();
    let native = CpuProgram::new(graph, &Arc::new(parameters)).unwrap();
    let picture: Vec<u32> = (0..16).map(|at: u32| at.wrapping_mul(0x0123_4567)).collect();
    native.write_tensor(pixels, &picture);
    native.compute(0..operations, false, &Job::new(), &|_| {}).unwrap();
    ask(&mut server, &Request::Write { program: 3, tensor: pixels }, &[picture]).unwrap();
    let (answer, _) =
        ask(&mut server, &Request::Run { program: 3, from: 0, to: operations, times: 1, timed: true }, &[])
            .unwrap();
    assert!(matches!(answer, Answer::Runs(runs) if runs.len() == operations));
    assert_eq!(server.flops(3), Ok(native.flops()));
    for tensor in [indices, out] {
        let (_, found) = ask(&mut server, &Request::Read { program: 3, tensor, count: 16 }, &[]).unwrap();
        assert_eq!(found, native.read_tensor::<u32>(tensor, 16));
    }
    let (_, found) = ask(&mut server, &Request::Values { program: 3, map: code }, &[]).unwrap();
    assert_eq!(found, words(&native.map_values(&code)));

    let values = noise(48, 80);
    ask(&mut server, &Request::Put { program: 3, map: code }, &[words(&values)]).unwrap();
    let (_, found) = ask(&mut server, &Request::Values { program: 3, map: code }, &[]).unwrap();
    assert_eq!(found, words(&values));
}

const WIDTH: u32 = 8;
const VOCAB: u32 = 12;
const BLOCK: u32 = 3;
const PICTURES: u32 = 2;

/// What the graph of a transformer works with and does not own: name, bytes, content.
fn tensors() -> Vec<(&'static str, u64, Vec<u32>)> {
    let settings =
        |number| SampleSettings { seed_low: 5, seed_high: 1, number, top_k: 0, temperature: 1.0, top_p: 0.9 };
    let class = |first| ClassMix { first, second: 0, second_weight: 0.25 };
    let drawn = (PICTURES * BLOCK) as usize;
    let filled = |name, content: Vec<u32>| (name, 4 * content.len() as u64, content);
    vec![
        filled("position", vec![0]),
        filled("conditions", cast_slice(&[class(1), class(2)]).to_vec()),
        filled("tokens", vec![NO_INDEX; drawn]),
        filled("settings", cast_slice(&[settings(0), settings(1)]).to_vec()),
        filled("guidance", words(&vec![1.0; drawn])),
        filled("fixed", vec![NO_INDEX; drawn]),
        filled("guided", vec![0; (PICTURES * VOCAB) as usize]),
        filled("filters", vec![0; PICTURES as usize]),
        filled("vectors", words(&noise((PICTURES * 2 * WIDTH) as usize, 9))),
        filled("cache", vec![0; (PICTURES * 2 * BLOCK * WIDTH) as usize]),
    ]
}

/// Makes a token of every picture with the operations of a transformer, over [`tensors`].
fn transformer_graph(shared: &Arc<SharedTensors>) -> Graph {
    let mut graph = Graph::with_shared(Storage::F32, shared);
    let sizes: Vec<u64> = tensors().iter().map(|&(_, bytes, _)| bytes).collect();
    let imported: Vec<TensorId> =
        sizes.iter().enumerate().map(|(index, &bytes)| graph.import(index, bytes)).collect();
    let &[state, conditions, tokens, settings, guidance, fixed, guided, filters, vectors, cache] =
        &imported[..]
    else {
        unreachable!("ten tensors")
    };
    let own = |graph: &mut Graph, width: u32| graph.tensor(4 * u64::from(PICTURES * width));
    let [x, query, attended] = [WIDTH; 3].map(|width| own(&mut graph, width));
    let logits = own(&mut graph, VOCAB);
    let heads = Heads { count: 2, size: 4, positions: BLOCK };
    graph.push(TokenEmbed {
        tables: ["tokens".into(), "classes".into()],
        state,
        tokens,
        conditions,
        x,
        rows: PICTURES,
        queries: 1,
        width: WIDTH,
        pictures: PICTURES,
        block: BLOCK,
        vocab: VOCAB,
    });
    let linear = |kind, layer: &str, [x, y]: [TensorId; 2], outputs, attention| Linear {
        kind,
        layer: layer.to_owned(),
        label: "linear".into(),
        x,
        y,
        rows: PICTURES,
        queries: 1,
        inputs: WIDTH,
        outputs,
        vectors: LinearVectors::Sequences { tensor: vectors, stride: 2, at: [0, 1, 0] },
        attention,
        heads,
        weight_bytes: 0,
        software: false,
    };
    let rotation = Some(LinearAttention { state, cache, rotation: "rotations".into() });
    graph.push(linear(LinearKind::Qkv, "qkv", [x, query], 3 * WIDTH, rotation));
    graph.push(CausalAttention {
        state,
        query,
        cache,
        y: attended,
        rows: PICTURES,
        queries: 1,
        heads,
        bytes4: 16,
    });
    graph.push(linear(LinearKind::Head, "head", [attended, logits], VOCAB, None));
    graph.push(Sample {
        state,
        logits,
        settings,
        guidance,
        fixed,
        tokens,
        guided,
        filters,
        pictures: PICTURES,
        vocab: VOCAB,
        stride: VOCAB,
        block: BLOCK,
        unconditional: false,
    });
    graph.push(Advance { state, step: 1 });
    graph
}

#[test]
fn a_worker_computes_transformers_as_the_processor_does() {
    let processor = Processor::open(1);
    let mut parameters = CpuParameters::empty(&processor, true);
    let mut server = Server::new(processor.clone());
    ask(&mut server, &Request::NewParameters { parameters: 1, halves: true }, &[]).unwrap();
    for (name, rows, format) in [("qkv", 3 * WIDTH, WeightFormat::Int8), ("head", VOCAB, WeightFormat::Float)]
    {
        let (shape, name) = (LinearShape { inputs: WIDTH, rows, matrices: 1, format }, name.to_owned());
        let (values, all) = (noise((rows * WIDTH) as usize, rows), LinearRows { matrix: 0, first: 0 });
        parameters.add_linear(&name, shape).unwrap();
        parameters.linear.put_rows(&name, all, &values);
        ask(&mut server, &Request::BeginLinear { parameters: 1, name: name.clone(), shape }, &[]).unwrap();
        let request = Request::PutLinearRows { parameters: 1, name, rows: all };
        ask(&mut server, &request, &[words(&values)]).unwrap();
    }
    for (name, rows) in [("tokens", VOCAB), ("classes", 4)] {
        let (shape, name) = ((rows, WIDTH), name.to_owned());
        let values = noise((rows * WIDTH) as usize, 30 + rows);
        parameters.add_table(&name, shape).unwrap();
        parameters.linear.put_table_rows(&name, &values);
        ask(&mut server, &Request::BeginTable { parameters: 1, name: name.clone(), shape }, &[]).unwrap();
        ask(&mut server, &Request::PutTableRows { parameters: 1, name }, &[words(&values)]).unwrap();
    }
    let rotations = noise((BLOCK * 4) as usize, 40);
    parameters.add_vector("rotations", &rotations);
    let request = Request::PutVector { parameters: 1, name: "rotations".to_owned() };
    let (answer, _) = ask(&mut server, &request, &[words(&rotations)]).unwrap();
    assert!(matches!(answer, Answer::Bytes(bytes) if bytes == parameters.bytes));

    let tensors = tensors();
    let sizes: Vec<(&str, u64)> = tensors.iter().map(|&(name, bytes, _)| (name, bytes)).collect();
    let shared = Arc::new(SharedTensors::on_processor(&processor, &sizes).unwrap());
    let sizes = sizes.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    ask(&mut server, &Request::NewTensors { tensors: 2, sizes }, &[]).unwrap();
    for (index, (_, _, content)) in tensors.into_iter().enumerate() {
        shared.write(index, &content);
        ask(&mut server, &Request::WriteTensor { tensors: 2, index }, &[content]).unwrap();
    }
    let graph = transformer_graph(&shared);
    let (operations, message) = (graph.nodes.len(), GraphMessage::of(&graph, Some(2)).unwrap());
    ask(&mut server, &Request::Prepare { program: 3, parameters: 1, graph: message }, &[]).unwrap();
    let native = CpuProgram::new(graph, &Arc::new(parameters)).unwrap();
    for _ in 0..BLOCK {
        native.compute(0..operations, false, &Job::new(), &|_| {}).unwrap();
    }
    let run = Request::Run { program: 3, from: 0, to: operations, times: BLOCK, timed: false };
    ask(&mut server, &run, &[]).unwrap();
    for (index, count) in [(0, 1), (2, PICTURES * BLOCK), (9, PICTURES * 2 * BLOCK * WIDTH)] {
        let request = Request::ReadTensor { tensors: 2, index, count: count as usize };
        let (_, found) = ask(&mut server, &request, &[]).unwrap();
        assert_eq!(Some(&found), shared.words(index, count as usize).as_ref(), "tensor {index}");
        assert!(found.iter().all(|&word| word != NO_INDEX), "{found:?}");
    }
    let beyond = Request::ReadTensor { tensors: 2, index: 0, count: 1 << 20 };
    assert!(matches!(ask(&mut server, &beyond, &[]), Err(Refusal::Wrong(_))));
    ask(&mut server, &Request::DropTensors { tensors: 2 }, &[]).unwrap();
    let gone = Request::ReadTensor { tensors: 2, index: 0, count: 1 };
    assert!(matches!(ask(&mut server, &gone, &[]), Err(Refusal::Wrong(_))));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut server = Server::new(Processor::open(1));
    let gone = |refused: Answered| matches!(refused, Err(Refusal::Wrong(_)));
    let put = Request::PutNorm { parameters: 1, name: "norm".to_owned() };
    assert!(gone(ask(&mut server, &put, &[vec![], vec![]])));
    ask(&mut server, &Request::NewParameters { parameters: 1, halves: false }, &[]).unwrap();
    assert!(gone(ask(&mut server, &put, &[vec![]])), "without a bias");
    assert!(gone(ask(
        &mut server,
        &Request::Run { program: 1, from: 0, to: 1, times: 1, timed: false },
        &[]
    )));
    let mut huge = Graph::new(Storage::F32);
    let tensor = huge.tensor(1 << 60);
    let z = huge.map(1, 1, 1, 4);
    huge.push(Embed { indices: tensor, z });
    let graph = GraphMessage::of(&huge, None).unwrap();
    let refused = ask(&mut server, &Request::Prepare { program: 1, parameters: 1, graph }, &[]);
    assert!(matches!(refused, Err(Refusal::OutOfMemory { .. })), "{refused:?}");
    ask(&mut server, &Request::DropParameters { parameters: 1 }, &[]).unwrap();
    assert!(gone(ask(&mut server, &put, &[vec![], vec![]])));
}
