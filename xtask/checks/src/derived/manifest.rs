//! `assets/derived.json`: the list of derived files and figures.

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};

use super::hash::hash_file;

/// Where the list is.
pub const PATH: &str = "assets/derived.json";

/// The whole list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the file is, for readers.
    pub about: String,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One derived file, or one set of figures.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// What `cargo xtask derive NAME` and the marks in texts call it.
    pub name: String,
    /// The command lines that make it, run one after the other at the top of the checkout.
    pub commands: Vec<Vec<String>>,
    /// The files that it comes from, and their SHA-256 when it was made.
    pub from: BTreeMap<String, String>,
    /// What came out.
    #[serde(flatten)]
    pub result: Derived,
}

/// What the commands of an entry make.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Derived {
    /// A file.
    File {
        /// Where it is kept.
        path: String,
        /// Where the commands leave it, if not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made_as: Option<String>,
        /// Its SHA-256.
        sha256: String,
    },
    /// What the last command prints: see [`super::figures::read_figures`].
    Figures {
        /// The figures by key, as printed. Those of a new entry are empty.
        figures: BTreeMap<String, String>,
    },
    /// The record of measurements that no command repeats, since they need what is not in the repository. `cargo xtask derive
    /// NAME` says that it is up to date.
    Record {
        /// The text that says what was measured and how.
        record: String,
    },
}

impl Manifest {
    /// Reads the list of a checkout.
    ///
    /// # Errors
    /// A message that names the file.
    pub fn read(root: &Path) -> Result<Self, String> {
        let path = root.join(PATH);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the list of a checkout.
    ///
    /// # Errors
    /// A message that names the file.
    pub fn write(&self, root: &Path) -> Result<(), String> {
        let path = root.join(PATH);
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| at(&error))?;
        fs::write(&path, text + "\n").map_err(|error| at(&error))
    }

    /// The figure that a mark names: `NAME/KEY`.
    #[must_use]
    pub fn figure(&self, mark: &str) -> Option<&str> {
        let (name, key) = mark.split_once('/')?;
        self.entries.iter().find(|entry| entry.name == name).and_then(|entry| match &entry.result {
            Derived::Figures { figures } => figures.get(key).map(String::as_str),
            Derived::File { .. } | Derived::Record { .. } => None,
        })
    }
}

impl Entry {
    /// Why it has to be made again; nothing where it is up to date.
    #[must_use]
    pub fn faults(&self, root: &Path) -> Vec<String> {
        let mut faults = Vec::new();
        for (path, recorded) in &self.from {
            match hash_file(&root.join(path)) {
                Ok(hash) if hash == *recorded => {}
                Ok(_) => faults.push(format!("stale: {path} has changed; {}", self.remedy())),
                Err(message) => faults.push(message),
            }
        }
        if let Derived::Figures { figures } = &self.result
            && figures.values().any(String::is_empty)
        {
            faults.push(format!("figures without a value; {}", self.remedy()));
        }
        if let Derived::File { path, sha256, .. } = &self.result {
            match hash_file(&root.join(path)) {
                Ok(hash) if hash == *sha256 => {}
                Ok(_) => faults.push(format!("{path} is not what was made; run `cargo xtask derive`")),
                Err(message) => faults.push(message),
            }
        }
        faults
    }

    /// What a person does about a fault.
    #[must_use]
    pub fn remedy(&self) -> String {
        match &self.result {
            Derived::Record { record } => {
                format!("measure again as {record} says, and then run `cargo xtask derive {}`", self.name)
            }
            _ => "run `cargo xtask derive`".to_owned(),
        }
    }
}
