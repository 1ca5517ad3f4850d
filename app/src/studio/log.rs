//! The last log records, for the log panel.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ibq_core::foreign_text::clean_message;
use log::{Level, LevelFilter, Log, Metadata, Record};

/// Records that are kept; older ones are dropped.
const KEPT: usize = 500;

/// One line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

struct Buffer(Mutex<VecDeque<Line>>);

static BUFFER: Buffer = Buffer(Mutex::new(VecDeque::new()));

/// Collects log records from now on, unless the program already logs elsewhere.
pub(crate) fn install() {
    if log::set_logger(&BUFFER).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// The lines so far, oldest first.
pub(crate) fn lines() -> Vec<Line> {
    BUFFER.lock().iter().cloned().collect()
}

/// Adds a line of the window's own.
pub(crate) fn note(level: Level, text: impl Into<String>) {
    BUFFER.push(level, "studio", &text.into());
}

/// Forgets all lines.
pub(crate) fn clear() {
    BUFFER.lock().clear();
}

/// All lines as text.
pub(crate) fn text() -> String {
    lines().iter().map(|line| format!("{:5} {} {}\n", line.level, line.target, line.text)).collect()
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line. Names from files may be in its text.
    fn push(&self, level: Level, target: &str, text: &str) {
        let line = Line { level, target: target.to_owned(), text: clean_message(text).into_owned() };
        let mut lines = self.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

impl Log for Buffer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The graphics libraries tell much about themselves; only their warnings matter here.
        let ours = metadata.target().starts_with("ibq");
        metadata.level() <= if ours { Level::Info } else { Level::Warn }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let target = record.target().split("::").next().unwrap_or_default();
            self.push(record.level(), target, &record.args().to_string());
        }
    }

    fn flush(&self) {}
}
