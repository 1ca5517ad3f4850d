//! Families of tokenizers: all that is special to a kind of model, each in one file.
//!
//! A family says how to recognize its checkpoints and its official YAML files, how to infer a configuration, which rule
//! its quantizer has, and, where it is not the common one, what its network is. A further family is one file with a
//! [`Family`], and one line in [`FAMILIES`]. Models that are recognized in order to be refused are in `unsupported`.

mod class;
mod ibq;
mod infer;
mod official;
mod signs;
mod unsupported;
mod vqgan;

use crate::{
    files::{OfficialArguments, WeightsError},
    picture::Size,
    tokens::Grid,
};

use super::{
    Rule, TokenizerConfig,
    network::{DecoderIo, EncoderIo, Network},
    parameters::parameters,
};

pub(super) use infer::InferError;
pub(super) use official::check;
pub use official::official_rule;
pub(super) use signs::Signs;
pub use unsupported::Unsupported;

/// The families that can be run. Where several fit the tensors of a file, and nothing else says which it is, the first
/// one is assumed.
const FAMILIES: [&dyn Family; 2] = [&ibq::Ibq, &vqgan::Vqgan];

/// A kind of tokenizer.
pub(super) trait Family: Sync {
    /// Its name: "IBQ".
    fn name(&self) -> &'static str;

    /// How its quantizer chooses a code.
    fn rule(&self) -> Rule;

    /// The classes of its official YAML files, the one that is written first.
    fn classes(&self) -> &'static [&'static str];

    /// Whether a file with these tensors can be of this family.
    fn recognizes(&self, signs: &Signs<'_>) -> bool;

    /// Whether a configuration is of this family.
    fn describes(&self, config: &TokenizerConfig) -> bool {
        config.rule == self.rule()
    }

    /// Whether an official YAML file with these arguments is of this family.
    fn claims(&self, arguments: &OfficialArguments<'_>) -> bool {
        arguments.class().is_some_and(|class| class::is_one_of(class, self.classes()))
    }

    /// The configuration from the shapes of the tensors; `shape` looks one up by its official name.
    ///
    /// # Errors
    /// [`InferError`] names the tensor at fault.
    fn infer(&self, shape: &dyn Fn(&str) -> Option<Vec<u64>>) -> Result<TokenizerConfig, InferError> {
        Ok(TokenizerConfig { rule: self.rule(), ..infer::infer(shape)? })
    }

    /// Compares a configuration with an official YAML file, field by field; fields that it leaves out are not compared.
    ///
    /// # Errors
    /// [`WeightsError`] names the first field that disagrees. `name` is that of the file with the weights.
    fn compare(
        &self,
        name: &str,
        config: &TokenizerConfig,
        arguments: &OfficialArguments<'_>,
    ) -> Result<(), WeightsError> {
        official::compare(name, config, arguments)
    }

    /// Every parameter: official name and PyTorch shape.
    fn parameters(&self, config: &TokenizerConfig) -> Vec<(String, Vec<u32>)> {
        parameters(config)
    }

    /// Pictures → latent vectors → tokens, for `items` pictures of this size.
    fn encoder(&self, network: &mut Network<'_>, items: u32, size: Size, shard_codes: u32) -> EncoderIo {
        network.encoder(items, size, shard_codes)
    }

    /// Tokens → codes → pictures, for `items` grids of this shape.
    fn decoder(&self, network: &mut Network<'_>, items: u32, grid: Grid) -> DecoderIo {
        network.decoder(items, grid)
    }
}

/// The families that a file with these tensors can be of, the one to assume first.
pub(super) fn candidates(signs: &Signs<'_>) -> Vec<&'static dyn Family> {
    FAMILIES.into_iter().filter(|family| family.recognizes(signs)).collect()
}

impl TokenizerConfig {
    /// The family that it is a configuration of.
    pub(super) fn family(&self) -> &'static dyn Family {
        FAMILIES.into_iter().find(|family| family.describes(self)).unwrap_or(FAMILIES[0])
    }

    /// Name of its family: "IBQ".
    #[must_use]
    pub fn family_name(&self) -> &'static str {
        self.family().name()
    }

    /// The class in official YAML files of its family.
    #[must_use]
    pub fn official_class(&self) -> &'static str {
        self.family().classes()[0]
    }

    /// Every parameter of the tokenizer in the official order: name and PyTorch shape.
    ///
    /// The single source for loading, converting, counting and exporting.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, Vec<u32>)> {
        self.family().parameters(self)
    }

    /// Number of parameters (110,982,019 for the official configuration with 16,384 codes).
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        let size = |shape: &[u32]| shape.iter().map(|&d| u64::from(d)).product::<u64>();
        self.parameters().iter().map(|(_, shape)| size(shape)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_family_and_every_family_a_class() {
        for rule in Rule::ALL {
            let config = TokenizerConfig { rule, ..TokenizerConfig::official(1024) };
            assert_eq!(config.family().rule(), rule);
            assert!(!config.official_class().is_empty());
        }
        assert_eq!(TokenizerConfig::official(1024).family_name(), "IBQ");
        for class in FAMILIES.iter().flat_map(|family| family.classes()) {
            assert_eq!(Unsupported::of_class(class), None, "{class}");
        }
    }
}
