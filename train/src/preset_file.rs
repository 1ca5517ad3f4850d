//! Presets by name or from a file, and what can be wrong with them.

use std::path::{Path, PathBuf};

use ibq_core::tokenizer::ConfigError;

use crate::input_file::read_text;

/// A preset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is neither a preset nor a file of this name.
    #[error("{name}: there is no file and no preset of this name; presets are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The presets that come with the program.
        known: String,
    },
    /// It is no TOML or YAML, or has an unknown or missing field.
    #[error("{name}: {reason}")]
    Toml {
        /// File or preset.
        name: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// The model cannot be built.
    #[error("{name}: {source}")]
    Model {
        /// File or preset.
        name: String,
        /// Why.
        source: ConfigError,
    },
    /// A number is out of range.
    #[error("{name}: `{field}` {reason}")]
    Field {
        /// File or preset.
        name: String,
        /// The field.
        field: &'static str,
        /// What is allowed.
        reason: &'static str,
    },
}

/// Reads one of the presets that come with the program (name and text).
///
/// # Errors
/// [`PresetError`] when there is none of this name.
pub(crate) fn built_in<P>(
    name: &str,
    built_in: &[(&str, &str)],
    from_toml: impl Fn(&str, &str) -> Result<P, PresetError>,
) -> Result<P, PresetError> {
    match built_in.iter().find(|(built_in, _)| *built_in == name) {
        Some((name, text)) => from_toml(name, text),
        None => Err(unknown(name, built_in)),
    }
}

fn unknown(name: &str, built_in: &[(&str, &str)]) -> PresetError {
    let known: Vec<&str> = built_in.iter().map(|(name, _)| *name).collect();
    PresetError::Unknown { name: name.to_owned(), known: known.join(", ") }
}

/// Reads one of the presets that come with the program (name and text), or a file: TOML, or YAML of the official code.
pub(crate) fn open_named<P>(
    name: &str,
    built_in: &[(&str, &str)],
    from_toml: impl Fn(&str, &str) -> Result<P, PresetError>,
    from_yaml: impl Fn(&str, &str) -> Result<P, PresetError>,
) -> Result<P, PresetError> {
    if let Some((name, text)) = built_in.iter().find(|(built_in, _)| *built_in == name) {
        return from_toml(name, text);
    }
    let path = Path::new(name);
    let text = read_text(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => unknown(name, built_in),
        _ => PresetError::Io { path: path.to_owned(), source },
    })?;
    let official = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if official { from_yaml(name, &text) } else { from_toml(name, &text) }
}
