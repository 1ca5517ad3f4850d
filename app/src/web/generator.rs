//! The transformer for scripts: new tokens of a class as they are made, and how probable given ones are.

use ibq_core::{
    classes::{Class, Classes},
    gpu::Gpu,
    transformer::{
        Condition, NewTokens, PictureRequest, Sampling, Schedule, Transformer, TransformerPrecision,
        TransformerWeights,
    },
};
use js_sys::{Array, Float64Array, Function, Int32Array, Promise};
use serde::Deserialize;
use serde_json::json;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::{
    engine::open_model,
    script::{self, WasmJob, bad_argument},
};

/// A loaded transformer.
#[wasm_bindgen]
pub struct WasmGenerator {
    transformer: Transformer,
    classes: Option<Classes>,
    info: String,
}

/// What `ibq.js` hands over as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    /// A class; two of them and the share of the second; none for "no class".
    condition: ConditionWish,
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
enum ConditionWish {
    One(ClassWish),
    Mix(ClassWish, ClassWish, f32),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ClassWish {
    None(()),
    Number(u32),
    Name(String),
}

/// Most pictures of one call.
const MOST_PICTURES: u32 = 1000;

/// Loads a transformer.
pub(super) fn load(
    gpu: Gpu,
    source: JsValue,
    precision: Option<&str>,
    yaml: Option<String>,
    job: &WasmJob,
) -> Result<Promise, JsValue> {
    let precision = match precision {
        None => TransformerPrecision::F32,
        Some(name) => {
            TransformerPrecision::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
                bad_argument(&format!("precision is \"f32\", \"f16\", \"int8\" or \"int4\", not {name:?}"))
            })?
        }
    };
    let job = job.job();
    Ok(future_to_promise(async move {
        job.stage("open model");
        let model = open_model(&source).await?;
        script::check(&job)?;
        let weights =
            TransformerWeights::new(&model, yaml.as_deref()).map_err(|error| script::error(&error))?;
        job.stage("load weights");
        let transformer = Transformer::load(&gpu, &weights, precision, &job)
            .await
            .map_err(|error| script::error(&error))?;
        let config = transformer.config();
        let own = model.folder().map_or(&[][..], |folder| &folder.class_names);
        let classes = Classes::of_model(own, config.class_num);
        let names: Option<Vec<&str>> =
            classes.as_ref().map(|classes| classes.all().iter().map(Class::name).collect());
        let info = json!({
            "name": weights.name(),
            "precision": precision.name(),
            "classes": config.class_num,
            "classNames": names,
            "grid": [config.side(), config.side()],
            "codebookSize": config.vocab_size,
            "parameters": config.parameter_count(),
            "assumed": weights.assumed(),
            "config": config,
        })
        .to_string();
        Ok(JsValue::from(WasmGenerator { transformer, classes, info }))
    }))
}

#[wasm_bindgen]
impl WasmGenerator {
    /// What it is, as JSON.
    #[must_use]
    pub fn info(&self) -> String {
        self.info.clone()
    }

    /// Makes pictures; `told` is called with number of the picture, position and new tokens. Answers the tokens of each.
    pub fn generate(&self, wish: &str, told: Function, job: &WasmJob) -> Result<Promise, JsValue> {
        let requests = self.requests(wish)?;
        let (transformer, job) = (self.transformer.clone(), job.job());
        Ok(future_to_promise(async move {
            let mut thrown = None;
            let on_tokens = |new: NewTokens<'_>| {
                let (picture, position) = (new.picture as u32, new.position);
                let called =
                    told.call3(&JsValue::NULL, &picture.into(), &position.into(), &tokens(new.tokens));
                if let Err(error) = called {
                    thrown = Some(error);
                    job.cancel();
                }
            };
            let made = transformer.generate(&requests, &job, on_tokens).await;
            if let Some(thrown) = thrown {
                return Err(thrown);
            }
            let grids = made.map_err(|error| script::error(&error))?;
            Ok(grids.iter().map(|grid| tokens(&grid.tokens)).collect::<Array>().into())
        }))
    }

    /// Logarithms of the probabilities of tokens under a class (JSON, as in a wish).
    pub fn score(&self, given: &[i32], class: &str, job: &WasmJob) -> Result<Promise, JsValue> {
        let wish: ConditionWish = read(class)?;
        let condition = self.condition(wish)?;
        let given: Vec<u32> = given
            .iter()
            .map(|&token| {
                u32::try_from(token).map_err(|_| bad_argument(&format!("token {token} is negative")))
            })
            .collect::<Result<_, _>>()?;
        let (transformer, job) = (self.transformer.clone(), job.job());
        Ok(future_to_promise(async move {
            let score =
                transformer.score(condition, &given, &job).await.map_err(|error| script::error(&error))?;
            Ok(Float64Array::from(score.per_token.as_slice()).into())
        }))
    }
}

impl WasmGenerator {
    fn requests(&self, wish: &str) -> Result<Vec<PictureRequest>, JsValue> {
        let wish: Wish = read(wish)?;
        let seed: u64 = wish
            .seed
            .parse()
            .map_err(|_| bad_argument(&format!("a seed is a whole number from 0 on, not {}", wish.seed)))?;
        if wish.count == 0 || wish.count > MOST_PICTURES {
            return Err(bad_argument(&format!("count is 1 to {MOST_PICTURES}, not {}", wish.count)));
        }
        let plain = Sampling::default();
        let schedule: Option<Schedule> = wish
            .schedule
            .map(|name| name.parse())
            .transpose()
            .map_err(|error: ibq_core::transformer::TransformerError| script::error(&error))?;
        let sampling = Sampling {
            cfg_scale: wish.cfg.unwrap_or(plain.cfg_scale),
            schedule: schedule.unwrap_or_default(),
            temperature: wish.temperature.unwrap_or(plain.temperature),
            top_k: wish.top_k.unwrap_or(plain.top_k),
            top_p: wish.top_p.unwrap_or(plain.top_p),
        };
        let (condition, fixed) = (self.condition(wish.condition)?, wish.fixed);
        let request = |number| PictureRequest { condition, sampling, seed, number, fixed: fixed.clone() };
        Ok((0..wish.count).map(request).collect())
    }

    fn condition(&self, wish: ConditionWish) -> Result<Condition, JsValue> {
        let number = |class: ClassWish| match class {
            ClassWish::Number(number) => Ok(Some(number)),
            ClassWish::None(()) => Ok(None),
            ClassWish::Name(name) => match &self.classes {
                Some(classes) => classes
                    .resolve(&name)
                    .map(|found| Some(found.class.id))
                    .map_err(|error| script::error(&error)),
                None => Err(bad_argument("this model has no names of classes: use numbers")),
            },
        };
        Ok(match wish {
            ConditionWish::One(class) => number(class)?.map_or(Condition::None, Condition::Class),
            ConditionWish::Mix(one, other, share) => match (number(one)?, number(other)?) {
                (Some(one), Some(other)) => Condition::Mix(one, other, share),
                _ => return Err(bad_argument("a mix is of two classes")),
            },
        })
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, JsValue> {
    serde_json::from_str(text).map_err(|error| bad_argument(&format!("settings that make no sense: {error}")))
}

fn tokens(tokens: &[u32]) -> JsValue {
    let tokens: Vec<i32> = tokens.iter().map(|token| token.cast_signed()).collect();
    Int32Array::from(tokens.as_slice()).into()
}
