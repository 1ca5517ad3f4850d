//! How the page's side calls its worker.

use std::cell::Cell;

use crate::{
    device::{Call, Peaks, Worker},
    gpu::{GpuError, KernelRun},
    job::Cancelled,
};

use super::request::{Answer, OperationRun, Refusal, Request};

thread_local! {
    /// Numbers of parameters, tensors and programs, each given once.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// A number that nothing in any worker has.
pub(super) fn new_number() -> u32 {
    NUMBER.with(|number| number.replace(number.get() + 1))
}

/// Sends a request and waits for its answer.
///
/// # Errors
/// [`GpuError`]: no memory there, or the worker answers no more.
pub(super) async fn ask(
    worker: &Worker,
    request: &Request,
    words: &[&[u32]],
) -> Result<(Answer, Vec<u32>), GpuError> {
    let (text, words) = send(worker, request, words)?.answer().await?;
    Ok((parse(&text)??, words))
}

/// Sends a request of which no answer is wanted. A worker that cannot be reached says so at the next request that waits.
pub(super) fn tell(worker: &Worker, request: &Request, words: &[&[u32]]) {
    if let Err(error) = send(worker, request, words) {
        log::warn!("{error}");
    }
}

/// Sends a request.
///
/// # Errors
/// [`GpuError::Worker`]: the worker answers no more.
pub(super) fn send(worker: &Worker, request: &Request, words: &[&[u32]]) -> Result<Call, GpuError> {
    worker.send(&serde_json::to_string(request).map_err(|error| wrong(&error))?, words)
}

/// The answer of a call.
///
/// # Errors
/// [`GpuError::Worker`]: it is none.
pub(super) fn parse(text: &str) -> Result<Result<Answer, Refusal>, GpuError> {
    serde_json::from_str(text).map_err(|error| wrong(&error))
}

/// What the worker's processor can do at most.
///
/// # Errors
/// [`GpuError`]: the worker answers no more.
pub(crate) async fn measure(worker: &Worker) -> Result<Peaks, GpuError> {
    match ask(worker, &Request::Measure, &[]).await? {
        (Answer::Peaks(peaks), _) => Ok(peaks),
        (other, _) => Err(unexpected(&other)),
    }
}

/// An answer that does not belong to its request: an error in this program.
pub(super) fn unexpected(answer: &Answer) -> GpuError {
    GpuError::Worker { reason: format!("{answer:?}") }
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
