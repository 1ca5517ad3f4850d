//! What transformer to train and how, from a TOML file or an official YAML file.

mod config;
mod official;

pub use self::{
    config::{Preset, Start, Training},
    official::preset_from_yaml,
};
use crate::preset_file::{PresetError, open_named};

impl Preset {
    /// A preset by its name, or from a file: TOML, or YAML of the official code.
    ///
    /// # Errors
    /// [`PresetError`] names the file and the field at fault.
    pub fn open(name: &str) -> Result<Self, PresetError> {
        open_named(name, Self::BUILT_IN, Self::parse, preset_from_yaml)
    }
}
