//! No command: the window.

use super::failure::Failure;

/// Opens the window and returns when it is closed.
pub(crate) fn open() -> Result<(), Failure> {
    Err(Failure::Usage("this build has no window; give a command (see `ibq --help`)".to_owned()))
}
