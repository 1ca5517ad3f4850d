//! Tar shards as WebDataset writes them: neighbors whose names are equal up to the first dot of the file name are one
//! sample, with a picture (a name that [`has_picture_name`]) and perhaps a label (`.cls`).
//!
//! A shard is read once from header to header, without its pictures: what is kept is where each picture lies. Names are those
//! of ustar, of GNU tar's long names, and of pax records.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use tar::{Archive, Entry, PaxExtensions};

use crate::picture::has_picture_name;

use super::{
    error::{DataSetError, Skipped},
    file_names::member_path,
};

/// Most bytes of a long name or of pax records before a member.
const MOST_NAME: u64 = 1 << 16;
/// Most bytes of a label.
const MOST_LABEL: u64 = 256;

/// A picture within a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Name of the member.
    pub(super) name: Box<str>,
    /// Where its bytes begin, and how many there are.
    pub(super) offset: u64,
    pub(super) size: u64,
    /// The label as it is written.
    pub(super) label: Option<String>,
}

/// What a shard holds, and what of it cannot be used: a shard that is broken somewhere is good up to there.
///
/// # Errors
/// [`DataSetError::Io`] when it cannot be opened, [`DataSetError::Format`] when its very beginning is no tar archive.
pub(super) fn list(path: &Path) -> Result<(Vec<Sample>, Vec<Skipped>), DataSetError> {
    let io = |source| DataSetError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut samples = Samples { shard: path, length, current: None, found: vec![], skipped: vec![] };
    let mut archive = Archive::new(file);
    let mut next_name = None;
    let mut members = 0usize;
    for entry in archive.entries_with_seek().map_err(io)?.raw(true) {
        let read = entry.and_then(|mut entry| {
            let special = extended_name(&mut entry)?;
            if let Some(name) = special {
                next_name = name.or(next_name.take());
                return Ok(());
            }
            let name = next_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
            if entry.header().entry_type().is_file() {
                samples.member(&name, &mut entry)?;
            }
            Ok(())
        });
        match read {
            Ok(()) => members += 1,
            Err(error) if members == 0 => {
                let reason = format!("not a tar archive that is read here ({error})");
                return Err(DataSetError::Format { path: path.to_owned(), reason });
            }
            Err(error) => {
                let reason = format!("broken after {members} members, which are used: {error}");
                samples.skipped.push(Skipped { path: path.to_owned(), reason });
                // A sample that the break left without its picture is reported with it.
                samples.current.take_if(|open| open.picture.is_none());
                break;
            }
        }
    }
    samples.finish_sample();
    Ok((samples.found, samples.skipped))
}

/// The name that a member of a special type gives to the next one: `Some(None)` when it is special and gives none, `None` when
/// the member is an ordinary one.
fn extended_name(entry: &mut Entry<'_, impl Read>) -> io::Result<Option<Option<Vec<u8>>>> {
    let kind = entry.header().entry_type();
    if kind.is_gnu_sparse() {
        return Err(io::Error::other("sparse members are not read"));
    }
    let long = kind.is_gnu_longname();
    let local = kind.is_pax_local_extensions();
    if !long && !local {
        return Ok((kind.is_gnu_longlink() || kind.is_pax_global_extensions()).then_some(None));
    }
    let bytes = read_at_most(entry, MOST_NAME)?;
    if long {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        return Ok(Some(Some(bytes[..end].to_vec())));
    }
    let mut name = None;
    for record in PaxExtensions::new(&bytes) {
        let record = record?;
        match record.key_bytes() {
            b"path" => name = Some(record.value_bytes().to_vec()),
            b"size" => return Err(io::Error::other("members of 8 GB and more are not read")),
            _ => {}
        }
    }
    Ok(Some(name))
}

/// All bytes of a member that must not be longer than `most`.
fn read_at_most(entry: &mut Entry<'_, impl Read>, most: u64) -> io::Result<Vec<u8>> {
    let size = entry.size();
    if size > most {
        return Err(io::Error::other(format!("{size} bytes where at most {most} are read")));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Samples on their way out of a shard.
struct Samples<'a> {
    shard: &'a Path,
    /// Bytes of the shard.
    length: u64,
    current: Option<Open>,
    found: Vec<Sample>,
    skipped: Vec<Skipped>,
}

/// A sample whose members are still coming.
struct Open {
    key: String,
    picture: Option<(Box<str>, u64, u64)>,
    label: Option<String>,
}

impl Samples<'_> {
    /// Takes in one file of the shard.
    fn member(&mut self, name: &[u8], entry: &mut Entry<'_, impl Read>) -> io::Result<()> {
        let name = String::from_utf8_lossy(name);
        let Some((key, extension)) = split(&name) else { return Ok(()) };
        if self.current.as_ref().is_none_or(|current| current.key != key) {
            self.finish_sample();
            self.current = Some(Open { key: key.to_owned(), picture: None, label: None });
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        if has_picture_name(Path::new(name.as_ref())) {
            let (offset, size) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(size).is_none_or(|end| end > self.length) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            current.picture.get_or_insert_with(|| (name.as_ref().into(), offset, size));
        } else if extension.eq_ignore_ascii_case("cls") {
            if entry.size() > MOST_LABEL {
                let reason = format!("a label of more than {MOST_LABEL} bytes");
                self.skipped.push(Skipped { path: member_path(self.shard, &name), reason });
                return Ok(());
            }
            let label = read_at_most(entry, MOST_LABEL)?;
            let label = String::from_utf8_lossy(&label).trim().to_owned();
            current.label = Some(label).filter(|label| !label.is_empty());
        }
        Ok(())
    }

    fn finish_sample(&mut self) {
        let Some(Open { key, picture, label }) = self.current.take() else { return };
        match picture {
            Some((name, offset, size)) => self.found.push(Sample { name, offset, size, label }),
            None => {
                let reason = "a sample without a .jpg, .jpeg, .png or .webp".to_owned();
                self.skipped.push(Skipped { path: member_path(self.shard, &key), reason });
            }
        }
    }
}

/// Key and extensions of a member: its name up to the first dot of the file name, and what follows. None for hidden files.
fn split(name: &str) -> Option<(&str, &str)> {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + name[file..].find('.')?;
    let last = name.rfind('.')?;
    (dot > file).then(|| (&name[..dot], &name[last + 1..]))
}

#[cfg(test)]
mod tests;
