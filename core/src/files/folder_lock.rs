//! One writer per folder: a lock file that the system releases when its process ends.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::lock::try_lock;

/// Name of the lock file. It stays when the lock is released: removing it could take it from the next process.
const LOCK_FILE: &str = ".lock";

/// A folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has locked it.
    #[error("{}: another process is writing here; wait for it to end, or choose another folder", path.display())]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// The lock file cannot be created or locked.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The lock of a folder, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Locks a folder, which is created if it does not exist. On a file system that has no locks nothing is locked.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK_FILE);
        let failed = |source| LockError::Io { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        if try_lock(&file).map_err(failed)? {
            Ok(Self { _file: file })
        } else {
            Err(LockError::Held { path: folder.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_lock_at_a_time_and_is_free_afterwards() {
        let folder = std::env::temp_dir().join(format!("ibq-lock-{}", std::process::id()));
        let lock = FolderLock::acquire(&folder).unwrap();
        let refused = FolderLock::acquire(&folder).unwrap_err();
        assert!(matches!(refused, LockError::Held { .. }), "{refused}");
        drop(lock);
        FolderLock::acquire(&folder).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
