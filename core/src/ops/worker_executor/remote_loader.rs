//! Parameters on their way to the worker, and a model there.

use std::rc::Rc;

use ibq_shaders::{LookupScore, Storage};

use crate::{
    device::{Processor, Worker},
    gpu::{GpuError, RunError},
    job::Job,
    ops::{
        Executor, Graph, LinearRows, LinearShape, LinearWords, ParameterLoader, Program, pending::Pending,
    },
};

use super::{
    calls::ask, remote_parameters::RemoteParameters, remote_program::RemoteProgram, request::Request,
};

/// Parameters that are being read, in the worker.
#[derive(Debug)]
pub(crate) struct RemoteLoader(RemoteParameters);

/// A model in the worker.
#[derive(Debug)]
struct RemoteExecutor(Rc<RemoteParameters>);

impl RemoteLoader {
    /// No parameters yet. With `halves`, floats of linear layers and tables are stored in 16 bits.
    ///
    /// # Errors
    /// [`GpuError`]: the worker answers no more.
    pub(crate) async fn new(processor: &Processor, worker: &Worker, halves: bool) -> Result<Self, GpuError> {
        Ok(Self(RemoteParameters::new(processor, worker, halves).await?))
    }
}

impl ParameterLoader for RemoteLoader {
    fn put_conv<'a>(
        &'a mut self,
        name: &'a str,
        shape: (usize, usize, usize),
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::PutConv { parameters: self.0.number, name: name.to_owned(), shape };
            self.0.grow(&request, &[weight, bias]).await?;
            Ok(())
        })
    }

    fn put_norm<'a>(
        &'a mut self,
        name: &'a str,
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::PutNorm { parameters: self.0.number, name: name.to_owned() };
            self.0.grow(&request, &[weight, bias]).await?;
            Ok(())
        })
    }

    fn put_codes<'a>(
        &'a mut self,
        rows: &'a [f32],
        dimension: usize,
        score: LookupScore,
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::PutCodes { parameters: self.0.number, dimension, score };
            self.0.grow(&request, &[rows]).await?;
            self.0.codes += (rows.len() / dimension) as u32;
            Ok(())
        })
    }

    fn begin_linear<'a>(
        &'a mut self,
        name: &'a str,
        shape: LinearShape,
        _: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::BeginLinear { parameters: self.0.number, name: name.to_owned(), shape };
            let bytes = self.0.grow(&request, &[]).await?;
            self.0.linears.insert(name.to_owned(), bytes);
            Ok(())
        })
    }

    fn put_linear_rows<'a>(
        &'a mut self,
        name: &'a str,
        rows: LinearRows,
        values: &'a [f32],
        job: &'a Job,
    ) -> Pending<'a, Result<(), RunError>> {
        Box::pin(async move {
            job.check()?;
            let request = Request::PutLinearRows { parameters: self.0.number, name: name.to_owned(), rows };
            ask(&self.0.worker, &request, &[bytemuck::cast_slice(values)]).await?;
            Ok(())
        })
    }

    fn put_linear_words<'a>(
        &'a mut self,
        name: &'a str,
        words_of: LinearWords,
        words: &'a [u32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let (parameters, name) = (self.0.number, name.to_owned());
            let request = Request::PutLinearWords { parameters, name, words: words_of };
            ask(&self.0.worker, &request, &[words]).await?;
            Ok(())
        })
    }

    fn begin_table<'a>(
        &'a mut self,
        name: &'a str,
        shape: (u32, u32),
        _: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::BeginTable { parameters: self.0.number, name: name.to_owned(), shape };
            self.0.grow(&request, &[]).await?;
            Ok(())
        })
    }

    fn put_table_rows<'a>(
        &'a mut self,
        name: &'a str,
        values: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::PutTableRows { parameters: self.0.number, name: name.to_owned() };
            ask(&self.0.worker, &request, &[bytemuck::cast_slice(values)]).await?;
            Ok(())
        })
    }

    fn put_vector<'a>(&'a mut self, name: &'a str, values: &'a [f32]) -> Pending<'a, Result<(), GpuError>> {
        Box::pin(async move {
            let request = Request::PutVector { parameters: self.0.number, name: name.to_owned() };
            self.0.grow(&request, &[values]).await?;
            Ok(())
        })
    }

    fn largest_binding(&self) -> u64 {
        u64::MAX
    }

    fn finish(self: Box<Self>) -> Box<dyn Executor> {
        Box::new(RemoteExecutor(Rc::new(self.0)))
    }
}

impl Executor for RemoteExecutor {
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    fn linear_bytes(&self, layer: &str) -> u64 {
        self.0.linears.get(layer).copied().unwrap_or_default()
    }

    fn shards(&self) -> Vec<u32> {
        vec![self.0.codes]
    }

    fn prepare(&self, graph: Graph, _: Storage) -> Pending<'_, Result<Box<dyn Program>, GpuError>> {
        Box::pin(async move {
            let program = RemoteProgram::new(graph, &self.0).await?;
            Ok(Box::new(program) as Box<dyn Program>)
        })
    }
}
