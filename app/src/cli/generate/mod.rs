//! `ibq generate`: pictures of a class.

mod arguments;
mod npz;
mod pictures;
mod plan;
mod samples;

pub(crate) use arguments::Arguments;

use super::{failure::Failure, session::Session};

/// Pictures that are made, decoded and written before the next ones are begun.
const AT_ONCE: usize = 32;

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    match &arguments.npz {
        Some(path) => samples::run(arguments, path, session).await,
        None => pictures::run(arguments, session).await,
    }
}
