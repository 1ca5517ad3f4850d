//! The loaders, each with the files to begin with and what must hold for every input.

use ibq_core::{
    files::{Model, Source},
    picture::{self, Size},
    tokenizer::TokenizerWeights,
    tokens::{TokenFile, TokenFormat, TokenGrid},
};
use pollster::block_on;

use crate::corpus;

/// Largest tensor that is read, in elements, so that executions stay short.
const MOST_ELEMENTS: u64 = 4096;

/// Most pixels of a picture that is opened, for the same reason.
const MOST_PIXELS: u64 = 1 << 14;

/// One loader.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Valid files to begin with.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// Feeds one input to the loader, checks what must hold, and says what came out.
    pub run: fn(&[u8]) -> String,
}

/// All loaders.
pub const TARGETS: [Target; 12] = [
    Target { name: "safetensors", corpus: safetensors_files, run: open_model },
    Target { name: "checkpoint", corpus: checkpoints, run: open_model },
    Target { name: "legacy", corpus: legacy_files, run: open_model },
    Target { name: "pickle", corpus: corpus::pickles, run: open_pickle },
    Target { name: "folder", corpus: || vec![corpus::folder_config().into_bytes()], run: open_folder },
    Target { name: "yaml", corpus: || vec![corpus::YAML.into()], run: check_yaml },
    Target { name: "tokens-json", corpus: || token_files(TokenFormat::Json), run: read_tokens },
    Target { name: "tokens-npy", corpus: || token_files(TokenFormat::Npy), run: read_tokens },
    Target { name: "tokens-safetensors", corpus: || token_files(TokenFormat::Safetensors), run: read_tokens },
    Target { name: "png", corpus: png_files, run: open_picture },
    Target { name: "jpeg", corpus: jpeg_files, run: open_picture },
    Target { name: "webp", corpus: webp_files, run: open_picture },
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

fn safetensors_files() -> Vec<Vec<u8>> {
    vec![
        corpus::safetensors(&[
            ("encoder.conv_in.weight", &[4, 3, 3, 3]),
            ("quantize.embedding.weight", &[8, 4]),
        ]),
        corpus::safetensors(&[("empty", &[0, 5]), ("scalar", &[]), ("transformer.head.weight", &[2, 2])]),
    ]
}

fn checkpoints() -> Vec<Vec<u8>> {
    vec![
        corpus::checkpoint(&corpus::state_dict(&corpus::layouts()), "archive", false),
        corpus::checkpoint(&corpus::lightning(&corpus::layouts()), "model", true),
        corpus::checkpoint(&corpus::state_dict(&corpus::tokenizer()), "archive", true),
    ]
}

fn legacy_files() -> Vec<Vec<u8>> {
    let layouts = corpus::layouts();
    vec![corpus::legacy(&corpus::state_dict(&layouts)), corpus::legacy(&corpus::state_dict(&layouts[..3]))]
}

fn token_files(format: TokenFormat) -> Vec<Vec<u8>> {
    let grid = |rows: u32, cols: u32| TokenGrid { rows, cols, tokens: (0..rows * cols).collect() };
    let file = |grids: Vec<TokenGrid>| {
        let sizes = grids.iter().map(|grid| Size::new(grid.cols * 16, grid.rows * 16 - 5)).collect();
        let model = Some("tiny".to_owned());
        TokenFile { grids, sizes: Some(sizes), factor: Some(16), codebook_size: Some(64), model }
    };
    let files = [file(vec![grid(2, 3)]), file(vec![grid(4, 4), grid(4, 4)])];
    files.iter().filter_map(|file| file.write(format).ok()).collect()
}

fn png_files() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../tests/golden/pictures/palette-4-bytes.png").to_vec(),
        include_bytes!("../../tests/golden/pictures/display-p3-red.png").to_vec(),
    ]
}

fn jpeg_files() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../tests/golden/jpeg/2x2.baseline.jpg").to_vec(),
        include_bytes!("../../tests/golden/jpeg/2x1.progressive_restart.jpg").to_vec(),
        include_bytes!("../../tests/golden/jpeg/1x2.scans3.jpg").to_vec(),
        include_bytes!("../../tests/golden/pictures/gray-progressive-adobe.jpg").to_vec(),
        include_bytes!("../../tests/golden/pictures/ycck.jpg").to_vec(),
    ]
}

fn webp_files() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../tests/golden/pictures/exif-with-prefix.webp").to_vec(),
        include_bytes!("../../tests/golden/pictures/exif-promised.webp").to_vec(),
    ]
}

/// Opens a picture. A decoder that panicked is a finding, although it is contained: where a panic ends the program, it ends
/// the page.
fn open_picture(bytes: &[u8]) -> String {
    match picture::open_within(bytes, MOST_PIXELS) {
        Ok(picture) => format!("opened{}", if picture.cut_short { ", cut short" } else { "" }),
        Err(error) => {
            let outcome = error.to_string();
            assert!(!outcome.contains("gave up"), "{outcome}");
            outcome
        }
    }
}

/// Opens a file, reads its small tensors, and asks for the tokenizer.
fn open_model(bytes: &[u8]) -> String {
    let model = match block_on(Model::open(Source::memory("input", bytes))) {
        Ok(model) => model,
        Err(error) => return format!("open: {error}"),
    };
    let mut outcome = format!("{:?}", model.kind());
    for entry in model.tensors() {
        let elements = entry.shape.iter().try_fold(1u64, |product, &side| product.checked_mul(side));
        if elements.is_none_or(|elements| elements > MOST_ELEMENTS) {
            continue;
        }
        match block_on(model.read_tensor(&entry.name)) {
            Ok(values) => {
                assert_eq!(Some(values.len() as u64), elements, "length of `{}`", entry.name);
                assert!(values.iter().all(|value| value.is_finite()), "values of `{}`", entry.name);
            }
            Err(error) => outcome = format!("read: {error}"),
        }
        if let (Some(&rows), Ok(part)) =
            (entry.shape.first(), block_on(model.read_tensor_rows(&entry.name, 0, 1)))
        {
            assert_eq!(Some(part.len() as u64 * rows), elements, "first row of `{}`", entry.name);
        }
    }
    match model.tokenizer(None) {
        Ok(tokenizer) => format!("{outcome}: tokenizer of {} codes", tokenizer.config().quantizer().codes),
        Err(error) => format!("{outcome}: {error}"),
    }
}

/// Opens a checkpoint whose pickle is the input and whose storages are as they should be.
fn open_pickle(bytes: &[u8]) -> String {
    open_model(&corpus::checkpoint(bytes, "archive", false))
}

/// Opens a model folder whose `config.json` is the input.
fn open_folder(bytes: &[u8]) -> String {
    let tensors = corpus::safetensors(&[("quant_conv.bias", &[8])]);
    let opened =
        Model::open_folder(Source::memory("config.json", bytes), vec![Source::memory("model", tensors)]);
    match block_on(opened) {
        Ok(model) => match model.tokenizer(None) {
            Ok(_) => "tokenizer".to_owned(),
            Err(error) => format!("{:?}: {error}", model.kind()),
        },
        Err(error) => format!("open: {error}"),
    }
}

/// Checks a tokenizer against a YAML file that is the input.
fn check_yaml(bytes: &[u8]) -> String {
    thread_local! {
        static WEIGHTS: Option<TokenizerWeights> = {
            let file = corpus::checkpoint(&corpus::state_dict(&corpus::tokenizer()), "archive", false);
            block_on(Model::open(Source::memory("tokenizer", file))).and_then(|model| model.tokenizer(None)).ok()
        };
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return "no text".to_owned() };
    WEIGHTS.with(|weights| match weights.clone().map(|weights| weights.with_yaml(text).map(|_| ())) {
        Some(Ok(())) => "agrees".to_owned(),
        Some(Err(error)) => error.to_string(),
        None => panic!("the tokenizer of the corpus cannot be opened"),
    })
}

/// Reads a token file; what was read can be written and read again.
fn read_tokens(bytes: &[u8]) -> String {
    let file = match TokenFile::read("input", bytes) {
        Ok(file) => file,
        Err(error) => return error.to_string(),
    };
    for grid in &file.grids {
        assert_eq!(grid.tokens.len() as u64, u64::from(grid.rows) * u64::from(grid.cols));
    }
    match file.write(TokenFormat::Json) {
        Ok(json) => assert_eq!(TokenFile::read("again", &json), Ok(file)),
        Err(error) => panic!("what was read cannot be written: {error}"),
    }
    "tokens".to_owned()
}
