//! The page's side: parameters and programs that live in the worker.

use std::{cell::Cell, ops::Range, rc::Rc};

use ibq_shaders::LookupScore;

use crate::{
    device::{Call, Event, Peaks, Processor, Worker},
    gpu::{GpuError, KernelRun, RunError},
    job::{Cancelled, Job},
    ops::{Arena, Graph, Map, TensorId},
};

use super::{
    graph_message::GraphMessage,
    request::{Answer, OperationRun, Refusal, Request},
};

thread_local! {
    /// Numbers of parameters and programs, each given once.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

fn new_number() -> u32 {
    NUMBER.with(|number| number.replace(number.get() + 1))
}

/// The parameters of a tokenizer, in the worker.
#[derive(Debug)]
pub(crate) struct RemoteParameters {
    processor: Processor,
    worker: Worker,
    number: u32,
    /// Bytes that were counted.
    pub(crate) bytes: u64,
    /// Codes that were put in.
    pub(crate) codes: u32,
}

impl RemoteParameters {
    /// No parameters yet.
    pub(crate) async fn empty(processor: &Processor, worker: &Worker) -> Result<Self, GpuError> {
        let number = new_number();
        ask(worker, &Request::NewParameters { parameters: number }, &[]).await?;
        Ok(Self { processor: processor.clone(), worker: worker.clone(), number, bytes: 0, codes: 0 })
    }

    pub(crate) async fn put_conv(
        &mut self,
        name: &str,
        shape: (usize, usize, usize),
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        let request = Request::PutConv { parameters: self.number, name: name.to_owned(), shape };
        self.put(&request, &[weight, bias]).await
    }

    pub(crate) async fn put_norm(
        &mut self,
        name: &str,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        let request = Request::PutNorm { parameters: self.number, name: name.to_owned() };
        self.put(&request, &[weight, bias]).await
    }

    pub(crate) async fn put_codes(
        &mut self,
        rows: &[f32],
        dimension: usize,
        score: LookupScore,
    ) -> Result<(), GpuError> {
        let by_distance = score == LookupScore::Distance;
        let request = Request::PutCodes { parameters: self.number, dimension, by_distance };
        self.put(&request, &[rows]).await?;
        self.codes += (rows.len() / dimension) as u32;
        Ok(())
    }

    async fn put(&mut self, request: &Request, arrays: &[&[f32]]) -> Result<(), GpuError> {
        let words: Vec<&[u32]> = arrays.iter().map(|values| bytemuck::cast_slice(values)).collect();
        if let (Answer::Bytes(bytes), _) = ask(&self.worker, request, &words).await? {
            self.processor.memory_counter().add(bytes.saturating_sub(self.bytes));
            self.bytes = bytes;
        }
        Ok(())
    }
}

impl Drop for RemoteParameters {
    fn drop(&mut self) {
        self.processor.memory_counter().subtract(self.bytes);
        tell(&self.worker, &Request::DropParameters { parameters: self.number }, &[]);
    }
}

/// A graph made ready in the worker, with its memory there.
pub(crate) struct RemoteProgram {
    parameters: Rc<RemoteParameters>,
    number: u32,
    graph: Graph,
    bytes: u64,
}

impl RemoteProgram {
    /// Allocates the memory.
    ///
    /// # Errors
    /// [`GpuError`]: no memory, or the worker answers no more.
    pub(crate) async fn new(graph: Graph, parameters: &Rc<RemoteParameters>) -> Result<Self, GpuError> {
        let number = new_number();
        let request = Request::Prepare {
            program: number,
            parameters: parameters.number,
            graph: GraphMessage::try_from(&graph)?,
        };
        ask(&parameters.worker, &request, &[]).await?;
        let bytes = Arena::plan(&graph).bytes();
        parameters.processor.memory_counter().add(bytes);
        Ok(Self { parameters: Rc::clone(parameters), number, graph, bytes })
    }

    /// Runs some operations; `progress` gets the share that is done.
    ///
    /// # Errors
    /// [`RunError`]: cancelled, or the worker answers no more.
    pub(crate) async fn run(
        &self,
        operations: Range<usize>,
        timed: bool,
        job: &Job,
        progress: impl Fn(f32),
    ) -> Result<Vec<KernelRun>, RunError> {
        job.check()?;
        let Range { start: from, end: to } = operations;
        let request = Request::Run { program: self.number, from, to, timed };
        let worker = &self.parameters.worker;
        let mut run = Run { worker, call: Some(send(worker, &request, &[])?) };
        loop {
            let Some(call) = &mut run.call else { return Err(Cancelled.into()) };
            let Ok(event) = job.run(call.next()).await else { return Err(Cancelled.into()) };
            match event? {
                Event::Progress(done) => progress(done),
                Event::Answer(text, _) => {
                    run.call = None;
                    return match parse(&text)? {
                        Ok(Answer::Runs(runs)) => Ok(runs.into_iter().map(KernelRun::from).collect()),
                        Ok(other) => Err(GpuError::Worker { reason: format!("{other:?}") }.into()),
                        Err(Refusal::Cancelled) => Err(Cancelled.into()),
                        Err(refusal) => Err(GpuError::from(refusal).into()),
                    };
                }
            }
        }
    }

    /// Number of operations.
    pub(crate) fn operations(&self) -> usize {
        self.graph.nodes.len()
    }

    /// Named activations: the map that holds each once this many operations have run.
    pub(crate) fn activations(&self) -> Vec<(String, Map, usize)> {
        self.graph.activations()
    }

    /// Writes words to the beginning of a tensor.
    pub(crate) fn write(&self, tensor: TensorId, words: &[u32]) {
        tell(&self.parameters.worker, &Request::Write { program: self.number, tensor }, &[words]);
    }

    /// The first `count` words of a tensor.
    ///
    /// # Errors
    /// [`GpuError`]: the worker answers no more.
    pub(crate) async fn read<T: bytemuck::Pod>(
        &self,
        tensor: TensorId,
        count: usize,
    ) -> Result<Vec<T>, GpuError> {
        let request = Request::Read { program: self.number, tensor, count };
        let (_, words) = ask(&self.parameters.worker, &request, &[]).await?;
        Ok(bytemuck::cast_slice(&words).to_vec())
    }

    /// Writes a map's values, [items · h · w, c].
    pub(crate) fn put(&self, map: &Map, values: &[f32]) {
        let request = Request::Put { program: self.number, map: *map };
        tell(&self.parameters.worker, &request, &[bytemuck::cast_slice(values)]);
    }

    /// The values of a map in NHWC order, without the padding of channels.
    ///
    /// # Errors
    /// [`GpuError`]: the worker answers no more.
    pub(crate) async fn values(&self, map: &Map) -> Result<Vec<f32>, GpuError> {
        let request = Request::Values { program: self.number, map: *map };
        let (_, words) = ask(&self.parameters.worker, &request, &[]).await?;
        Ok(bytemuck::cast_slice(&words).to_vec())
    }
}

impl Drop for RemoteProgram {
    fn drop(&mut self) {
        self.parameters.processor.memory_counter().subtract(self.bytes);
        tell(&self.parameters.worker, &Request::DropProgram { program: self.number }, &[]);
    }
}

impl std::fmt::Debug for RemoteProgram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RemoteProgram").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What the worker's processor can do at most.
///
/// # Errors
/// [`GpuError`]: the worker answers no more.
pub(crate) async fn measure(worker: &Worker) -> Result<Peaks, GpuError> {
    match ask(worker, &Request::Measure, &[]).await? {
        (Answer::Peaks(peaks), _) => Ok(peaks),
        (other, _) => Err(GpuError::Worker { reason: format!("{other:?}") }),
    }
}

/// A run under way: whoever drops it before its end wants it to stop.
struct Run<'a> {
    worker: &'a Worker,
    call: Option<Call>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if let Some(call) = &self.call {
            tell(self.worker, &Request::Cancel { call: call.number }, &[]);
        }
    }
}

/// Sends a request and waits for its answer.
async fn ask(worker: &Worker, request: &Request, words: &[&[u32]]) -> Result<(Answer, Vec<u32>), GpuError> {
    let (text, words) = send(worker, request, words)?.answer().await?;
    Ok((parse(&text)??, words))
}

/// Sends a request of which no answer is wanted. A worker that cannot be reached says so at the next request that waits.
fn tell(worker: &Worker, request: &Request, words: &[&[u32]]) {
    if let Err(error) = send(worker, request, words) {
        log::warn!("{error}");
    }
}

fn send(worker: &Worker, request: &Request, words: &[&[u32]]) -> Result<Call, GpuError> {
    worker.send(&serde_json::to_string(request).map_err(|error| wrong(&error))?, words)
}

fn parse(text: &str) -> Result<Result<Answer, Refusal>, GpuError> {
    serde_json::from_str(text).map_err(|error| wrong(&error))
}

fn wrong(error: &serde_json::Error) -> GpuError {
    GpuError::Worker { reason: error.to_string() }
}

impl From<Refusal> for GpuError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfMemory { what, bytes } => Self::OutOfMemory { what, bytes },
            Refusal::Cancelled => Self::Worker { reason: Cancelled.to_string() },
            Refusal::Wrong(reason) => Self::Worker { reason },
        }
    }
}

impl From<OperationRun> for KernelRun {
    fn from(OperationRun { label, ms, flops, bytes }: OperationRun) -> Self {
        Self { label: label.into(), ms, flops, bytes }
    }
}
