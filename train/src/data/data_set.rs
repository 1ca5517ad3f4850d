//! A list of where pictures are, and of which class.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use image::RgbImage;
use rayon::prelude::*;

use super::{
    DataError, Skipped, braces,
    classes::{MOST, classes_of},
    crop,
    shard::{self, member_path},
};

/// Largest file of a picture that is read, in bytes.
const MOST_BYTES: u64 = 1 << 28;

/// Where one picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Member { shard: usize, name: Box<str>, offset: u64, size: u64 },
}

/// The pictures of a folder or of tar shards, none of them in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    path: PathBuf,
    shards: Vec<PathBuf>,
    places: Vec<Place>,
    /// Class of every picture, where it has one.
    classes: Vec<Option<u16>>,
    class_names: Vec<String>,
    skipped: Vec<Skipped>,
}

impl DataSet {
    /// Lists the pictures at `path`:
    ///
    /// - a folder: the files in it and in its sub-folders. The sub-folders directly in it are classes, in the order of their
    ///   names;
    /// - a `.tar` shard, a folder with such shards, or a pattern of names such as `shards-{000..012}.tar`, with labels in
    ///   members `.cls`.
    ///
    /// Hidden files and folders are left out.
    ///
    /// # Errors
    /// [`DataError`] when something cannot be read, or there are no pictures.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let format = |reason: String| DataError::Format { path: path.to_owned(), reason };
        let pattern = path.to_str().filter(|text| text.contains('{') && !path.exists());
        let found = if let Some(pattern) = pattern {
            Self::of_shards(
                path,
                braces::expand(pattern).map_err(format)?.into_iter().map(PathBuf::from).collect(),
            )?
        } else if path.is_dir() {
            let direct = entries(path)?;
            let shards: Vec<PathBuf> =
                direct.into_iter().filter(|path| path.is_file() && is_shard(path)).collect();
            if shards.is_empty() { Self::of_folder(path)? } else { Self::of_shards(path, shards)? }
        } else if is_shard(path) || !path.exists() {
            Self::of_shards(path, vec![path.to_owned()])?
        } else {
            let reason =
                "neither a folder of pictures nor a .tar shard (compressed shards have to be unpacked first)";
            return Err(format(reason.to_owned()));
        };
        if found.is_empty() {
            return Err(DataError::Empty { path: path.to_owned(), skipped: found.skipped.len() });
        }
        Ok(found)
    }

    fn of_folder(path: &Path) -> Result<Self, DataError> {
        let (mut places, mut labels, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut take = |files: Vec<PathBuf>, label: Option<&String>| {
            for path in files {
                if is_picture(&path) {
                    places.push(Place::File(path));
                    labels.push(label.cloned());
                } else {
                    let reason = "its name does not end in .jpg, .jpeg, .png or .webp".to_owned();
                    skipped.push(Skipped { path, reason });
                }
            }
        };
        for entry in entries(path)? {
            if entry.is_dir() {
                let label = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let mut files = Vec::new();
                list_files(&entry, &mut files)?;
                take(files, Some(&label));
            } else if entry.is_file() {
                take(vec![entry], None);
            }
        }
        // Folders are always names, even where they are called 0, 1, 2.
        let mut names: Vec<String> = labels.iter().flatten().cloned().collect();
        names.dedup();
        if names.len() > MOST {
            return Err(too_many(path, names.len()));
        }
        let numbers: BTreeMap<&String, u16> = names.iter().zip(0..).collect();
        let classes = labels.iter().map(|label| numbers.get(label.as_ref()?).copied()).collect();
        Ok(Self { path: path.to_owned(), shards: vec![], places, classes, class_names: names, skipped })
    }

    fn of_shards(path: &Path, shards: Vec<PathBuf>) -> Result<Self, DataError> {
        let (mut places, mut labels, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for (shard, path) in shards.iter().enumerate() {
            let (samples, unusable) = shard::list(path)?;
            skipped.extend(unusable);
            for shard::Sample { name, offset, size, label } in samples {
                places.push(Place::Member { shard, name, offset, size });
                labels.push(label);
            }
        }
        let (class_names, classes) = classes_of(&labels).map_err(|count| too_many(path, count))?;
        Ok(Self { path: path.to_owned(), shards, places, classes, class_names, skipped })
    }

    /// Where it was found.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Names of the classes; none where there are no labels.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of a picture, if it has one.
    #[must_use]
    pub fn class(&self, index: usize) -> Option<u16> {
        self.classes.get(index).copied().flatten()
    }

    /// What was found beside pictures. More may turn out to be unusable when it is read.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The same with a class for every picture: pictures without one are skipped; where there are no labels at all, all
    /// pictures are of one class that is called like the folder or shard.
    #[must_use]
    pub fn labeled(mut self) -> Self {
        if self.class_names.is_empty() {
            let name = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            self.class_names = vec![name];
            self.classes.fill(Some(0));
            return self;
        }
        let without = |index: &usize| self.classes[*index].is_none();
        let unlabeled: Vec<Skipped> = (0..self.len())
            .filter(without)
            .map(|index| Skipped { path: self.name(index), reason: "it has no class".to_owned() })
            .collect();
        self.skipped.extend(unlabeled);
        let mut classes = self.classes.iter();
        self.places.retain(|_| classes.next().is_some_and(Option::is_some));
        self.classes.retain(Option::is_some);
        self
    }

    /// How a picture is called.
    #[must_use]
    pub fn name(&self, index: usize) -> PathBuf {
        match &self.places[index] {
            Place::File(path) => path.clone(),
            Place::Member { shard, name, .. } => member_path(&self.shards[*shard], name),
        }
    }

    /// Reads and decodes a picture.
    ///
    /// # Errors
    /// Why it cannot be used, in a few words.
    pub fn read(&self, index: usize) -> Result<RgbImage, String> {
        let bytes = self.bytes(&self.places[index])?;
        Ok(ibq_core::picture::open(&bytes).map_err(|error| error.to_string())?.rgb)
    }

    fn bytes(&self, place: &Place) -> Result<Vec<u8>, String> {
        let text = |error: std::io::Error| error.to_string();
        let (mut file, size) = match place {
            Place::File(path) => {
                let file = File::open(path).map_err(text)?;
                let size = file.metadata().map_err(text)?.len();
                (file, size)
            }
            Place::Member { shard, offset, size, .. } => {
                let mut file = File::open(&self.shards[*shard]).map_err(text)?;
                file.seek(SeekFrom::Start(*offset)).map_err(text)?;
                (file, *size)
            }
        };
        if size > MOST_BYTES {
            return Err(format!("{size} bytes are more than the {MOST_BYTES} that are read"));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes).map_err(text)?;
        Ok(bytes)
    }

    /// The middle squares of the pictures in a range, scaled to `side`, in their order.
    ///
    /// # Panics
    /// When the range goes beyond the last picture.
    #[must_use]
    pub fn squares(&self, range: std::ops::Range<usize>, side: usize) -> Vec<Result<RgbImage, Skipped>> {
        let square = |index: usize| {
            let square = self.read(index).and_then(|picture| crop::middle(&picture, side));
            square.map_err(|reason| Skipped { path: self.name(index), reason })
        };
        range.into_par_iter().map(square).collect()
    }
}

fn too_many(path: &Path, count: usize) -> DataError {
    DataError::Format {
        path: path.to_owned(),
        reason: format!("{count} classes; at most {MOST} are possible"),
    }
}

/// Whether a file is called like a picture.
pub(super) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["jpg", "jpeg", "png", "webp"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn is_shard(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// What a folder holds, sorted by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let io = |source| DataError::Io { path: folder.to_owned(), source };
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
fn list_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for path in entries(folder)? {
        if path.is_dir() && !path.is_symlink() {
            list_files(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "data_set_tests.rs"]
mod tests;
