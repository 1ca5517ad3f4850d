//! Long work away from the drawing: on a thread of its own natively, as a spawned future in the browser.
//!
//! Work is an async closure that ends in a [`Message`]; the message comes back over a channel and wakes the window.

use std::{
    future::Future,
    sync::mpsc::{Receiver, Sender, channel},
};

use ibq_core::job::Job;
use web_time::Instant;

use super::message::Message;

/// Names a piece of running work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId(u64);

/// A piece of running work.
pub(crate) struct Running {
    pub(crate) id: TaskId,
    /// What it is, ready to be shown.
    pub(crate) title: String,
    pub(crate) job: Job,
    pub(crate) started: Instant,
    /// Whether it belongs in the list of jobs: small work would only flicker there.
    pub(crate) listed: bool,
}

enum Report {
    Done(TaskId, Box<Message>),
    /// The work ended without a result: a panic, which is a bug of ours.
    Broken(TaskId),
}

/// Starts work and collects its results.
pub(crate) struct Tasks {
    ctx: egui::Context,
    sender: Sender<Report>,
    receiver: Receiver<Report>,
    running: Vec<Running>,
    next: u64,
}

/// What moves into a task: on a native thread it must be `Send`, in the browser it stays on the one thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) trait Work<F>: FnOnce(Job) -> F + Send + 'static {}
#[cfg(not(target_arch = "wasm32"))]
impl<F, W: FnOnce(Job) -> F + Send + 'static> Work<F> for W {}
#[cfg(target_arch = "wasm32")]
pub(crate) trait Work<F>: FnOnce(Job) -> F + 'static {}
#[cfg(target_arch = "wasm32")]
impl<F, W: FnOnce(Job) -> F + 'static> Work<F> for W {}

impl Tasks {
    pub(crate) fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = channel();
        Self { ctx: ctx.clone(), sender, receiver, running: Vec::new(), next: 0 }
    }

    /// Starts work that is shown in the list of jobs.
    pub(crate) fn start<F: Future<Output = Message> + 'static>(
        &mut self,
        title: impl Into<String>,
        work: impl Work<F>,
    ) -> TaskId {
        self.launch(title.into(), true, work)
    }

    /// Starts work too small for the list of jobs.
    pub(crate) fn start_quietly<F: Future<Output = Message> + 'static>(
        &mut self,
        work: impl Work<F>,
    ) -> TaskId {
        self.launch(String::new(), false, work)
    }

    fn launch<F: Future<Output = Message> + 'static>(
        &mut self,
        title: String,
        listed: bool,
        work: impl Work<F>,
    ) -> TaskId {
        let id = TaskId(self.next);
        self.next += 1;
        let job = Job::new();
        self.running.push(Running { id, title, job: job.clone(), started: Instant::now(), listed });
        let mut reporter = Reporter { id, sender: Some(self.sender.clone()), ctx: self.ctx.clone() };
        #[cfg(not(target_arch = "wasm32"))]
        std::thread::spawn(move || reporter.send(pollster::block_on(work(job))));
        #[cfg(target_arch = "wasm32")]
        wasm_bindgen_futures::spawn_local(async move { reporter.send(work(job).await) });
        id
    }

    /// The results that have arrived, oldest first.
    pub(crate) fn collect(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Ok(report) = self.receiver.try_recv() {
            let (id, message) = match report {
                Report::Done(id, message) => (id, *message),
                Report::Broken(id) => (id, Message::TaskBroke(id, self.title(id))),
            };
            self.running.retain(|task| task.id != id);
            messages.push(message);
        }
        messages
    }

    fn title(&self, id: TaskId) -> String {
        self.get(id).map_or_else(String::new, |task| task.title.clone())
    }

    /// The work of this name, while it runs.
    pub(crate) fn get(&self, id: TaskId) -> Option<&Running> {
        self.running.iter().find(|task| task.id == id)
    }

    /// Asks a task to stop.
    pub(crate) fn cancel(&self, id: TaskId) {
        if let Some(task) = self.get(id) {
            task.job.cancel();
        }
    }

    /// What runs and belongs in the list of jobs.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Running> {
        self.running.iter().filter(|task| task.listed)
    }

    /// Whether anything runs at all.
    pub(crate) fn busy(&self) -> bool {
        !self.running.is_empty()
    }
}

/// Sends the result of a task, or says that there will be none.
struct Reporter {
    id: TaskId,
    sender: Option<Sender<Report>>,
    ctx: egui::Context,
}

impl Reporter {
    fn send(&mut self, message: Message) {
        self.report(Report::Done(self.id, Box::new(message)));
    }

    fn report(&mut self, report: Report) {
        if let Some(sender) = self.sender.take() {
            // The window may be gone by now.
            let _ = sender.send(report);
            self.ctx.request_repaint();
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.report(Report::Broken(self.id));
    }
}

/// One run at a time; of what is asked for meanwhile only the latest is kept.
#[derive(Debug)]
pub(crate) struct Latest<T> {
    running: bool,
    waiting: Option<T>,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { running: false, waiting: None }
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

    /// Notes that the run has ended; returned is what to start next.
    pub(crate) fn finished(&mut self) -> Option<T> {
        let next = self.waiting.take();
        self.running = next.is_some();
        next
    }

    /// Whether a run goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_task_that_panics_is_reported_and_leaves_the_list() {
        let mut tasks = Tasks::new(&egui::Context::default());
        async fn broken(_job: Job) -> Message {
            panic!("on purpose")
        }
        let id = tasks.start("break", broken);
        let started = Instant::now();
        let messages = loop {
            let messages = tasks.collect();
            if !messages.is_empty() || started.elapsed().as_secs() > 10 {
                break messages;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        assert!(
            matches!(&messages[..], [Message::TaskBroke(broken, title)] if *broken == id && title == "break")
        );
        assert!(!tasks.busy());
    }
}
