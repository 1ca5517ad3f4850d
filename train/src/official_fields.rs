//! Fields of YAML files of the official code.

use ibq_core::files::{OfficialYaml, WeightsError};

use crate::preset_file::PresetError;

/// Training images of ImageNet.
const IMAGENET: usize = 1_281_167;

/// Steps of an epoch of ImageNet.
pub(crate) fn steps_per_epoch(batch: usize) -> f64 {
    IMAGENET.div_ceil(batch.max(1)) as f64
}

/// The fields of a YAML file, each found by the end of its path.
pub(crate) struct OfficialFields<'a> {
    name: &'a str,
    yaml: OfficialYaml,
}

impl<'a> OfficialFields<'a> {
    pub(crate) fn new(name: &'a str, yaml: &str) -> Result<Self, PresetError> {
        let wrong =
            |error: WeightsError| PresetError::Toml { name: name.to_owned(), reason: error.to_string() };
        Ok(Self { name, yaml: OfficialYaml::read(yaml).map_err(wrong)? })
    }

    /// The whole file.
    pub(crate) fn yaml(&self) -> &OfficialYaml {
        &self.yaml
    }

    pub(crate) fn wrong(&self, reason: String) -> PresetError {
        PresetError::Toml { name: self.name.to_owned(), reason }
    }

    pub(crate) fn find(&self, field: &str) -> Option<&[String]> {
        let ends =
            |path: &str| path.strip_suffix(field).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let entry = self.yaml.entries().iter().find(|entry| ends(&entry.path))?;
        Some(&entry.values)
    }

    pub(crate) fn text(&self, field: &str) -> Option<String> {
        self.find(field).map(|values| values.join(", "))
    }

    pub(crate) fn number(&self, field: &str) -> Result<Option<f64>, PresetError> {
        let Some(text) = self.text(field) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(format!("`{field}: {text}` is no number")))
    }

    /// Pictures per step on all devices together, where the file names the numbers.
    pub(crate) fn batch(&self) -> Result<Option<usize>, PresetError> {
        let each = self.number("data.init_args.batch_size")?;
        // `devices: auto`, or -1, leaves the number to the machine.
        let devices = self.text("trainer.devices").and_then(|text| text.parse::<f64>().ok());
        let devices = devices.filter(|devices| *devices > 0.0);
        let nodes = self.number("trainer.num_nodes")?.unwrap_or(1.0);
        Ok(each.zip(devices).map(|(each, devices)| (each * devices * nodes) as usize))
    }

    pub(crate) fn wholes(&self, field: &str) -> Result<Vec<u32>, PresetError> {
        let values = self.find(field).ok_or_else(|| self.wrong(format!("`{field}` is missing")))?;
        let parsed = values.iter().map(|value| value.parse()).collect::<Result<Vec<u32>, _>>();
        parsed.map_err(|_| self.wrong(format!("`{field}: {}` needs whole numbers", values.join(", "))))
    }

    pub(crate) fn whole(&self, field: &str) -> Result<u32, PresetError> {
        match self.wholes(field)?.as_slice() {
            [one] => Ok(*one),
            _ => Err(self.wrong(format!("`{field}` needs one whole number"))),
        }
    }
}
