//! What the units of a proof have found so far, in a file that survives an interruption.

use std::{fs::OpenOptions, io::Write, path::PathBuf, time::Duration};

use crate::shell::{self, Outcome};

use super::figures::Figure;

/// What one unit found.
pub(super) struct Found {
    /// Name of the unit.
    pub(super) unit: String,
    /// How long it took, in seconds.
    pub(super) seconds: u64,
    /// Its figures.
    pub(super) figures: Vec<Figure>,
}

/// The units that have ended.
///
/// The file's first line is the commit; a line per unit follows: name, seconds, then names and values of its figures, with
/// tabs between them.
pub(super) struct State {
    path: PathBuf,
    /// In the order in which they ended.
    pub(super) found: Vec<Found>,
}

impl State {
    /// Opens the state of a proof; that of another commit is thrown away.
    pub(super) fn open(proof: &str, commit: &str) -> Outcome<Self> {
        let folder = shell::root().join("artifacts/acceptance");
        std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
        Self::open_file(folder.join(format!("{proof}.txt")), commit)
    }

    fn open_file(path: PathBuf, commit: &str) -> Outcome<Self> {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let mut lines = text.lines();
        let found = if lines.next() == Some(commit) {
            lines.filter_map(parse).collect()
        } else {
            std::fs::write(&path, format!("{commit}\n")).map_err(shell::at(&path, "write"))?;
            Vec::new()
        };
        Ok(Self { path, found })
    }

    /// Whether a unit has ended.
    pub(super) fn has(&self, unit: &str) -> bool {
        self.found.iter().any(|found| found.unit == unit)
    }

    /// Keeps what a unit found.
    pub(super) fn add(&mut self, unit: &str, took: Duration, figures: &[Figure]) -> Outcome {
        let mut cells = vec![unit.to_owned(), took.as_secs().to_string()];
        cells.extend(figures.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
        // A whole line at once: one that an interruption has cut is not read again.
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace(['\t', '\n'], " ")).collect();
        let line = cells.join("\t") + "\tend\n";
        let file = OpenOptions::new().append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(shell::at(&self.path, "write"))?;
        self.found.push(Found { unit: unit.to_owned(), seconds: took.as_secs(), figures: figures.to_vec() });
        Ok(())
    }

    /// Removes the file.
    pub(super) fn remove(self) -> Outcome {
        std::fs::remove_file(&self.path).map_err(shell::at(&self.path, "remove"))
    }
}

fn parse(line: &str) -> Option<Found> {
    let cells: Vec<&str> = line.strip_suffix("\tend")?.split('\t').collect();
    let [unit, seconds, figures @ ..] = cells.as_slice() else { return None };
    let pairs = figures.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned()));
    Some(Found { unit: (*unit).to_owned(), seconds: seconds.parse().ok()?, figures: pairs.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_resumes_after_the_last_whole_line() {
        let path = std::env::temp_dir().join(format!("xtask-state-{}", std::process::id()));
        let open = |commit: &str| State::open_file(path.clone(), commit).unwrap();
        let figures = [("slowest".to_owned(), "7\tms".to_owned())];
        open("a").add("pickle", Duration::from_secs(3), &figures).unwrap();
        let cut = std::fs::read_to_string(&path).unwrap() + "yaml\t2\tslow";
        std::fs::write(&path, cut).unwrap();
        let state = open("a");
        assert!(state.has("pickle") && !state.has("yaml"));
        assert_eq!(state.found[0].figures, [("slowest".to_owned(), "7 ms".to_owned())]);
        assert_eq!(state.found[0].seconds, 3);
        assert!(!open("b").has("pickle"));
        open("b").remove().unwrap();
        assert!(!path.exists());
    }
}
