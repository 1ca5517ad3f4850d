//! A log of numbers over steps that TensorBoard reads.
//!
//! The file is a sequence of records (length, its checksum, bytes, their checksum), each an `Event` message of
//! TensorFlow's `event.proto` in the encoding of protocol buffers. Only what numbers need is written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use ibq_train_events::{EventSink, TrainEvent};

/// An open log.
#[derive(Debug)]
pub struct TensorBoardLog {
    file: File,
}

impl TensorBoardLog {
    /// Starts a log in `folder`, which is made if need be. TensorBoard joins the logs of one folder, so a run that resumes
    /// starts a new one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let name = format!("events.out.tfevents.{:.0}.{}.ibq-train", now(), std::process::id());
        let file = OpenOptions::new().create(true).append(true).open(folder.join(name))?;
        let mut log = Self { file };
        let version = bytes_field(3, b"brain.Event:2");
        log.record(&[double_field(1, now()), version].concat())?;
        Ok(log)
    }

    /// Writes the named numbers of a step.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, step: u64, numbers: &[(&str, f64)]) -> io::Result<()> {
        let value = |(name, number): &(&str, f64)| {
            let simple = [vec![(2 << 3) | 5], (*number as f32).to_le_bytes().to_vec()].concat();
            bytes_field(1, &[bytes_field(1, name.as_bytes()), simple].concat())
        };
        let summary: Vec<u8> = numbers.iter().flat_map(value).collect();
        let step = [vec![2 << 3], varint(step)].concat();
        self.record(&[double_field(1, now()), step, bytes_field(5, &summary)].concat())
    }

    fn record(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = (bytes.len() as u64).to_le_bytes();
        let (of_length, of_bytes) = (masked(crc32c(&length)), masked(crc32c(bytes)));
        self.file.write_all(&[&length[..], &of_length.to_le_bytes(), bytes, &of_bytes.to_le_bytes()].concat())
    }
}

impl EventSink for TensorBoardLog {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        match event {
            TrainEvent::Record { record } => self.write(record.step(), &record.numbers()),
            _ => Ok(()),
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |passed| passed.as_secs_f64())
}

fn double_field(number: u8, value: f64) -> Vec<u8> {
    [vec![(number << 3) | 1], value.to_le_bytes().to_vec()].concat()
}

fn bytes_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![(number << 3) | 2], varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// Seven bits per byte, the lowest first; the highest bit marks that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// CRC-32C (Castagnoli).
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// The form in which records hold checksums, so that a checksum over checksums stays meaningful.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }

    #[test]
    fn records_have_their_lengths_checksums_and_numbers() {
        let folder = std::env::temp_dir().join(format!("ibq-train-events-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut log = TensorBoardLog::new(&folder).unwrap();
        log.write(300, &[("loss/a", 0.5)]).unwrap();
        let path = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let file = std::fs::read(path).unwrap();
        let (mut rest, mut records) = (file.as_slice(), Vec::new());
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let sum = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            assert_eq!(sum(8), masked(crc32c(&rest[..8])));
            assert_eq!(sum(12 + length), masked(crc32c(&rest[12..12 + length])));
            records.push(rest[12..12 + length].to_vec());
            rest = &rest[16 + length..];
        }
        assert!(records[0].ends_with(b"\x1a\x0dbrain.Event:2"));
        // Step 300, then a summary of one value: its name, and 0.5 as a float.
        let after_time = &records[1][9..];
        assert_eq!(after_time, b"\x10\xac\x02\x2a\x0f\x0a\x0d\x0a\x06loss/a\x15\x00\x00\x00\x3f");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
