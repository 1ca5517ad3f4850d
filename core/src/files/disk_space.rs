//! Whether there is room on the disk for what is about to be written.

use std::{fs::File, path::Path};

use super::WeightsError;

/// Makes sure that `bytes` bytes fit on the disk of `file`, which is new and lies at `path`. Systems that do not say what is
/// free end the writing with an error once the disk is full.
///
/// # Errors
/// [`WeightsError::Write`] says how much is missing.
#[cfg(unix)]
pub(super) fn check_space(file: &File, path: &Path, bytes: u64) -> Result<(), WeightsError> {
    let Ok(disk) = rustix::fs::fstatvfs(file) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if bytes <= free {
        return Ok(());
    }
    let reason = format!("needs {bytes} bytes, but the disk has only {free} bytes free");
    Err(WeightsError::Write { path: path.display().to_string(), reason })
}

/// As on Unix; setting the length of a new file reserves its room.
///
/// # Errors
/// [`WeightsError::Write`]: the disk is full.
#[cfg(not(unix))]
pub(super) fn check_space(file: &File, path: &Path, bytes: u64) -> Result<(), WeightsError> {
    file.set_len(bytes)
        .map_err(|error| WeightsError::Write { path: path.display().to_string(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_disk_has_is_refused_before_it_is_written() {
        let path = std::env::temp_dir().join(format!("ibq-space-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        check_space(&file, &path, 1).unwrap();
        let error = check_space(&file, &path, 1 << 60).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(
            cfg!(not(unix)) || error.contains("needs 1152921504606846976 bytes, but the disk has"),
            "{error}"
        );
    }
}
