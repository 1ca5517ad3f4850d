//! The parameters of a model, in the worker.

use std::collections::HashMap;

use crate::{
    device::{Processor, Worker},
    gpu::GpuError,
};

use super::{
    calls::{ask, new_number, tell, unexpected},
    request::{Answer, Request},
};

/// The parameters of a model, in the worker.
#[derive(Debug)]
pub(super) struct RemoteParameters {
    pub(super) processor: Processor,
    pub(super) worker: Worker,
    pub(super) number: u32,
    /// Bytes that were counted.
    pub(super) bytes: u64,
    /// Codes that were put in.
    pub(super) codes: u32,
    /// Bytes of each linear layer.
    pub(super) linears: HashMap<String, u64>,
}

impl RemoteParameters {
    /// No parameters yet. With `halves`, floats of linear layers and tables are stored in 16 bits.
    pub(super) async fn new(processor: &Processor, worker: &Worker, halves: bool) -> Result<Self, GpuError> {
        let number = new_number();
        ask(worker, &Request::NewParameters { parameters: number, halves }, &[]).await?;
        let (processor, worker) = (processor.clone(), worker.clone());
        Ok(Self { processor, worker, number, bytes: 0, codes: 0, linears: HashMap::new() })
    }

    /// Asks for something that changes the bytes of all parameters; returns by how much.
    pub(super) async fn grow(&mut self, request: &Request, arrays: &[&[f32]]) -> Result<u64, GpuError> {
        let words: Vec<&[u32]> = arrays.iter().map(|values| bytemuck::cast_slice(values)).collect();
        match ask(&self.worker, request, &words).await? {
            (Answer::Bytes(bytes), _) => {
                let more = bytes.saturating_sub(self.bytes);
                self.processor.memory_counter().add(more);
                self.bytes = bytes;
                Ok(more)
            }
            (other, _) => Err(unexpected(&other)),
        }
    }
}

impl Drop for RemoteParameters {
    fn drop(&mut self) {
        self.processor.memory_counter().subtract(self.bytes);
        tell(&self.worker, &Request::DropParameters { parameters: self.number }, &[]);
    }
}
