//! Folders and their sub-folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::error::DataSetError;

/// What a folder holds, sorted by name, without hidden files.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataSetError> {
    let io = |source| DataSetError::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Adds the files of a folder and of its sub-folders; links to folders are not followed.
pub(super) fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), DataSetError> {
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            list_files(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
