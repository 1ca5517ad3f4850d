//! Files that are wrong on purpose, one way at a time: each gets an error that says what is wrong.

use ibq_core::{
    files::{Model, Source, WeightSet, WeightsError},
    tokenizer::ModelKind,
};
use ibq_fuzz::corpus::{self, Pickle, StoredTensor};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::json;

fn open(bytes: &[u8]) -> Result<Model, WeightsError> {
    block_on(Model::open(Source::memory("file", bytes)))
}

fn opened(bytes: &[u8]) -> Model {
    open(bytes).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(bytes: &[u8]) -> String {
    open(bytes).map(|model| model.kind()).expect_err("a refusal").to_string()
}

fn from_pickle(pickle: &[u8]) -> Result<Model, WeightsError> {
    open(&corpus::checkpoint(pickle, "archive", false))
}

fn plain() -> StoredTensor {
    corpus::layouts().remove(0)
}

fn tensor_refusal(tensor: StoredTensor) -> String {
    from_pickle(&corpus::state_dict(&[tensor])).map(|model| model.kind()).expect_err("a refusal").to_string()
}

#[test]
fn every_form_of_checkpoint_gives_the_same_values() {
    let tensors = corpus::layouts();
    let pickle = corpus::state_dict(&tensors);
    let forms = [
        corpus::checkpoint(&pickle, "archive", false),
        corpus::checkpoint(&pickle, "some stem", true),
        corpus::checkpoint(&corpus::lightning(&tensors), "archive", true),
        corpus::legacy(&pickle),
    ];
    let names = |model: &Model| model.tensors().iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    let first = opened(&forms[0]);
    assert_eq!(names(&first).len(), tensors.len());
    for form in &forms {
        let model = opened(form);
        assert_eq!(names(&model), names(&first));
        for name in names(&first) {
            match (block_on(model.read_tensor(&name)), block_on(first.read_tensor(&name))) {
                (Ok(values), Ok(expected)) => assert_eq!(values, expected, "{name}"),
                (Err(error), Err(_)) => assert!(name == "complex", "{error}"),
                _ => panic!("{name} can be read from one form only"),
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_their_storage_are_refused() {
    let with = |shape: &[i64], strides: &[i64]| {
        tensor_refusal(StoredTensor { shape: shape.to_vec(), strides: strides.to_vec(), ..plain() })
    };
    assert!(with(&[5, 5], &[5, 1]).contains("tensor `plain`: needs 25 stored elements but has 24"));
    assert!(with(&[1 << 40, 1 << 40], &[1 << 40, 1]).contains("too large"));
    assert!(with(&[1 << 40], &[0]).contains("too many"));
    assert!(with(&[-1], &[1]).contains("no sizes"));
    assert!(with(&[4, 4], &[2, 1]).contains("over each other"));
    assert!(with(&[4], &[1, 1]).contains("strides"));
    assert!(tensor_refusal(StoredTensor { offset: 1, ..plain() }).contains("needs 25"));
    assert!(tensor_refusal(StoredTensor { stored: 25, ..plain() }).contains("has 96 bytes of 100"));
    assert!(tensor_refusal(StoredTensor { stored: 1 << 40, ..plain() }).contains("has 96 bytes of"));
}

#[test]
fn storages_are_looked_up_in_the_archive_only() {
    let outside = StoredTensor { key: "../../../etc/passwd".to_owned(), ..plain() };
    assert!(tensor_refusal(outside).contains("`archive/data/../../../etc/passwd` is missing"));
}

#[test]
fn no_code_in_a_pickle_is_run() {
    let path = std::env::temp_dir().join(format!("ibq-hostile-{}", std::process::id()));
    let command = Pickle::default().global("os", "system").raw(b"(");
    let pickle = command.text(&format!("touch {}", path.display())).raw(b"tR").stop();
    let error = from_pickle(&pickle).unwrap_err().to_string();
    assert!(error.contains("not a state dict"), "{error}");
    assert!(!path.exists());
}

#[test]
fn circles_and_depth_are_harmless() {
    for pickle in corpus::pickles() {
        from_pickle(&pickle).unwrap_or_else(|error| panic!("{error}"));
    }
    // A dictionary that is its own state dict holds no tensors.
    let circle = from_pickle(&corpus::pickles()[3]).expect("a circle");
    assert_eq!((circle.kind(), circle.tensors().len()), (ModelKind::Unknown, 0));
    let deep =
        |instruction: &[u8], times: usize| Pickle::default().raw(b")").raw(&instruction.repeat(times)).stop();
    for (pickle, reason) in [
        (deep(b"\x85", 100_000), "not a state dict"),
        (deep(b"\x85", 2_000_000), "too many objects"),
        (deep(b"(", 100_000), "nothing on the stack"),
        (deep(b"(", 5_000_000), "too many objects"),
        (deep(b"2", 5_000_000), "too many objects"),
    ] {
        let error = from_pickle(&pickle).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_small_pickle_cannot_copy_a_list_into_much_memory() {
    let list = Pickle::default()
        .raw(b"](")
        .raw(&b")".repeat(10_000))
        .raw(b"eq\x00")
        .global("collections", "OrderedDict");
    let pickle = list.raw(b"q\x01").raw(&b"h\x01h\x00\x85R".repeat(1_000)).stop();
    assert!(from_pickle(&pickle).unwrap_err().to_string().contains("too many objects"));
}

/// A state dict whose only key, which is long, is named `pairs` times.
fn pairs_of_one_key(len: usize, pairs: usize) -> Vec<u8> {
    let key = Pickle::default().text(&"k".repeat(len)).raw(b"q\x01");
    key.tensor(&plain()).raw(b"q\x02}(").raw(&b"h\x01h\x02".repeat(pairs)).raw(b"u").stop()
}

#[test]
fn a_long_key_that_is_named_many_times_is_refused_at_once() {
    let error = from_pickle(&pairs_of_one_key(1 << 20, 1_000_000)).unwrap_err().to_string();
    assert!(error.contains("a tensor's name has 1048576 bytes, at most 1024 are read"), "{error}");
    let error = from_pickle(&pairs_of_one_key(8, 100_001)).unwrap_err().to_string();
    assert!(error.contains("too many tensors"), "{error}");
    assert_eq!(from_pickle(&pairs_of_one_key(1024, 1_000)).expect("one tensor").tensors().len(), 1);
}

#[test]
fn long_keys_of_storages_are_refused() {
    let long = StoredTensor { key: "k".repeat(60_000), ..plain() };
    assert!(tensor_refusal(long.clone()).contains("the key of a storage has 60000 bytes"));
    assert!(refusal(&corpus::legacy(&corpus::state_dict(&[long]))).contains("the key of a storage"));
    let pickle = corpus::state_dict(&[plain()]);
    let prefix = corpus::checkpoint(&pickle, &"p".repeat(2000), false);
    assert!(refusal(&prefix).contains("its folder's name has more than 1024 bytes"));
}

#[test]
fn tensors_that_repeat_elements_claim_no_more_than_a_few_times_the_file() {
    let repeated = |name: &str| StoredTensor {
        name: name.to_owned(),
        shape: vec![1 << 12, 1 << 12],
        strides: vec![0, 0],
        ..plain()
    };
    from_pickle(&corpus::state_dict(&[repeated("a")])).expect("one is fine");
    let error = from_pickle(&corpus::state_dict(&[repeated("a"), repeated("b")])).unwrap_err().to_string();
    assert!(error.contains("its tensors share storages and have more than"), "{error}");
}

#[test]
fn long_names_and_shapes_in_a_safetensors_header_are_refused_without_repeating_them() {
    let entry = json!({"dtype": "F32", "shape": [], "data_offsets": [0, 4]});
    let refused = |header: serde_json::Value| refusal(&corpus::with_header(&header, &[0; 4]));
    let error = refused(json!({"n".repeat(3_000_000): entry}));
    assert!(error.contains("a tensor's name has 3000000 bytes") && error.len() < 300, "{}", error.len());
    let error = refused(json!({"a": {"dtype": "F32", "shape": vec![1; 100_000], "data_offsets": [0, 8]}}));
    assert!(error.contains("tensor `a` has 100000 axes") && error.len() < 300, "{error}");
}

#[test]
fn compressed_contents_are_refused() {
    let mut file = corpus::checkpoint(&corpus::state_dict(&[plain()]), "archive", false);
    let directory: Vec<usize> =
        (0..file.len() - 4).filter(|&at| file[at..].starts_with(b"PK\x01\x02")).collect();
    file[directory[2] + 10] = 8;
    assert!(refusal(&file).contains("compressed"));
    file[directory[0] + 10] = 8;
    assert!(refusal(&file).contains("`archive/data.pkl` is compressed"));
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_an_error() {
    let pickle = corpus::state_dict(&[plain()]);
    for file in [
        corpus::checkpoint(&pickle, "archive", false),
        corpus::checkpoint(&pickle, "archive", true),
        corpus::legacy(&pickle),
        corpus::safetensors(&[("a", &[2, 3])]),
    ] {
        for len in 0..file.len() {
            assert!(open(&file[..len]).is_err(), "{len} of {} bytes", file.len());
        }
    }
    assert!(refusal(&corpus::checkpoint(&pickle, "archive", true)[..500]).contains("cut off"));
}

#[test]
fn safetensors_headers_must_account_for_every_byte() {
    let refused =
        |header: serde_json::Value, data: usize| refusal(&corpus::with_header(&header, &vec![0; data]));
    let entry = |shape: &[u64], begin: u64, end: u64| json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, end]});
    assert!(refused(json!({"a": entry(&[2], 0, 4)}), 4).contains("tensor `a` of shape [2]"));
    assert!(
        refused(json!({"a": entry(&[1], 0, 4), "b": entry(&[1], 2, 6)}), 6)
            .contains("begins at byte 2, expected 4")
    );
    assert!(refused(json!({"a": entry(&[1], 0, 4), "b": entry(&[1], 8, 12)}), 12).contains("expected 4"));
    assert!(refused(json!({"a": entry(&[1], 0, 4)}), 5).contains("end at byte 4 of 5"));
    assert!(refused(json!({"a": entry(&[1 << 62, 1 << 62], 0, 4)}), 4).contains("shape"));
    assert!(refused(json!({"a": entry(&[u64::MAX, 0, u64::MAX], 0, 4)}), 4).contains("shape"));
    // The size of an unknown type is not known, its place is.
    let unknown =
        |begin: u64, end: u64| json!({"a": {"dtype": "X", "shape": [], "data_offsets": [begin, end]}});
    assert!(refused(unknown(0, 4), 5).contains("end at byte 4 of 5"));
    assert!(refused(unknown(4, 0), 0).contains("begins at byte 4"));
    let model = opened(&corpus::with_header(&unknown(0, 4), &[0; 4]));
    let error = block_on(model.read_tensor("a")).unwrap_err().to_string();
    assert!(error.contains("unknown type `X`"), "{error}");
    assert!(
        refused(json!({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}), 4).contains("header")
    );
    let twice = br#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;
    let file = [&(twice.len() as u64).to_le_bytes()[..], twice, &[0, 0]].concat();
    assert!(refusal(&file).contains("`a` occurs twice"));
    assert!(refusal(&[&[0xff; 8][..], b"{}"].concat()).contains("no model"));
}

#[test]
fn weights_that_are_not_finite_are_named() {
    let header = json!({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}});
    let data: Vec<u8> = [1.0, 2.0, 3.0, f32::NAN].iter().flat_map(|value| value.to_le_bytes()).collect();
    let model = opened(&corpus::with_header(&header, &data));
    let error = block_on(model.read_tensor("w")).unwrap_err().to_string();
    assert!(error.contains("`w` holds NaN at element 3"), "{error}");
    let error = block_on(model.read_tensor_rows("w", 1, 1)).unwrap_err().to_string();
    assert!(error.contains("at element 3"), "{error}");
    assert_eq!(block_on(model.read_tensor_rows("w", 0, 1)).expect("finite"), [1.0, 2.0]);
    assert!(
        block_on(model.read_tensor_rows("w", 1, 2)).unwrap_err().to_string().contains("no 2 rows from row 1")
    );
    assert!(block_on(model.read_integers("w")).unwrap_err().to_string().contains("whole numbers"));
    assert!(block_on(model.read_tensor("v")).unwrap_err().to_string().contains("`v` is missing"));
}

#[test]
fn what_is_no_model_is_told() {
    for (file, reason) in [
        (&b""[..], "is empty"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"GGUF\0\0\0\0", "GGUF"),
        (b"hello world, this is text", "no model"),
    ] {
        assert!(refusal(file).contains(reason), "{}", refusal(file));
    }
    let zip = corpus::zip(&[("a.txt".to_owned(), b"text".to_vec())], false);
    assert!(refusal(&zip).contains("not a PyTorch checkpoint"));
    let script = [("m/data.pkl", &b"\x80\x02}."[..]), ("m/constants.pkl", b"")];
    let script = corpus::zip(&script.map(|(name, content)| (name.to_owned(), content.to_vec())), false);
    assert!(refusal(&script).contains("TorchScript"));
    let twice = corpus::zip(&[("m/data.pkl".to_owned(), vec![]), ("m/data.pkl".to_owned(), vec![])], false);
    assert!(refusal(&twice).contains("occurs twice"));
}

fn tokenizer_file(change: impl FnOnce(&mut Vec<StoredTensor>)) -> Model {
    let mut tensors = corpus::tokenizer();
    change(&mut tensors);
    from_pickle(&corpus::state_dict(&tensors)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn both_sets_of_weights_are_found_and_averages_are_the_default() {
    let model = tokenizer_file(|_| {});
    assert_eq!(model.kind(), ModelKind::Tokenizer);
    assert_eq!(model.available(), [WeightSet::Ema, WeightSet::Raw]);
    assert_eq!(model.tokenizer(None).expect("a tokenizer").set(), WeightSet::Ema);
    assert_eq!(model.tokenizer(Some(WeightSet::Raw)).expect("a tokenizer").set(), WeightSet::Raw);
    let raw = tokenizer_file(|tensors| tensors.retain(|tensor| !tensor.name.starts_with("model_ema.")));
    assert_eq!(raw.tokenizer(None).expect("a tokenizer").set(), WeightSet::Raw);
    let error = raw.tokenizer(Some(WeightSet::Ema)).unwrap_err().to_string();
    assert_eq!(error, "file has no EMA weights, only raw");
    let averages = tokenizer_file(|tensors| tensors.retain(|tensor| tensor.name.starts_with("model_ema.")));
    assert_eq!(averages.available(), [WeightSet::Ema]);
    averages.tokenizer(None).expect("a tokenizer");
}

#[test]
fn a_frozen_parameter_without_an_average_stands_for_itself() {
    let model =
        tokenizer_file(|tensors| tensors.retain(|tensor| tensor.name != "model_ema.encoderconv_inweight"));
    let weights = model.tokenizer(None).expect("a tokenizer");
    assert_eq!(weights.set(), WeightSet::Ema);
    block_on(weights.read("encoder.conv_in.weight")).expect("values");
}

#[test]
fn missing_misshapen_and_foreign_tensors_are_named() {
    let raw = Some(WeightSet::Raw);
    let missing = "decoder.mid.attn_1.proj_out.bias";
    let error = tokenizer_file(|t| t.retain(|t| t.name != missing)).tokenizer(raw).unwrap_err();
    assert!(matches!(&error, WeightsError::Missing { tensor, .. } if tensor == missing), "{error}");
    let error = tokenizer_file(|t| {
        for tensor in t.iter_mut().filter(|t| t.name == "decoder.norm_out.weight") {
            tensor.shape = vec![33];
        }
    });
    let error = error.tokenizer(raw).unwrap_err().to_string();
    assert_eq!(error, "file: tensor `decoder.norm_out.weight` has shape [33], expected [32]");
    let foreign =
        tokenizer_file(|t| t.push(StoredTensor { name: "encoder.extra.weight".to_owned(), ..plain() }));
    let error = foreign.tokenizer(None).unwrap_err();
    assert!(
        matches!(&error, WeightsError::Unexpected { tensor, .. } if tensor == "encoder.extra.weight"),
        "{error}"
    );
}

#[test]
fn other_kinds_are_named_and_a_transformer_gives_its_tokenizer() {
    let kind = |names: &[&str]| {
        let tensors: Vec<_> =
            names.iter().map(|name| StoredTensor { name: (*name).to_owned(), ..plain() }).collect();
        let model = from_pickle(&corpus::state_dict(&tensors)).expect("a model");
        (model.kind(), model.tokenizer(None).unwrap_err().to_string())
    };
    let (found, error) = kind(&["encoder.conv_in.weight", "decoder.conv_in.weight"]);
    assert!(found.key() == "lookup-free" && error.contains("without a codebook"), "{error}");
    let (found, error) = kind(&["loss.discriminator.main.0.weight"]);
    assert!(found == ModelKind::Discriminator && error.contains("a discriminator"), "{error}");
    let (found, error) = kind(&["transformer.tok_emb.weight"]);
    assert!(found == ModelKind::Transformer && error.contains("a transformer"), "{error}");
    let (found, error) = kind(&["fc.weight"]);
    assert!(found == ModelKind::Unknown && error.contains("unknown kind"), "{error}");

    let transformer = tokenizer_file(|tensors| {
        tensors.retain(|tensor| !tensor.name.starts_with("model_ema."));
        for tensor in tensors.iter_mut() {
            tensor.name.insert_str(0, "first_stage_model.");
        }
        tensors.push(StoredTensor { name: "transformer.head.weight".to_owned(), ..plain() });
    });
    assert_eq!(transformer.kind(), ModelKind::Transformer);
    assert_eq!(transformer.tokenizer(None).expect("the inner tokenizer").config().n_embed, 16);
}

#[test]
fn the_yaml_must_agree_with_the_weights() {
    let weights = tokenizer_file(|_| {}).tokenizer(None).expect("a tokenizer");
    weights.clone().with_yaml(corpus::YAML).expect("agreement");
    let changed = |from: &str, to: &str| {
        assert!(corpus::YAML.contains(from));
        let changed = weights.clone().with_yaml(&corpus::YAML.replace(from, to));
        changed.map(|_| ()).map_err(|error| error.to_string())
    };
    let error = changed("ch_mult: [1, 2]", "ch_mult:\n      - 1\n      - 4").unwrap_err();
    assert!(error.contains("`ch_mult: [1, 4]`") && error.ends_with("have [1, 2]"), "{error}");
    assert!(changed("n_embed: 16", "n_embed: 1024").unwrap_err().contains("`n_embed: 1024`"));
    assert!(changed("- 128", "- 256").unwrap_err().contains("attn_resolutions"));
    assert!(changed("double_z: False", "double_z: True").unwrap_err().contains("double_z"));
    assert!(changed("l2_normalize: False", "l2_normalize: true").unwrap_err().contains("l2_normalize"));
    assert!(changed("n_embed: 16", "n_embed: 1e-4").unwrap_err().contains("line 16"));
    assert!(changed("ddconfig", "other").unwrap_err().contains("no section `ddconfig`"));
    // The same levels under another nominal resolution, and a resolution that no level has.
    assert_eq!(changed("resolution: 256", "resolution: 512\n      attn_resolutions: [256, 8]"), Ok(()));
    assert_eq!(changed("ch_mult: [1, 2]", "ch_mult: [1,\n        2]"), Ok(()));
}

#[test]
fn folders_are_read_and_shards_stay_inside() {
    let folder = std::env::temp_dir().join(format!("ibq-shards-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("a file");
    write("a.safetensors", &corpus::safetensors(&[("a", &[2])]));
    write("b.safetensors", &corpus::safetensors(&[("b", &[3])]));
    let index = |a: &str, b: &str| json!({"weight_map": {"a": a, "b": b}}).to_string();
    let open = || block_on(Model::open_path(&folder));
    assert!(open().unwrap_err().to_string().contains("a folder without `model.safetensors`"));
    write("model.safetensors.index.json", index("a.safetensors", "b.safetensors").as_bytes());
    let model = open().expect("two shards");
    assert_eq!(block_on(model.read_tensor("b")).expect("values"), [0.0, 1.0, 2.0]);
    for outside in ["../a.safetensors", "/etc/passwd", "c:\\a.safetensors", "a/b.safetensors", "a.txt"] {
        write("model.safetensors.index.json", index(outside, "b.safetensors").as_bytes());
        assert!(open().unwrap_err().to_string().contains("names the shard"), "{outside}");
    }
    write("model.safetensors.index.json", index("b.safetensors", "b.safetensors").as_bytes());
    assert!(matches!(open().unwrap_err(), WeightsError::Missing { tensor, .. } if tensor == "a"));
    std::fs::remove_dir_all(&folder).expect("removal");
}

proptest! {
    /// The targets check what must hold; here it is enough that they return.
    #[test]
    fn flipped_bits_and_cuts_never_panic(
        target in prop::sample::select(&ibq_fuzz::targets::TARGETS[..]),
        file in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let files = (target.corpus)();
        let mut bytes = file.get(&files).clone();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        prop_assert!(!(target.run)(&bytes).is_empty());
    }
}
