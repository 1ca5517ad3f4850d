//! The worker's side, apart from how messages travel: parameters and programs by number, and what the requests do with them.

use std::{collections::HashMap, ops::Range, sync::Arc};

use ibq_shaders::LookupScore;

use crate::{
    device::Processor,
    gpu::{GpuError, KernelRun},
    job::Job,
    ops::{Graph, HostParameters, HostProgram},
};

use super::request::{Answer, OperationRun, Refusal, Request};

/// Everything that the page has asked for and not dropped yet.
pub(super) struct Server {
    processor: Processor,
    parameters: HashMap<u32, Arc<HostParameters>>,
    programs: HashMap<u32, HostProgram>,
}

/// An answer and the words beside it.
pub(super) type Answered = Result<(Answer, Vec<u32>), Refusal>;

impl Server {
    pub(super) fn new(processor: Processor) -> Self {
        Self { processor, parameters: HashMap::new(), programs: HashMap::new() }
    }

    /// Does what a request says; `arrays` are the words beside it. A run is done at once: see [`Server::run`] for parts of it.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a worker has one thread")
    )]
    pub(super) fn answer(&mut self, request: Request, arrays: &[Vec<u32>]) -> Answered {
        let mut words = Vec::new();
        let answer = match request {
            Request::NewParameters { parameters } => {
                self.parameters.insert(parameters, Arc::new(HostParameters::empty(&self.processor)));
                Answer::Done
            }
            Request::PutConv { parameters, name, shape } => {
                let [weight, bias] = floats(arrays)?;
                self.put(parameters, |to| to.put_conv(&name, shape, weight, bias))?
            }
            Request::PutNorm { parameters, name } => {
                let [weight, bias] = floats(arrays)?;
                self.put(parameters, |to| to.put_norm(&name, weight, bias))?
            }
            Request::PutCodes { parameters, dimension, by_distance } => {
                let [rows] = floats(arrays)?;
                let score = if by_distance { LookupScore::Distance } else { LookupScore::DotProduct };
                self.put(parameters, |to| to.put_codes(rows, dimension, score))?
            }
            Request::DropParameters { parameters } => {
                self.parameters.remove(&parameters);
                Answer::Done
            }
            Request::Prepare { program, parameters, graph } => {
                let parameters = self.parameters.get(&parameters).ok_or_else(|| unknown("parameters"))?;
                let prepared = HostProgram::new(Graph::from(graph), parameters).map_err(refusal)?;
                self.programs.insert(program, prepared);
                Answer::Done
            }
            Request::Run { program, from, to, timed } => {
                Answer::Runs(self.run(program, from..to, timed, &Job::new())?)
            }
            // Who takes the messages in looks for these: a run has ended before the next request is answered.
            Request::Cancel { .. } => Answer::Done,
            Request::Write { program, tensor } => {
                let [words] = arrays else { return Err(unknown("words")) };
                self.program(program)?.write(tensor, words);
                Answer::Done
            }
            Request::Read { program, tensor, count } => {
                words = self.program(program)?.read(tensor, count);
                Answer::Words
            }
            Request::Put { program, map } => {
                let [values] = floats(arrays)?;
                self.program(program)?.put(&map, values);
                Answer::Done
            }
            Request::Values { program, map } => {
                words = bytemuck::cast_slice(&self.program(program)?.values(&map)).to_vec();
                Answer::Words
            }
            Request::Measure => Answer::Peaks(self.processor.measure()),
            Request::DropProgram { program } => {
                self.programs.remove(&program);
                Answer::Done
            }
        };
        Ok((answer, words))
    }

    /// Runs some operations of a program.
    pub(super) fn run(
        &self,
        program: u32,
        operations: Range<usize>,
        timed: bool,
        job: &Job,
    ) -> Result<Vec<OperationRun>, Refusal> {
        let runs = self.program(program)?.run(operations, timed, job, |_| {});
        let runs = runs.map_err(|_| Refusal::Cancelled)?;
        let run = |KernelRun { label, ms, flops, bytes }| OperationRun {
            label: label.to_string(),
            ms,
            flops,
            bytes,
        };
        Ok(runs.into_iter().map(run).collect())
    }

    /// Floating-point operations of each of a program's operations.
    pub(super) fn flops(&self, program: u32) -> Result<Vec<f64>, Refusal> {
        Ok(self.program(program)?.flops())
    }

    fn program(&self, program: u32) -> Result<&HostProgram, Refusal> {
        self.programs.get(&program).ok_or_else(|| unknown("program"))
    }

    /// Changes parameters, which no program uses yet.
    fn put(&mut self, parameters: u32, put: impl FnOnce(&mut HostParameters)) -> Result<Answer, Refusal> {
        let parameters = self.parameters.get_mut(&parameters).and_then(Arc::get_mut);
        let parameters = parameters.ok_or_else(|| unknown("parameters"))?;
        put(parameters);
        Ok(Answer::Bytes(parameters.bytes))
    }
}

/// The arrays of a request as numbers.
fn floats<const N: usize>(arrays: &[Vec<u32>]) -> Result<[&[f32]; N], Refusal> {
    let arrays: &[Vec<u32>; N] = arrays.try_into().map_err(|_| unknown("arrays"))?;
    Ok(arrays.each_ref().map(|words| bytemuck::cast_slice(words)))
}

fn unknown(what: &str) -> Refusal {
    Refusal::Wrong(format!("the worker does not have these {what}"))
}

fn refusal(error: GpuError) -> Refusal {
    match error {
        GpuError::OutOfMemory { what, bytes } => Refusal::OutOfMemory { what, bytes },
        other => Refusal::Wrong(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{
        Conv2d, Embed, Lookup, Map, NormTo, Operand, PixelsIn, PixelsOut, TensorId, attention, group_norm,
        testing::noise, worker::graph_message::GraphMessage,
    };

    const CHANNELS: usize = 32;

    /// A graph with every operation, its pixels in and out, its indices, and its last map.
    fn graph() -> (Graph, [TensorId; 3], Map) {
        let mut graph = Graph::new(ibq_shaders::Storage::F32);
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
        bytemuck::cast_slice(values).to_vec()
    }

    /// Sends a request as a page does, as text.
    fn ask(server: &mut Server, request: &Request, arrays: &[Vec<u32>]) -> Answered {
        let text = serde_json::to_string(request).unwrap();
        server.answer(serde_json::from_str(&text).unwrap(), arrays)
    }

    #[test]
    fn a_worker_computes_what_the_processor_computes() {
        let processor = Processor::open(1);
        let mut parameters = HostParameters::empty(&processor);
        let mut server = Server::new(processor);
        ask(&mut server, &Request::NewParameters { parameters: 7 }, &[]).unwrap();
        for (name, shape, weight, bias) in convs() {
            parameters.put_conv(name, shape, &weight, &bias);
            let request = Request::PutConv { parameters: 7, name: name.to_owned(), shape };
            ask(&mut server, &request, &[words(&weight), words(&bias)]).unwrap();
        }
        for (seed, name) in norms().into_iter().enumerate() {
            let (weight, bias) = (noise(CHANNELS, 50 + seed as u32), noise(CHANNELS, 60));
            parameters.put_norm(name, &weight, &bias);
            let request = Request::PutNorm { parameters: 7, name: name.to_owned() };
            ask(&mut server, &request, &[words(&weight), words(&bias)]).unwrap();
        }
        let codes = noise(20 * 3, 70);
        parameters.put_codes(&codes, 3, LookupScore::Distance);
        let request = Request::PutCodes { parameters: 7, dimension: 3, by_distance: true };
        let (answer, _) = ask(&mut server, &request, &[words(&codes)]).unwrap();
        assert!(matches!(answer, Answer::Bytes(bytes) if bytes == parameters.bytes));

        let (graph, [pixels, indices, out], code) = graph();
        let message = GraphMessage::try_from(&graph).unwrap();
        let operations = graph.nodes.len();
        ask(&mut server, &Request::Prepare { program: 3, parameters: 7, graph: message }, &[]).unwrap();
        let native = HostProgram::new(graph, &Arc::new(parameters)).unwrap();
        let picture: Vec<u32> = (0..16).map(|at: u32| at.wrapping_mul(0x0123_4567)).collect();
        native.write(pixels, &picture);
        native.run(0..operations, false, &Job::new(), |_| {}).unwrap();
        ask(&mut server, &Request::Write { program: 3, tensor: pixels }, &[picture]).unwrap();
        let (answer, _) =
            ask(&mut server, &Request::Run { program: 3, from: 0, to: operations, timed: true }, &[])
                .unwrap();
        assert!(matches!(answer, Answer::Runs(runs) if runs.len() == operations));
        assert_eq!(server.flops(3), Ok(native.flops()));
        for tensor in [indices, out] {
            let (_, found) = ask(&mut server, &Request::Read { program: 3, tensor, count: 16 }, &[]).unwrap();
            assert_eq!(found, native.read::<u32>(tensor, 16));
        }
        let (_, found) = ask(&mut server, &Request::Values { program: 3, map: code }, &[]).unwrap();
        assert_eq!(found, words(&native.values(&code)));

        let values = noise(48, 80);
        ask(&mut server, &Request::Put { program: 3, map: code }, &[words(&values)]).unwrap();
        let (_, found) = ask(&mut server, &Request::Values { program: 3, map: code }, &[]).unwrap();
        assert_eq!(found, words(&values));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut server = Server::new(Processor::open(1));
        let gone = |refused: Answered| matches!(refused, Err(Refusal::Wrong(_)));
        let put = Request::PutNorm { parameters: 1, name: "norm".to_owned() };
        assert!(gone(ask(&mut server, &put, &[vec![], vec![]])));
        ask(&mut server, &Request::NewParameters { parameters: 1 }, &[]).unwrap();
        assert!(gone(ask(&mut server, &put, &[vec![]])), "without a bias");
        assert!(gone(ask(&mut server, &Request::Run { program: 1, from: 0, to: 1, timed: false }, &[])));
        let mut huge = Graph::new(ibq_shaders::Storage::F32);
        let tensor = huge.tensor(1 << 60);
        let z = huge.map(1, 1, 1, 4);
        huge.push(Embed { indices: tensor, z });
        let graph = GraphMessage::try_from(&huge).unwrap();
        let refused = ask(&mut server, &Request::Prepare { program: 1, parameters: 1, graph }, &[]);
        assert!(matches!(refused, Err(Refusal::OutOfMemory { .. })), "{refused:?}");
        ask(&mut server, &Request::DropParameters { parameters: 1 }, &[]).unwrap();
        assert!(gone(ask(&mut server, &put, &[vec![], vec![]])));
    }
}
