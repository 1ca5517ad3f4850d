//! Tensors in the worker that outlive a graph.

use crate::{
    device::{Processor, Worker},
    gpu::GpuError,
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
    pub(crate) number: u32,
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

    /// Writes words to the beginning of a tensor.
    pub(crate) fn write(&self, index: usize, words: &[u32]) {
        tell(&self.worker, &Request::WriteTensor { tensors: self.number, index }, &[words]);
    }

    /// The first `count` words of a tensor.
    ///
    /// # Errors
    /// [`GpuError`]: the worker answers no more.
    pub(crate) async fn read(&self, index: usize, count: usize) -> Result<Vec<u32>, GpuError> {
        let request = Request::ReadTensor { tensors: self.number, index, count };
        Ok(ask(&self.worker, &request, &[]).await?.1)
    }
}

impl Drop for RemoteTensors {
    fn drop(&mut self) {
        self.processor.memory_counter().subtract(self.bytes);
        tell(&self.worker, &Request::DropTensors { tensors: self.number }, &[]);
    }
}
