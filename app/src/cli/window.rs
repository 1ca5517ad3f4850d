//! No command: the window.

use super::failure::Failure;

/// Opens the window and returns when it is closed.
#[cfg(feature = "studio")]
pub(crate) fn open() -> Result<(), Failure> {
    ibq_studio::studio::open_window().map_err(|error| Failure::Failed(error.to_string()))
}

/// Says that there is none.
#[cfg(not(feature = "studio"))]
pub(crate) fn open() -> Result<(), Failure> {
    Err(Failure::Usage("this build has no window; give a command (see `ibq --help`)".to_owned()))
}
