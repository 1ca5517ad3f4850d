//! Long work away from the drawing: on a thread of its own natively, as a spawned future in the browser.
//!
//! Work is an async closure that ends in a message for its [`Owner`]; the message comes back over a channel and wakes the
//! window. This module knows no message: what is in the [`Payload`] is known to the owner alone.

use std::{
    any::Any,
    future::Future,
    marker::PhantomData,
    sync::mpsc::{Receiver, Sender, channel},
};

use ibq_core::job::Job;
use web_time::Instant;

use super::owner::Owner;

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
    owner: Owner,
}

/// A message of any type, on its way to the owner of the task that it comes from.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type Payload = Box<dyn Any + Send>;
#[cfg(target_arch = "wasm32")]
pub(crate) type Payload = Box<dyn Any>;

/// A task that has ended.
pub(crate) struct Ended {
    pub(crate) id: TaskId,
    pub(crate) owner: Owner,
    pub(crate) title: String,
    /// Its message; none when it panicked, which is a bug of this program.
    pub(crate) message: Option<Payload>,
}

/// What a task may end in: natively it comes from another thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) trait TaskMessage: Send + 'static {}
#[cfg(not(target_arch = "wasm32"))]
impl<M: Send + 'static> TaskMessage for M {}
#[cfg(target_arch = "wasm32")]
pub(crate) trait TaskMessage: 'static {}
#[cfg(target_arch = "wasm32")]
impl<M: 'static> TaskMessage for M {}

/// What moves into a task: on a native thread it must be `Send`, in the browser it stays on the one thread.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) trait Work<F>: FnOnce(Job) -> F + Send + 'static {}
#[cfg(not(target_arch = "wasm32"))]
impl<F, W: FnOnce(Job) -> F + Send + 'static> Work<F> for W {}
#[cfg(target_arch = "wasm32")]
pub(crate) trait Work<F>: FnOnce(Job) -> F + 'static {}
#[cfg(target_arch = "wasm32")]
impl<F, W: FnOnce(Job) -> F + 'static> Work<F> for W {}

/// Starts work and collects its results.
pub(crate) struct Tasks {
    ctx: egui::Context,
    sender: Sender<(TaskId, Option<Payload>)>,
    receiver: Receiver<(TaskId, Option<Payload>)>,
    running: Vec<Running>,
    next: u64,
}

impl Tasks {
    pub(crate) fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = channel();
        Self { ctx: ctx.clone(), sender, receiver, running: Vec::new(), next: 0 }
    }

    /// For starting tasks of this owner, which end in messages of its type.
    pub(crate) fn of<M>(&mut self, owner: Owner) -> OwnTasks<'_, M> {
        OwnTasks { tasks: self, owner, message: PhantomData }
    }

    fn launch<M: TaskMessage, F: Future<Output = M> + 'static>(
        &mut self,
        owner: Owner,
        title: String,
        listed: bool,
        work: impl Work<F>,
    ) -> TaskId {
        let id = TaskId(self.next);
        self.next += 1;
        let job = Job::new();
        self.running.push(Running { id, title, job: job.clone(), started: Instant::now(), listed, owner });
        let mut reporter = Reporter { id, sender: Some(self.sender.clone()), ctx: self.ctx.clone() };
        #[cfg(not(target_arch = "wasm32"))]
        std::thread::spawn(move || reporter.report(Some(Box::new(pollster::block_on(work(job))))));
        #[cfg(target_arch = "wasm32")]
        wasm_bindgen_futures::spawn_local(async move { reporter.report(Some(Box::new(work(job).await))) });
        id
    }

    /// The tasks that have ended, oldest first.
    pub(crate) fn collect(&mut self) -> Vec<Ended> {
        let mut ended = Vec::new();
        while let Ok((id, message)) = self.receiver.try_recv() {
            if let Some(index) = self.running.iter().position(|task| task.id == id) {
                let task = self.running.remove(index);
                ended.push(Ended { id, owner: task.owner, title: task.title, message });
            }
        }
        ended
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

/// The tasks as one owner sees them: all that run, and a way to start its own, which end in its messages `M`.
pub(crate) struct OwnTasks<'a, M> {
    tasks: &'a mut Tasks,
    owner: Owner,
    message: PhantomData<fn() -> M>,
}

impl<M: TaskMessage> OwnTasks<'_, M> {
    /// Starts work that is shown in the list of jobs.
    pub(crate) fn start<F: Future<Output = M> + 'static>(
        &mut self,
        title: impl Into<String>,
        work: impl Work<F>,
    ) -> TaskId {
        self.tasks.launch(self.owner, title.into(), true, work)
    }

    /// Starts work too small for the list of jobs.
    pub(crate) fn start_quietly<F: Future<Output = M> + 'static>(&mut self, work: impl Work<F>) -> TaskId {
        self.tasks.launch(self.owner, String::new(), false, work)
    }

    /// The work of this name, while it runs.
    pub(crate) fn get(&self, id: TaskId) -> Option<&Running> {
        self.tasks.get(id)
    }

    /// Asks a task to stop.
    pub(crate) fn cancel(&self, id: TaskId) {
        self.tasks.cancel(id);
    }
}

/// Sends the result of a task, or that there will be none.
struct Reporter {
    id: TaskId,
    sender: Option<Sender<(TaskId, Option<Payload>)>>,
    ctx: egui::Context,
}

impl Reporter {
    fn report(&mut self, message: Option<Payload>) {
        if let Some(sender) = self.sender.take() {
            // The window may be gone by now.
            let _ = sender.send((self.id, message));
            self.ctx.request_repaint();
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.report(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_for_one(tasks: &mut Tasks) -> Ended {
        let started = Instant::now();
        loop {
            if let Some(ended) = tasks.collect().pop() {
                return ended;
            }
            assert!(started.elapsed().as_secs() < 10, "no task ended");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    #[test]
    fn a_message_comes_back_to_the_owner_of_its_task() {
        let mut tasks = Tasks::new(&egui::Context::default());
        let id = tasks.of(Owner::Models).start("count", |_job| async { 7_u32 });
        assert_eq!(tasks.listed().count(), 1);
        let ended = wait_for_one(&mut tasks);
        assert_eq!((ended.id, ended.owner), (id, Owner::Models));
        assert_eq!(ended.message.and_then(|message| message.downcast::<u32>().ok()), Some(Box::new(7)));
        assert!(!tasks.busy());
    }

    #[test]
    fn a_task_that_panics_is_reported_and_leaves_the_list() {
        let mut tasks = Tasks::new(&egui::Context::default());
        async fn broken(_job: Job) {
            panic!("on purpose")
        }
        let id = tasks.of(Owner::App).start("break", broken);
        let ended = wait_for_one(&mut tasks);
        assert!(ended.id == id && ended.title == "break" && ended.message.is_none());
        assert!(!tasks.busy());
    }
}
