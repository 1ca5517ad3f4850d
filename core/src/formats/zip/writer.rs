//! Writing zip archives. Entries are stored, not compressed, and every size and offset is in its 64-bit form (zip64), so that
//! an archive may be larger than 4 GiB.

use std::io::{self, Write};

/// Version 4.5 of the format has 64-bit sizes.
const VERSION: u16 = 45;
/// The flag that says that a name is UTF-8.
const UTF8: u16 = 1 << 11;
/// Midnight of 1 January 1980, the first day that there is: archives of equal content are equal.
const DATE: u16 = (1 << 5) | 1;
/// Stands in a 32-bit field whose value is in a zip64 field.
const IN_ZIP64: u32 = u32::MAX;

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its name.
    pub name: String,
    /// CRC-32 of its content.
    pub checksum: u32,
    /// Bytes of content.
    pub size: u64,
    /// Byte of the archive at which its local header begins.
    pub offset: u64,
}

impl StoredEntry {
    /// What stands before the content. With an alignment, the content begins at a multiple of it, after padding as PyTorch
    /// writes it.
    #[must_use]
    pub fn local_header(&self, alignment: Option<u64>) -> Vec<u8> {
        // The size twice: compressed or not.
        let mut extra = zip64_field(&[self.size, self.size]);
        if let Some(alignment) = alignment {
            let start = self.offset + 30 + self.name.len() as u64 + extra.len() as u64 + 4;
            let padding = start.next_multiple_of(alignment) - start;
            extra.extend(b"FB");
            extra.extend((padding as u16).to_le_bytes());
            extra.extend(vec![b'Z'; padding as usize]);
        }
        let mut bytes = b"PK\x03\x04".to_vec();
        self.append_common(&mut bytes);
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }

    /// Byte of the archive at which the checksum stands, in four bytes, for those who know it only later.
    #[must_use]
    pub fn checksum_offset(&self) -> u64 {
        self.offset + 14
    }

    fn directory_record(&self) -> Vec<u8> {
        let extra = zip64_field(&[self.size, self.size, self.offset]);
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend(VERSION.to_le_bytes());
        self.append_common(&mut bytes);
        bytes.extend((extra.len() as u16).to_le_bytes());
        // No comment, first disk, no attributes.
        bytes.extend([0; 10]);
        bytes.extend(IN_ZIP64.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }

    /// What local header and directory record have in common, from the version to the length of the name.
    fn append_common(&self, bytes: &mut Vec<u8>) {
        let flags = if self.name.is_ascii() { 0 } else { UTF8 };
        bytes.extend([VERSION, flags, 0, 0, DATE].map(u16::to_le_bytes).concat());
        bytes.extend([self.checksum, IN_ZIP64, IN_ZIP64].map(u32::to_le_bytes).concat());
        bytes.extend((self.name.len() as u16).to_le_bytes());
    }
}

/// What stands behind the last content, which ends at byte `start`: the directory, and where it is, in 64 bits and in the form
/// that every reader looks for.
#[must_use]
pub fn encode_directory(entries: &[StoredEntry], start: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = entries.iter().flat_map(StoredEntry::directory_record).collect();
    let (count, size) = (entries.len() as u64, bytes.len() as u64);
    bytes.extend(b"PK\x06\x06");
    // The length of what follows in this record, versions of writer and reader, two numbers of disks.
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([VERSION; 2].map(u16::to_le_bytes).concat());
    bytes.extend([0; 8]);
    bytes.extend([count, count, size, start].map(u64::to_le_bytes).concat());
    // Where that record is; one disk in all.
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend((start + size).to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([u16::try_from(count).unwrap_or(u16::MAX); 2].map(u16::to_le_bytes).concat());
    bytes.extend([IN_ZIP64; 2].map(u32::to_le_bytes).concat());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

/// Writes an archive file by file.
#[derive(Debug)]
pub struct ZipWriter<W> {
    out: W,
    /// Bytes written.
    at: u64,
    entries: Vec<StoredEntry>,
}

impl<W: Write> ZipWriter<W> {
    /// An archive without files so far.
    pub fn new(out: W) -> Self {
        Self { out, at: 0, entries: Vec::new() }
    }

    /// Adds a file. With an alignment, its content begins at a multiple of it, so that it can be mapped into memory.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn add(&mut self, name: &str, content: &[u8], alignment: Option<u64>) -> io::Result<()> {
        let entry = StoredEntry {
            name: name.to_owned(),
            checksum: crc32fast::hash(content),
            size: content.len() as u64,
            offset: self.at,
        };
        self.put(&entry.local_header(alignment))?;
        self.put(content)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes the directory, and returns what was written to.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        let directory = encode_directory(&self.entries, self.at);
        self.put(&directory)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

#[cfg(test)]
impl<W: io::Seek> ZipWriter<W> {
    /// Leaves a hole up to a byte of the archive.
    pub(crate) fn skip_to(&mut self, at: u64) -> io::Result<()> {
        self.at = self.out.seek(io::SeekFrom::Start(at))?;
        Ok(())
    }
}

/// The extra field with 64-bit values.
fn zip64_field(values: &[u64]) -> Vec<u8> {
    let mut field = 1_u16.to_le_bytes().to_vec();
    field.extend((8 * values.len() as u16).to_le_bytes());
    values.iter().for_each(|value| field.extend(value.to_le_bytes()));
    field
}
