//! Names of tensors as wrappers change them, and as the networks themselves have them.

use std::{borrow::Cow, collections::HashSet};

/// What wrappers put before the names: `torch.compile`, data-parallel modules, and modules that hold the network as `model`.
const WRAPPERS: [&str; 3] = [COMPILED, "module.", "model."];
/// What `torch.compile` puts before the names of a module, which may be a part of the network.
const COMPILED: &str = "_orig_mod.";
/// Most wrappers around each other.
const MOST_WRAPPERS: usize = 8;
/// How names of networks begin that are run here, or that are recognized in order to be refused.
const NETWORKS: [&str; 7] = [
    "encoder.",
    "decoder.",
    "quantize.",
    "quant_conv.",
    "transformer.",
    "first_stage_model.",
    "tok_embeddings.",
];
/// Before the names of moving averages, which are those of the weights without their dots.
const AVERAGES: &str = "model_ema.";
/// How names of transformers begin.
const TRANSFORMERS: [&str; 2] = ["transformer.", "tok_embeddings."];

/// Whether a tensor of this name, wrapped or not, belongs to a network that is known here.
pub(super) fn is_known(name: &str) -> bool {
    let inner = &name[wrapper(name).len()..];
    begins(inner, &NETWORKS) || inner.starts_with(AVERAGES)
}

/// Whether a tensor of this name, wrapped or not, belongs to a transformer.
pub(super) fn is_of_transformer(name: &str) -> bool {
    begins(&name[wrapper(name).len()..], &TRANSFORMERS)
}

/// The name under which a checkpoint of the official code keeps the moving average of a parameter.
pub(super) fn of_average(name: &str) -> String {
    format!("{AVERAGES}{}", name.replace('.', ""))
}

/// The wrappers' part of names: before those of a known network where there are some, else what all of them share.
pub(super) fn shared_wrapper<'a>(names: impl Iterator<Item = &'a str> + Clone) -> &'a str {
    let known = |name: &&str| begins(&name[wrapper(name).len()..], &NETWORKS);
    // A network that lies bare is the one that is meant, whatever lies wrapped beside it.
    if let Some(name) = names.clone().filter(known).min_by_key(|name| wrapper(name).len()) {
        return wrapper(name);
    }
    let mut shared = names.clone().next().map_or("", wrapper);
    for name in names {
        while !name.starts_with(shared) {
            let shorter = shared.trim_end_matches('.').rfind('.').map_or(0, |dot| dot + 1);
            shared = &shared[..shorter];
        }
    }
    shared
}

/// A name without this prefix and without what `torch.compile` put into it.
pub(super) fn without_wrapper<'a>(name: &'a str, prefix: &str) -> Cow<'a, str> {
    let inner = name.strip_prefix(prefix).unwrap_or(name);
    if !inner.contains("_orig_mod") {
        return Cow::Borrowed(inner);
    }
    // Averages have lost their dots.
    let inner = match inner.strip_prefix(AVERAGES) {
        Some(average) => format!("{AVERAGES}{}", average.replace("_orig_mod", "")),
        None => inner.to_owned(),
    };
    let parts: Vec<&str> = inner.split('.').filter(|part| *part != "_orig_mod").collect();
    Cow::Owned(parts.join("."))
}

/// Removes what wrappers put into names, and returns what was removed, for a note. Names stay as they are where two of them would become
/// one.
pub(super) fn unwrap_names(names: &mut [&mut String]) -> Option<String> {
    let prefix = shared_wrapper(names.iter().map(|name| name.as_str())).to_owned();
    let compiled = names.iter().any(|name| name.contains("_orig_mod"));
    if prefix.is_empty() && !compiled {
        return None;
    }
    let inner: Vec<String> = names.iter().map(|name| without_wrapper(name, &prefix).into_owned()).collect();
    let distinct: HashSet<&str> = inner.iter().map(String::as_str).collect();
    if distinct.len() < inner.len() {
        return None;
    }
    names.iter_mut().zip(inner).for_each(|(name, inner)| **name = inner);
    Some(if prefix.is_empty() { COMPILED.to_owned() } else { prefix })
}

/// The wrappers before a name.
fn wrapper(name: &str) -> &str {
    let mut inner = name;
    for _ in 0..MOST_WRAPPERS {
        let Some(rest) = WRAPPERS.iter().find_map(|wrapper| inner.strip_prefix(wrapper)) else { break };
        inner = rest;
    }
    &name[..name.len() - inner.len()]
}

fn begins(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(names: &[&str]) -> (Option<String>, Vec<String>) {
        let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut refs: Vec<&mut String> = names.iter_mut().collect();
        let removed = unwrap_names(&mut refs);
        (removed, names)
    }

    #[test]
    fn what_wrappers_put_before_all_names_is_removed() {
        for prefix in ["_orig_mod.", "module.", "model.", "module._orig_mod.", "model._orig_mod.module."] {
            let names = ["encoder.conv_in.weight", "model_ema.encoderconv_inweight", "loss.main.0.weight"];
            let wrapped = names.map(|name| format!("{prefix}{name}"));
            let wrapped: Vec<&str> = wrapped.iter().map(String::as_str).collect();
            assert_eq!(unwrapped(&wrapped), (Some(prefix.to_owned()), names.map(str::to_owned).to_vec()));
        }
        assert_eq!(unwrapped(&["module.main.0.weight", "module.main.1.bias"]).1[0], "main.0.weight");
    }

    #[test]
    fn names_of_a_wrapped_network_are_unwrapped_beside_others() {
        let (removed, names) = unwrapped(&["model.encoder.a", "model_ema.encodera", "loss.b"]);
        assert_eq!(removed.as_deref(), Some("model."));
        assert_eq!(names, ["encoder.a", "model_ema.encodera", "loss.b"]);
        let (removed, names) =
            unwrapped(&["encoder._orig_mod.a.weight", "model_ema.encoder_orig_modaweight"]);
        assert_eq!(removed.as_deref(), Some("_orig_mod."));
        assert_eq!(names, ["encoder.a.weight", "model_ema.encoderaweight"]);
    }

    #[test]
    fn names_without_wrappers_and_names_that_would_collide_stay() {
        for names in [&["encoder.a", "model.b"][..], &["a.weight"], &["module.a", "b"], &[]] {
            let (removed, unwrapped) = unwrapped(names);
            assert!(removed.is_none(), "{names:?}");
            assert_eq!(unwrapped, names);
        }
        assert!(unwrapped(&["encoder.a", "encoder._orig_mod.a"]).0.is_none());
    }
}
