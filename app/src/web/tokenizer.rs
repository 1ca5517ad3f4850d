//! The tokenizer for scripts: pictures to tokens and back.

use ibq_core::{
    picture::{Crop, Picture, Resize, ResizeError, fit_to_factor, from_rgba, open},
    tokenizer::{RunOptions, Tokenizer, TokenizerConfig},
    tokens::TokenGrid,
};
use js_sys::{Array, Promise};
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::script::{self, WasmJob, bad_argument, object, texts};

/// A loaded tokenizer.
#[wasm_bindgen]
pub struct WasmTokenizer {
    tokenizer: Tokenizer,
}

#[wasm_bindgen]
impl WasmTokenizer {
    /// What it is, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        describe(&self.tokenizer)
    }

    /// Encodes RGBA pixels of any size.
    pub fn encode(
        &self,
        rgba: Vec<u8>,
        width: u32,
        height: u32,
        resize: Option<String>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let picture = from_rgba(width, height, rgba).map_err(|error| script::error(&error))?;
        self.encode_picture(picture, resize.as_deref(), tiles.as_deref(), job)
    }

    /// Encodes the bytes of a picture file: PNG, JPEG or WebP.
    #[wasm_bindgen(js_name = encodeFile)]
    pub fn encode_file(
        &self,
        bytes: &[u8],
        resize: Option<String>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let picture = open(bytes).map_err(|error| script::error(&error))?;
        self.encode_picture(picture, resize.as_deref(), tiles.as_deref(), job)
    }

    /// Decodes a grid and returns `{data, width, height}`, RGBA, cropped to `width × height` where that is smaller.
    pub fn decode(
        &self,
        tokens: &[i32],
        rows: u32,
        cols: u32,
        crop: Option<Box<[u32]>>,
        tiles: Option<String>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let tokens = script::tokens_from(tokens)?;
        let grid = TokenGrid::new(rows, cols, tokens).map_err(|error| script::error(&error))?;
        let options = RunOptions { tiling: script::tiling(tiles.as_deref())?, ..RunOptions::default() };
        let crop = match crop.as_deref() {
            None => None,
            Some(&[width, height]) if width > 0 && height > 0 => Some(Crop { width, height }),
            Some(_) => return Err(bad_argument("width and height of the tokens must be at least 1")),
        };
        let (tokenizer, job) = (self.tokenizer.clone(), job.job());
        Ok(future_to_promise(async move {
            let decoding =
                tokenizer.decode(&[grid], &options, &job).await.map_err(|error| script::error(&error))?;
            let padded =
                decoding.pictures.first().ok_or_else(|| bad_argument("the decoder gave no picture"))?;
            let picture = crop.map_or_else(|| padded.clone(), |crop| crop.apply(padded));
            Ok(script::image_data(&picture))
        }))
    }
}

impl WasmTokenizer {
    /// A handle of a loaded tokenizer.
    pub(super) fn new(tokenizer: Tokenizer) -> Self {
        Self { tokenizer }
    }

    /// The tokenizer itself.
    pub(super) fn tokenizer(&self) -> Tokenizer {
        self.tokenizer.clone()
    }

    /// Fits the picture to the factor and returns `{grid, tokens, width, height, notes}`.
    fn encode_picture(
        &self,
        picture: Picture,
        resize: Option<&str>,
        tiles: Option<&str>,
        job: &WasmJob,
    ) -> Result<Promise, JsValue> {
        let resize: Resize =
            resize.unwrap_or("none").parse().map_err(|error: ResizeError| script::error(&error))?;
        let options = RunOptions { tiling: script::tiling(tiles)?, ..RunOptions::default() };
        let (tokenizer, job) = (self.tokenizer.clone(), job.job());
        Ok(future_to_promise(async move {
            let fitted = fit_to_factor(picture.rgb, resize, tokenizer.config().factor());
            let notes: Vec<String> = picture.notes.into_iter().chain(fitted.notes).collect();
            let encoding = tokenizer
                .encode(&[fitted.rgb], &options, &job)
                .await
                .map_err(|error| script::error(&error))?;
            let grid = encoding.grids.first().ok_or_else(|| bad_argument("the encoder gave no tokens"))?;
            Ok(object([
                ("grid", Array::of2(&grid.rows.into(), &grid.cols.into()).into()),
                ("tokens", script::tokens_to(&grid.tokens)),
                ("width", fitted.crop.width.into()),
                ("height", fitted.crop.height.into()),
                ("notes", texts(&notes)),
            ]))
        }))
    }
}

fn describe(tokenizer: &Tokenizer) -> String {
    let config: &TokenizerConfig = tokenizer.config();
    let quantizer = config.quantizer();
    json!({
        "name": tokenizer.name(),
        "weights": tokenizer.set().name(),
        "precision": tokenizer.precision().name(),
        "device": if tokenizer.device().gpu().is_some() { "gpu" } else { "cpu" },
        "factor": config.factor(),
        "codebookSize": quantizer.codes,
        "codeDimension": quantizer.dimension,
        "quantizer": quantizer.rule.key(),
        "quantizerAssumed": tokenizer.rule_is_assumed(),
        "notes": tokenizer.notes(),
        "parameters": config.parameter_count(),
        "config": config,
    })
    .to_string()
}
