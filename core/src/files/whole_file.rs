//! Files that appear whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::partial::{create_file, folder_of, follow_links, sync_folder};

/// Bytes that are collected before they go to the disk.
const BUFFER: usize = 1 << 18;

/// Writes a file: beside its place under a hidden name first, and to its place when it is complete on disk. What was there
/// is replaced then, and stays when anything fails.
///
/// # Errors
/// Those of `write` and of the file system.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut WholeFile) -> io::Result<()>) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    write(&mut file)?;
    file.finish()
}

/// Writes a file as [`write_whole`] does, readable by its owner alone where the system has such permissions.
///
/// # Errors
/// Those of `write` and of the file system.
pub fn write_whole_private(
    path: &Path,
    write: impl FnOnce(&mut WholeFile) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = WholeFile::begin(path, true)?;
    write(&mut file)?;
    file.finish()
}

/// A file that has its name only once it is finished. Dropped before that, it leaves nothing behind.
///
/// Content and name are on disk when it is finished. A link is followed, also to a file that does not exist yet, so that the
/// file behind it is written and not the link replaced. A replaced file passes on its permissions. Devices and pipes cannot be
/// replaced: they are written to directly.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    partial: Option<PathBuf>,
    out: BufWriter<File>,
}

impl WholeFile {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::begin(path, false)
    }

    fn begin(path: &Path, private: bool) -> io::Result<Self> {
        let path = follow_links(path)?;
        let before = fs::metadata(&path).ok();
        let is_special = before.as_ref().is_some_and(|data| !data.is_file() && !data.is_dir());
        let (partial, file) = if is_special {
            (None, OpenOptions::new().write(true).open(&path)?)
        } else {
            let (partial, file) = create_file(&path, private)?;
            (Some(partial), file)
        };
        let whole = Self { path, partial, out: BufWriter::with_capacity(BUFFER, file) };
        #[cfg(unix)]
        if let Some(before) = before.filter(|data| data.is_file() && !private) {
            whole.out.get_ref().set_permissions(before.permissions())?;
        }
        Ok(whole)
    }

    /// Gives it its name once everything is on disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        if let Some(partial) = &self.partial {
            self.out.get_ref().sync_all()?;
            fs::rename(partial, &self.path)?;
            self.partial = None;
            sync_folder(folder_of(&self.path))?;
        }
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // A file that cannot be removed is hidden and does no harm; the error that led here is the one to report.
            let _ = fs::remove_file(partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("ibq-whole-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        fn entries(&self) -> usize {
            fs::read_dir(&self.0).expect("a folder").count()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing_behind() {
        let folder = Folder::new("unfinished");
        let path = folder.0.join("a.txt");
        let failed = write_whole(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(folder.entries(), 0);
    }

    #[test]
    fn a_file_is_replaced_only_by_a_whole_one() {
        let folder = Folder::new("replaced");
        let path = folder.0.join("a.txt");
        for content in ["whole", "again"] {
            write_whole(&path, |file| file.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        let _ = write_whole(&path, |_| Err(io::Error::other("no more")));
        assert_eq!(fs::read_to_string(&path).unwrap(), "again");
        assert_eq!(folder.entries(), 1);
    }

    #[test]
    fn a_name_may_be_as_long_as_the_file_system_allows() {
        let folder = Folder::new("long-names");
        for name in ["n".repeat(255), format!("{}n", "ü".repeat(127))] {
            let path = folder.0.join(&name);
            write_whole(&path, |file| file.write_all(b"whole")).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        }
        assert_eq!(folder.entries(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn behind_a_link_the_file_is_replaced_and_a_device_is_written_to() {
        let folder = Folder::new("link");
        let (target, link) = (folder.0.join("target"), folder.0.join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_whole(&link, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        write_whole(Path::new("/dev/null"), |file| file.write_all(b"gone")).unwrap();
        // A link to nothing yet is treated alike.
        fs::remove_file(&target).unwrap();
        write_whole(&link, |file| file.write_all(b"first")).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "first");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_the_owners_alone_and_a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("permissions");
        let path = folder.0.join("a.txt");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        fs::write(&path, "everybody's").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_whole_private(&path, |file| file.write_all(b"mine")).unwrap();
        assert_eq!(mode(), 0o600);
        write_whole(&path, |file| file.write_all(b"still mine")).unwrap();
        assert_eq!(mode(), 0o600);
    }
}
