//! The header of a safetensors file: a length of 8 bytes, then JSON that lists the tensors. Their bytes follow, one tensor
//! after the other.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::Dtype;

/// Most tensors of one file.
pub(crate) const MOST_TENSORS: usize = 100_000;
/// Longest name of a tensor, in bytes.
pub(crate) const LONGEST_NAME: usize = 1024;
/// Most axes of a tensor.
pub(crate) const MOST_AXES: usize = 16;

/// What a safetensors header says.
pub(crate) struct Header {
    /// Free text of the file's writer.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The tensors in the order of their bytes.
    pub(crate) tensors: Vec<HeaderTensor>,
    /// Name and type of the tensors whose type is not known here.
    pub(crate) unknown: Vec<(String, String)>,
}

/// One tensor of a header.
pub(crate) struct HeaderTensor {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    /// First byte, counted from the end of the header.
    pub(crate) begin: u64,
    /// One past the last byte.
    pub(crate) end: u64,
}

/// Whether these first bytes can be those of a safetensors file.
pub(crate) fn is_safetensors(start: &[u8], len: u64) -> bool {
    header_len(start).is_some_and(|header| header >= 2 && header <= len - 8) && start.get(8) == Some(&b'{')
}

/// The length of the JSON, which the first eight bytes give.
pub(crate) fn header_len(start: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(*start.first_chunk()?))
}

/// The JSON of a file that is in memory, and the bytes of its tensors.
pub(crate) fn split_header(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::try_from(header_len(file)?).unwrap_or(usize::MAX);
    file[8..].split_at_checked(len)
}

/// What stands before the tensors of a file: the length and the JSON, padded so that the tensors are aligned. The tensors
/// come in the order of their bytes.
pub(crate) fn encode_header(metadata: &BTreeMap<String, String>, tensors: &[HeaderTensor]) -> Vec<u8> {
    let mut entries = serde_json::Map::new();
    entries.insert("__metadata__".to_owned(), serde_json::json!(metadata));
    for HeaderTensor { name, dtype, shape, begin, end } in tensors {
        let entry =
            serde_json::json!({ "dtype": dtype.name(), "shape": shape, "data_offsets": [begin, end] });
        entries.insert(name.clone(), entry);
    }
    let mut json = serde_json::Value::Object(entries).to_string();
    while !json.len().is_multiple_of(8) {
        json.push(' ');
    }
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.into_bytes());
    bytes
}

/// Parses a header for `data` bytes of tensors. Every byte must belong to exactly one tensor.
pub(crate) fn parse_header(json: &[u8], data: u64) -> Result<Header, String> {
    let entries: Entries = serde_json::from_slice(json).map_err(|error| format!("header: {error}"))?;
    for (name, entry) in &entries.tensors {
        let axes = entry.shape.len();
        if axes > MOST_AXES {
            return Err(format!("tensor `{name}` has {axes} axes, at most {MOST_AXES} are read"));
        }
    }
    check_places(&entries.tensors, data)?;
    let mut tensors = Vec::with_capacity(entries.tensors.len());
    let mut unknown = Vec::new();
    for (name, entry) in entries.tensors {
        let Some(dtype) = Dtype::from_safetensors(&entry.dtype) else {
            unknown.push((name, entry.dtype));
            continue;
        };
        let [begin, end] = entry.data_offsets;
        let size = entry.shape.iter().try_fold(dtype.size(), |size, &side| size.checked_mul(side));
        let size = if entry.shape.contains(&0) { Some(0) } else { size };
        if end.checked_sub(begin) != size {
            let shape = &entry.shape;
            return Err(format!("tensor `{name}` of shape {shape:?} cannot be bytes {begin} to {end}"));
        }
        tensors.push(HeaderTensor { name, dtype, shape: entry.shape, begin, end });
    }
    tensors.sort_by(|a, b| (a.begin, a.end, &a.name).cmp(&(b.begin, b.end, &b.name)));
    Ok(Header { metadata: entries.metadata, tensors, unknown })
}

/// Whether the tensors follow each other without gaps up to the end of the file, each under a name of its own.
fn check_places(tensors: &[(String, Entry)], data: u64) -> Result<(), String> {
    let mut places: Vec<_> =
        tensors.iter().map(|(name, entry)| (entry.data_offsets, name.as_str())).collect();
    places.sort_unstable();
    let mut at = 0;
    for &([begin, end], name) in &places {
        if begin != at {
            return Err(format!("tensor `{name}` begins at byte {begin}, expected {at}"));
        }
        if end < begin {
            return Err(format!("tensor `{name}` ends at byte {end}, before its beginning at {begin}"));
        }
        at = end;
    }
    if at != data {
        return Err(format!("tensors end at byte {at} of {data}"));
    }
    let mut names: Vec<&str> = places.into_iter().map(|(_, name)| name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => Err(format!("tensor `{}` occurs twice", twice[0])),
        None => Ok(()),
    }
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// The header as written, doubled names included.
#[derive(Default)]
struct Entries {
    metadata: BTreeMap<String, String>,
    tensors: Vec<(String, Entry)>,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Entries;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object that names tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Entries::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name.len() > LONGEST_NAME {
                        let error = format!(
                            "a tensor's name has {} bytes, at most {LONGEST_NAME} are read",
                            name.len()
                        );
                        return Err(serde::de::Error::custom(error));
                    }
                    if name == "__metadata__" {
                        entries.metadata = map.next_value()?;
                    } else if entries.tensors.len() == MOST_TENSORS {
                        return Err(serde::de::Error::custom("too many tensors"));
                    } else {
                        entries.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
