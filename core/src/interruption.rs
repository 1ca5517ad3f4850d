//! Signals that ask the program to end: they cancel a job, and the program's exit code names the signal.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use crate::job::Job;

/// Number of the signal that Ctrl-C sends.
const SIGINT: u8 = 2;
/// Added to the number of a signal, it is the exit code of a program that the signal ended.
const EXIT_CODE: u8 = 128;

/// The signals that came to this process. Clones share the same state.
#[derive(Clone, Debug, Default)]
pub struct Interruption(Arc<AtomicU8>);

impl Interruption {
    /// From now on Ctrl-C (SIGINT), SIGTERM and SIGHUP cancel the job, and a second one ends the program at once. A signal
    /// that was ignored when the program started stays ignored, as `nohup` wants it (where the system lists ignored signals:
    /// Linux). On Windows it is Ctrl-C and Ctrl-Break.
    ///
    /// # Errors
    /// Those of the system; signals then end the program as they do by default.
    pub fn cancels(job: &Job) -> std::io::Result<Self> {
        let interruption = Self::default();
        let (job, state) = (job.clone(), interruption.clone());
        on_signal(move |signal| {
            state.0.store(signal, Ordering::Relaxed);
            if job.is_cancelled() {
                std::process::exit(i32::from(EXIT_CODE + signal));
            }
            job.cancel();
        })?;
        Ok(interruption)
    }

    /// The exit code after a signal: 129 after SIGHUP, 130 after Ctrl-C, 143 after SIGTERM. None if no signal came.
    #[must_use]
    pub fn exit_code(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(EXIT_CODE + signal),
        }
    }
}

/// Calls `handle` with the number of each signal, in a thread of its own.
#[cfg(unix)]
fn on_signal(mut handle: impl FnMut(u8) + Send + 'static) -> std::io::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGTERM},
        iterator::Signals,
    };
    let wanted = [SIGINT.into(), SIGTERM, SIGHUP];
    let mut signals = Signals::new(wanted.into_iter().filter(|&signal| !is_ignored(signal)))?;
    let name = "signals".to_owned();
    std::thread::Builder::new().name(name).spawn(move || {
        for signal in signals.forever() {
            handle(u8::try_from(signal).unwrap_or(SIGINT));
        }
    })?;
    Ok(())
}

/// Calls `handle` at each Ctrl-C.
#[cfg(windows)]
fn on_signal(mut handle: impl FnMut(u8) + Send + 'static) -> std::io::Result<()> {
    ctrlc::set_handler(move || handle(SIGINT)).map_err(std::io::Error::other)
}

/// Whether this process ignores a signal, given by its number, as one does that was started with `nohup` (SIGHUP) or in the
/// background of a script (SIGINT). What it starts ignores the signal as well. False where the system does not list ignored signals.
#[cfg(unix)]
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_signals(&status) >> (signal - 1) & 1 == 1
}

/// The set of ignored signals in `/proc/self/status`: bit N − 1 is signal N. Empty where there is none.
#[cfg(unix)]
fn ignored_signals(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_names_the_signal() {
        let interruption = Interruption::default();
        assert_eq!(interruption.exit_code(), None);
        for (signal, code) in [(1, 129), (SIGINT, 130), (15, 143)] {
            interruption.0.store(signal, Ordering::Relaxed);
            assert_eq!(interruption.exit_code(), Some(code));
        }
    }

    #[cfg(unix)]
    #[test]
    fn ignored_signals_are_read_from_the_status_of_the_process() {
        assert_eq!(ignored_signals("Name:\tibq\nSigIgn:\t0000000000000001\n"), 1);
        assert_eq!(ignored_signals("Name:\tibq\n"), 0);
    }
}
