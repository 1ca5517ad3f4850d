//! One run at a time; of what is asked for meanwhile only the latest is kept.

use super::task::TaskId;

/// Work that follows what is wanted: requests that come while it runs replace each other.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    running: bool,
    task: Option<TaskId>,
    waiting: Option<T>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { running: false, task: None, waiting: None }
    }
}

impl<T> Latest<T> {
    /// Asks for a run; returned is what to start now.
    pub(crate) fn request(&mut self, what: T) -> Option<T> {
        if self.running {
            self.waiting = Some(what);
            return None;
        }
        self.running = true;
        Some(what)
    }

    /// Notes the task that does what was to be started.
    pub(crate) fn started(&mut self, task: TaskId) {
        self.task = Some(task);
    }

    /// The task that runs.
    pub(crate) fn task(&self) -> Option<TaskId> {
        self.task
    }

    /// Notes that the run has ended; returned is what to start next.
    pub(crate) fn finished(&mut self) -> Option<T> {
        let next = self.waiting.take();
        (self.running, self.task) = (next.is_some(), None);
        next
    }

    /// A task ended without a result. If it was this run, whatever waited for it is dropped. Returns whether it was.
    pub(crate) fn failed(&mut self, task: TaskId) -> bool {
        let was = self.task == Some(task);
        if was {
            *self = Self::default();
        }
        was
    }

    /// Whether something runs.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::{owner::Owner, task::Tasks};

    #[test]
    fn only_the_latest_of_many_requests_runs_after_the_current_one() {
        let mut latest = Latest::default();
        assert_eq!(latest.request(1), Some(1));
        assert_eq!((latest.request(2), latest.request(3)), (None, None));
        assert_eq!(latest.finished(), Some(3));
        assert!(latest.is_running());
        assert_eq!(latest.finished(), None);
        assert_eq!(latest.request(4), Some(4));
    }

    #[test]
    fn after_a_failure_the_next_request_runs() {
        let mut tasks = Tasks::new(&egui::Context::default());
        let mut task = || tasks.of(Owner::App).start_quietly(|_job| async {});
        let (ours, other) = (task(), task());
        let mut latest = Latest::default();
        assert_eq!(latest.request(1), Some(1));
        latest.started(ours);
        assert!(!latest.failed(other) && latest.is_running());
        assert!(latest.failed(ours) && !latest.is_running());
        assert_eq!(latest.request(2), Some(2));
    }
}
