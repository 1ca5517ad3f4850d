//! A graph made ready in the worker.

use std::{ops::Range, rc::Rc};

use crate::{
    device::{Call, Event, Worker},
    gpu::{GpuError, KernelRun, RunError},
    job::{Cancelled, Job},
    ops::{Arena, Graph, Map, Program, TensorId, pending::Pending},
};

use super::{
    calls::{ask, new_number, parse, send, tell, unexpected},
    graph_message::GraphMessage,
    remote_parameters::RemoteParameters,
    request::{Answer, Refusal, Request},
};

/// A graph made ready in the worker, with its memory there.
pub(super) struct RemoteProgram {
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
    pub(super) async fn new(graph: Graph, parameters: &Rc<RemoteParameters>) -> Result<Self, GpuError> {
        let number = new_number();
        let shared = graph.shared.as_ref().and_then(|shared| shared.remote());
        let request = Request::Prepare {
            program: number,
            parameters: parameters.number,
            graph: GraphMessage::of(&graph, shared)?,
        };
        ask(&parameters.worker, &request, &[]).await?;
        let bytes = Arena::plan(&graph).bytes();
        parameters.processor.memory_counter().add(bytes);
        Ok(Self { parameters: Rc::clone(parameters), number, graph, bytes })
    }

    fn worker(&self) -> &Worker {
        &self.parameters.worker
    }

    /// Runs some operations, `times` times over; `progress` gets the share that is done.
    async fn run_times(
        &self,
        operations: Range<usize>,
        (times, timed): (u32, bool),
        job: &Job,
        progress: &dyn Fn(f32),
    ) -> Result<Vec<KernelRun>, RunError> {
        job.check()?;
        let Range { start: from, end: to } = operations;
        let request = Request::Run { program: self.number, from, to, times, timed };
        let mut run = Run { worker: self.worker(), call: Some(send(self.worker(), &request, &[])?) };
        loop {
            let Some(call) = &mut run.call else { return Err(Cancelled.into()) };
            let Ok(event) = job.run(call.next()).await else { return Err(Cancelled.into()) };
            match event? {
                Event::Progress(done) => progress(done),
                Event::Answer(text, _) => {
                    run.call = None;
                    return match parse(&text)? {
                        Ok(Answer::Runs(runs)) => Ok(runs.into_iter().map(KernelRun::from).collect()),
                        Ok(other) => Err(unexpected(&other).into()),
                        Err(Refusal::Cancelled) => Err(Cancelled.into()),
                        Err(refusal) => Err(GpuError::from(refusal).into()),
                    };
                }
            }
        }
    }
}

impl Program for RemoteProgram {
    fn operations(&self) -> usize {
        self.graph.nodes.len()
    }

    fn activations(&self) -> Vec<(String, Map, usize)> {
        self.graph.activations()
    }

    /// The bytes are those that operations name: what tensors have beyond is known in the worker.
    fn cost(&self) -> (usize, f64) {
        let bytes = self.graph.nodes.iter().filter_map(|node| node.op.bytes()).sum();
        (self.graph.nodes.len(), bytes)
    }

    fn run<'a>(
        &'a self,
        operations: Range<usize>,
        timed: bool,
        job: &'a Job,
        progress: &'a dyn Fn(f32),
    ) -> Pending<'a, Result<Vec<KernelRun>, RunError>> {
        Box::pin(self.run_times(operations, (1, timed), job, progress))
    }

    fn repeat<'a>(&'a self, times: u32, job: &'a Job) -> Pending<'a, Result<(), RunError>> {
        Box::pin(async move {
            self.run_times(0..self.operations(), (times, false), job, &|_| {}).await?;
            Ok(())
        })
    }

    fn write(&self, tensor: TensorId, words: &[u32]) {
        tell(self.worker(), &Request::Write { program: self.number, tensor }, &[words]);
    }

    fn read_words(&self, tensor: TensorId, count: u64) -> Pending<'_, Result<Vec<u32>, GpuError>> {
        let request = Request::Read { program: self.number, tensor, count: count as usize };
        Box::pin(async move { Ok(ask(self.worker(), &request, &[]).await?.1) })
    }

    fn put(&self, map: &Map, values: &[f32]) {
        let request = Request::Put { program: self.number, map: *map };
        tell(self.worker(), &request, &[bytemuck::cast_slice(values)]);
    }

    fn values<'a>(&'a self, map: &'a Map) -> Pending<'a, Result<Vec<f32>, GpuError>> {
        let request = Request::Values { program: self.number, map: *map };
        Box::pin(async move {
            let (_, words) = ask(self.worker(), &request, &[]).await?;
            Ok(bytemuck::cast_slice(&words).to_vec())
        })
    }
}

impl Drop for RemoteProgram {
    fn drop(&mut self) {
        self.parameters.processor.memory_counter().subtract(self.bytes);
        tell(self.worker(), &Request::DropProgram { program: self.number }, &[]);
    }
}

impl std::fmt::Debug for RemoteProgram {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RemoteProgram").field("number", &self.number).finish_non_exhaustive()
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
