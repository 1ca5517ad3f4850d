//! What was made before: recipes, from which every picture comes back exactly, and favorite classes. It survives a restart, in
//! a file of the user's data folder or in the browser's storage.

use egui::TextureHandle;
use ibq_core::{classes::Classes, generator::Recipe};
use serde::{Deserialize, Serialize};

use crate::studio::{message::Message, notice::Notice, task::Tasks};

use super::GenerateMessage;

/// Pictures that are kept; older ones go.
const MOST: usize = 60;
/// Most bytes of a stored gallery that are read.
#[cfg(not(target_arch = "wasm32"))]
const MOST_BYTES: u64 = 64 << 20;

/// One picture of the gallery.
pub(crate) struct Entry {
    pub(crate) recipe: Recipe,
    /// Until it is drawn, there is none.
    pub(crate) texture: Option<TextureHandle>,
}

/// The gallery.
#[derive(Default)]
pub(crate) struct Gallery {
    /// Newest first.
    pub(crate) entries: Vec<Entry>,
    /// Names of classes.
    pub(crate) favorites: Vec<String>,
    /// Where it is kept; none where nothing is kept, as in tests.
    place: Option<Place>,
}

/// As it is stored.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    favorites: Vec<String>,
    #[serde(default)]
    recipes: Vec<serde_json::Value>,
}

impl Gallery {
    /// Puts a picture in front; the same one twice is there once.
    pub(crate) fn add(&mut self, recipe: Recipe, texture: Option<TextureHandle>) {
        self.entries.retain(|entry| entry.recipe != recipe);
        self.entries.insert(0, Entry { recipe, texture });
        self.entries.truncate(MOST);
    }

    /// Those favorites that are classes of a generator, by number and name.
    pub(crate) fn favorites_among(&self, classes: &Classes) -> Vec<(u32, String)> {
        let class = |name: &String| classes.all().iter().find(|class| class.name() == name);
        self.favorites.iter().filter_map(|name| Some((class(name)?.id, name.clone()))).collect()
    }

    /// Makes a class a favorite, or no longer.
    pub(crate) fn toggle_favorite(&mut self, class: &str) {
        if self.favorites.iter().any(|favorite| favorite == class) {
            self.favorites.retain(|favorite| favorite != class);
        } else {
            self.favorites.push(class.to_owned());
        }
    }

    fn to_json(&self) -> Result<String, serde_json::Error> {
        let recipes = self.entries.iter().map(|entry| serde_json::to_value(&entry.recipe));
        let recipes = recipes.collect::<Result<_, _>>()?;
        serde_json::to_string(&Stored { favorites: self.favorites.clone(), recipes })
    }

    /// Recipes that cannot be read are left out: another version of this program may have written them.
    fn from_json(text: &str, place: Place) -> Result<Self, serde_json::Error> {
        let stored: Stored = serde_json::from_str(text)?;
        let recipes = stored.recipes.iter().take(MOST);
        let entries = recipes
            .filter_map(|value| Recipe::from_json(&value.to_string()).ok())
            .map(|recipe| Entry { recipe, texture: None });
        Ok(Self { entries: entries.collect(), favorites: stored.favorites, place: Some(place) })
    }

    /// Stores everything, away from the drawing.
    pub(crate) fn keep(&self, tasks: &mut Tasks) {
        let Some(place) = self.place.clone() else { return };
        let text = self.to_json();
        tasks.start_quietly(move |_job| async move {
            let written = match text {
                Ok(text) => place.write(&text),
                Err(error) => Err(error.to_string()),
            };
            match written {
                Ok(()) => Message::Nothing,
                Err(reason) => Message::Notice(Notice::error("The gallery was not kept", reason)),
            }
        });
    }
}

/// Reads the gallery of earlier runs.
pub(crate) async fn read() -> Message {
    let Some(place) = Place::usual() else { return Message::Nothing };
    let gallery = match place.read() {
        Ok(None) => Ok(Gallery { place: Some(place), ..Gallery::default() }),
        Ok(Some(text)) => Gallery::from_json(&text, place).map_err(|error| error.to_string()),
        Err(reason) => Err(reason),
    };
    match gallery {
        Ok(gallery) => Message::Generate(GenerateMessage::Kept(gallery)),
        Err(reason) => Message::Notice(Notice::error("The gallery cannot be read", reason)),
    }
}

/// A file of the user's data folder.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Debug)]
struct Place(std::path::PathBuf);

#[cfg(not(target_arch = "wasm32"))]
impl Place {
    fn usual() -> Option<Self> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let data = if cfg!(target_os = "windows") {
            std::path::PathBuf::from(folder("APPDATA")?)
        } else if cfg!(target_os = "macos") {
            std::path::Path::new(&folder("HOME")?).join("Library/Application Support")
        } else {
            match folder("XDG_DATA_HOME") {
                Some(data) => data.into(),
                None => std::path::Path::new(&folder("HOME")?).join(".local/share"),
            }
        };
        Some(Self(data.join("ibq-studio/gallery.json")))
    }

    fn read(&self) -> Result<Option<String>, String> {
        let said = |error: std::io::Error| format!("{}: {error}", self.0.display());
        match std::fs::metadata(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(said(error)),
            Ok(data) if data.len() > MOST_BYTES => {
                Err(format!("{} is larger than {} MiB", self.0.display(), MOST_BYTES >> 20))
            }
            Ok(_) => std::fs::read_to_string(&self.0).map(Some).map_err(said),
        }
    }

    /// Writes beside its place first, so that a failure leaves no half of it.
    fn write(&self, text: &str) -> Result<(), String> {
        let said = |error: std::io::Error| format!("{}: {error}", self.0.display());
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder).map_err(said)?;
        }
        let beside = self.0.with_extension("part");
        std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.0)).map_err(said)
    }
}

/// The browser's storage for this page.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, Debug)]
struct Place;

#[cfg(target_arch = "wasm32")]
impl Place {
    const KEY: &'static str = "ibq-gallery";

    fn usual() -> Option<Self> {
        crate::web::files::window().ok()?.local_storage().ok()?.map(|_| Self)
    }

    fn storage() -> Result<web_sys::Storage, String> {
        let storage = crate::web::files::window().and_then(|window| window.local_storage());
        storage.ok().flatten().ok_or_else(|| "this browser gives the page no storage".to_owned())
    }

    fn read(&self) -> Result<Option<String>, String> {
        Self::storage()?.get_item(Self::KEY).map_err(|_| "the browser refused".to_owned())
    }

    fn write(&self, text: &str) -> Result<(), String> {
        let full = "the browser's storage for this page is full";
        Self::storage()?.set_item(Self::KEY, text).map_err(|_| full.to_owned())
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use ibq_core::{
        generator::RecipeModels,
        tokens::TokenGrid,
        transformer::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
    };

    fn recipe(seed: u64) -> Recipe {
        let config = TransformerConfig {
            vocab_size: 8,
            block_size: 4,
            n_layer: 1,
            n_head: 1,
            n_embd: 4,
            class_num: 2,
            ffn_dim: 4,
        };
        let models = RecipeModels {
            model: "small",
            path: "",
            config: &config,
            precision: TransformerPrecision::F32,
            tokenizer: None,
        };
        let sampling = Sampling::default();
        let request =
            PictureRequest { condition: Condition::Class(1), sampling, seed, number: 0, fixed: Vec::new() };
        let grid = TokenGrid { rows: 2, cols: 2, tokens: vec![1, 2, 3, 4] };
        Recipe::new(&models, &request, &grid, vec!["lighthouse".to_owned()])
    }

    #[test]
    fn what_was_made_is_there_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("ibq-gallery-{}", std::process::id()));
        let place = Place(folder.join("deep/gallery.json"));
        assert_eq!(place.read(), Ok(None));
        let mut gallery = Gallery::default();
        for seed in 0..100 {
            gallery.add(recipe(seed), None);
        }
        gallery.add(recipe(98), None);
        gallery.toggle_favorite("castle");
        gallery.toggle_favorite("cat");
        gallery.toggle_favorite("castle");
        place.write(&gallery.to_json().unwrap()).unwrap();
        let again = Gallery::from_json(&place.read().unwrap().unwrap(), place).unwrap();
        assert_eq!(again.entries.len(), MOST);
        assert_eq!((again.entries[0].recipe.seed, again.entries[1].recipe.seed), (98, 99));
        assert_eq!(again.entries[0].recipe, recipe(98));
        assert_eq!(again.favorites, ["cat"]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn recipes_that_cannot_be_read_are_left_out() {
        let text = r#"{"recipes": [{"version": 99}, 7]}"#;
        let gallery = Gallery::from_json(text, Place("x".into())).unwrap();
        assert!(gallery.entries.is_empty());
        assert!(Gallery::from_json("[]x", Place("x".into())).is_err());
    }
}
