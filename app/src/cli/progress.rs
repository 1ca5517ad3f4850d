//! The progress line on a terminal.

use std::{
    io::IsTerminal,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::Duration,
};

use console::Term;
use ibq_core::job::Job;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::table::cut_in_the_middle;

/// Steps of the bar.
const STEPS: u64 = 1000;

/// Columns that the bar, the share and the stage take.
const BESIDE_TITLE: usize = 50;

/// Time between two looks at the job.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line on standard error that follows a job until it is dropped.
pub(crate) struct ProgressLine {
    bar: ProgressBar,
    stop: Option<Sender<()>>,
    watcher: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// A progress line for the job; none when standard error is no terminal.
    pub(crate) fn on_terminal(job: &Job) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        // Nothing is drawn before there is something to say.
        let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
        let style =
            ProgressStyle::with_template("{prefix:.bold}  {bar:24.cyan/black.bright} {percent:>3} %  {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let (stop, stopped) = mpsc::channel();
        let watcher = std::thread::spawn({
            let (bar, job) = (bar.clone(), job.clone());
            move || {
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(INTERVAL) {
                    show(&bar, &job);
                }
            }
        });
        Some(Self { bar, stop: Some(stop), watcher: Some(watcher) })
    }

    /// Sets what stands before the bar: the input, or what is done to it.
    pub(crate) fn title(&self, title: &str) {
        let (_, columns) = Term::stderr().size();
        let room = usize::from(columns).saturating_sub(BESIDE_TITLE).max(8);
        self.bar.set_prefix(cut_in_the_middle(title, room));
    }

    /// Does something that writes to the terminal while the line is out of the way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

fn show(bar: &ProgressBar, job: &Job) {
    let progress = job.snapshot();
    if progress.stage.is_empty() {
        return;
    }
    if bar.is_hidden() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar.set_message(if job.is_cancelled() { "cancelling".to_owned() } else { progress.stage });
    bar.set_position((f64::from(progress.done) * STEPS as f64) as u64);
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(watcher) = self.watcher.take() {
            // A watcher that has died only leaves the line as it was.
            let _ = watcher.join();
        }
        self.bar.finish_and_clear();
    }
}
