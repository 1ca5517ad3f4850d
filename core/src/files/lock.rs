//! Locks on files, which the system releases when their process ends.

use std::{
    fs::{File, TryLockError},
    io,
};

/// Locks a file without waiting. False: another process, or another handle of this one, has locked it. On a file system that has
/// no locks nothing is locked, which counts as success.
///
/// # Errors
/// Those of the file system.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
