//! Commands that are interrupted at random moments, or whose disk is full: for proofs that nothing is lost and nothing is
//! half written.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often each command is interrupted, unless `IBQ_MOMENTS` says otherwise.
const MOMENTS: usize = 200;

/// The number of interruptions of each command.
#[must_use]
pub fn moments() -> usize {
    std::env::var("IBQ_MOMENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(MOMENTS)
}

/// Runs a command to its end, then kills it at random moments of its duration. `check` is called after each kill and panics
/// if something is lost or half written; at the end the command runs again to its end, and the folder must hold no partial file.
/// Prints a line of a table: the command, and how many of the kills came before its end.
///
/// # Panics
/// When the command fails without being killed, when `check` panics, or when a partial file is left at the end.
pub fn kill_at_random_moments(name: &str, folder: &Path, command: impl Fn() -> Command, check: impl Fn()) {
    let whole = || {
        let started = Instant::now();
        let output = command().output().expect("starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        started.elapsed()
    };
    let duration = whole();
    check();
    let (count, mut random, mut killed) = (moments(), 0x9E37_79B9_7F4A_7C15_u64, 0);
    for _ in 0..count {
        // xorshift64: moments that are spread over the duration, and the same ones at each run of the proof.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        thread::sleep(Duration::from_secs_f64(duration.as_secs_f64() * share));
        killed += usize::from(child.try_wait().expect("is a child").is_none());
        // It may have ended by itself in the meantime.
        let _ = child.kill();
        child.wait().expect("is a child");
        check();
    }
    whole();
    check();
    assert_no_partial_files(name, folder);
    println!("{name}  {killed} of {count} kills before its end, nothing lost, nothing half written");
}

/// Runs a command with file sizes limited to a rising number of KiB, from 0 to `most`, as if the disk were full there: a write beyond it fails.
/// `check` is called after each run. Prints a line of a table.
///
/// # Panics
/// When `check` panics, when a partial file is left, or when the command fails with `most` KiB.
#[cfg(unix)]
pub fn fill_disk(name: &str, folder: &Path, most: usize, command: impl Fn() -> Command, check: impl Fn()) {
    let (count, mut failed) = (moments(), 0);
    for index in 1..=count {
        let limit = (most * (index - 1)).div_ceil((count - 1).max(1));
        let inner = command();
        // The signal is ignored so that the write fails, as on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f {limit} && exec \"$@\"");
        let mut limited = Command::new("bash");
        limited.args(["-c", &script, "limited"]).arg(inner.get_program()).args(inner.get_args());
        if let Some(folder) = inner.get_current_dir() {
            limited.current_dir(folder);
        }
        let output = limited.output().expect("starts");
        failed += usize::from(!output.status.success());
        assert!(
            index < count || output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        check();
        assert_no_partial_files(name, folder);
    }
    println!("{name}  {failed} of {count} limits reached, nothing lost, nothing half written");
}

/// Fails when a folder holds a partial file.
fn assert_no_partial_files(name: &str, folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        assert!(!(file.starts_with('.') && file.ends_with(".partial")), "{name} left {file}");
    }
}
