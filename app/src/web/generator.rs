//! The generator for scripts: new tokens of a class as they are made, their pictures, and how probable given tokens are.

use ibq_core::{
    device::Device,
    generator::{Generator, OpenedGenerator, Recipe},
    tokenizer::Tokenizer,
    tokens::TokenGrid,
    transformer::{
        Condition, NewTokens, PictureRequest, Sampling, Schedule, Transformer, TransformerError,
        TransformerPrecision,
    },
};
use js_sys::{Array, Float64Array, Function, Promise, Uint8Array};
use serde::Deserialize;
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::{
    device_choice::DeviceChoice,
    devices::Devices,
    model::open_model,
    script::{self, WasmJob, bad_argument, tokens_from, tokens_to},
    tokenizer::WasmTokenizer,
};

/// A loaded generator, or a transformer without a tokenizer.
#[wasm_bindgen]
pub struct WasmGenerator {
    transformer: Transformer,
    /// With its tokenizer, or why there is none.
    whole: Result<Generator, String>,
    opened: OpenedGenerator,
    info: String,
}

/// The tokenizer that a script gives for a generator.
pub(super) enum GivenTokenizer {
    /// None: the one inside.
    None,
    /// What it is to be loaded from.
    Source(JsValue),
    /// It is loaded already.
    Loaded(Tokenizer),
}

/// What `ibq.js` hands over as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerationRequest {
    /// A class; two of them and the share of the second; none for "no class".
    condition: ConditionRequest,
    /// Text, since a number of JavaScript has not all digits of a seed.
    seed: String,
    count: u32,
    cfg: Option<f32>,
    schedule: Option<String>,
    temperature: Option<f32>,
    top_k: Option<u32>,
    top_p: Option<f32>,
    #[serde(default)]
    fixed: Vec<Option<u32>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ConditionRequest {
    One(ClassRequest),
    Mix(ClassRequest, ClassRequest, f32),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ClassRequest {
    None(()),
    Number(u32),
    Name(String),
}

/// Most pictures of one call.
const MOST_PICTURES: u32 = 1000;

/// Loads a generator; of a transformer that has no tokenizer, the transformer alone.
pub(super) fn load(
    (devices, choice): (Devices, DeviceChoice),
    source: JsValue,
    precision: Option<TransformerPrecision>,
    yaml: Option<String>,
    tokenizer: GivenTokenizer,
    job: &WasmJob,
) -> Promise {
    let job = job.job();
    future_to_promise(async move {
        job.stage("open model");
        let model = open_model(&source, &job).await?;
        script::check(&job)?;
        let fail = |error| script::error(&error);
        let mut opened = OpenedGenerator::new(model.name(), &model, yaml.as_deref()).map_err(fail)?;
        let precision = opened.precision(precision, TransformerPrecision::F32).map_err(fail)?;
        let device = devices.device(choice).await?;
        match tokenizer {
            GivenTokenizer::None => {}
            GivenTokenizer::Loaded(tokenizer) => opened.use_tokenizer(tokenizer).map_err(fail)?,
            GivenTokenizer::Source(source) => {
                let weights = open_model(&source, &job).await?.tokenizer(None);
                opened.use_tokenizer(weights.map_err(|error| script::error(&error))?).map_err(fail)?;
            }
        }
        let whole = match opened.tokenizer() {
            Ok(_) => Ok(opened.load(&device, precision, &job).await.map_err(fail)?),
            Err(_) if opened.lacks_tokenizer() => {
                let (name, codes) = (opened.name(), opened.config().vocab_size);
                Err(format!(
                    "{name} has no tokenizer inside; its pictures need the tokenizer that it was trained with, which has \
                     {codes} codes: give it to loadGenerator as `tokenizer`"
                ))
            }
            Err(error) => return Err(fail(error)),
        };
        let transformer = match &whole {
            Ok(generator) => generator.transformer.clone(),
            Err(_) => opened.load_transformer(&device, precision, &job).await.map_err(fail)?,
        };
        let info = describe(&opened, &device, precision);
        Ok(JsValue::from(WasmGenerator { transformer, whole, opened, info }))
    })
}

fn describe(opened: &OpenedGenerator, device: &Device, precision: TransformerPrecision) -> String {
    let description = opened.describe(device, precision);
    let config = &description.config;
    json!({
        "name": description.name,
        "precision": precision.name(),
        "device": if device.gpu().is_some() { "gpu" } else { "cpu" },
        "classes": config.class_num,
        "classNames": description.class_names,
        "grid": [config.side(), config.side()],
        "codebookSize": config.vocab_size,
        "parameters": description.parameters,
        "memory": {
            "weights": description.memory.weights,
            "picture": description.memory.picture,
            "guidedPicture": description.memory.guided_picture,
        },
        "tokenizer": description.tokenizer.map(|tokenizer| json!({
            "name": tokenizer.name,
            "inside": tokenizer.inside,
            "factor": tokenizer.factor,
        })),
        "assumed": description.assumed,
        "config": config,
    })
    .to_string()
}

#[wasm_bindgen]
impl WasmGenerator {
    /// What it is, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        self.info.clone()
    }

    /// Makes pictures; `on_tokens` is called with number of the picture, position, new tokens and, with the last tokens of a
    /// picture and where there is a tokenizer, the recipe that repeats it. Answers the tokens of each.
    pub fn generate(&self, request: &str, on_tokens: Function, job: &WasmJob) -> Result<Promise, JsValue> {
        let requests = self.requests(request)?;
        let (transformer, whole, job) = (self.transformer.clone(), self.whole.clone().ok(), job.job());
        Ok(future_to_promise(async move {
            let mut thrown = None;
            let mut made = vec![Vec::new(); requests.len()];
            let hand_over = |new: NewTokens<'_>| {
                let tokens: &mut Vec<u32> = &mut made[new.picture];
                tokens.extend_from_slice(new.tokens);
                let last = tokens.len() == transformer.config().block_size as usize;
                let recipe = match whole.as_ref().filter(|_| last) {
                    Some(generator) => recipe_text(generator, &requests[new.picture], tokens),
                    None => Ok(JsValue::UNDEFINED),
                };
                let called = recipe.and_then(|recipe| {
                    let picture = new.picture as u32;
                    let values =
                        Array::of4(&picture.into(), &new.position.into(), &tokens_to(new.tokens), &recipe);
                    on_tokens.apply(&JsValue::NULL, &values)
                });
                if let Err(error) = called {
                    thrown = Some(error);
                    job.cancel();
                }
            };
            let made = transformer.generate(&requests, &job, hand_over).await;
            if let Some(thrown) = thrown {
                return Err(thrown);
            }
            let grids = made.map_err(|error| script::error(&error))?;
            Ok(grids.iter().map(|grid| tokens_to(&grid.tokens)).collect::<Array>().into())
        }))
    }

    /// The tokenizer that draws its tokens; undefined where there is none.
    #[must_use]
    pub fn tokenizer(&self) -> Option<WasmTokenizer> {
        self.whole.as_ref().ok().map(|generator| WasmTokenizer::new(generator.tokenizer.clone()))
    }

    /// Why there is no tokenizer, where there is none.
    #[wasm_bindgen(js_name = missingTokenizer)]
    #[must_use]
    pub fn missing_tokenizer(&self) -> Option<String> {
        self.whole.as_ref().err().cloned()
    }

    /// The bytes of a PNG of the picture of a recipe, which carries the recipe.
    pub fn png(&self, recipe: &str, job: &WasmJob) -> Result<Promise, JsValue> {
        let generator = self.whole.clone().map_err(|reason| bad_argument(&reason))?;
        let recipe = Recipe::from_json(recipe).map_err(|error| script::error(&error))?;
        let job = job.job();
        Ok(future_to_promise(async move {
            let [rows, cols] = recipe.grid;
            let grid = TokenGrid { rows, cols, tokens: recipe.tokens.clone() };
            let pictures = generator.decode(&[grid], &job).await.map_err(|error| script::error(&error))?;
            let picture = pictures.first().ok_or_else(|| bad_argument("the decoder gave no picture"))?;
            let png = recipe.png(picture).map_err(|error| script::error(&error))?;
            Ok(Uint8Array::from(png.as_slice()).into())
        }))
    }

    /// Logarithms of the probabilities of tokens under a class (JSON, as in a request).
    pub fn score(&self, given: &[i32], class: &str, job: &WasmJob) -> Result<Promise, JsValue> {
        let condition = self.condition(parse(class)?)?;
        let given = tokens_from(given)?;
        let (transformer, job) = (self.transformer.clone(), job.job());
        Ok(future_to_promise(async move {
            let score =
                transformer.score(condition, &given, &job).await.map_err(|error| script::error(&error))?;
            Ok(Float64Array::from(score.per_token.as_slice()).into())
        }))
    }
}

impl WasmGenerator {
    fn requests(&self, text: &str) -> Result<Vec<PictureRequest>, JsValue> {
        let request: GenerationRequest = parse(text)?;
        let seed: u64 = request.seed.parse().map_err(|_| {
            bad_argument(&format!("a seed is a whole number from 0 on, not {}", request.seed))
        })?;
        if request.count == 0 || request.count > MOST_PICTURES {
            return Err(bad_argument(&format!("count is 1 to {MOST_PICTURES}, not {}", request.count)));
        }
        let plain = Sampling::default();
        let schedule: Option<Schedule> = request
            .schedule
            .map(|name| name.parse())
            .transpose()
            .map_err(|error: TransformerError| script::error(&error))?;
        let sampling = Sampling {
            cfg_scale: request.cfg.unwrap_or(plain.cfg_scale),
            schedule: schedule.unwrap_or_default(),
            temperature: request.temperature.unwrap_or(plain.temperature),
            top_k: request.top_k.unwrap_or(plain.top_k),
            top_p: request.top_p.unwrap_or(plain.top_p),
        };
        let (condition, fixed) = (self.condition(request.condition)?, request.fixed);
        let numbered = |number| PictureRequest { condition, sampling, seed, number, fixed: fixed.clone() };
        Ok((0..request.count).map(numbered).collect())
    }

    fn condition(&self, request: ConditionRequest) -> Result<Condition, JsValue> {
        let number = |class: ClassRequest| match class {
            ClassRequest::Number(number) => Ok(Some(number)),
            ClassRequest::None(()) => Ok(None),
            ClassRequest::Name(name) => match self.opened.classes() {
                Some(classes) => classes
                    .resolve(&name)
                    .map(|found| Some(found.class.id))
                    .map_err(|error| script::error(&error)),
                None => Err(bad_argument("this model has no names of classes: use numbers")),
            },
        };
        Ok(match request {
            ConditionRequest::One(class) => number(class)?.map_or(Condition::None, Condition::Class),
            ConditionRequest::Mix(one, other, share) => match (number(one)?, number(other)?) {
                (Some(one), Some(other)) => Condition::Mix(one, other, share),
                _ => return Err(bad_argument("a mix is of two classes")),
            },
        })
    }
}

/// The recipe of a picture, for its PNG.
fn recipe_text(generator: &Generator, request: &PictureRequest, tokens: &[u32]) -> Result<JsValue, JsValue> {
    let text = generator.recipe(request, tokens).to_json().map_err(|error| script::error(&error))?;
    Ok(JsValue::from_str(&text))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsValue> {
    serde_json::from_str(text).map_err(|error| bad_argument(&format!("settings that make no sense: {error}")))
}
