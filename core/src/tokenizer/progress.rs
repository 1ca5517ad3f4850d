//! Progress of a call that is made of several runs.

use crate::job::Job;

/// One of the equal parts that the stage of a job is cut into.
pub(super) struct JobPart<'a> {
    pub(super) job: &'a Job,
    pub(super) index: usize,
    pub(super) count: usize,
}

impl JobPart<'_> {
    /// Sets the progress of the stage: `done`, 0 to 1, of this part.
    pub(super) fn report(&self, done: f32) {
        self.job.set_progress((self.index as f32 + done) / self.count as f32);
    }
}
