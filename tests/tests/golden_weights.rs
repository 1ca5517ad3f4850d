//! Checkpoints of the official implementation: the ordinary one, and the unusual ones.

use std::path::Path;

use ibq_core::{
    files::{Model, WeightSet, WeightsError},
    tokenizer::{ModelKind, TokenizerWeights},
};
use ibq_tests::vectors::Golden;
use pollster::block_on;

fn open(golden: &Golden, file: &str) -> Model {
    block_on(Model::open_path(&golden.path(file))).unwrap_or_else(|error| panic!("{error}"))
}

fn read_file(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every checkpoint that a tokenizer case names, once, with the sets of weights asked of it.
fn tokenizer_checkpoints(golden: &Golden) -> Vec<(&str, Vec<WeightSet>)> {
    let mut checkpoints: Vec<(&str, Vec<WeightSet>)> = Vec::new();
    for case in golden.list("/tokenizer/cases") {
        let file = case["checkpoint"].as_str().expect("a checkpoint");
        let set = match case["weights"].as_str() {
            Some("ema") => WeightSet::Ema,
            Some("raw") => WeightSet::Raw,
            other => panic!("weights {other:?}"),
        };
        match checkpoints.iter_mut().find(|known| known.0 == file) {
            Some((_, sets)) => sets.push(set),
            None => checkpoints.push((file, vec![set])),
        }
    }
    checkpoints
}

#[test]
fn golden_checkpoints_are_tokenizers_whose_configuration_equals_the_yaml() {
    let golden = Golden::open();
    for (file, sets) in tokenizer_checkpoints(&golden) {
        let model = open(&golden, file);
        assert_eq!(model.kind(), ModelKind::Tokenizer, "{file}");
        for set in sets {
            assert!(model.available().contains(&set), "{file} has {:?}", model.available());
            let weights = model.tokenizer(Some(set)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(weights.set(), set);
            if let Some(yaml) = golden.text("/tokenizer/config") {
                let yaml = read_file(&golden.path(yaml));
                weights.clone().with_yaml(&yaml).unwrap_or_else(|error| panic!("{error}"));
                let wrong = yaml.replace("n_embed: ", "n_embed: 1");
                let error = weights.clone().with_yaml(&wrong).unwrap_err();
                assert!(
                    matches!(&error, WeightsError::Disagreement { field, .. } if field == "n_embed"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn golden_averages_are_the_default_and_differ_from_the_raw_weights() {
    let golden = Golden::open();
    for (file, _) in tokenizer_checkpoints(&golden) {
        let model = open(&golden, file);
        let default = model.tokenizer(None).unwrap_or_else(|error| panic!("{error}"));
        if !model.available().contains(&WeightSet::Ema) {
            assert_eq!(default.set(), WeightSet::Raw, "{file}");
            continue;
        }
        assert_eq!(default.set(), WeightSet::Ema, "{file}");
        let raw = model.tokenizer(Some(WeightSet::Raw)).unwrap_or_else(|error| panic!("{error}"));
        let name = "encoder.conv_in.weight";
        let stored = block_on(model.read_tensor("model_ema.encoderconv_inweight")).expect("the average");
        assert_eq!(read(&default, name), stored);
        assert_ne!(read(&default, name), read(&raw, name));
    }
}

#[test]
fn golden_checkpoints_are_read_to_the_last_parameter() {
    let golden = Golden::open();
    for (file, sets) in tokenizer_checkpoints(&golden) {
        for set in sets {
            let weights = open(&golden, file).tokenizer(Some(set)).unwrap_or_else(|error| panic!("{error}"));
            for (name, shape) in weights.config().parameters() {
                let values = read(&weights, &name);
                assert_eq!(
                    values.len() as u64,
                    shape.iter().map(|&d| u64::from(d)).product::<u64>(),
                    "{name}"
                );
                let mean_square = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
                assert!(
                    mean_square > 1e-6 && mean_square < 1e3,
                    "{file}: {name} has mean square {mean_square}"
                );
            }
            let [codes, dimension] = [weights.config().n_embed, weights.config().embed_dim].map(u64::from);
            let codebook = read(&weights, "quantize.embedding.weight");
            let rows =
                block_on(weights.read_rows("quantize.embedding.weight", codes / 2, 2)).expect("two rows");
            let from = (codes / 2 * dimension) as usize;
            assert_eq!(rows, codebook[from..from + 2 * dimension as usize]);
        }
    }
}

fn read(weights: &TokenizerWeights, name: &str) -> Vec<f32> {
    block_on(weights.read(name)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn golden_types_and_layouts_are_read_exactly() {
    let golden = Golden::open();
    let (Some(file), Some(expected)) =
        (golden.text("/checkpoints/dtype_zoo"), golden.text("/checkpoints/dtype_zoo_expected"))
    else {
        return;
    };
    let model = open(&golden, file);
    assert_eq!(model.kind(), ModelKind::Unknown);
    let expected = golden.tensors(expected);
    for name in expected.names() {
        let theirs = expected.get(name);
        let ours = model.tensor(name).unwrap_or_else(|| panic!("no tensor {name}"));
        assert_eq!(ours.shape, theirs.shape.iter().map(|&d| d as u64).collect::<Vec<_>>(), "{name}");
        // Booleans are bytes in the expected file.
        let dtype = if ours.dtype == "BOOL" { "U8" } else { &ours.dtype };
        assert_eq!(dtype, theirs.dtype, "{name}");
        if dtype.starts_with(['I', 'U']) {
            let values = block_on(model.read_integers(name)).unwrap_or_else(|error| panic!("{error}"));
            let bytes: Vec<u8> =
                values.iter().flat_map(|v| v.to_le_bytes()[..width(dtype)].to_vec()).collect();
            assert_eq!(bytes, theirs.bytes, "{name}");
        } else {
            let values = block_on(model.read_tensor(name)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(values, floats(dtype, &theirs.bytes), "{name}");
        }
    }
    assert!(expected.names().count() > 10);
}

/// Bytes of an element: "BF16" has two.
fn width(dtype: &str) -> usize {
    let bits: usize = dtype.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect(dtype);
    bits / 8
}

/// Floats of any width as f32, by shifting bits: an own conversion, not the loader's.
fn floats(dtype: &str, bytes: &[u8]) -> Vec<f32> {
    let half = |bits: u16| {
        let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f32::from(bits & 1023));
        let magnitude = match exponent {
            0 => fraction * 2f32.powi(-24),
            _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
        };
        if sign == 1 { -magnitude } else { magnitude }
    };
    let value = |chunk: &[u8]| match (dtype, chunk) {
        ("F32", &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        ("F64", _) => f64::from_le_bytes(chunk.try_into().expect("8 bytes")) as f32,
        ("BF16", &[a, b]) => f32::from_le_bytes([0, 0, a, b]),
        ("F16", &[a, b]) => half(u16::from_le_bytes([a, b])),
        _ => panic!("{dtype}"),
    };
    bytes.chunks_exact(width(dtype)).map(value).collect()
}

#[test]
fn golden_legacy_checkpoint_is_read() {
    let golden = Golden::open();
    let Some(file) = golden.text("/checkpoints/legacy") else { return };
    let model = open(&golden, file);
    assert_eq!(model.kind(), ModelKind::Tokenizer);
    for entry in model.tensors() {
        let values = block_on(model.read_tensor(&entry.name)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(values.len() as u64, entry.shape.iter().product::<u64>(), "{}", entry.name);
    }
    // Its encoder is that of the checkpoint in the form of today, rounded to f16.
    let Some(today) = golden.text("/tokenizer/checkpoint") else { return };
    let today = open(&golden, today);
    for entry in model.tensors() {
        let old = block_on(model.read_tensor(&entry.name)).expect("values");
        let new = block_on(today.read_tensor(&entry.name)).expect("values");
        let close = |(old, new): (&f32, &f32)| (old - new).abs() <= new.abs() / 1024.0 + 1e-7;
        assert!(old.iter().zip(&new).all(close), "{}", entry.name);
    }
    // It has no decoder, and that is what the error says.
    let error = model.tokenizer(None).unwrap_err();
    assert!(
        matches!(&error, WeightsError::Missing { tensor, .. } if tensor.starts_with("decoder.")),
        "{error}"
    );
}

#[test]
fn golden_transformer_is_recognized_and_gives_its_tokenizer() {
    let golden = Golden::open();
    let Some(file) = golden.text("/transformer/checkpoint") else { return };
    let model = open(&golden, file);
    assert_eq!(model.kind(), ModelKind::Transformer);
    // A transformer may come alone; with any tensor of a tokenizer it must give the tokenizer.
    if !model.tensors().iter().any(|entry| entry.name.starts_with("first_stage_model.")) {
        let error = model.tokenizer(None).expect_err("a transformer alone gives no tokenizer");
        assert!(error.to_string().contains("without a tokenizer"), "{error}");
        return;
    }
    let inner = model.tokenizer(None).unwrap_or_else(|error| panic!("{error}"));
    if let Some(yaml) = golden.text("/transformer/config") {
        inner.clone().with_yaml(&read_file(&golden.path(yaml))).unwrap_or_else(|error| panic!("{error}"));
    }
    // The tokenizer inside of a transformer checkpoint holds the averages of the tokenizer's own.
    let Some(tokenizer) = golden.text("/tokenizer/checkpoint") else { return };
    let averages = open(&golden, tokenizer).tokenizer(None).unwrap_or_else(|error| panic!("{error}"));
    for name in ["encoder.conv_in.weight", "decoder.conv_out.bias", "quantize.embedding.weight"] {
        assert_eq!(read(&inner, name), read(&averages, name), "{name}");
    }
}
