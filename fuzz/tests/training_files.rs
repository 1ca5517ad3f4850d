//! Files as training programs write them: wrapped names, state dicts inside of others, tensors in other forms, folders.

use std::{fs, path::PathBuf};

use ibq_core::{
    files::{Model, Source, WeightSet, WeightsError},
    tokenizer::ModelKind,
};
use ibq_fuzz::corpus::{self, Pickle, StoredTensor};
use pollster::block_on;
use serde_json::json;

/// The parameter of which tests look at a value.
const WEIGHT: &str = "encoder.conv_in.weight";

fn open(pickle: Pickle) -> Result<Model, WeightsError> {
    let file = corpus::checkpoint(&pickle.stop(), "archive", false);
    block_on(Model::open(Source::memory("file", file)))
}

/// The tensors of a tokenizer: its weights, or the averages of them under the names of the weights.
fn network(prefix: &str) -> Vec<StoredTensor> {
    let mut tensors = corpus::tokenizer();
    tensors.retain(|tensor| !tensor.name.starts_with("model_ema."));
    tensors.iter_mut().for_each(|tensor| tensor.name.insert_str(0, prefix));
    tensors
}

/// A network whose weights lie one element further in their storages, so that they can be told from others.
fn other_network(prefix: &str) -> Vec<StoredTensor> {
    let mut tensors = network(prefix);
    tensors.iter_mut().for_each(|tensor| tensor.offset = 1);
    tensors
}

fn is_other(model: &Model, set: WeightSet) -> bool {
    let weights = model.tokenizer(Some(set)).expect("a tokenizer");
    // The storage holds zeros and other numbers in turn.
    block_on(weights.read(WEIGHT)).expect("values").iter().all(|&value| value > 1.0)
}

/// A dictionary of state dicts.
fn entries(entries: &[(&str, &[StoredTensor])]) -> Pickle {
    let empty = Pickle::default().raw(b"}(");
    entries.iter().fold(empty, |pickle, (name, tensors)| pickle.text(name).tensors(tensors)).raw(b"u")
}

#[test]
fn what_wrappers_put_before_all_names_is_left_out_and_that_is_noted() {
    for prefix in ["_orig_mod.", "module.", "model.", "module._orig_mod.", "model.module."] {
        let tensors = network(prefix);
        for model in [open(Pickle::default().tensors(&tensors)), open(entries(&[("state_dict", &tensors)]))] {
            let model = model.expect("a model");
            assert_eq!(model.kind(), ModelKind::Tokenizer, "{prefix}");
            model.tokenizer(None).expect("a tokenizer");
            assert_eq!(model.notes(), [format!("`{prefix}` is left out of the names of its tensors")]);
        }
    }
    let mut both = corpus::tokenizer();
    both.iter_mut().for_each(|tensor| tensor.name.insert_str(0, "module."));
    let model = open(Pickle::default().tensors(&both)).expect("a model");
    assert_eq!(model.available(), [WeightSet::Ema, WeightSet::Raw]);
    assert!(open(Pickle::default().tensors(&network(""))).expect("a model").notes().is_empty());
    let file = corpus::safetensors(&[("module.main.0.weight", &[2]), ("module.main.1.weight", &[2])]);
    let model = block_on(Model::open(Source::memory("file", file))).expect("a model");
    assert_eq!(model.kind(), ModelKind::Discriminator);
}

#[test]
fn the_entry_that_holds_a_model_is_used_and_named() {
    for name in ["model", "model_state_dict", "module", "generator"] {
        let optimizer = [StoredTensor { name: "step".to_owned(), ..corpus::layouts().remove(0) }];
        let model = open(entries(&[("optimizer", &optimizer), (name, &network("module."))]));
        let model = model.expect("a model");
        model.tokenizer(None).expect("a tokenizer");
        assert_eq!(model.notes()[0], format!("its weights are those in its entry `{name}`"));
    }
    let lightning = open(entries(&[("state_dict", &network(""))])).expect("a model");
    assert!(lightning.notes().is_empty(), "{:?}", lightning.notes());
}

#[test]
fn averages_in_an_entry_of_their_own_come_first_and_the_weights_beside_them_stay_a_choice() {
    for (ema, raw) in [("ema", "model"), ("ema_state_dict", "state_dict"), ("ema", "module")] {
        let model = open(entries(&[(raw, &network("module.")), (ema, &other_network(""))])).expect("a model");
        assert_eq!(model.available(), [WeightSet::Ema, WeightSet::Raw]);
        assert!(is_other(&model, WeightSet::Ema) && !is_other(&model, WeightSet::Raw));
        let note =
            format!("its EMA weights are those in its entry `{ema}`, its raw weights those in `{raw}`");
        assert_eq!(model.notes()[0], note);
    }
    let alone = open(entries(&[("ema", &network(""))])).expect("a model");
    assert_eq!(alone.available(), [WeightSet::Ema]);
    assert_eq!(alone.notes(), ["its weights are the averages in its entry `ema`"]);
    let transformer = |stride| StoredTensor {
        name: "transformer.tok_emb.weight".to_owned(),
        shape: vec![2],
        strides: vec![stride],
        ..corpus::layouts().remove(0)
    };
    let model = open(entries(&[("model", &[transformer(1)]), ("ema", &[transformer(0)])])).expect("a model");
    assert_eq!(model.kind(), ModelKind::Transformer);
    let values = block_on(model.read_tensor("transformer.tok_emb.weight")).expect("values");
    assert_eq!(values[0].to_bits(), values[1].to_bits());
    assert!(model.notes()[0].contains("`ema` are used, not the weights in `model`"), "{:?}", model.notes());
}

#[test]
fn several_models_are_listed_and_a_python_object_is_named() {
    let two = [("netG", &network("")[..]), ("netG_old", &network("")[..])];
    let error = open(entries(&two)).expect_err("no choice").to_string();
    assert!(error.contains("several state dicts: `netG` (") && error.contains("`netG_old` ("), "{error}");
    let object = Pickle::default().raw(b"}(").text("model").global("vq", "Model").raw(b")Ru");
    let error = open(object).expect_err("an object").to_string();
    assert!(error.contains("its entry `model` is a Python object"), "{error}");
    let mut parts = network("");
    parts.iter_mut().for_each(|tensor| (tensor.shape, tensor.strides) = (vec![0], vec![1]));
    let part =
        Pickle::default().raw(b"}(").text("ds_version").text("0.14").text("module").tensors(&parts).raw(b"u");
    let error = open(part).expect_err("a part").to_string();
    assert!(error.contains("DeepSpeed") && error.contains("zero_to_fp32.py"), "{error}");
}

/// A state dict in which one weight is stored by other instructions.
fn with_weight(write: impl Fn(Pickle, &StoredTensor) -> Pickle) -> Result<Model, WeightsError> {
    let tensors = network("");
    let start = Pickle::default().raw(b"}(");
    let pickle = tensors.iter().fold(start, |pickle, tensor| {
        let pickle = pickle.text(&tensor.name);
        if tensor.name == WEIGHT { write(pickle, tensor) } else { pickle.tensor(tensor) }
    });
    open(pickle.raw(b"u"))
}

#[test]
fn tensors_with_python_attributes_and_parameters_are_read() {
    let plain = with_weight(Pickle::tensor).expect("a model");
    let expected = block_on(plain.read_tensor(WEIGHT)).expect("values");
    let typed = |function: &'static str| {
        move |pickle: Pickle, tensor: &StoredTensor| {
            let pickle = pickle.global("torch._tensor", "_rebuild_from_type_v2").raw(b"(");
            let pickle = pickle.global("torch._utils", function).global("torch.nn.parameter", "Parameter");
            let pickle = match function {
                "_rebuild_parameter" => pickle.raw(b"(").tensor(tensor).raw(b"\x88)t"),
                _ => pickle.tensor_arguments(tensor),
            };
            pickle.raw(b"}(").text("tag").int(1).raw(b"utR")
        }
    };
    let parameter = |pickle: Pickle, tensor: &StoredTensor| {
        pickle.global("torch._utils", "_rebuild_parameter").raw(b"(").tensor(tensor).raw(b"\x88)tR")
    };
    let models = [
        with_weight(typed("_rebuild_tensor_v2")),
        with_weight(typed("_rebuild_parameter")),
        with_weight(parameter),
    ];
    for model in models {
        let model = model.expect("a model");
        model.tokenizer(None).expect("a tokenizer");
        assert_eq!(block_on(model.read_tensor(WEIGHT)).expect("values"), expected);
    }
}

#[test]
fn a_needed_tensor_in_another_form_is_named_with_its_form_and_others_do_not_matter() {
    let form = |module: &'static str, function: &'static str| {
        let model =
            with_weight(move |pickle, _| pickle.global(module, function).raw(b")R")).expect("a model");
        assert_eq!(model.kind(), ModelKind::Tokenizer);
        model.tokenizer(None).expect_err("a tensor is missing").to_string()
    };
    for (module, function, said) in [
        ("torch._utils", "_rebuild_sparse_tensor", "a sparse tensor"),
        ("torch._utils", "_rebuild_qtensor", "a quantized tensor"),
        ("torch._utils", "_rebuild_wrapper_subclass", "a wrapped or distributed tensor"),
        ("torch._utils", "_rebuild_of_the_future", "`torch._utils._rebuild_of_the_future`"),
        ("numpy.core.multiarray", "_reconstruct", "a NumPy array"),
    ] {
        let error = form(module, function);
        assert!(error.contains(WEIGHT) && error.contains(said), "{error}");
    }
    let unknown = |name: &str| {
        let class = |tensor: &StoredTensor| if tensor.name == name { "QUInt8Storage" } else { tensor.class };
        let tensors: Vec<StoredTensor> = corpus::tokenizer()
            .iter()
            .map(|tensor| StoredTensor { class: class(tensor), ..tensor.clone() })
            .collect();
        open(Pickle::default().tensors(&tensors)).expect("a model")
    };
    let error = unknown("quantize.embedding.weight").tokenizer(Some(WeightSet::Raw)).expect_err("a type");
    assert!(
        error.to_string().contains("`quantize.embedding.weight`: has elements of type `QUInt8Storage`"),
        "{error}"
    );
    unknown("quantize.embedding.weight").tokenizer(Some(WeightSet::Ema)).expect("its averages are read");
    unknown("decoder.conv_in.weight").tokenizer(None).expect("its averages are read");
    let error =
        unknown("decoder.conv_in.weight").tokenizer(Some(WeightSet::Raw)).expect_err("a type").to_string();
    assert!(error.contains("QUInt8Storage"), "{error}");
}

#[test]
fn an_unknown_type_in_safetensors_is_an_error_only_where_the_tensor_is_needed() {
    let header = json!({
        "__metadata__": {"tied": "b", "format": "pt"},
        "a": {"dtype": "F4_E2M1", "shape": [4], "data_offsets": [0, 2]},
        "b": {"dtype": "U8", "shape": [2], "data_offsets": [2, 4]},
    });
    let file = corpus::with_header(&header, &[0, 0, 7, 9]);
    let model = block_on(Model::open(Source::memory("file", file))).expect("a model");
    assert_eq!(block_on(model.read_tensor("b")).expect("values"), [7.0, 9.0]);
    // Of tensors that share their values one is stored, and the metadata names the others.
    assert_eq!(block_on(model.read_tensor("tied")).expect("values"), [7.0, 9.0]);
    assert!(model.tensor("format").is_none());
    let error = block_on(model.read_tensor("a")).expect_err("a type").to_string();
    assert_eq!(error, "file: tensor `a`: has elements of the unknown type `F4_E2M1`; convert it first");
}

/// A temporary folder that is removed with its content.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[&str]) -> Self {
        let folder = Self(std::env::temp_dir().join(format!("ibq-{name}-{}", std::process::id())));
        let checkpoint = corpus::checkpoint(&corpus::state_dict(&network("")), "archive", false);
        for file in files {
            let path = folder.0.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, &checkpoint).expect("a file");
        }
        folder
    }

    fn open(&self) -> Result<Model, String> {
        block_on(Model::open_path(&self.0)).map_err(|error| error.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_with_one_checkpoint_opens_it() {
    for (name, files) in [
        ("one-ckpt", &["last.ckpt", "._last.ckpt", "optimizer.pt", "notes.txt"][..]),
        ("one-pt", &["last.pt", "log.jsonl"]),
    ] {
        let model = Folder::new(name, files).open().expect("a model");
        assert_eq!(model.kind(), ModelKind::Tokenizer);
        assert_eq!(model.notes(), [format!("`{}` is the only checkpoint in its folder", files[0])]);
    }
    let error = Folder::new("two-ckpts", &["a.ckpt", "b.ckpt"]).open().expect_err("two");
    assert!(error.ends_with("and with several checkpoints; name one of them: `a.ckpt`, `b.ckpt`"), "{error}");
}

#[test]
fn folders_of_sharded_trainings_are_named_with_the_way_to_one_file() {
    for (name, files, said) in [
        (
            "deepspeed",
            &["latest", "zero_to_fp32.py", "global_step10/mp_rank_00_model_states.pt"][..],
            "zero_to_fp32.py",
        ),
        (
            "deepspeed-step",
            &["mp_rank_00_model_states.pt", "bf16_zero_pp_rank_0_optim_states.pt"],
            "zero_to_fp32.py",
        ),
        ("fsdp", &[".metadata", "__0_0.distcp"], "dcp_to_torch"),
        ("fabric", &[".metadata", "__0_0.distcp", "meta.pt"], "consolidate_checkpoint"),
        (
            "shards",
            &["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"],
            "safe_serialization",
        ),
        ("folders", &["epoch=1.ckpt/latest"], "name one of them: `epoch=1.ckpt`"),
    ] {
        let error = Folder::new(name, files).open().expect_err(said);
        assert!(error.contains(said), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_model_that_is_opened_through_a_link_keeps_the_name_that_it_was_given() {
    let folder = Folder::new("link", &["blobs/0123abcd"]);
    let link = folder.0.join("ibq.ckpt");
    std::os::unix::fs::symlink("blobs/0123abcd", &link).expect("a link");
    let model = block_on(Model::open_path(&link)).expect("a model");
    assert_eq!(model.name(), link.display().to_string());
}
