//! What a model shows of itself before a value is read: the names and shapes of its tensors, and its `config.json`.

use serde_json::Value;

use crate::files::Model;

/// Before the names of the moving averages, which are those of the weights without their dots.
const EMA: &str = "model_ema.";

/// Names and shapes of the tensors of a model, and what its `config.json` says.
pub(in crate::tokenizer) struct Signs<'a> {
    tensors: Vec<(&'a str, &'a [u64])>,
    config: Option<&'a Value>,
}

impl<'a> Signs<'a> {
    #[cfg(test)]
    pub(in crate::tokenizer) fn new(tensors: Vec<(&'a str, &'a [u64])>) -> Self {
        Self { tensors, config: None }
    }

    /// Those of a whole file.
    pub(in crate::tokenizer) fn of(model: &'a Model) -> Self {
        Self::inside(model, "")
    }

    /// Those of the part of a file whose names begin with `prefix`, without it.
    pub(in crate::tokenizer) fn inside(model: &'a Model, prefix: &str) -> Self {
        let entries = model.tensors().iter().map(|entry| (entry.name.as_str(), &entry.shape[..]));
        // A tensor that cannot be read is part of the model all the same; its shape may not be known.
        let entries = entries.chain(model.unreadable().map(|name| (name, &[][..])));
        let inner = entries.filter_map(|(name, shape)| Some((name.strip_prefix(prefix)?, shape)));
        Self { tensors: inner.collect(), config: model.config_json() }
    }

    /// Whether there is a tensor of this name, or its moving average.
    pub(in crate::tokenizer) fn has(&self, name: &str) -> bool {
        let dotless = name.replace('.', "");
        self.tensors.iter().any(|(known, _)| *known == name || known.strip_prefix(EMA) == Some(&dotless))
    }

    /// Whether there is a tensor whose name begins so, or its moving average.
    pub(in crate::tokenizer) fn any(&self, beginning: &str) -> bool {
        let dotless = beginning.replace('.', "");
        self.tensors.iter().any(|(name, _)| {
            name.starts_with(beginning)
                || name.strip_prefix(EMA).is_some_and(|average| average.starts_with(&dotless))
        })
    }

    /// Whether a tensor of the network has this many axes.
    pub(in crate::tokenizer) fn any_with_axes(&self, axes: usize) -> bool {
        let network = |name: &str| name.starts_with("encoder") || name.starts_with("decoder");
        self.tensors
            .iter()
            .any(|(name, shape)| shape.len() == axes && network(name.strip_prefix(EMA).unwrap_or(name)))
    }

    /// Whether `config.json` gives this field this value. Model hubs name the class of a model so.
    pub(in crate::tokenizer) fn says(&self, field: &str, value: &str) -> bool {
        self.config.and_then(|config| config.get(field)).and_then(Value::as_str) == Some(value)
    }
}
