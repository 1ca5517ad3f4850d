//! Everything that is needed to repeat a picture: what is written into its PNG.

use image::RgbImage;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    files::{Origin, WeightSet, short_name},
    gpu::Precision,
    picture::{encode_png, text_of, with_text},
    tokens::TokenGrid,
    transformer::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
};

use super::{GeneratorError, names::mixed_with};

/// Version of the form. Version 2 had paths and addresses of models and no SHA-256. Version 1 had one `class_name`, the
/// tokenizer's path alone, and no words for a bundled model.
const VERSION: u32 = 3;

/// The settings of one picture, and its tokens: JSON, in the text `ibq` of a PNG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    version: u32,
    /// Short name of the transformer.
    pub model: String,
    /// `bundled:NAME` where it ships with the program. Earlier versions named the place of any other, which is not written
    /// again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// SHA-256 of its file, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its configuration.
    pub config: TransformerConfig,
    /// How its weights were stored.
    pub precision: TransformerPrecision,
    /// The tokenizer, when it was not the one inside of the transformer's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<RecipeTokenizer>,
    /// What the picture shows.
    pub condition: Condition,
    /// Names of its class, or of both classes of a mix, where they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// Seed of all draws.
    pub seed: u64,
    /// Number of the picture.
    pub number: u32,
    /// How its tokens were drawn.
    pub sampling: Sampling,
    /// Given tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Option<u32>>,
    /// Rows and columns of tokens.
    pub grid: [u32; 2],
    /// The result, in raster order.
    pub tokens: Vec<u32>,
}

/// A tokenizer from outside of the transformer's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipeTokenizer {
    /// Short name.
    #[serde(default)]
    pub name: String,
    /// As [`Recipe::path`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// SHA-256 of its file, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Which of its weights; none: the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightSet>,
    /// How its weights were stored on the GPU.
    #[serde(default)]
    pub precision: Precision,
}

/// Which models made a picture.
#[derive(Clone, Debug)]
pub struct RecipeModels<'a> {
    /// Name of the transformer.
    pub model: &'a str,
    /// Where it is, as text of an [`Origin`]: for a bundled one only.
    pub path: &'a str,
    /// SHA-256 of its file, where it is known.
    pub sha256: Option<&'a str>,
    /// Its configuration.
    pub config: &'a TransformerConfig,
    /// How its weights are stored.
    pub precision: TransformerPrecision,
    /// The tokenizer, when it is not the one inside of the transformer's file.
    pub tokenizer: Option<&'a RecipeTokenizer>,
}

impl Recipe {
    /// Keyword of the text in a PNG.
    pub const KEYWORD: &'static str = "ibq";

    /// How a picture was made.
    #[must_use]
    pub fn new(
        models: &RecipeModels<'_>,
        request: &PictureRequest,
        grid: &TokenGrid,
        class_names: Vec<String>,
    ) -> Self {
        Self {
            version: VERSION,
            model: short_name(models.model).to_owned(),
            path: models.path.to_owned(),
            sha256: models.sha256.map(str::to_owned),
            config: models.config.clone(),
            precision: models.precision,
            tokenizer: models.tokenizer.cloned(),
            condition: request.condition,
            class_names,
            seed: request.seed,
            number: request.number,
            sampling: request.sampling,
            fixed: request.fixed.clone(),
            grid: [grid.rows, grid.cols],
            tokens: grid.tokens.clone(),
        }
    }

    /// What makes the same picture again.
    #[must_use]
    pub fn request(&self) -> PictureRequest {
        PictureRequest {
            condition: self.condition,
            sampling: self.sampling,
            seed: self.seed,
            number: self.number,
            fixed: self.fixed.clone(),
        }
    }

    /// The bytes of a PNG of its picture that carries the recipe.
    ///
    /// # Errors
    /// [`GeneratorError`]: a picture without pixels, numbers that JSON does not have.
    pub fn png(&self, picture: &RgbImage) -> Result<Vec<u8>, GeneratorError> {
        Ok(with_text(&encode_png(picture)?, Self::KEYWORD, &self.to_json()?))
    }

    /// The recipe that a PNG carries; none where it carries none.
    ///
    /// # Errors
    /// As [`Recipe::from_json`].
    pub fn of_png(png: &[u8]) -> Result<Option<Self>, GeneratorError> {
        text_of(png, Self::KEYWORD).map(|text| Self::from_json(&text)).transpose()
    }

    /// As text for a PNG, without the places of models that an earlier version named.
    ///
    /// # Errors
    /// [`GeneratorError::Recipe`] for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, GeneratorError> {
        let fail =
            |error: serde_json::Error| GeneratorError::Recipe { doing: "written", reason: error.to_string() };
        let mut recipe = self.clone();
        recipe.path = Origin::parse(&recipe.path).published();
        if let Some(tokenizer) = &mut recipe.tokenizer {
            tokenizer.path = Origin::parse(&tokenizer.path).published();
        }
        serde_json::to_string(&recipe).map_err(fail)
    }

    /// Reads the text of a PNG, of this version or an earlier one.
    ///
    /// # Errors
    /// [`GeneratorError`] says what cannot be read.
    pub fn from_json(text: &str) -> Result<Self, GeneratorError> {
        let wrong = |reason: String| GeneratorError::Recipe { doing: "read", reason };
        let mut value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        match value.get("version").and_then(Value::as_u64) {
            Some(1) => upgrade_from_1(&mut value),
            // Only fields were added, which may be missing.
            Some(2) => value["version"] = VERSION.into(),
            _ => {}
        }
        let mut recipe: Self = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
        if recipe.version != VERSION {
            return Err(wrong(format!(
                "they have version {}, and this program reads versions 1 to {VERSION}",
                recipe.version
            )));
        }
        if let Some(tokenizer) = recipe.tokenizer.as_mut().filter(|tokenizer| tokenizer.name.is_empty()) {
            let origin = Origin::parse(&tokenizer.path);
            tokenizer.name = origin.name().unwrap_or_else(|| short_name(&tokenizer.path)).to_owned();
        }
        recipe.config.validate().map_err(|error| wrong(error.to_string()))?;
        let size = (recipe.grid, recipe.tokens.len());
        if size != ([recipe.config.side(); 2], recipe.config.block_size as usize) {
            return Err(wrong("its tokens are not as many as the model makes".to_owned()));
        }
        if recipe.tokens.iter().any(|&token| token >= recipe.config.vocab_size) {
            return Err(wrong("it has tokens that the model does not have".to_owned()));
        }
        recipe.sampling.validate()?;
        Ok(recipe)
    }
}

/// Makes a recipe of version 1 one of this version. What cannot be understood is left to fail when it is read.
fn upgrade_from_1(recipe: &mut Value) {
    let Some(fields) = recipe.as_object_mut() else { return };
    fields.insert("version".to_owned(), VERSION.into());
    // The command line left the place of the bundled model empty.
    if fields.get("path").and_then(Value::as_str) == Some("")
        && let Some(model) = fields.get("model").and_then(Value::as_str)
    {
        let place = Origin::Bundled(model.to_owned()).to_string();
        fields.insert("path".to_owned(), place.into());
    }
    if let Some(path) = fields.get_mut("tokenizer").filter(|path| path.is_string()) {
        *path = serde_json::json!({ "path": path });
    }
    if let Some(Value::String(name)) = fields.remove("class_name") {
        let condition = fields.get("condition").cloned().and_then(|it| serde_json::from_value(it).ok());
        let names = condition.map_or_else(Vec::new, |condition| split_name(condition, &name));
        fields.insert("class_names".to_owned(), names.into());
    }
}

/// The names of classes in version 1's one: "castle", or "castle with 50 % strawberry". Classes without names were "class 7".
fn split_name(condition: Condition, name: &str) -> Vec<String> {
    match condition {
        Condition::Class(class) if name != format!("class {class}") => vec![name.to_owned()],
        Condition::Mix(one, other, share) => match name.split_once(&mixed_with(share)) {
            Some((first, second))
                if first != format!("class {one}") && second != format!("class {other}") =>
            {
                vec![first.to_owned(), second.to_owned()]
            }
            _ => Vec::new(),
        },
        Condition::Class(_) | Condition::None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transformer::Schedule;

    fn request(condition: Condition) -> PictureRequest {
        PictureRequest { condition, sampling: Sampling::default(), seed: 0, number: 0, fixed: Vec::new() }
    }

    fn models(config: &TransformerConfig) -> RecipeModels<'_> {
        RecipeModels {
            model: "ar.ckpt",
            path: "bundled:ar",
            sha256: Some("00ff"),
            config,
            precision: TransformerPrecision::Int4,
            tokenizer: None,
        }
    }

    fn one_token() -> (TransformerConfig, TokenGrid) {
        let config = TransformerConfig { block_size: 1, ..TransformerConfig::official("B").unwrap() };
        (config, TokenGrid { rows: 1, cols: 1, tokens: vec![7] })
    }

    #[test]
    fn a_recipe_makes_the_same_request() {
        let request = PictureRequest {
            condition: Condition::Mix(1, 2, 0.25),
            sampling: Sampling {
                schedule: Schedule::Power(2.0),
                cfg_scale: 4.0,
                top_p: 0.96,
                ..Sampling::default()
            },
            seed: u64::MAX,
            number: 3,
            fixed: vec![Some(1), None, Some(3)],
        };
        let config = TransformerConfig { block_size: 4, ..TransformerConfig::official("B").unwrap() };
        let tokenizer = RecipeTokenizer {
            name: "scenes-f4".to_owned(),
            path: "bundled:scenes-f4".to_owned(),
            sha256: None,
            weights: Some(WeightSet::Raw),
            precision: Precision::F16,
        };
        let models = RecipeModels { tokenizer: Some(&tokenizer), ..models(&config) };
        let grid = TokenGrid { rows: 2, cols: 2, tokens: vec![1, 9, 3, 4] };
        let recipe = Recipe::new(&models, &request, &grid, vec!["owl".to_owned(), "fox".to_owned()]);
        let read = Recipe::from_json(&recipe.to_json().unwrap()).unwrap();
        assert_eq!(read, recipe);
        assert_eq!(read.request(), request);
    }

    #[test]
    fn a_png_carries_its_recipe() {
        let (config, grid) = one_token();
        let recipe = Recipe::new(&models(&config), &request(Condition::None), &grid, Vec::new());
        let picture = RgbImage::new(2, 2);
        let png = recipe.png(&picture).unwrap();
        assert_eq!(Recipe::of_png(&png).unwrap(), Some(recipe.clone()));
        assert!(crate::picture::open(&png).unwrap().rgb == picture);
        assert_eq!(Recipe::of_png(&encode_png(&picture).unwrap()).unwrap(), None);
        let damaged = with_text(&encode_png(&picture).unwrap(), Recipe::KEYWORD, "{}");
        assert!(Recipe::of_png(&damaged).is_err());
        assert!(recipe.png(&RgbImage::new(0, 0)).is_err());
    }

    #[test]
    fn damaged_recipes_are_refused() {
        let (config, grid) = one_token();
        let recipe = Recipe::new(&models(&config), &request(Condition::None), &grid, Vec::new());
        let good = recipe.to_json().unwrap();
        assert!(Recipe::from_json(&good).is_ok());
        for (from, to) in [
            ("\"version\":3", "\"version\":4"),
            ("\"tokens\":[7]", "\"tokens\":[16384]"),
            ("\"tokens\":[7]", "\"tokens\":[7,7]"),
            ("\"n_head\":16", "\"n_head\":0"),
            ("\"top_p\":1.0", "\"top_p\":0.0"),
            ("\"grid\":[1,1]", "\"grid\":[4294967295,1]"),
        ] {
            assert!(good.contains(from), "{from} in {good}");
            assert!(Recipe::from_json(&good.replace(from, to)).is_err(), "{to}");
        }
        assert!(Recipe::from_json("{}").is_err());
    }

    /// A recipe as version 1 wrote it.
    fn version_1(condition: &str, class_name: &str, path: &str, rest: &str) -> Recipe {
        let text = format!(
            r#"{{"version":1,"model":"scenes-ar","path":"{path}","config":{{"vocab_size":16384,"block_size":1,"n_layer":16,
            "n_head":16,"n_embd":1024,"class_num":1000,"ffn_dim":2816}},"precision":"f32",{rest}"condition":{condition},
            "class_name":"{class_name}","seed":18446744073709551615,"number":3,"sampling":{{"cfg_scale":4.0,"schedule":"constant",
            "temperature":1.0,"top_k":0,"top_p":0.96}},"grid":[1,1],"tokens":[7]}}"#
        );
        Recipe::from_json(&text).unwrap()
    }

    #[test]
    fn recipes_of_version_1_are_read() {
        let recipe = version_1(r#"{"Class":3}"#, "owl", "", "");
        assert_eq!(
            (recipe.class_names.as_slice(), recipe.path.as_str()),
            (&["owl".to_owned()][..], "bundled:scenes-ar")
        );
        assert_eq!((recipe.seed, recipe.sampling.top_p, recipe.tokenizer.clone()), (u64::MAX, 0.96, None));
        assert_eq!(Recipe::from_json(&recipe.to_json().unwrap()).unwrap(), recipe);

        let recipe = version_1(r#"{"Class":3}"#, "class 3", "a/ar.ckpt", r#""tokenizer":"a/t.ckpt","#);
        assert!(recipe.class_names.is_empty() && recipe.path == "a/ar.ckpt");
        let tokenizer = RecipeTokenizer {
            name: "t.ckpt".to_owned(),
            path: "a/t.ckpt".to_owned(),
            sha256: None,
            weights: None,
            precision: Precision::F32,
        };
        assert_eq!(recipe.tokenizer, Some(tokenizer));
    }

    #[test]
    fn recipes_of_version_2_are_read_and_their_places_are_not_written_again() {
        let (config, grid) = one_token();
        let tokenizer = RecipeTokenizer {
            name: String::new(),
            path: "/home/alice/t.ckpt".to_owned(),
            sha256: None,
            weights: None,
            precision: Precision::F32,
        };
        let models = RecipeModels {
            model: "https://example.org/m/ar.ckpt?key=secret",
            path: "https://example.org/m/ar.ckpt?key=secret",
            sha256: None,
            tokenizer: Some(&tokenizer),
            ..models(&config)
        };
        let recipe = Recipe::new(&models, &request(Condition::None), &grid, Vec::new());
        let mut old = serde_json::to_value(&recipe).unwrap();
        old["version"] = 2.into();
        let read = Recipe::from_json(&old.to_string()).unwrap();
        assert_eq!((read.model.as_str(), read.path.as_str()), ("ar.ckpt", models.path));
        assert_eq!(read.tokenizer.as_ref().unwrap().name, "t.ckpt");
        let written = read.to_json().unwrap();
        for private in ["alice", "secret", "example.org", "\"path\""] {
            assert!(!written.contains(private), "{private} in {written}");
        }
    }

    #[test]
    fn both_names_of_a_mix_of_version_1_are_found() {
        let mix = r#"{"Mix":[1,2,0.333]}"#;
        assert_eq!(
            version_1(mix, "castle with 33 % strawberry", "", "").class_names,
            ["castle", "strawberry"]
        );
        assert!(version_1(mix, "class 1 with 33 % class 2", "", "").class_names.is_empty());
        assert!(version_1(mix, "castle", "", "").class_names.is_empty());
        assert!(version_1("\"None\"", "no class", "", "").class_names.is_empty());
    }
}
