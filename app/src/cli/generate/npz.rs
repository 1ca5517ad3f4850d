//! A NumPy archive (`.npz`) that grows picture by picture: a zip file whose entries are stored as they are.
//!
//! `ibq.json` holds the settings, `arr_0` the pictures (uint8, `[N, height, width, 3]`), `arr_1` the class of each (int64, `[N]`).
//! Until it is whole the file is called `NAME.partial`. Everything before the pictures follows from the settings alone: when a
//! partial file begins with the same bytes, its whole pictures are kept. Nothing is held in memory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use ibq_core::{
    files::{follow_links, rename_durably, try_lock},
    formats::{
        npy::NpyHeader,
        zip::{StoredEntry, encode_directory},
    },
};

use super::super::{
    failure::Failure,
    paths::{readable, shown},
};

/// Bytes that are read at once for the checksum of a file that is gone on with.
const CHUNK: usize = 1 << 20;

/// A sample file that is being written.
#[derive(Debug)]
pub(super) struct SampleFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    settings: StoredEntry,
    samples: StoredEntry,
    picture_bytes: u64,
    /// Where the pictures begin.
    start: u64,
    done: u64,
    checksum: crc32fast::Hasher,
}

impl SampleFile {
    /// Begins a file, or goes on with one that was interrupted.
    ///
    /// # Errors
    /// [`Failure`]: a partial file of other settings (unless it may be replaced), or the place cannot be written to.
    pub(super) fn open(
        path: &Path,
        settings: &[u8],
        pictures: u64,
        side: u32,
        overwrite: bool,
    ) -> Result<Self, Failure> {
        let path = &follow_links(path).map_err(|error| Failure::in_file(path, readable(&error)))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let picture_bytes = 3 * u64::from(side) * u64::from(side);
        let header = NpyHeader::encode("|u1", &[pictures, side.into(), side.into(), 3]);
        let settings_entry = StoredEntry {
            name: "ibq.json".to_owned(),
            checksum: crc32fast::hash(settings),
            size: settings.len() as u64,
            offset: 0,
        };
        let mut begin = settings_entry.local_header(None);
        begin.extend_from_slice(settings);
        let size = header.len() as u64 + pictures * picture_bytes;
        // The checksum follows when all pictures are there.
        let samples =
            StoredEntry { name: "arr_0.npy".to_owned(), checksum: 0, size, offset: begin.len() as u64 };
        begin.extend(samples.local_header(None));
        begin.extend_from_slice(&header);

        let fail = |error: io::Error| Failure::in_file(&partial, readable(&error));
        let mut file = open_partial(&partial).map_err(fail)?;
        let len = file.metadata().map_err(fail)?.len();
        let start = begin.len() as u64;
        let known = &begin[..begin.len().min(len as usize)];
        let ours = starts_with(&mut file, known, samples.checksum_offset()).map_err(fail)?;
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&header);
        let mut done = 0;
        if ours && len >= start {
            done = ((len - start) / picture_bytes).min(pictures);
        } else if len > 0 && !ours && !overwrite {
            let reason = "was begun with other settings; remove it, or --overwrite it";
            return Err(Failure::in_file(&partial, reason));
        }
        let end = start + done * picture_bytes;
        file.set_len(end.min(len)).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        file.write_all(&begin).map_err(fail)?;
        hash(&mut file, &mut checksum).map_err(fail)?;
        let path = path.to_owned();
        Ok(Self {
            path,
            partial,
            file,
            settings: settings_entry,
            samples,
            picture_bytes,
            start,
            done,
            checksum,
        })
    }

    /// Pictures in the file.
    pub(super) fn pictures(&self) -> u64 {
        self.done
    }

    /// Appends a picture: its bytes row by row, RGB.
    ///
    /// # Errors
    /// [`Failure`]: the disk is full, or the picture has another size.
    pub(super) fn append(&mut self, picture: &[u8]) -> Result<(), Failure> {
        if picture.len() as u64 != self.picture_bytes {
            return Err(Failure::in_file(&self.path, "a picture has another size than the others"));
        }
        let fail = |error: io::Error| Failure::in_file(&self.partial, readable(&error));
        self.file.write_all(picture).map_err(fail)?;
        self.checksum.update(picture);
        self.done += 1;
        Ok(())
    }

    /// Completes the archive with the class of every picture and gives it its name. Returns its size in bytes.
    ///
    /// # Errors
    /// [`Failure`]: the disk is full.
    pub(super) fn finish(mut self, classes: &[i64]) -> Result<u64, Failure> {
        let partial = self.partial.clone();
        let fail = |error: io::Error| Failure::in_file(&partial, readable(&error));
        let mut content = NpyHeader::encode("<i8", &[classes.len() as u64]);
        content.extend(classes.iter().flat_map(|class| class.to_le_bytes()));
        let labels = StoredEntry {
            name: "arr_1.npy".to_owned(),
            checksum: crc32fast::hash(&content),
            size: content.len() as u64,
            offset: self.start + self.done * self.picture_bytes,
        };
        let mut end = labels.local_header(None);
        end.extend_from_slice(&content);
        self.samples.checksum = self.checksum.clone().finalize();
        let directory = labels.offset + end.len() as u64;
        end.extend(encode_directory(
            &[self.settings.clone(), self.samples.clone(), labels.clone()],
            directory,
        ));
        self.file.write_all(&end).map_err(fail)?;
        self.file.seek(SeekFrom::Start(self.samples.checksum_offset())).map_err(fail)?;
        self.file.write_all(&self.samples.checksum.to_le_bytes()).map_err(fail)?;
        rename_durably(&self.file, &self.partial, &self.path)
            .map_err(|error| Failure::Failed(format!("{}: {}", shown(&self.path), readable(&error))))?;
        Ok(labels.offset + end.len() as u64)
    }
}

/// Opens a partial file and locks it. A link of its name is refused: in a folder that others can write to, it may lead to a
/// file of theirs, or of the user's.
fn open_partial(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if !fs::symlink_metadata(path)?.is_file() {
                return Err(io::Error::other("is a link or no file; remove it"));
            }
            options.open(path)?
        }
        opened => opened?,
    };
    if try_lock(&file)? { Ok(file) } else { Err(io::Error::other("another process is writing it")) }
}

/// Whether a file begins with these bytes, but for the four of a checksum.
fn starts_with(file: &mut File, begin: &[u8], checksum_at: u64) -> io::Result<bool> {
    let mut found = vec![0; begin.len()];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut found)?;
    let checksum = checksum_at..checksum_at + 4;
    let same = |(at, (a, b)): (usize, (&u8, &u8))| a == b || checksum.contains(&(at as u64));
    Ok(found.iter().zip(begin).enumerate().all(same))
}

/// Adds the rest of a file to a checksum.
fn hash(file: &mut File, checksum: &mut crc32fast::Hasher) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(()),
            read => checksum.update(&chunk[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: u32 = 4;

    struct SampleFolder(PathBuf);

    impl SampleFolder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("ibq-npz-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn open(&self, settings: &[u8], overwrite: bool) -> Result<SampleFile, Failure> {
            SampleFile::open(&self.0.join("s.npz"), settings, 5, SIDE, overwrite)
        }
    }

    impl Drop for SampleFolder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn picture(index: u8) -> Vec<u8> {
        (0..48).map(|byte| byte * 5 + index).collect()
    }

    fn whole(folder: &SampleFolder) -> Vec<u8> {
        let mut file = folder.open(b"{}", false).unwrap();
        for index in file.pictures()..5 {
            file.append(&picture(index as u8)).unwrap();
        }
        let size = file.finish(&[3, 3, 7, 7, 7]).unwrap();
        let bytes = fs::read(folder.0.join("s.npz")).unwrap();
        assert_eq!(bytes.len() as u64, size);
        bytes
    }

    #[test]
    fn an_interrupted_file_is_gone_on_with_and_comes_out_the_same() {
        let folder = SampleFolder::new("resume");
        let straight = whole(&folder);
        for cut in [0, 1, 40, 300] {
            fs::remove_file(folder.0.join("s.npz")).unwrap();
            let mut file = folder.open(b"{}", false).unwrap();
            for index in 0..3 {
                file.append(&picture(index)).unwrap();
            }
            drop(file);
            // As if killed in the middle of a write.
            let partial = folder.0.join("s.npz.partial");
            let len = fs::metadata(&partial).unwrap().len();
            OpenOptions::new().write(true).open(&partial).unwrap().set_len(len - cut).unwrap();
            let pictures = folder.open(b"{}", false).unwrap().pictures();
            assert_eq!(pictures, if cut == 0 { 3 } else { 3_u64.saturating_sub(cut.div_ceil(48)) });
            assert!(whole(&folder) == straight, "cut by {cut}");
            assert!(!partial.exists());
        }
    }

    #[test]
    fn a_file_of_other_settings_is_left_alone() {
        let folder = SampleFolder::new("other");
        folder.open(b"{}", false).unwrap().append(&picture(0)).unwrap();
        let error = folder.open(b"{\"seed\":1}", false).unwrap_err().to_string();
        assert!(error.contains("s.npz.partial") && error.contains("other settings"), "{error}");
        assert_eq!(folder.open(b"{}", false).unwrap().pictures(), 1);
        assert_eq!(folder.open(b"{\"seed\":1}", true).unwrap().pictures(), 0);
        assert!(folder.open(b"{}", true).unwrap().append(&[0; 47]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_partial_file_that_is_a_link_or_that_another_process_writes_is_refused() {
        let folder = SampleFolder::new("foreign");
        let victim = folder.0.join("victim");
        fs::write(&victim, "precious").unwrap();
        let partial = folder.0.join("s.npz.partial");
        std::os::unix::fs::symlink(&victim, &partial).unwrap();
        let error = folder.open(b"{}", true).unwrap_err().to_string();
        assert!(error.contains("link"), "{error}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_file(&partial).unwrap();
        let _writer = folder.open(b"{}", false).unwrap();
        let error = folder.open(b"{}", true).unwrap_err().to_string();
        assert!(error.contains("another process"), "{error}");
    }

    #[test]
    fn every_entry_is_where_the_directory_says_and_has_its_checksum() {
        let folder = SampleFolder::new("directory");
        let bytes = whole(&folder);
        let number = |at: usize, size: usize| {
            let mut word = [0; 8];
            word[..size].copy_from_slice(&bytes[at..at + size]);
            u64::from_le_bytes(word) as usize
        };
        let locator = bytes.len() - 22 - 20;
        assert_eq!(&bytes[locator..locator + 4], b"PK\x06\x07");
        let end = number(locator + 8, 8);
        assert_eq!(&bytes[end..end + 4], b"PK\x06\x06");
        let mut at = number(end + 48, 8);
        let mut names = Vec::new();
        for _ in 0..number(end + 32, 8) {
            assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
            let name_len = number(at + 28, 2);
            let name = String::from_utf8(bytes[at + 46..at + 46 + name_len].to_vec()).unwrap();
            let extra = at + 46 + name_len;
            let (size, offset) = (number(extra + 4, 8), number(extra + 20, 8));
            assert_eq!(&bytes[offset..offset + 4], b"PK\x03\x04");
            let start = offset + 30 + number(offset + 26, 2) + number(offset + 28, 2);
            let content = &bytes[start..start + size];
            let checksum = crc32fast::hash(content) as usize;
            assert_eq!((number(at + 16, 4), number(offset + 14, 4)), (checksum, checksum), "{name}");
            if name == "arr_0.npy" {
                assert!(content.ends_with(&picture(4)) && content.len() == 128 + 5 * 48);
            }
            names.push(name);
            at = extra + 28;
        }
        assert_eq!(names, ["ibq.json", "arr_0.npy", "arr_1.npy"]);
        assert_eq!(at, end);
    }
}
