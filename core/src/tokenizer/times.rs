//! Progress and times of a call that is made of several runs.

use std::{collections::HashMap, sync::Arc};

use crate::{gpu::Dispatch, job::Job};

use super::{KernelTime, StageTime};

/// Progress of a job whose stage is cut into parts.
pub(super) struct Part<'a> {
    pub(super) job: &'a Job,
    pub(super) index: usize,
    pub(super) count: usize,
}

impl Part<'_> {
    pub(super) fn report(&self, done: f32) {
        self.job.set_progress((self.index as f32 + done) / self.count as f32);
    }
}

/// Collects times over the runs of one call.
#[derive(Default)]
pub(crate) struct Times {
    pub(super) stages: Vec<StageTime>,
    pub(crate) kernels: Vec<KernelTime>,
    index: HashMap<(&'static str, Arc<str>), usize>,
}

impl Times {
    pub(super) fn stage(&mut self, stage: &'static str, ms: f64) {
        match self.stages.iter_mut().find(|time| time.stage == stage) {
            Some(time) => time.ms += ms,
            None => self.stages.push(StageTime { stage, ms }),
        }
    }

    pub(crate) fn kernels(&mut self, stage: &'static str, dispatches: &[Dispatch], times: &[f64]) {
        for (dispatch, ms) in dispatches.iter().zip(times) {
            let at = *self.index.entry((stage, Arc::clone(&dispatch.label))).or_insert_with(|| {
                let name = dispatch.label.to_string();
                self.kernels.push(KernelTime { name, stage, calls: 0, ms: 0.0, flops: 0.0, bytes: 0.0 });
                self.kernels.len() - 1
            });
            let kernel = &mut self.kernels[at];
            kernel.calls += 1;
            kernel.ms += ms;
            kernel.flops += dispatch.flops;
            kernel.bytes += dispatch.bytes;
        }
    }
}
