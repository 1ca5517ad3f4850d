//! A log with a JSON line per record.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use ibq_train_events::{EventSink, TrainEvent};

use crate::append_lines::open_lines;

/// Name of the log in the folder of a run.
pub const LOG_FILE: &str = "log.jsonl";

/// An open log.
#[derive(Debug)]
pub struct JsonLog(File);

impl JsonLog {
    /// Opens the log in the folder of a run, which is made if need be; whole lines of earlier parts of the run
    /// stay.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(open_lines(&folder.join(LOG_FILE))?))
    }
}

impl EventSink for JsonLog {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        let TrainEvent::Record { record } = event else { return Ok(()) };
        let mut line = serde_json::to_string(record).map_err(io::Error::other)?;
        line.push('\n');
        self.0.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use ibq_train_events::{Record, TransformerRecord};

    use super::*;

    #[test]
    fn every_record_is_a_line_and_earlier_lines_stay() {
        let folder = std::env::temp_dir().join(format!("ibq-train-json-{}", std::process::id()));
        for step in [20, 40] {
            let record = Record::Transformer(TransformerRecord { step, ..Default::default() });
            let mut log = JsonLog::open(&folder).unwrap();
            log.receive(&TrainEvent::Record { record }).unwrap();
            log.receive(&TrainEvent::Done { step, is_stopped: false }).unwrap();
        }
        let text = fs::read_to_string(folder.join(LOG_FILE)).unwrap();
        let records: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records.iter().map(Record::step).collect::<Vec<_>>(), [20, 40]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
