//! Reading the directory of a zip archive (with zip64). Only uncompressed entries can be read, which is how PyTorch writes
//! them: nothing is ever inflated.

use std::collections::HashMap;

/// End of central directory: its size without the comment, and the longest comment.
const END: u64 = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// Size of the zip64 locator, which stands before the end record.
const LOCATOR: usize = 20;
/// Bytes at the end of a file that hold its end record, whatever its comment.
pub(crate) const TAIL: u64 = END + LONGEST_COMMENT + LOCATOR as u64;
/// Size of the zip64 end record.
pub(crate) const ZIP64_RECORD: usize = 56;
/// Size of a local header without name and extra field.
pub(crate) const LOCAL_HEADER: u64 = 30;
/// Stands in a 32-bit field whose value is in the zip64 extra field.
const IN_ZIP64: u64 = 0xffff_ffff;

/// One file of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ZipEntry {
    /// Byte of the local header.
    pub(crate) header: u64,
    /// Bytes of content.
    pub(crate) len: u64,
    /// Whether the bytes are the content itself: neither compressed nor encrypted.
    pub(crate) plain: bool,
}

/// Where the directory of an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryLocation {
    /// How many entries it announces.
    pub(crate) entries: u64,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its first byte.
    pub(crate) start: u64,
}

/// What the last bytes of an archive say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndRecord {
    /// Position of the record in these bytes.
    pub(crate) at: usize,
    /// The directory, unless a zip64 record says otherwise.
    pub(crate) directory: DirectoryLocation,
    /// Byte of the zip64 end record, where there is one.
    pub(crate) zip64: Option<u64>,
}

/// Reads the end record out of the last bytes of an archive.
pub(crate) fn parse_end(tail: &[u8]) -> Option<EndRecord> {
    let at = find_end(tail)?;
    let directory = DirectoryLocation {
        entries: u16_at(tail, at + 10).into(),
        size: u32_at(tail, at + 12).into(),
        start: u32_at(tail, at + 16).into(),
    };
    let has_locator = at >= LOCATOR && tail[at - LOCATOR..].starts_with(b"PK\x06\x07");
    let zip64 = has_locator.then(|| u64_at(tail, at - LOCATOR + 8));
    Some(EndRecord { at, directory, zip64 })
}

/// Reads a zip64 end record of [`ZIP64_RECORD`] bytes.
pub(crate) fn parse_zip64_record(record: &[u8]) -> Option<DirectoryLocation> {
    let valid = record.len() >= ZIP64_RECORD && record.starts_with(b"PK\x06\x06");
    valid.then(|| DirectoryLocation {
        entries: u64_at(record, 32),
        size: u64_at(record, 40),
        start: u64_at(record, 48),
    })
}

/// Size of a local header with name and extra field: the content begins behind it.
pub(crate) fn local_header_size(header: &[u8]) -> Option<u64> {
    let valid = header.len() as u64 >= LOCAL_HEADER && header.starts_with(b"PK\x03\x04");
    valid.then(|| LOCAL_HEADER + u64::from(u16_at(header, 26)) + u64::from(u16_at(header, 28)))
}

/// Position of the end record in the last bytes of a file: the last one whose comment reaches exactly to the end.
fn find_end(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END as usize)?;
    let fits = |at: usize| at + END as usize + u16_at(tail, at + 20) as usize == tail.len();
    (0..=last).rev().find(|&at| tail[at..].starts_with(b"PK\x05\x06") && fits(at))
}

/// The entries of a directory that should have `count`; `before` is the first byte behind all contents.
pub(crate) fn parse_directory(
    directory: &[u8],
    count: u64,
    before: u64,
) -> Result<HashMap<String, ZipEntry>, String> {
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
