//! What can happen on this pane.

use ibq_core::bench::BenchReport;

use crate::studio::{context, failure::Failure};

use super::tasks::KernelTimes;

/// What this pane works with.
pub(super) type Context<'a> = context::Context<'a, Message>;
/// Where its views send messages.
pub(super) type Outbox = context::Outbox<Message>;

/// What happens on this pane.
pub(crate) enum Message {
    /// Runs the benchmark on a square picture of this side in pixels.
    RunBenchmark(u32),
    BenchmarkDone(Result<Box<BenchReport>, Failure>),
    /// Runs the first model on the picture at hand with a timer on every kernel.
    MeasureKernels,
    KernelsMeasured(Result<Box<KernelTimes>, Failure>),
}
