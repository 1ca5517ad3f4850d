//! Results on disk: a JSON line per finished run.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Run, Setting};

/// Results cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The file.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of its lines.
    #[error("{}, line {line}: {source}; remove the line to repeat its run", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A file of results, and what it holds.
#[derive(Debug)]
pub struct Runs {
    path: PathBuf,
    /// All results so far, in the order in which they were made.
    pub runs: Vec<Run>,
}

impl Runs {
    /// Opens a file of results; one that does not exist yet has none.
    ///
    /// # Errors
    /// [`ExperimentError`].
    pub fn open(path: &Path) -> Result<Self, ExperimentError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| ExperimentError::Io { path: path.to_owned(), source })?,
        };
        let parse = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|source| ExperimentError::Line {
                path: path.to_owned(),
                line: index + 1,
                source,
            })
        };
        let runs = text.lines().enumerate().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { path: path.to_owned(), runs })
    }

    /// Whether this run is done.
    #[must_use]
    pub fn has(&self, setting: &Setting) -> bool {
        self.runs.iter().any(|run| run.setting == *setting)
    }

    /// Adds a result, to the file too.
    ///
    /// # Errors
    /// [`ExperimentError::Io`].
    pub fn add(&mut self, run: Run) -> Result<(), ExperimentError> {
        let write = || {
            let mut line = serde_json::to_string(&run).map_err(io::Error::other)?;
            line.push('\n');
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(line.as_bytes())
        };
        write().map_err(|source| ExperimentError::Io { path: self.path.clone(), source })?;
        self.runs.push(run);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Method, Start},
        *,
    };

    #[test]
    fn results_come_back_and_a_broken_line_is_named() {
        let path = std::env::temp_dir().join(format!("ibq-train-runs-{}.jsonl", std::process::id()));
        let _ = fs::remove_file(&path);
        let setting =
            Setting { method: Method::Ibq, codes: 8, dimension: 4, steps: 2, seed: 1, start: Start::Random };
        let run =
            Run { setting, seconds: 1.5, curve: Vec::new(), held_out: None, failure: Some("NaN".into()) };
        let mut runs = Runs::open(&path).unwrap();
        assert!(!runs.has(&setting));
        runs.add(run.clone()).unwrap();
        let read = Runs::open(&path).unwrap();
        assert!(read.has(&setting) && !read.has(&Setting { seed: 2, ..setting }));
        assert_eq!(read.runs, [run]);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"method\":").unwrap();
        assert!(Runs::open(&path).unwrap_err().to_string().contains("line 2"));
        fs::remove_file(&path).unwrap();
    }
}
