//! Which dictionary of a PyTorch file holds the model: the file itself, or what it holds under a name such as `state_dict`.

use std::collections::HashSet;

use super::{
    names,
    pickle::{Object, Unpickled, Value},
};

/// Names under which training programs keep moving averages, the ones that are preferred first.
const AVERAGES: [&str; 2] = ["ema", "ema_state_dict"];
/// Names under which training programs keep the weights, the ones that are preferred first.
const WEIGHTS: [&str; 4] = ["state_dict", "model", "model_state_dict", "module"];
/// Most entries of a file that are looked into.
const MOST_ENTRIES: usize = 64;
/// Longest name of an entry that is looked into, in bytes.
const LONGEST_ENTRY: usize = 64;
/// Most pairs of an entry that are looked at to tell what it holds.
const MOST_PAIRS: usize = 100_000;

/// The pairs of a dictionary.
type Pairs<'a, 'b> = &'b [(Value<'a>, Value<'a>)];

/// The dictionaries of a file that are used.
pub(super) struct StateDicts<'a, 'b> {
    /// The weights.
    pub(super) weights: Option<Pairs<'a, 'b>>,
    /// Their moving averages, where the file keeps them apart.
    pub(super) averages: Option<Pairs<'a, 'b>>,
    /// What was chosen, where that is not obvious.
    pub(super) note: Option<String>,
}

/// An entry of the file that holds tensors.
struct Entry<'a, 'b> {
    name: &'a str,
    pairs: Pairs<'a, 'b>,
    tensors: usize,
    is_known: bool,
}

/// Chooses: the file itself where it is the state dict of a known network, else the entries that hold one, averages first.
///
/// # Errors
/// What the file holds instead, as the end of a sentence about it.
pub(super) fn find<'a, 'b>(unpickled: &'b Unpickled<'a>) -> Result<StateDicts<'a, 'b>, String> {
    let Some(root) = unpickled.dict(unpickled.root) else {
        return Err("a PyTorch file, but not a state dict or Lightning checkpoint; \
             save `model.state_dict()` with torch.save"
            .to_owned());
    };
    let (tensors, is_known) = survey(unpickled, root);
    let plain = |pairs| StateDicts { weights: Some(pairs), averages: None, note: None };
    if is_known {
        return Ok(plain(root));
    }
    let entries = entries(unpickled, root);
    let known = |names: &[&str]| {
        names.iter().find_map(|name| entries.iter().find(|entry| entry.is_known && entry.name == *name))
    };
    let (averages, weights) = (known(&AVERAGES), known(&WEIGHTS));
    if let Some(averages) = averages {
        return Ok(with_averages(averages, weights));
    }
    if let Some(weights) = weights {
        return Ok(StateDicts { note: note(weights), ..plain(weights.pairs) });
    }
    let others: Vec<&Entry<'_, '_>> = entries.iter().filter(|entry| entry.is_known).collect();
    match (&others[..], &entries[..]) {
        ([only], _) => return Ok(StateDicts { note: note(only), ..plain(only.pairs) }),
        ([_, _, ..], _) => return Err(choices(&others)),
        // Nothing known: what is there is shown all the same.
        ([], _) if tensors > 0 => return Ok(plain(root)),
        ([], [only]) => return Ok(StateDicts { note: note(only), ..plain(only.pairs) }),
        ([], [_, _, ..]) => {}
        ([], []) => {
            let whole = AVERAGES.iter().chain(&WEIGHTS).find(|name| {
                let value = unpickled.lookup(unpickled.root, name);
                value.is_some_and(|value| matches!(unpickled.object(value), Some(Object::Opaque)))
            });
            return match whole {
                Some(name) => Err(format!(
                    "its entry `{name}` is a Python object, which is not read; save its `state_dict()` with torch.save"
                )),
                None => Ok(plain(root)),
            };
        }
    }
    match entries.iter().find(|entry| WEIGHTS.contains(&entry.name)) {
        Some(entry) => Ok(StateDicts { note: note(entry), ..plain(entry.pairs) }),
        None => Err(choices(&entries.iter().collect::<Vec<_>>())),
    }
}

/// Averages with the weights that they are averages of. A transformer is used with its averages alone.
fn with_averages<'a, 'b>(averages: &Entry<'a, 'b>, weights: Option<&Entry<'a, 'b>>) -> StateDicts<'a, 'b> {
    let is_transformer = texts(averages.pairs).any(names::is_of_transformer);
    let also = weights.map(|weights| weights.name);
    let note = match (is_transformer, also) {
        (_, None) => format!("its weights are the averages in its entry `{}`", averages.name),
        (true, Some(also)) => {
            format!("the averages in its entry `{}` are used, not the weights in `{also}`", averages.name)
        }
        (false, Some(also)) => {
            format!(
                "its EMA weights are those in its entry `{}`, its raw weights those in `{also}`",
                averages.name
            )
        }
    };
    let note = Some(note);
    if is_transformer {
        StateDicts { weights: Some(averages.pairs), averages: None, note }
    } else {
        StateDicts { weights: weights.map(|weights| weights.pairs), averages: Some(averages.pairs), note }
    }
}

/// Lightning's `state_dict` is what everyone expects, and needs no note.
fn note(entry: &Entry<'_, '_>) -> Option<String> {
    (entry.name != WEIGHTS[0]).then(|| format!("its weights are those in its entry `{}`", entry.name))
}

fn choices(entries: &[&Entry<'_, '_>]) -> String {
    let list: Vec<String> =
        entries.iter().map(|entry| format!("`{}` ({} tensors)", entry.name, entry.tensors)).collect();
    format!(
        "a PyTorch file with several state dicts: {}; save the one that is meant alone, with torch.save",
        list.join(", ")
    )
}

/// The entries that hold tensors; of several under one name the last, as in Python.
fn entries<'a, 'b>(unpickled: &'b Unpickled<'a>, root: Pairs<'a, 'b>) -> Vec<Entry<'a, 'b>> {
    let (mut entries, mut seen): (Vec<Entry<'a, 'b>>, HashSet<&str>) = (Vec::new(), HashSet::new());
    for &(key, value) in root.iter().rev().take(MOST_PAIRS) {
        let (Value::Text(name), Some(pairs)) = (key, unpickled.dict(value)) else { continue };
        if name.len() > LONGEST_ENTRY || !seen.insert(name) {
            continue;
        }
        let (tensors, is_known) = survey(unpickled, pairs);
        if tensors > 0 {
            entries.push(Entry { name, pairs, tensors, is_known });
        }
        if seen.len() == MOST_ENTRIES {
            break;
        }
    }
    entries.reverse();
    entries
}

/// The number of tensors in a dictionary, and whether they are those of a network that is known here.
fn survey<'a>(unpickled: &Unpickled<'a>, pairs: Pairs<'a, '_>) -> (usize, bool) {
    let (mut tensors, mut is_known) = (0, false);
    for &(key, value) in pairs.iter().take(MOST_PAIRS) {
        let is_tensor = matches!(unpickled.object(value), Some(Object::Tensor(_) | Object::Unreadable(_)));
        if let (Value::Text(name), true) = (key, is_tensor) {
            tensors += 1;
            is_known = is_known || names::is_known(name);
        }
    }
    (tensors, is_known)
}

fn texts<'a>(pairs: Pairs<'a, '_>) -> impl Iterator<Item = &'a str> {
    pairs
        .iter()
        .take(MOST_PAIRS)
        .filter_map(|pair| if let Value::Text(name) = pair.0 { Some(name) } else { None })
}
