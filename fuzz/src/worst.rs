//! Files that cost a loader as much as possible for their length, of any length: what each byte of a form can make it do.

use ibq_core::tokens::{TokenFile, TokenFormat, TokenGrid};
use serde_json::{Map, Value, json};

use crate::{
    corpus::{self, Pickle, StoredTensor},
    targets::{Target, find},
};

/// One kind of costly file.
#[derive(Clone, Copy, Debug)]
pub struct WorstCase {
    /// What it does.
    pub name: &'static str,
    /// Name of the loader that reads it.
    pub target: &'static str,
    /// A file of about so many bytes.
    pub file: fn(usize) -> Vec<u8>,
}

/// All kinds.
pub const WORST_CASES: [WorstCase; 16] = [
    WorstCase { name: "one long key again and again", target: "pickle", file: one_long_key },
    WorstCase { name: "one short key again and again", target: "pickle", file: one_short_key },
    WorstCase { name: "many keys of one tensor", target: "pickle", file: many_keys },
    WorstCase { name: "tuples in tuples", target: "pickle", file: |len| repeated(b")", b"\x85", len) },
    WorstCase { name: "empty dictionaries", target: "pickle", file: |len| repeated(b"", b"}", len) },
    WorstCase { name: "values on the stack", target: "pickle", file: |len| repeated(b"", b"N", len) },
    WorstCase { name: "a list copied again and again", target: "pickle", file: copied_list },
    WorstCase { name: "storage keys again and again", target: "legacy", file: legacy_keys },
    WorstCase { name: "empty tensors", target: "safetensors", file: empty_tensors },
    WorstCase { name: "one long name", target: "safetensors", file: long_name },
    WorstCase { name: "one long shape", target: "safetensors", file: long_shape },
    WorstCase { name: "empty files", target: "checkpoint", file: empty_files },
    WorstCase { name: "lines below a long key", target: "yaml", file: lines_below_a_long_key },
    WorstCase {
        name: "one long list",
        target: "yaml",
        file: |len| format!("a: [{}]", "1,".repeat(len / 2)).into(),
    },
    WorstCase { name: "pictures of one token", target: "tokens-npy", file: one_pixel_pictures },
    WorstCase { name: "rows of one token", target: "tokens-json", file: one_token_rows },
];

impl WorstCase {
    /// The loader that reads it.
    ///
    /// # Panics
    /// When there is no such loader.
    #[must_use]
    pub fn target(&self) -> &'static Target {
        find(self.target).unwrap_or_else(|| panic!("{}: no target {}", self.name, self.target))
    }
}

fn tensor() -> StoredTensor {
    corpus::layouts().remove(0)
}

/// A state dict that names one pair again and again, in four bytes each.
fn one_key(key: usize, pairs: usize) -> Vec<u8> {
    let pickle = Pickle::default().text(&"k".repeat(key)).raw(b"q\x01").tensor(&tensor());
    pickle.raw(b"q\x02}(").raw(&b"h\x01h\x02".repeat(pairs)).raw(b"u").stop()
}

fn one_long_key(len: usize) -> Vec<u8> {
    one_key(len / 2, len / 8)
}

fn one_short_key(len: usize) -> Vec<u8> {
    one_key(1000, len / 4)
}

fn many_keys(len: usize) -> Vec<u8> {
    let pickle = Pickle::default().tensor(&tensor()).raw(b"q\x02}(");
    (0..len / 10)
        .fold(pickle, |pickle, key| pickle.raw(format!("\x55\x06{key:06}h\x02").as_bytes()))
        .raw(b"u")
        .stop()
}

fn repeated(start: &[u8], instruction: &[u8], len: usize) -> Vec<u8> {
    Pickle::default().raw(start).raw(&instruction.repeat(len)).stop()
}

fn copied_list(len: usize) -> Vec<u8> {
    let list = Pickle::default().raw(b"](").raw(&b")".repeat(len / 2)).raw(b"eq\x00");
    let list = list.global("collections", "OrderedDict");
    list.raw(b"q\x01").raw(&b"h\x01h\x00\x85R".repeat(len / 12)).stop()
}

/// A legacy file whose list of storages names one long key again and again.
fn legacy_keys(len: usize) -> Vec<u8> {
    let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    bytes.extend(Pickle::default().int(1001).stop());
    bytes.extend(Pickle::default().raw(b"}(").text("little_endian").raw(b"\x88u").stop());
    bytes.extend(corpus::state_dict(&[tensor()]));
    let keys = Pickle::default().raw(b"](").text(&"k".repeat(len / 2)).raw(b"q\x01");
    bytes.extend(keys.raw(&b"h\x01".repeat(len / 4)).raw(b"e").stop());
    bytes
}

fn empty_tensors(len: usize) -> Vec<u8> {
    let entry = json!({"dtype": "U8", "shape": [0], "data_offsets": [0, 0]});
    let tensors: Map<String, Value> =
        (0..len / 56).map(|name| (format!("{name:x}"), entry.clone())).collect();
    corpus::with_header(&Value::Object(tensors), &[])
}

fn long_name(len: usize) -> Vec<u8> {
    corpus::with_header(&json!({"n".repeat(len): {"dtype": "U8", "shape": [], "data_offsets": [0, 9]}}), &[])
}

fn long_shape(len: usize) -> Vec<u8> {
    let shape = vec![1; len / 2];
    corpus::with_header(&json!({"a": {"dtype": "U8", "shape": shape, "data_offsets": [0, 9]}}), &[])
}

/// An archive of empty files, up to the number that its directory can count.
fn empty_files(len: usize) -> Vec<u8> {
    let files: Vec<_> =
        (0..(len / 150).min(65_000)).map(|name| (format!("a/{name:x}"), Vec::new())).collect();
    corpus::zip(&files, true)
}

fn lines_below_a_long_key(len: usize) -> Vec<u8> {
    let len = len.min(1 << 20);
    format!("{}:\n{}", "k".repeat(len / 2), " a:\n".repeat(len / 8)).into_bytes()
}

fn one_pixel_pictures(len: usize) -> Vec<u8> {
    let (grids, sizes) = (vec![TokenGrid { rows: 1, cols: 1, tokens: vec![7] }], None);
    let file = TokenFile { grids, sizes, factor: None, codebook_size: None, model: None };
    let one = file.write(TokenFormat::Npy).unwrap_or_default();
    // The header of one picture, with as many pictures as there are bytes.
    let header = String::from_utf8_lossy(&one[10..one.len() - 4]).replace("<i4", "|u1");
    let header = header.replacen("(1, 1)", &format!("({len}, 1, 1)"), 1);
    let mut bytes = one[..8].to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(vec![7; len]);
    bytes
}

fn one_token_rows(len: usize) -> Vec<u8> {
    format!("{{\"tokens\": [{}[1]]}}", "[1],".repeat(len / 4)).into_bytes()
}
