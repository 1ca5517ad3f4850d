//! A list of where pictures are, and of which class.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    braces,
    classes::{MAX_CLASSES, classes_of},
    error::{DataSetError, Skipped},
    file_names::{is_shard, member_path},
    folder::{entries, list_files},
    read_ahead::{ReadAhead, ReadAheadError},
    shard,
};
use crate::{
    job::Job,
    picture::{self, has_picture_name},
};

/// Largest file of a picture that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 28;

/// Where one picture is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Location {
    File(PathBuf),
    Member { shard: usize, name: Box<str>, offset: u64, size: u64 },
}

/// The pictures of a folder or of tar shards, none of them in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    path: PathBuf,
    shards: Vec<PathBuf>,
    locations: Vec<Location>,
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
    /// [`DataSetError`] when something cannot be read, or there are no pictures.
    pub fn open(path: &Path) -> Result<Self, DataSetError> {
        let format = |reason: String| DataSetError::Format { path: path.to_owned(), reason };
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
            return Err(DataSetError::Empty { path: path.to_owned(), skipped: found.skipped.len() });
        }
        Ok(found)
    }

    fn of_folder(path: &Path) -> Result<Self, DataSetError> {
        let (mut locations, mut labels, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        let mut take = |files: Vec<PathBuf>, label: Option<&String>| {
            for path in files {
                if has_picture_name(&path) {
                    locations.push(Location::File(path));
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
        if names.len() > MAX_CLASSES {
            return Err(too_many(path, names.len()));
        }
        let numbers: BTreeMap<&String, u16> = names.iter().zip(0..).collect();
        let classes = labels.iter().map(|label| numbers.get(label.as_ref()?).copied()).collect();
        Ok(Self { path: path.to_owned(), shards: vec![], locations, classes, class_names: names, skipped })
    }

    fn of_shards(path: &Path, shards: Vec<PathBuf>) -> Result<Self, DataSetError> {
        let (mut locations, mut labels, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for (shard, path) in shards.iter().enumerate() {
            let (samples, unusable) = shard::list(path)?;
            skipped.extend(unusable);
            for shard::Sample { name, offset, size, label } in samples {
                locations.push(Location::Member { shard, name, offset, size });
                labels.push(label);
            }
        }
        let (class_names, classes) = classes_of(&labels).map_err(|count| too_many(path, count))?;
        Ok(Self { path: path.to_owned(), shards, locations, classes, class_names, skipped })
    }

    /// Where it was found.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locations.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locations.is_empty()
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
    /// pictures are of one class, named after the folder or shard.
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
        self.locations.retain(|_| classes.next().is_some_and(Option::is_some));
        self.classes.retain(Option::is_some);
        self
    }

    /// The path of a picture, for messages; of a member of a shard that of the shard with the member behind it.
    #[must_use]
    pub fn name(&self, index: usize) -> PathBuf {
        match &self.locations[index] {
            Location::File(path) => path.clone(),
            Location::Member { shard, name, .. } => member_path(&self.shards[*shard], name),
        }
    }

    /// Reads and decodes a picture.
    ///
    /// # Errors
    /// [`Skipped`] with the reason why it cannot be used.
    ///
    /// # Panics
    /// When there is no picture of this index.
    pub fn read(&self, index: usize) -> Result<picture::Picture, Skipped> {
        let skip = |reason: String| Skipped { path: self.name(index), reason };
        let bytes = self.read_bytes(&self.locations[index]).map_err(|error| skip(error.to_string()))?;
        let picture = picture::open(&bytes).map_err(|error| skip(error.to_string()))?;
        if picture.cut_short { Err(skip("the file is cut short".to_owned())) } else { Ok(picture) }
    }

    fn read_bytes(&self, location: &Location) -> io::Result<Vec<u8>> {
        let (mut file, size) = match location {
            Location::File(path) => {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                (file, size)
            }
            Location::Member { shard, offset, size, .. } => {
                let mut file = File::open(&self.shards[*shard])?;
                file.seek(SeekFrom::Start(*offset))?;
                (file, *size)
            }
        };
        if size > MAX_FILE_BYTES {
            let reason = format!("{size} bytes are more than the {MAX_FILE_BYTES} that are read");
            return Err(io::Error::other(reason));
        }
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the pictures of a range in their order. Threads, at least one, decode the next ones meanwhile; each holds three
    /// pictures at most. `job` ends the waiting for a picture when it is cancelled.
    #[must_use]
    pub fn read_ahead(self: Arc<Self>, indices: Range<usize>, threads: usize, job: &Job) -> PictureReader {
        let indices = indices.start.min(self.len()) as u64..indices.end.min(self.len()) as u64;
        let set = Arc::clone(&self);
        let pictures = ReadAhead::new(indices.clone(), threads, move |index| set.read(index as usize));
        PictureReader { set: self, pictures, end: indices.end, job: job.clone() }
    }
}

/// The pictures of a range, each with its index, in their order. Ends early when its job is cancelled.
#[derive(Debug)]
pub struct PictureReader {
    set: Arc<DataSet>,
    pictures: ReadAhead<Result<picture::Picture, Skipped>>,
    end: u64,
    job: Job,
}

impl Iterator for PictureReader {
    type Item = (usize, Result<picture::Picture, Skipped>);

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.pictures.position();
        if index >= self.end {
            return None;
        }
        let index = index as usize;
        match self.pictures.next(|| self.job.is_cancelled()) {
            Ok(picture) => Some((index, picture)),
            Err(ReadAheadError::Stopped) => None,
            Err(ReadAheadError::Ended) => {
                let reason = "the thread that read it ended".to_owned();
                Some((index, Err(Skipped { path: self.set.name(index), reason })))
            }
        }
    }
}

fn too_many(path: &Path, count: usize) -> DataSetError {
    DataSetError::Format {
        path: path.to_owned(),
        reason: format!("{count} classes; at most {MAX_CLASSES} are possible"),
    }
}
