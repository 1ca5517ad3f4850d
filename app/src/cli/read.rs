//! Reading the files that a command line names, none of them larger than it should be.

use std::{io::Read, path::Path};

use ibq_core::{
    formats::text::to_utf8,
    tokens::{Grid, ReadTokens, TokenFile},
};

use super::{
    failure::Failure,
    numbers,
    paths::{readable, shown},
    session::Session,
};

/// Most bytes of a configuration file.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Most bytes of a token file.
const MAX_TOKEN_BYTES: u64 = 1 << 30;

/// Reads a whole file that has at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure::in_file(path, readable(&error));
    let file = std::fs::File::open(path).map_err(fail)?;
    if file.metadata().is_ok_and(|data| data.is_dir()) {
        return Err(Failure::in_file(path, "is a folder"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > most {
        return Err(Failure::in_file(path, format_args!("more than {}", numbers::bytes(most))));
    }
    Ok(bytes)
}

/// Reads a text file that has at most `most` bytes.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, Failure> {
    let bytes = read_bounded(path, most)?;
    String::from_utf8(to_utf8(&bytes).into_owned()).map_err(|_| Failure::in_file(path, "is no text"))
}

/// Reads an official configuration file.
pub(crate) fn read_yaml(path: &Path) -> Result<String, Failure> {
    read_text(path, MAX_CONFIG_BYTES)
}

/// Reads a token file of any form, and says what was assumed about its grids.
pub(crate) fn read_tokens(path: &Path, grid: Option<Grid>, session: &Session) -> Result<TokenFile, Failure> {
    let bytes = read_bounded(path, MAX_TOKEN_BYTES)?;
    // The reader names the file in its messages.
    let read = ReadTokens::read(&shown(path), &bytes, grid);
    let ReadTokens { file, assumed } = read.map_err(|error| Failure::Failed(error.to_string()))?;
    if let Some(assumed) = assumed {
        session.note(&shown(path), assumed);
    }
    Ok(file)
}
