//! A zip archive, read by position.

use std::collections::HashMap;

use crate::formats::zip::{
    LOCAL_HEADER, TAIL, ZIP64_RECORD, ZipEntry, local_header_size, parse_directory, parse_end,
    parse_zip64_record,
};

use super::{Source, SourceError, WeightsError};

/// Longest directory that is read, in bytes.
const LONGEST_DIRECTORY: u64 = 32 << 20;

/// The directory of an archive.
#[derive(Debug)]
pub(super) struct Archive {
    entries: HashMap<String, ZipEntry>,
}

impl Archive {
    /// Reads the directory at the end of the file.
    pub(super) async fn open(source: &Source) -> Result<Self, WeightsError> {
        let broken = |reason: &str| WeightsError::Broken {
            name: source.name().to_owned(),
            reason: format!("zip archive: {reason}"),
        };
        let tail_len = source.len().min(TAIL);
        let tail_start = source.len() - tail_len;
        let tail = source.read_at(tail_start, tail_len as usize).await?;
        let end = parse_end(&tail).ok_or_else(|| {
            broken("has no directory at its end, so the file is cut off: download or copy it again")
        })?;
        let directory = match end.zip64 {
            None => end.directory,
            Some(at) => parse_zip64_record(&source.read_at(at, ZIP64_RECORD).await?)
                .ok_or_else(|| broken("its zip64 record is not where it should be"))?,
        };
        let (start, size, before_end) = (directory.start, directory.size, tail_start + end.at as u64);
        if size > LONGEST_DIRECTORY || start.checked_add(size).is_none_or(|after| after > before_end) {
            return Err(broken("its directory is too long or lies outside of the file"));
        }
        let bytes = source.read_at(start, size as usize).await?;
        let entries = parse_directory(&bytes, directory.entries, start).map_err(|reason| broken(&reason))?;
        Ok(Self { entries })
    }

    /// The entry of this name.
    pub(super) fn get(&self, name: &str) -> Option<ZipEntry> {
        self.entries.get(name).copied()
    }

    /// All names, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

/// Byte at which the content of an entry begins: behind its local header.
pub(super) async fn content_start(source: &Source, header: u64, len: u64) -> Result<u64, SourceError> {
    let local = source.read_at(header, LOCAL_HEADER as usize).await?;
    let start = local_header_size(&local).map(|size| header + size);
    start.filter(|start| start.saturating_add(len) <= source.len()).ok_or_else(|| {
        let reason = format!("zip archive: no entry of {len} bytes begins at byte {header}");
        SourceError::Unreadable { name: source.name().to_owned(), reason }
    })
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write};

    use pollster::block_on;

    use super::*;
    use crate::formats::zip::ZipWriter;

    /// A file of one test, removed at its end.
    struct Temporary(std::path::PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn what_the_writer_wrote_is_found_and_aligned() {
        let mut writer = ZipWriter::new(Vec::new());
        writer.add("a", b"first", Some(64)).unwrap();
        writer.add("folder/b", b"", None).unwrap();
        writer.add("folder/c", b"third", Some(64)).unwrap();
        let bytes = writer.finish().unwrap();
        let source = Source::memory("an archive", bytes.clone());
        let archive = block_on(Archive::open(&source)).unwrap();
        for (name, content) in [("a", &b"first"[..]), ("folder/b", b""), ("folder/c", b"third")] {
            let entry = archive.get(name).unwrap();
            assert!(entry.plain && entry.len == content.len() as u64);
            let start = block_on(content_start(&source, entry.header, entry.len)).unwrap();
            assert_eq!(&bytes[start as usize..][..content.len()], content);
            assert!(start.is_multiple_of(64) || name == "folder/b");
        }
        assert_eq!(archive.names().count(), 3);
    }

    #[test]
    fn entries_beyond_4_gib_are_found() {
        let path = std::env::temp_dir().join(format!("ibq-archive-large-{}.zip", std::process::id()));
        let file = Temporary(path);
        let mut writer = ZipWriter::new(File::create(&file.0).unwrap());
        writer.add("near", b"1", Some(64)).unwrap();
        // A hole that takes no room on the disk.
        writer.skip_to(5 << 30).unwrap();
        writer.add("far", b"23", Some(64)).unwrap();
        writer.finish().unwrap().flush().unwrap();
        let source = Source::file(&file.0).unwrap();
        let far = block_on(Archive::open(&source)).unwrap().get("far").unwrap();
        assert!(far.header >= 5 << 30);
        let start = block_on(content_start(&source, far.header, far.len)).unwrap();
        assert_eq!(block_on(source.read_at(start, 2)).unwrap(), b"23");
    }
}
