//! What one run of the program shares: the job that Ctrl-C cancels, the progress line, messages, and the inputs that
//! failed.

use std::{
    cell::{Cell, RefCell},
    fmt::Display,
    io::{ErrorKind, Write},
};

use console::style;
use ibq_core::{
    foreign_text::{clean_lines, clean_message, clean_name, escape_json},
    interruption::Interruption,
    job::Job,
};
use serde::Serialize;

use super::{
    failure::{Failure, error_mark},
    paths::readable,
    progress::ProgressLine,
};

/// An input that failed while the others went on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FailedInput {
    /// The input, as given.
    input: String,
    /// Why.
    error: String,
}

/// One run of the program.
pub(crate) struct Session {
    job: Job,
    interruption: Interruption,
    line: Option<ProgressLine>,
    failed: RefCell<Vec<FailedInput>>,
    unwritten: Cell<Option<std::io::Error>>,
}

impl Session {
    /// Begins: from here on Ctrl-C, SIGTERM and SIGHUP cancel the job, and a second signal ends the program at once.
    pub(crate) fn start() -> Self {
        let job = Job::new();
        // Where no handler can be set, signals end the program as they do by default.
        let interruption = Interruption::cancels(&job).unwrap_or_default();
        let line = ProgressLine::on_terminal(&job);
        Self { job, interruption, line, failed: RefCell::default(), unwritten: Cell::new(None) }
    }

    /// The job of this run.
    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// The signals that came.
    pub(crate) fn interruption(&self) -> &Interruption {
        &self.interruption
    }

    /// Names what is worked on, before the progress bar.
    pub(crate) fn title(&self, title: &str) {
        if let Some(line) = &self.line {
            line.title(&clean_name(title));
        }
    }

    /// Names the input that is worked on: "[3/7] name".
    pub(crate) fn title_of_input(&self, index: usize, all: usize, label: &str) {
        let place = if all == 1 { String::new() } else { format!("[{}/{all}] ", index + 1) };
        self.title(&format!("{place}{label}"));
    }

    /// Prints a line of the result on standard output. Names from files may be in it.
    pub(crate) fn print(&self, text: impl Display) {
        self.write(&clean_lines(&text.to_string()));
    }

    fn write(&self, text: &str) {
        let written = self.aside(|| writeln!(std::io::stdout(), "{text}"));
        match written {
            // Whoever read it has seen enough (`| head`): the work goes on.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => self.unwritten.set(Some(error)),
            Ok(()) => {}
        }
    }

    /// Prints the result as one JSON document on standard output.
    pub(crate) fn print_json(&self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::Failed(format!("the result cannot be written as JSON: {error}")))?;
        self.write(&escape_json(&text));
        Ok(())
    }

    /// Says on standard error what is used: `adapter  NAME …`.
    pub(crate) fn tell(&self, what: &str, text: impl Display) {
        self.message(format_args!(
            "{} {}",
            style(format!("{what:<8}")).for_stderr().dim(),
            clean_message(&text.to_string())
        ));
    }

    /// Says on standard error what was done to an input that its owner may not expect.
    pub(crate) fn note(&self, input: &str, text: impl Display) {
        let text = format!("{}: {text}", clean_name(input));
        self.message(format_args!("{} {}", style("note:").for_stderr().yellow(), clean_message(&text)));
    }

    /// Says several such things on one line.
    pub(crate) fn notes(&self, input: &str, notes: &[String]) {
        if !notes.is_empty() {
            self.note(input, notes.join("; "));
        }
    }

    /// Reports an input that failed; the program will end with exit code 1.
    pub(crate) fn failed(&self, input: &str, failure: &Failure) {
        let error = failure.to_string();
        let already_named = error.starts_with(input);
        let text = if already_named { error.clone() } else { format!("{input}: {error}") };
        self.message(format_args!("{} {}", error_mark(), clean_message(&text)));
        self.failed.borrow_mut().push(FailedInput { input: input.to_owned(), error });
    }

    /// The inputs that failed so far.
    pub(crate) fn failures(&self) -> Vec<FailedInput> {
        self.failed.borrow().clone()
    }

    /// How the run ends when nothing stopped it.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        if let Some(error) = self.unwritten.take() {
            return Err(Failure::Failed(format!("standard output: {}", readable(&error))));
        }
        if self.failed.borrow().is_empty() { Ok(()) } else { Err(Failure::Reported) }
    }

    fn message(&self, text: std::fmt::Arguments<'_>) {
        // Nobody is left to tell when standard error is closed.
        let _ = self.aside(|| writeln!(std::io::stderr(), "{text}"));
    }

    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.line {
            Some(line) => line.aside(write),
            None => write(),
        }
    }
}
