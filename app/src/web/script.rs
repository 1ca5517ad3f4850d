//! Between Rust and a page's script: errors, settings, jobs, plain objects.

use std::{fmt::Display, str::FromStr};

use ibq_core::{
    files::WeightSet,
    foreign_text::clean_message,
    generator::GeneratorError,
    gpu::{GpuError, Precision, Remedy},
    job::{Cancelled, Job},
    tokenizer::{Tiling, TokenizerError},
    transformer::{TransformerError, TransformerPrecision},
};
use image::RgbImage;
use js_sys::{Int32Array, Uint8ClampedArray};
use wasm_bindgen::prelude::*;

use super::device_choice::DeviceChoice;

/// A JavaScript `Error` with the whole chain of causes as its message.
pub(super) fn error(error: &(dyn std::error::Error + 'static)) -> JsValue {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Transparent errors repeat their cause's text; say it once.
        let text = inner.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = inner.source();
    }
    match remedy(error) {
        None => {}
        Some(Remedy::UseLessMemory) => {
            message
                .push_str("; use a smaller picture, `tiles`, or load the model with a smaller `precision`");
        }
        Some(Remedy::UseF32) => message.push_str("; load the model with `precision: \"f32\"`"),
    }
    js_sys::Error::new(&clean_message(&message)).into()
}

/// What may help against an error of the engine.
fn remedy(error: &(dyn std::error::Error + 'static)) -> Option<Remedy> {
    if let Some(error) = error.downcast_ref::<TokenizerError>() {
        error.remedy()
    } else if let Some(error) = error.downcast_ref::<TransformerError>() {
        error.remedy()
    } else if let Some(error) = error.downcast_ref::<GeneratorError>() {
        error.remedy()
    } else {
        error.downcast_ref::<GpuError>()?.remedy()
    }
}

/// A JavaScript `TypeError`: an argument that cannot be used.
pub(super) fn bad_argument(message: &str) -> JsValue {
    js_sys::TypeError::new(&clean_message(message)).into()
}

/// The set of weights that a script names, none for the default.
pub(super) fn weight_set(name: Option<&str>) -> Result<Option<WeightSet>, JsValue> {
    name.map(named).transpose()
}

/// The storage precision that a script names, f32 when it names none.
pub(super) fn precision(name: Option<&str>) -> Result<Precision, JsValue> {
    name.map_or(Ok(Precision::F32), named)
}

/// The storage precision of a transformer that a script names, none when it names none.
pub(super) fn transformer_precision(name: Option<&str>) -> Result<Option<TransformerPrecision>, JsValue> {
    name.map(named).transpose()
}

/// The device that a script names, the better one when it names none.
pub(super) fn device(name: Option<&str>) -> Result<DeviceChoice, JsValue> {
    name.map_or(Ok(DeviceChoice::Auto), named)
}

/// Tiles as a script asks for them: "auto", "off", or the side in pixels.
pub(super) fn tiling(setting: Option<&str>) -> Result<Tiling, JsValue> {
    setting.map_or(Ok(Tiling::Auto), named)
}

/// A setting by the name that the engine gives it.
fn named<T: FromStr<Err: Display>>(name: &str) -> Result<T, JsValue> {
    name.parse().map_err(|error: T::Err| bad_argument(&error.to_string()))
}

/// A plain JavaScript object of these fields.
pub(super) fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // Setting a field of a fresh plain object cannot fail.
        let _ = js_sys::Reflect::set(&object, &JsValue::from_str(name), &value);
    }
    object.into()
}

/// Tokens as a script gives them.
pub(super) fn tokens_from(tokens: &[i32]) -> Result<Vec<u32>, JsValue> {
    let token =
        |&token: &i32| u32::try_from(token).map_err(|_| bad_argument(&format!("token {token} is negative")));
    tokens.iter().map(token).collect()
}

/// Tokens as a script takes them.
pub(super) fn tokens_to(tokens: &[u32]) -> JsValue {
    let tokens: Vec<i32> = tokens.iter().map(|token| token.cast_signed()).collect();
    Int32Array::from(tokens.as_slice()).into()
}

/// A picture as `{data, width, height}`, RGBA.
pub(super) fn image_data(picture: &RgbImage) -> JsValue {
    let (width, height) = picture.dimensions();
    let rgba: Vec<u8> =
        picture.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 255]).collect();
    object([
        ("data", Uint8ClampedArray::from(rgba.as_slice()).into()),
        ("width", width.into()),
        ("height", height.into()),
    ])
}

/// Short texts as a JavaScript array.
pub(super) fn texts(texts: &[String]) -> JsValue {
    texts.iter().map(|text| JsValue::from_str(text)).collect::<js_sys::Array>().into()
}

/// Progress and cancellation of one call, for the script that made it.
#[wasm_bindgen]
pub struct WasmJob {
    job: Job,
}

#[wasm_bindgen]
impl WasmJob {
    /// A job that has not started.
    #[wasm_bindgen(constructor)]
    #[must_use]
    #[expect(clippy::new_without_default, reason = "made by scripts only")]
    pub fn new() -> Self {
        Self { job: Job::new() }
    }

    /// Asks the work to stop at its next check.
    pub fn cancel(&self) {
        self.job.cancel();
    }

    /// What is being done now.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn stage(&self) -> String {
        self.job.snapshot().stage
    }

    /// Share of this stage that is done, 0 to 1.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn done(&self) -> f32 {
        self.job.snapshot().done
    }
}

impl WasmJob {
    /// The job itself.
    pub(super) fn job(&self) -> Job {
        self.job.clone()
    }
}

/// Fails once the job is cancelled.
pub(super) fn check(job: &Job) -> Result<(), JsValue> {
    job.check().map_err(|cancelled: Cancelled| error(&cancelled))
}
