//! LPIPS in a run: whose weights, and errors of files that do not fit.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use ibq_tests::folder::Folder;
use ibq_train::{
    data::Pictures,
    tokenizer::{Checkpoint, Preset, StepError, Trainer, TrainerOptions, loss::Lpips},
};
use safetensors::{SafeTensors, tensor::TensorView};

/// A narrow VGG16 with heads.
const NARROW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/lpips.safetensors");

/// A network as small as the family allows, on pictures of 16×16.
const SMALL: &str = r#"
[model]
ch = 32
ch_mult = [1, 1]
num_res_blocks = 1
attn_resolutions = []
resolution = 16
z_channels = 8
embed_dim = 8
n_embed = 64
[quantizer]
rule = "ibq"
[loss]
l1 = 1.0
structural = 0.5
[training]
side = 16
batch = 2
steps = 100
learning_rate = 1e-3
ema_decay = 0.9
"#;

/// Writes the tensors of the narrow network that `pick` chooses, under the names and shapes that it gives.
fn write_tensors(
    folder: &Folder,
    name: &str,
    pick: impl Fn(&str, &[usize]) -> Option<(String, Vec<usize>)>,
) -> PathBuf {
    let bytes = std::fs::read(NARROW).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let picked = whole.iter().filter_map(|(name, tensor)| {
        let (name, shape) = pick(name, tensor.shape())?;
        Some((name, TensorView::new(tensor.dtype(), shape, tensor.data()).unwrap()))
    });
    let path = folder.0.join(name);
    std::fs::write(&path, safetensors::serialize(picked, None).unwrap()).unwrap();
    path
}

fn open(files: &[&Path]) -> Result<Lpips, String> {
    let files: Vec<PathBuf> = files.iter().map(|path| path.to_path_buf()).collect();
    Lpips::open(&files, &Device::flex()).map_err(|error| error.to_string())
}

/// LPIPS of two pictures that differ.
fn measured(lpips: &Lpips) -> f32 {
    let pictures = Pictures::scenes(2, 16, 0, &[1], |_| {});
    let one = |index: usize| {
        let values: Vec<f32> =
            pictures.get(index).as_raw().iter().map(|v| f32::from(*v) / 127.5 - 1.0).collect();
        burn::tensor::Tensor::<1>::from_floats(values.as_slice(), &Device::flex())
            .reshape([1, 16, 16, 3])
            .permute([0, 3, 1, 2])
    };
    lpips.of(one(0), one(1)).into_scalar::<f32>()
}

#[test]
fn the_weights_may_be_apart_or_inside_of_an_official_checkpoint() {
    let folder = Folder::new("files");
    let expected = measured(&open(&[Path::new(NARROW)]).unwrap());
    assert!(expected > 0.01, "{expected}");
    let keep = |start: &'static str| {
        move |name: &str, shape: &[usize]| name.starts_with(start).then(|| (name.to_owned(), shape.to_vec()))
    };
    let (vgg, heads) =
        (write_tensors(&folder, "vgg", keep("features")), write_tensors(&folder, "heads", keep("lin")));
    assert_eq!(measured(&open(&[&vgg, &heads]).unwrap()), expected);
    assert_eq!(measured(&open(&[&heads, &vgg]).unwrap()), expected);
    let official = write_tensors(&folder, "official", |name, shape| {
        let inner = match name.strip_prefix("features.") {
            Some(rest) => {
                let layer: usize = rest.split('.').next()?.parse().ok()?;
                let slice = [4, 9, 16, 23, 30].iter().position(|end| layer < *end)? + 1;
                format!("net.slice{slice}.{rest}")
            }
            None => name.to_owned(),
        };
        Some((format!("loss.perceptual_loss.{inner}"), shape.to_vec()))
    });
    assert_eq!(measured(&open(&[&official]).unwrap()), expected);
}

#[test]
fn a_file_that_does_not_fit_is_named_with_its_tensor() {
    let folder = Folder::new("errors");
    let without = write_tensors(&folder, "without.safetensors", |name, shape| {
        (name != "lin3.model.1.weight").then(|| (name.to_owned(), shape.to_vec()))
    });
    let message = open(&[&without]).unwrap_err();
    assert!(
        message.contains("without.safetensors: the tensor `lin3.model.1.weight` is missing"),
        "{message}"
    );
    let turned = write_tensors(&folder, "turned.safetensors", |name, shape| {
        let turned = name == "features.5.weight";
        let shape = if turned { vec![shape[1], shape[0], 3, 3] } else { shape.to_vec() };
        Some((name.to_owned(), shape))
    });
    let message = open(&[&turned]).unwrap_err();
    assert!(
        message.contains("turned.safetensors: the tensor `features.5.weight` has the shape [4, 6, 3, 3]")
            && message.contains("[any, 4, 3, 3]"),
        "{message}"
    );
    let text = folder.0.join("text.pth");
    std::fs::write(&text, "no weights").unwrap();
    assert!(open(&[&text]).unwrap_err().contains("text.pth"));
}

#[test]
fn a_run_with_lpips_resumes_with_the_same_losses() {
    let folder = Folder::new("training");
    let path = folder.0.join("checkpoint.safetensors");
    let pictures = Pictures::scenes(6, 16, 0, &[1], |_| {});
    let losses = |trainer: &mut Trainer| -> Vec<f32> {
        (0..3).map(|_| trainer.step(&pictures).unwrap().reconstruction).collect()
    };
    let preset = Preset::parse("small", SMALL).unwrap();
    let structural = losses(&mut Trainer::new(preset.clone(), Device::flex()));
    let mut whole = Trainer::new(preset.clone(), Device::flex());
    whole.configure(&TrainerOptions { vgg: vec![NARROW.into()], ..Default::default() }).unwrap();
    assert_ne!(losses(&mut whole), structural);
    whole.checkpoint().save(&path).unwrap();
    let expected = losses(&mut whole);
    let mut resumed = Trainer::resume(Checkpoint::open(&path, &Device::flex()).unwrap(), Device::flex());
    assert_eq!(losses(&mut resumed), expected);

    // A file that is gone is never replaced in silence.
    let mut gone = Trainer::new(preset, Device::flex());
    let vgg = vec![folder.0.join("gone.pth")];
    gone.configure(&TrainerOptions { vgg, ..Default::default() }).unwrap();
    let error = gone.step(&pictures).unwrap_err();
    assert!(matches!(error, StepError::Lpips(_)) && error.to_string().contains("gone.pth"), "{error}");
}

#[test]
fn pictures_that_are_too_small_for_lpips_are_refused() {
    let text =
        SMALL.replace("structural = 0.5", "lpips = 1.0\nvgg = \"vgg.pth\"").replace("side = 16", "side = 8");
    let message = Preset::parse("small", &text).unwrap_err().to_string();
    assert!(message.contains("training.side") && message.contains("16 or more"), "{message}");
}
