//! A log with a JSON line per record.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
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

    /// Opens the log of a run that resumes after step `steps`. Records of later steps are removed, since those steps run again. At
    /// step 0 nothing is removed: earlier lines belong to another run.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn resume(folder: &Path, steps: u64) -> io::Result<Self> {
        let log = Self::open(folder)?;
        if steps == 0 {
            return Ok(log);
        }
        let mut whole = 0;
        for line in BufReader::new(File::open(folder.join(LOG_FILE))?).split(b'\n') {
            let line = line?;
            if step_of(&line).is_some_and(|step| step > steps) {
                log.0.set_len(whole)?;
                break;
            }
            whole += line.len() as u64 + 1;
        }
        Ok(log)
    }
}

impl EventSink for JsonLog {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        let TrainEvent::Record { record } = event else { return Ok(()) };
        let mut line = serde_json::to_string(record).map_err(io::Error::other)?;
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        // The checkpoint of this step may follow, and must not survive a power loss that its record does not.
        self.0.sync_data()
    }
}

/// The step of a record; none for a line that is no record.
fn step_of(line: &[u8]) -> Option<u64> {
    let record: serde_json::Value = serde_json::from_slice(line).ok()?;
    record.get("step")?.as_u64()
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

    #[test]
    fn records_after_the_checkpoint_are_removed_when_a_run_resumes() {
        let folder = std::env::temp_dir().join(format!("ibq-train-resume-{}", std::process::id()));
        let record = |step| TrainEvent::Record {
            record: Record::Transformer(TransformerRecord { step, ..Default::default() }),
        };
        let steps = || -> Vec<u64> {
            let text = fs::read_to_string(folder.join(LOG_FILE)).unwrap();
            text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap().step()).collect()
        };
        let mut log = JsonLog::open(&folder).unwrap();
        for step in [10, 20, 30, 40] {
            log.receive(&record(step)).unwrap();
        }
        drop(log);
        JsonLog::resume(&folder, 40).unwrap();
        assert_eq!(steps(), [10, 20, 30, 40]);
        JsonLog::resume(&folder, 25).unwrap().receive(&record(30)).unwrap();
        assert_eq!(steps(), [10, 20, 30]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
