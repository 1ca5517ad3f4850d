//! The pictures that a command line names: files, folders and globs.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use ibq_core::picture::{self, Picture};

use super::{
    failure::Failure,
    paths::{readable, shown},
    read::read_bounded,
    session::Session,
};

/// Most bytes of a picture file: more than an uncompressed picture of the largest size that is opened.
const MAX_BYTES: u64 = 2 << 30;

/// One picture file.
pub(crate) struct Input {
    /// Its path.
    pub(crate) path: PathBuf,
    /// What it is called in tables: its file name, or its path where several have that name.
    pub(crate) label: String,
}

impl Input {
    /// Its path, for messages.
    pub(crate) fn name(&self) -> String {
        shown(&self.path)
    }

    /// Its file name without the ending: what its results are named after.
    pub(crate) fn stem(&self) -> String {
        self.path.file_stem().map_or_else(|| "picture".to_owned(), |stem| stem.to_string_lossy().into_owned())
    }

    /// Opens the picture.
    pub(crate) fn open(&self) -> Result<Picture, Failure> {
        let bytes = read_bounded(&self.path, MAX_BYTES)?;
        picture::open(&bytes).map_err(|error| Failure::in_file(&self.path, error))
    }
}

/// The pictures that the words name, each once, in order; a word that names none is reported as a failed input.
pub(crate) fn find(words: &[PathBuf], session: &Session) -> Vec<Input> {
    let mut paths = Vec::new();
    let mut seen = HashSet::new();
    for word in words {
        match expand(word) {
            Ok(found) => paths.extend(found.into_iter().filter(|path| {
                let same = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                seen.insert(same)
            })),
            Err(failure) => session.failed(&shown(word), &failure),
        }
    }
    with_labels(paths)
}

fn expand(word: &Path) -> Result<Vec<PathBuf>, Failure> {
    if word.is_dir() {
        return pictures_in(word);
    }
    let pattern = word.to_string_lossy();
    match std::fs::metadata(word) {
        Ok(_) => return Ok(vec![word.to_owned()]),
        Err(error) if !pattern.contains(['*', '?', '[']) => {
            return Err(Failure::in_file(word, readable(&error)));
        }
        Err(_) => {}
    }
    let matches = glob::glob(&pattern).map_err(|error| Failure::in_file(word, error))?;
    let mut paths = Vec::new();
    for path in matches.flatten() {
        if path.is_dir() {
            paths.extend(pictures_in(&path).unwrap_or_default());
        } else {
            paths.push(path);
        }
    }
    if paths.is_empty() { Err(Failure::in_file(word, "matches no file")) } else { Ok(paths) }
}

/// The pictures of a folder, by name; neither hidden ones nor those of its subfolders.
fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::in_file(folder, readable(&error)))?;
    let is_picture = |path: &PathBuf| {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.is_file() && picture::has_picture_name(path)
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_picture).collect();
    paths.sort();
    if paths.is_empty() {
        let reason = "no pictures in this folder (.png, .jpg, .jpeg or .webp; subfolders are not searched)";
        return Err(Failure::in_file(folder, reason));
    }
    Ok(paths)
}

fn with_labels(paths: Vec<PathBuf>) -> Vec<Input> {
    let file_name = |path: &Path| path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)));
    let mut times: HashMap<String, usize> = HashMap::new();
    for path in &paths {
        *times.entry(file_name(path)).or_default() += 1;
    }
    let label = |path: &Path| {
        let name = file_name(path);
        if times[&name] > 1 { shown(path) } else { name }
    };
    paths.into_iter().map(|path| Input { label: label(&path), path }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_file_names_are_told_apart_by_their_folders() {
        let inputs = with_labels(["a/cat.png", "b/cat.png", "b/dog.png"].map(PathBuf::from).to_vec());
        let labels: Vec<&str> = inputs.iter().map(|input| input.label.as_str()).collect();
        assert_eq!(labels, ["a/cat.png", "b/cat.png", "dog.png"]);
    }
}
