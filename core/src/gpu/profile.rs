//! What stages and kernels took.

use std::{collections::HashMap, fmt, sync::Arc};

use serde::Serialize;
use web_time::Instant;

use super::Dispatch;

/// A part of a run whose time is measured on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// From the configuration to a graph of operations, and the memory that they need. Zero where the last run's is used.
    Plan,
    /// From the graph to allocated memory and pipelines. Zero where the last run's are used.
    Compile,
    /// From pixels to latent vectors.
    Encode,
    /// From latent vectors to codes.
    Lookup,
    /// From codes to pixels.
    Decode,
    /// From the tokens so far to the next one, in a transformer.
    Token,
}

impl Stage {
    /// "plan", "compile", "encode", "lookup", "decode", "token".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Compile => "compile",
            Self::Encode => "encode",
            Self::Lookup => "lookup",
            Self::Decode => "decode",
            Self::Token => "token",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Wall-clock time of one stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageTime {
    /// Which.
    pub stage: Stage,
    /// Milliseconds.
    pub ms: f64,
}

/// All runs of one kernel within one call.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// "conv2d 3x3 128→128 @256×256".
    pub name: String,
    /// Stage it belongs to.
    pub stage: Stage,
    /// How often it ran.
    pub calls: u32,
    /// Milliseconds on the GPU, all calls together.
    pub ms: f64,
    /// Floating-point operations, all calls together.
    pub flops: f64,
    /// Bytes that must move at least, all calls together.
    pub bytes: f64,
}

/// Milliseconds of one stage, 0 where it did not run.
#[must_use]
pub fn stage_ms(times: &[StageTime], stage: Stage) -> f64 {
    times.iter().filter(|time| time.stage == stage).map(|time| time.ms).sum()
}

/// One run of one kernel, or of one operation on the processor.
#[derive(Clone, Debug)]
pub(crate) struct KernelRun {
    /// Name of the kernel with its shape.
    pub(crate) label: Arc<str>,
    /// Milliseconds.
    pub(crate) ms: f64,
    /// Floating-point operations.
    pub(crate) flops: f64,
    /// Bytes that must move at least.
    pub(crate) bytes: f64,
}

impl KernelRun {
    /// What these dispatches took, in milliseconds.
    pub(crate) fn of(dispatches: &[Dispatch], times: &[f64]) -> Vec<Self> {
        let run = |(dispatch, &ms): (&Dispatch, &f64)| Self {
            label: Arc::clone(&dispatch.label),
            ms,
            flops: dispatch.flops,
            bytes: dispatch.bytes,
        };
        dispatches.iter().zip(times).map(run).collect()
    }
}

/// Collects times over the runs of one call.
#[derive(Default)]
pub(crate) struct Times {
    /// The stages in the order in which they first ran.
    pub(crate) stages: Vec<StageTime>,
    /// The kernels in the order in which they first ran.
    pub(crate) kernels: Vec<KernelTime>,
    index: HashMap<(Stage, Arc<str>), usize>,
}

impl Times {
    /// Adds to the time of a stage.
    pub(crate) fn add_stage(&mut self, stage: Stage, ms: f64) {
        match self.stages.iter_mut().find(|time| time.stage == stage) {
            Some(time) => time.ms += ms,
            None => self.stages.push(StageTime { stage, ms }),
        }
    }

    /// Adds to the time of a stage what has passed since it began.
    pub(crate) fn add_since(&mut self, stage: Stage, began: Instant) {
        self.add_stage(stage, began.elapsed().as_secs_f64() * 1e3);
    }

    /// Adds what these kernels took.
    pub(crate) fn add_kernels(&mut self, stage: Stage, runs: &[KernelRun]) {
        for run in runs {
            let at = *self.index.entry((stage, Arc::clone(&run.label))).or_insert_with(|| {
                let name = run.label.to_string();
                self.kernels.push(KernelTime { name, stage, calls: 0, ms: 0.0, flops: 0.0, bytes: 0.0 });
                self.kernels.len() - 1
            });
            let kernel = &mut self.kernels[at];
            kernel.calls += 1;
            kernel.ms += run.ms;
            kernel.flops += run.flops;
            kernel.bytes += run.bytes;
        }
    }
}
