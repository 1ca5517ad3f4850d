//! Tensors in the worker that outlive a graph.

use crate::{
    device::{Processor, Worker},
    gpu::GpuError,
    ops::{pending::Pending, shared_tensors::WorkerTensors},
};

use super::{
    calls::{ask, new_number, tell},
    request::Request,
};

/// Some tensors in the worker, counted while they live.
#[derive(Debug)]
pub(crate) struct RemoteTensors {
    processor: Processor,
    worker: Worker,
    /// What the worker knows them by.
    number: u32,
    bytes: u64,
}

impl RemoteTensors {
    /// Tensors with these names and numbers of bytes; they are 0.
    ///
    /// # Errors
    /// [`GpuError`]: no memory there, or the worker answers no more.
    pub(crate) async fn new(
        processor: &Processor,
        worker: &Worker,
        tensors: &[(&str, u64)],
    ) -> Result<Self, GpuError> {
        let number = new_number();
        let sizes = tensors.iter().map(|&(name, bytes)| (name.to_owned(), bytes)).collect();
        ask(worker, &Request::NewTensors { tensors: number, sizes }, &[]).await?;
        let bytes = tensors.iter().map(|&(_, bytes)| bytes).sum();
        processor.memory_counter().add(bytes);
        Ok(Self { processor: processor.clone(), worker: worker.clone(), number, bytes })
    }
}

impl WorkerTensors for RemoteTensors {
    fn number(&self) -> u32 {
        self.number
    }

    fn write(&self, index: usize, words: &[u32]) {
        tell(&self.worker, &Request::WriteTensor { tensors: self.number, index }, &[words]);
    }

    fn read(&self, index: usize, count: usize) -> Pending<'_, Result<Vec<u32>, GpuError>> {
        let request = Request::ReadTensor { tensors: self.number, index, count };
        Box::pin(async move { Ok(ask(&self.worker, &request, &[]).await?.1) })
    }
}

impl Drop for RemoteTensors {
    fn drop(&mut self) {
        self.processor.memory_counter().subtract(self.bytes);
        tell(&self.worker, &Request::DropTensors { tensors: self.number }, &[]);
    }
}
