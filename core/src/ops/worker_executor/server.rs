//! The worker's side, apart from how messages travel: parameters and programs by number, and what the requests do with them.

use std::{collections::HashMap, ops::Range, sync::Arc};

use crate::{
    device::Processor,
    gpu::{GpuError, KernelRun},
    job::Job,
    ops::{CpuParameters, CpuProgram, SharedTensors},
};

use super::request::{Answer, OperationRun, Refusal, Request};

/// Everything that the page has asked for and not dropped yet.
pub(super) struct Server {
    processor: Processor,
    parameters: HashMap<u32, Arc<CpuParameters>>,
    tensors: HashMap<u32, Arc<SharedTensors>>,
    programs: HashMap<u32, CpuProgram>,
}

/// An answer and the words beside it.
pub(super) type Answered = Result<(Answer, Vec<u32>), Refusal>;

impl Server {
    pub(super) fn new(processor: Processor) -> Self {
        Self { processor, parameters: HashMap::new(), tensors: HashMap::new(), programs: HashMap::new() }
    }

    /// Does what a request says; `arrays` are the words beside it. A run is done at once: see [`Server::run`] for parts of it.
    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a worker has one thread")
    )]
    pub(super) fn answer(&mut self, request: Request, arrays: &[Vec<u32>]) -> Answered {
        let mut words = Vec::new();
        let answer = match request {
            Request::NewParameters { parameters, halves } => {
                let empty = CpuParameters::empty(&self.processor, halves);
                self.parameters.insert(parameters, Arc::new(empty));
                Answer::Done
            }
            Request::PutConv { parameters, name, shape } => {
                let [weight, bias] = floats(arrays)?;
                self.put(parameters, |to| to.add_conv(&name, shape, weight, bias))?
            }
            Request::PutNorm { parameters, name } => {
                let [weight, bias] = floats(arrays)?;
                self.put(parameters, |to| to.add_norm(&name, weight, bias))?
            }
            Request::PutCodes { parameters, dimension, score } => {
                let [rows] = floats(arrays)?;
                self.put(parameters, |to| to.add_codes(rows, dimension, score))?
            }
            Request::BeginLinear { parameters, name, shape } => {
                self.try_put(parameters, |to| to.add_linear(&name, shape))?
            }
            Request::PutLinearRows { parameters, name, rows } => {
                let [values] = floats(arrays)?;
                self.put(parameters, |to| to.linear.put_rows(&name, rows, values))?
            }
            Request::PutLinearWords { parameters, name, words } => {
                let [content] = arrays else { return Err(unknown("words")) };
                self.put(parameters, |to| to.linear.put_words(&name, words, content))?
            }
            Request::BeginTable { parameters, name, shape } => {
                self.try_put(parameters, |to| to.add_table(&name, shape))?
            }
            Request::PutTableRows { parameters, name } => {
                let [values] = floats(arrays)?;
                self.put(parameters, |to| to.linear.put_table_rows(&name, values))?
            }
            Request::PutVector { parameters, name } => {
                let [values] = floats(arrays)?;
                self.put(parameters, |to| to.add_vector(&name, values))?
            }
            Request::DropParameters { parameters } => {
                self.parameters.remove(&parameters);
                Answer::Done
            }
            Request::NewTensors { tensors, sizes } => {
                let sizes: Vec<_> = sizes.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
                let zeros = SharedTensors::on_processor(&self.processor, &sizes).map_err(refusal)?;
                self.tensors.insert(tensors, Arc::new(zeros));
                Answer::Done
            }
            Request::WriteTensor { tensors, index } => {
                let [words] = arrays else { return Err(unknown("words")) };
                self.shared(tensors)?.write(index, words);
                Answer::Done
            }
            Request::ReadTensor { tensors, index, count } => {
                words = self.shared(tensors)?.words(index, count).ok_or_else(|| unknown("words"))?;
                Answer::Words
            }
            Request::DropTensors { tensors } => {
                self.tensors.remove(&tensors);
                Answer::Done
            }
            Request::Prepare { program, parameters, graph } => {
                let parameters = self.parameters.get(&parameters).ok_or_else(|| unknown("parameters"))?;
                let shared = graph.shared.map(|shared| self.shared(shared).cloned()).transpose()?;
                let prepared = CpuProgram::new(graph.into_graph(shared), parameters).map_err(refusal)?;
                self.programs.insert(program, prepared);
                Answer::Done
            }
            Request::Run { program, from, to, times, timed } => {
                let mut runs = Vec::new();
                for _ in 0..times {
                    runs.extend(self.run(program, from..to, timed, &Job::new())?);
                }
                Answer::Runs(runs)
            }
            // Who takes the messages in looks for these: a run has ended before the next request is answered.
            Request::Cancel { .. } => Answer::Done,
            Request::Write { program, tensor } => {
                let [words] = arrays else { return Err(unknown("words")) };
                self.program(program)?.write_tensor(tensor, words);
                Answer::Done
            }
            Request::Read { program, tensor, count } => {
                words = self.program(program)?.read_tensor(tensor, count);
                Answer::Words
            }
            Request::Put { program, map } => {
                let [values] = floats(arrays)?;
                self.program(program)?.put_map(&map, values);
                Answer::Done
            }
            Request::Values { program, map } => {
                words = bytemuck::cast_slice(&self.program(program)?.map_values(&map)).to_vec();
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
        let runs = self.program(program)?.compute(operations, timed, job, &|_| {});
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

    fn program(&self, program: u32) -> Result<&CpuProgram, Refusal> {
        self.programs.get(&program).ok_or_else(|| unknown("program"))
    }

    fn shared(&self, tensors: u32) -> Result<&Arc<SharedTensors>, Refusal> {
        self.tensors.get(&tensors).ok_or_else(|| unknown("tensors"))
    }

    /// Changes parameters, which no program uses yet.
    fn put(&mut self, parameters: u32, put: impl FnOnce(&mut CpuParameters)) -> Result<Answer, Refusal> {
        self.try_put(parameters, |parameters| {
            put(parameters);
            Ok(())
        })
    }

    /// The same where there may be no memory for it.
    fn try_put(
        &mut self,
        parameters: u32,
        put: impl FnOnce(&mut CpuParameters) -> Result<(), GpuError>,
    ) -> Result<Answer, Refusal> {
        let parameters = self.parameters.get_mut(&parameters).and_then(Arc::get_mut);
        let parameters = parameters.ok_or_else(|| unknown("parameters"))?;
        put(parameters).map_err(refusal)?;
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
