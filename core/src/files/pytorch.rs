//! PyTorch files: a pickle that describes tensors, and the bytes of their storages. Only the tensors of the state dict
//! are listed; those of optimizers and callbacks are never looked at.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::formats::{
    Dtype,
    safetensors::{LONGEST_NAME, MOST_TENSORS},
};

use super::{
    Source, WeightsError,
    archive::{Archive, content_start},
    layout::Layout,
    listing::{Listing, UnreadableTensor},
    names,
    pickle::{self, Object, PickleError, Storage, Tensor, Unpickled, Value},
    state_dict::{self, StateDicts},
    stored_tensor::{StorageLocation, StoredTensor},
};

/// The first bytes of the form before PyTorch 1.6: a pickled magic number.
const LEGACY_START: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// How the parts of a DeepSpeed checkpoint become one file.
pub(super) const ZERO_TO_FP32: &str = "run the `zero_to_fp32.py` that lies in its folder (`python zero_to_fp32.py . model.pt`) and open what it writes";

/// Bytes that all tensors together may have: tensors may share storages and repeat elements, so a small file could
/// otherwise claim any size. Tied weights need twice the bytes of the file at most.
fn most_bytes(file: u64) -> u64 {
    file.saturating_mul(4).saturating_add(64 << 20)
}

/// Whether these first bytes are those of a zip archive.
pub(super) fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
}

/// Whether these first bytes are those of the form before PyTorch 1.6.
pub(super) fn is_legacy(start: &[u8]) -> bool {
    start.starts_with(LEGACY_START)
}

/// Lists the tensors of a zip checkpoint: `PREFIX/data.pkl` and one entry `PREFIX/data/KEY` per storage.
pub(super) async fn open_zip(source: &Source) -> Result<Listing, WeightsError> {
    let name = source.name();
    let unrecognized =
        |reason: &str| WeightsError::Unrecognized { name: name.to_owned(), reason: reason.to_owned() };
    let archive = Archive::open(source).await?;
    let mut pickles = archive.names().filter_map(|entry| entry.strip_suffix("/data.pkl"));
    let (prefix, more) = (pickles.next(), pickles.next());
    let Some(prefix) = prefix.filter(|_| more.is_none()) else {
        return Err(unrecognized("a zip archive, but not a PyTorch checkpoint (one `data.pkl`)"));
    };
    // The prefix is part of every storage's path.
    if prefix.len() > LONGEST_NAME {
        return Err(broken(name, format!("its folder's name has more than {LONGEST_NAME} bytes")));
    }
    if archive.get(&format!("{prefix}/constants.pkl")).is_some() {
        return Err(unrecognized("a TorchScript program; save its `state_dict()` with torch.save"));
    }
    if archive.get(&format!("{prefix}/byteorder")).is_some()
        && read_entry(source, &archive, &format!("{prefix}/byteorder"), 16).await? != b"little"
    {
        return Err(unrecognized("written on a big-endian machine; save it again on another"));
    }
    let pickle = read_entry(source, &archive, &format!("{prefix}/data.pkl"), pickle::LONGEST).await?;
    let unpickled = pickle::unpickle(&pickle).map_err(|error| broken(name, error.to_string()))?;
    state_dict(source, &unpickled, |storage| {
        let path = format!("{prefix}/data/{}", storage.key);
        let entry = archive.get(&path).ok_or_else(|| format!("its storage `{path}` is missing"))?;
        if !entry.plain {
            return Err(format!("its storage `{path}` is compressed or encrypted; PyTorch never does that"));
        }
        if entry.len < storage.bytes {
            return Err(format!("its storage `{path}` has {} bytes of {}", entry.len, storage.bytes));
        }
        Ok(StorageLocation::ZipEntry { header: entry.header, len: entry.len })
    })
}

async fn read_entry(
    source: &Source,
    archive: &Archive,
    path: &str,
    most: u64,
) -> Result<Vec<u8>, WeightsError> {
    let entry = archive.get(path).filter(|entry| entry.plain && entry.len <= most);
    let entry = entry.ok_or_else(|| broken(source.name(), format!("`{path}` is compressed or too long")))?;
    let start = content_start(source, entry.header, entry.len).await?;
    Ok(source.read_at(start, entry.len as usize).await?)
}

/// Lists the tensors of the form before PyTorch 1.6: magic number, version, system, the objects, the keys of the
/// storages as five pickles, then each storage as its number of elements and its bytes.
pub(super) async fn open_legacy(source: &Source) -> Result<Listing, WeightsError> {
    let name = source.name();
    let mut len = source.len().min(1 << 20);
    loop {
        let start = source.read_at(0, len as usize).await?;
        match legacy_pickles(&start) {
            // The pickles go on behind what was read.
            Err(PickleError::Truncated) if len < source.len().min(pickle::LONGEST) => {
                len = (len * 4).min(source.len()).min(pickle::LONGEST);
            }
            Err(error) => return Err(broken(name, error.to_string())),
            Ok((objects, keys, used)) => {
                let places = legacy_places(source, &objects, &keys, used as u64).await?;
                return state_dict(source, &objects, |storage| {
                    let missing = || format!("its storage `{}` is missing", storage.key);
                    places.get(storage.key).copied().map(StorageLocation::Byte).ok_or_else(missing)
                });
            }
        }
    }
}

/// The objects, the keys of the storages, and the bytes used.
fn legacy_pickles(start: &[u8]) -> Result<(Unpickled<'_>, Vec<&str>, usize), PickleError> {
    let mut at = LEGACY_START.len().min(start.len());
    if next_pickle(start, &mut at)?.root != Value::Int(1001) {
        return Err(PickleError::Malformed(at, "an unknown version of PyTorch's legacy form"));
    }
    let system = next_pickle(start, &mut at)?;
    if system.lookup(system.root, "little_endian") != Some(Value::Bool(true)) {
        return Err(PickleError::Malformed(at, "the word of a big-endian machine"));
    }
    let objects = next_pickle(start, &mut at)?;
    let keys = next_pickle(start, &mut at)?;
    let Some(Object::List(keys)) = keys.object(keys.root) else {
        return Err(PickleError::Malformed(at, "no list of storages"));
    };
    let keys = keys.iter().filter_map(|key| if let Value::Text(key) = key { Some(*key) } else { None });
    let keys: Vec<&str> = keys.collect();
    if keys.len() > MOST_TENSORS {
        return Err(PickleError::TooMany);
    }
    match keys.iter().find(|key| key.len() > LONGEST_NAME) {
        Some(key) => Err(PickleError::LongKey(key.len())),
        None => Ok((objects, keys, at)),
    }
}

fn next_pickle<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Unpickled<'a>, PickleError> {
    let unpickled = pickle::unpickle(&bytes[*at..])?;
    *at += unpickled.used;
    Ok(unpickled)
}

/// First byte of the content of each storage.
async fn legacy_places<'a>(
    source: &Source,
    objects: &Unpickled<'a>,
    keys: &[&'a str],
    start: u64,
) -> Result<HashMap<&'a str, u64>, WeightsError> {
    let storages = objects.objects.iter().filter_map(|object| match object {
        Object::Storage(storage) => Some((storage.key, *storage)),
        _ => None,
    });
    let storages: HashMap<&str, Storage<'_>> = storages.collect();
    let mut places = HashMap::new();
    let mut at = start;
    for &key in keys {
        let Some(storage) = storages.get(key) else {
            return Err(broken(source.name(), format!("storage `{key}` belongs to no tensor")));
        };
        let head = source.read_at(at, 8).await?;
        let elements = head.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let size = storage.dtype.map_or(1, Dtype::size);
        if elements.checked_mul(size) != Some(storage.bytes) {
            let reason =
                format!("storage `{key}` has {elements} elements, expected {}", storage.bytes / size);
            return Err(broken(source.name(), reason));
        }
        places.insert(key, at + 8);
        at = at.saturating_add(8).saturating_add(storage.bytes);
    }
    if at > source.len() {
        let reason = format!("storages end at byte {at} of {}: the file is cut off", source.len());
        return Err(broken(source.name(), reason));
    }
    Ok(places)
}

/// Lists the tensors of the state dicts in a file under the names that they have in the official code. The number of
/// tensors, the lengths of their names, and their bytes together are limited before anything is copied.
fn state_dict(
    source: &Source,
    unpickled: &Unpickled<'_>,
    locate: impl Fn(&Storage<'_>) -> Result<StorageLocation, String>,
) -> Result<Listing, WeightsError> {
    let name = source.name();
    let unrecognized = |reason: String| WeightsError::Unrecognized { name: name.to_owned(), reason };
    let StateDicts { weights, averages, note } = state_dict::find(unpickled).map_err(unrecognized)?;
    let mut budget = Budget { tensors: MOST_TENSORS, bytes: most_bytes(source.len()) };
    let mut list = |pairs| list(source, unpickled, &locate, pairs, &mut budget);
    let mut listing = weights.map(&mut list).transpose()?.unwrap_or_default();
    if let Some(averages) = averages {
        let mut averages = list(averages)?;
        averages.names_mut().for_each(|name| *name = names::of_average(name));
        // Averages that the weights have inside as well are those of the entry of their own.
        let apart: HashSet<String> = averages.names_mut().map(|name| name.clone()).collect();
        listing.tensors.retain(|tensor| !apart.contains(&tensor.name));
        listing.unreadable.retain(|tensor| !apart.contains(&tensor.name));
        listing.tensors.append(&mut averages.tensors);
        listing.unreadable.append(&mut averages.unreadable);
        listing.wrappers.append(&mut averages.wrappers);
        for note in averages.notes {
            if !listing.notes.contains(&note) {
                listing.notes.push(note);
            }
        }
    }
    let is_partition = unpickled.lookup(unpickled.root, "ds_version").is_some()
        && listing.tensors.iter().any(|tensor| tensor.layout.elements() == 0);
    if is_partition {
        return Err(unrecognized(format!("one process's part of a DeepSpeed checkpoint; {ZERO_TO_FP32}")));
    }
    listing.notes.splice(0..0, note);
    Ok(listing)
}

/// What the tensors of a file may still take.
struct Budget {
    tensors: usize,
    bytes: u64,
}

/// Lists the tensors of one state dict, without what wrappers put into their names.
fn list(
    source: &Source,
    unpickled: &Unpickled<'_>,
    locate: impl Fn(&Storage<'_>) -> Result<StorageLocation, String>,
    pairs: &[(Value<'_>, Value<'_>)],
    budget: &mut Budget,
) -> Result<Listing, WeightsError> {
    let name = source.name();
    let mut listing = Listing::default();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    let mut unreadable: BTreeMap<&str, String> = BTreeMap::new();
    for &(key, value) in pairs {
        let (Value::Text(key), Some(object)) = (key, unpickled.object(value)) else { continue };
        if !matches!(object, Object::Tensor(_) | Object::Unreadable(_)) {
            continue;
        }
        // Pairs are counted, not names: a pickle can name a pair again in four bytes.
        let Some(left) = budget.tensors.checked_sub(1) else { return Err(broken(name, "too many tensors")) };
        budget.tensors = left;
        if key.len() > LONGEST_NAME {
            let reason = format!("a tensor's name has {} bytes, at most {LONGEST_NAME} are read", key.len());
            return Err(broken(name, reason));
        }
        let tensor = match object {
            Object::Tensor(tensor) => tensor,
            Object::Unreadable(form) => {
                unreadable.insert(key, form.to_string());
                continue;
            }
            _ => continue,
        };
        let stored = stored(key, tensor, unpickled, &locate).map_err(|reason| WeightsError::Tensor {
            name: name.to_owned(),
            tensor: key.to_owned(),
            reason,
        })?;
        let size = stored.layout.elements().saturating_mul(stored.dtype.size());
        let Some(left) = budget.bytes.checked_sub(size) else {
            let most = most_bytes(source.len());
            let reason = format!("its tensors share storages and have more than {most} bytes in all");
            return Err(broken(name, reason));
        };
        budget.bytes = left;
        if let Some(&position) = positions.get(key) {
            listing.tensors[position] = stored;
        } else {
            positions.insert(key, listing.tensors.len());
            listing.tensors.push(stored);
        }
    }
    // Of several values under one name the readable one is taken.
    unreadable.retain(|name, _| !positions.contains_key(name));
    listing.unreadable = unreadable
        .into_iter()
        .map(|(name, reason)| UnreadableTensor { name: name.to_owned(), reason })
        .collect();
    listing.unwrap_names();
    Ok(listing)
}

fn stored(
    key: &str,
    tensor: &Tensor,
    unpickled: &Unpickled<'_>,
    locate: impl Fn(&Storage<'_>) -> Result<StorageLocation, String>,
) -> Result<StoredTensor, String> {
    let Some(Object::Storage(storage)) = unpickled.objects.get(tensor.storage) else {
        return Err("has no storage".to_owned());
    };
    let sizes = |id| unpickled.sizes(id).ok_or("has a shape or strides that are no sizes");
    let (shape, strides) = (sizes(tensor.shape)?, sizes(tensor.strides)?);
    let elements = storage.bytes / tensor.dtype.size();
    let layout = Layout::new(shape, strides, tensor.offset, elements)?;
    Ok(StoredTensor { name: key.to_owned(), dtype: tensor.dtype, layout, place: locate(storage)? })
}

fn broken(name: &str, reason: impl Into<String>) -> WeightsError {
    WeightsError::Broken { name: name.to_owned(), reason: reason.into() }
}
