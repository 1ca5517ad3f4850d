//! Finding the parameters of a tokenizer under the names that a checkpoint gives them.

use crate::files::WeightSet;

/// Before the tokenizer's names inside a transformer checkpoint.
const INNER: &str = "first_stage_model.";
/// Before the names of the moving averages.
const EMA: &str = "model_ema.";

/// Where in a checkpoint the tokenizer is: at the top, or inside of a transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    prefix: &'static str,
}

impl Naming {
    /// Names of a tokenizer checkpoint.
    pub(super) const TOP: Self = Self { prefix: "" };
    /// Names of the tokenizer inside of a transformer checkpoint.
    pub(super) const INNER: Self = Self { prefix: INNER };

    /// Before all names.
    pub(super) fn prefix(self) -> &'static str {
        self.prefix
    }

    /// The sets of weights that these names hold, the default first.
    pub(super) fn available<'a>(self, names: impl Iterator<Item = &'a str>) -> Vec<WeightSet> {
        let (mut ema, mut raw) = (false, false);
        for name in names.filter_map(|name| name.strip_prefix(self.prefix)) {
            ema |= name.strip_prefix(EMA).is_some_and(is_network);
            raw |= is_network(name);
        }
        [(ema, WeightSet::Ema), (raw, WeightSet::Raw)]
            .into_iter()
            .filter(|set| set.0)
            .map(|set| set.1)
            .collect()
    }

    /// The name of a parameter as `set` has it: the average of `encoder.conv_in.weight` is
    /// `model_ema.encoderconv_inweight`.
    pub(super) fn stored(self, set: WeightSet, official: &str) -> String {
        match set {
            WeightSet::Raw => format!("{}{official}", self.prefix),
            WeightSet::Ema => format!("{}{EMA}{}", self.prefix, official.replace('.', "")),
        }
    }

    /// Whether this is the average of a parameter of the network.
    pub(super) fn is_average(self, stored: &str) -> bool {
        let name = stored.strip_prefix(self.prefix).and_then(|name| name.strip_prefix(EMA));
        name.is_some_and(is_network)
    }

    /// The official name, if this is a raw weight of the network (not of losses or averages).
    pub(super) fn official(self, stored: &str) -> Option<&str> {
        let name = stored.strip_prefix(self.prefix)?;
        let parts = ["encoder.", "decoder.", "quant_conv.", "post_quant_conv."];
        parts.iter().any(|part| name.starts_with(part)).then_some(name)
    }
}

fn is_network(name: &str) -> bool {
    ["encoder", "decoder", "quant"].iter().any(|part| name.starts_with(part))
}
