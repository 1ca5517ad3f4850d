//! A folder for the files of one test.

use std::path::PathBuf;

/// An empty folder among the temporary ones, removed with all that is in it when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// `name` tells it from those of other tests of the same program.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-train-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
