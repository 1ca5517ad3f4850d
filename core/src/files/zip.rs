//! The directory of a zip archive (with zip64), read by position. Only uncompressed entries can be read, which is how
//! PyTorch writes them: nothing is ever inflated.

use std::collections::HashMap;

use super::{Source, SourceError, WeightsError};

/// End of central directory: its size without the comment, and the longest comment.
const END: u64 = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// Size of the zip64 locator, which stands before the end record.
const LOCATOR: usize = 20;
/// Longest directory that is read, in bytes.
const LONGEST_DIRECTORY: u64 = 32 << 20;
/// Size of a local header without name and extra field.
const LOCAL_HEADER: u64 = 30;
/// Stands in a 32-bit field whose value is in the zip64 extra field.
const IN_ZIP64: u64 = 0xffff_ffff;

/// One file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ZipEntry {
    /// Byte of the local header.
    pub(super) header: u64,
    /// Bytes of content.
    pub(super) len: u64,
    /// Whether the bytes are the content itself: neither compressed nor encrypted.
    pub(super) plain: bool,
}

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
        let tail_len = source.len().min(END + LONGEST_COMMENT + LOCATOR as u64);
        let tail_start = source.len() - tail_len;
        let tail = source.read_at(tail_start, tail_len as usize).await?;
        let end = find_end(&tail).ok_or_else(|| {
            broken("has no directory at its end, so the file is cut off: download or copy it again")
        })?;
        let mut entries = u64::from(u16_at(&tail, end + 10));
        let mut size = u64::from(u32_at(&tail, end + 12));
        let mut start = u64::from(u32_at(&tail, end + 16));
        if end >= LOCATOR && tail[end - LOCATOR..].starts_with(b"PK\x06\x07") {
            let record = source.read_at(u64_at(&tail, end - LOCATOR + 8), 56).await?;
            if !record.starts_with(b"PK\x06\x06") {
                return Err(broken("its zip64 record is not where it should be"));
            }
            (entries, size, start) = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
        }
        let before_end = tail_start + end as u64;
        if size > LONGEST_DIRECTORY || start.checked_add(size).is_none_or(|after| after > before_end) {
            return Err(broken("its directory is too long or lies outside of the file"));
        }
        let directory = source.read_at(start, size as usize).await?;
        let entries = parse_directory(&directory, entries, start).map_err(|reason| broken(&reason))?;
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
    let start = header + LOCAL_HEADER + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    if local.starts_with(b"PK\x03\x04") && start.saturating_add(len) <= source.len() {
        Ok(start)
    } else {
        let reason = format!("zip archive: no entry of {len} bytes begins at byte {header}");
        Err(SourceError::Unreadable { name: source.name().to_owned(), reason })
    }
}

/// Position of the end record in the last bytes of a file: the last one whose comment reaches exactly to the end.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END as usize)?;
    let fits = |at: usize| at + END as usize + u16_at(tail, at + 20) as usize == tail.len();
    (0..=last).rev().find(|&at| tail[at..].starts_with(b"PK\x05\x06") && fits(at))
}

/// `before` is the first byte behind all contents.
fn parse_directory(directory: &[u8], count: u64, before: u64) -> Result<HashMap<String, ZipEntry>, String> {
    let mut entries = HashMap::new();
    let mut rest = directory;
    for _ in 0..count {
        if rest.len() < 46 || !rest.starts_with(b"PK\x01\x02") {
            return Err(format!("its directory has fewer than the {count} entries it announces"));
        }
        let (flags, method) = (u16_at(rest, 8), u16_at(rest, 10));
        let (packed, len, header) = (u32_at(rest, 20), u32_at(rest, 24), u32_at(rest, 42));
        let name_len = usize::from(u16_at(rest, 28));
        let extra_len = usize::from(u16_at(rest, 30));
        let all = 46 + name_len + extra_len + usize::from(u16_at(rest, 32));
        if rest.len() < all {
            return Err("its directory is cut off".to_owned());
        }
        let name = String::from_utf8_lossy(&rest[46..46 + name_len]).into_owned();
        let extra = &rest[46 + name_len..46 + name_len + extra_len];
        let [len, packed, header] = with_zip64([len, packed, header].map(u64::from), extra)
            .ok_or_else(|| format!("`{name}` has a broken zip64 field"))?;
        let plain = method == 0 && flags & 1 == 0 && packed == len;
        let end = header.checked_add(LOCAL_HEADER).and_then(|content| content.checked_add(packed));
        if end.is_none_or(|end| end > before) {
            return Err(format!("`{name}` lies outside of the file"));
        }
        if entries.insert(name.clone(), ZipEntry { header, len, plain }).is_some() {
            return Err(format!("`{name}` occurs twice"));
        }
        rest = &rest[all..];
    }
    Ok(entries)
}

/// Replaces the fields that say so by their 64-bit values, which follow in this order in the zip64 extra field.
fn with_zip64(mut fields: [u64; 3], mut extra: &[u8]) -> Option<[u64; 3]> {
    if !fields.contains(&IN_ZIP64) {
        return Some(fields);
    }
    while extra.len() >= 4 {
        let (tag, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let mut values = extra.get(4..4 + len)?;
        if tag == 1 {
            for field in fields.iter_mut().filter(|field| **field == IN_ZIP64) {
                let (value, rest) = values.split_first_chunk()?;
                *field = u64::from_le_bytes(*value);
                values = rest;
            }
            return Some(fields);
        }
        extra = &extra[4 + len..];
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
