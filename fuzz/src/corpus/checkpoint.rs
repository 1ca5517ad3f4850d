//! PyTorch checkpoints: state dicts and Lightning dictionaries, in the zip form and in the older one.

use ibq_core::tokenizer::TokenizerConfig;

use super::{Pickle, StoredTensor, zip};

/// Tensors of every type and of many layouts, over storages of 96 bytes.
#[must_use]
pub fn layouts() -> Vec<StoredTensor> {
    let tensor = |name: &str, class, stored, offset, shape: &[i64], strides: &[i64]| StoredTensor {
        name: name.to_owned(),
        class,
        key: class.to_owned(),
        stored,
        offset,
        shape: shape.to_vec(),
        strides: strides.to_vec(),
    };
    vec![
        tensor("plain", "FloatStorage", 24, 0, &[4, 6], &[6, 1]),
        tensor("transposed", "FloatStorage", 24, 0, &[6, 4], &[1, 6]),
        tensor("channels_last", "FloatStorage", 24, 0, &[2, 3, 2, 2], &[12, 1, 6, 3]),
        tensor("view", "FloatStorage", 24, 5, &[3, 2], &[6, 2]),
        tensor("expanded", "FloatStorage", 24, 7, &[3, 5], &[0, 1]),
        tensor("scalar", "FloatStorage", 24, 3, &[], &[]),
        tensor("empty", "FloatStorage", 24, 0, &[0, 3], &[3, 1]),
        tensor("half", "HalfStorage", 48, 2, &[5], &[1]),
        tensor("brain", "BFloat16Storage", 48, 0, &[5], &[2]),
        tensor("double", "DoubleStorage", 12, 1, &[2, 2], &[2, 1]),
        tensor("long", "LongStorage", 12, 0, &[3], &[1]),
        tensor("bool", "BoolStorage", 96, 0, &[4], &[1]),
        tensor("complex", "ComplexFloatStorage", 12, 0, &[2], &[1]),
    ]
}

/// All parameters of a small tokenizer and their averages, each repeating one stored element, so that the file is small.
#[must_use]
pub fn tokenizer() -> Vec<StoredTensor> {
    let config = TokenizerConfig {
        ch: 32,
        ch_mult: vec![1, 2],
        num_res_blocks: 1,
        attn_resolutions: vec![128],
        z_channels: 8,
        embed_dim: 8,
        ..TokenizerConfig::official(16)
    };
    let tensor = |name: String, shape: &[u32]| StoredTensor {
        name,
        class: "FloatStorage",
        key: "FloatStorage".to_owned(),
        stored: 24,
        offset: 0,
        shape: shape.iter().map(|&side| i64::from(side)).collect(),
        strides: vec![0; shape.len()],
    };
    let both = config.parameters().into_iter().flat_map(|(name, shape)| {
        let average = format!("model_ema.{}", name.replace('.', ""));
        [tensor(name, &shape), tensor(average, &shape)]
    });
    both.collect()
}

/// `torch.save(model.state_dict())`.
#[must_use]
pub fn state_dict(tensors: &[StoredTensor]) -> Vec<u8> {
    Pickle::default().tensors(tensors).stop()
}

/// A Lightning checkpoint: counters, tensors, an object of a class that is not known, optimizer state.
#[must_use]
pub fn lightning(tensors: &[StoredTensor]) -> Vec<u8> {
    let moments = StoredTensor { key: "not in the file".to_owned(), ..tensors[0].clone() };
    Pickle::default()
        .raw(b"}q\x00(")
        .text("epoch")
        .int(3)
        .text("state_dict")
        .tensors(tensors)
        .text("callbacks")
        .raw(b"}")
        .text("EarlyStopping")
        .global("some.package", "EarlyStopping")
        .raw(b")\x81}")
        .text("patience")
        .raw(b"G\x3f\xf0\x00\x00\x00\x00\x00\x00sbs")
        .text("optimizer_states")
        .raw(b"](h\x00N\x88")
        .tensor(&moments)
        .raw(b"eu")
        .stop()
}

/// Storages that the tensors of this module lie in, each named after its class, with their numbers of elements.
const STORAGES: [(&str, u64); 7] = [
    ("FloatStorage", 24),
    ("HalfStorage", 48),
    ("BFloat16Storage", 48),
    ("DoubleStorage", 12),
    ("LongStorage", 12),
    ("BoolStorage", 96),
    ("ComplexFloatStorage", 12),
];
/// Content of every storage, eight bytes again and again: small numbers in every width.
const CONTENT: [u8; 8] = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f];

/// A checkpoint around a pickle, in the zip form.
#[must_use]
pub fn checkpoint(pickle: &[u8], prefix: &str, zip64: bool) -> Vec<u8> {
    let mut files = vec![
        (format!("{prefix}/data.pkl"), pickle.to_vec()),
        (format!("{prefix}/byteorder"), b"little".to_vec()),
    ];
    files.extend(STORAGES.map(|(key, _)| (format!("{prefix}/data/{key}"), CONTENT.repeat(12))));
    files.push((format!("{prefix}/version"), b"3\n".to_vec()));
    zip(&files, zip64)
}

/// A checkpoint around a pickle, in the form before PyTorch 1.6.
#[must_use]
pub fn legacy(pickle: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    bytes.extend(Pickle::default().int(1001).stop());
    bytes.extend(Pickle::default().raw(b"}(").text("little_endian").raw(b"\x88u").stop());
    bytes.extend(pickle);
    let used = |key: &str| pickle.windows(key.len()).any(|part| part == key.as_bytes());
    let storages: Vec<_> = STORAGES.into_iter().filter(|storage| used(storage.0)).collect();
    let keys = storages.iter().fold(Pickle::default().raw(b"]("), |keys, (key, _)| keys.text(key));
    bytes.extend(keys.raw(b"e").stop());
    for (_, elements) in storages {
        bytes.extend(elements.to_le_bytes());
        bytes.extend(CONTENT.repeat(12));
    }
    bytes
}

/// Pickles of every kind: plain, Lightning, a tokenizer, textual instructions, a circle.
#[must_use]
pub fn pickles() -> Vec<Vec<u8>> {
    let circle =
        Pickle::default().raw(b"}q\x00(").text("state_dict").raw(b"h\x00").text("me").raw(b"h\x00u").stop();
    let textual = b"(dp0\nVa\np1\nI01\nsS'b'\nL7L\nsVlist\n(lp2\nF1.5\nag2\nas.".to_vec();
    let ordered = Pickle::default()
        .global("collections", "OrderedDict")
        .raw(b"(](")
        .raw(b"(")
        .text("a")
        .int(1)
        .raw(b"tetR}")
        .text("_metadata")
        .raw(b"Nsb")
        .stop();
    vec![state_dict(&layouts()), lightning(&layouts()), state_dict(&tokenizer()), circle, textual, ordered]
}
