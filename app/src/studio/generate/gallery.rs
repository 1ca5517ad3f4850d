//! What was made before: recipes, from which every picture comes back exactly, and favorite classes. It survives a restart, in
//! a file of the user's data folder or in the browser's storage.

use egui::TextureHandle;
use ibq_core::{classes::Classes, generator::Recipe};
use serde::{Deserialize, Serialize};

use crate::studio::notice::Notice;

use super::gallery_storage::GalleryStorage;

/// Pictures that are kept; older ones go.
const MOST: usize = 60;

/// One picture of the gallery.
pub(crate) struct GalleryEntry {
    pub(crate) recipe: Recipe,
    /// Until it is drawn, there is none.
    pub(crate) texture: Option<TextureHandle>,
}

/// The gallery.
#[derive(Default)]
pub(crate) struct Gallery {
    /// Newest first.
    pub(crate) entries: Vec<GalleryEntry>,
    /// Names of classes.
    pub(crate) favorites: Vec<String>,
    /// Where it is kept; none where nothing is kept, as in tests.
    storage: Option<GalleryStorage>,
}

/// As it is stored.
#[derive(Default, Serialize, Deserialize)]
struct GalleryFile {
    #[serde(default)]
    favorites: Vec<String>,
    #[serde(default)]
    recipes: Vec<serde_json::Value>,
}

impl Gallery {
    /// Puts a picture in front; the same one twice is there once.
    pub(crate) fn add(&mut self, recipe: Recipe, texture: Option<TextureHandle>) {
        self.entries.retain(|entry| entry.recipe != recipe);
        self.entries.insert(0, GalleryEntry { recipe, texture });
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
        serde_json::to_string(&GalleryFile { favorites: self.favorites.clone(), recipes })
    }

    /// Recipes that cannot be read are left out: another version of this program may have written them.
    fn from_json(text: &str, storage: GalleryStorage) -> Result<Self, serde_json::Error> {
        let stored: GalleryFile = serde_json::from_str(text)?;
        let recipes = stored.recipes.iter().take(MOST);
        let entries = recipes
            .filter_map(|value| Recipe::from_json(&value.to_string()).ok())
            .map(|recipe| GalleryEntry { recipe, texture: None });
        Ok(Self { entries: entries.collect(), favorites: stored.favorites, storage: Some(storage) })
    }

    /// Sets the drawn picture of a recipe.
    pub(super) fn set_texture(&mut self, recipe: &Recipe, texture: TextureHandle) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.recipe == *recipe) {
            entry.texture = Some(texture);
        }
    }

    /// What stores everything, to be done away from the drawing; none where nothing is kept.
    pub(super) fn store(&self) -> Option<impl FnOnce() -> Result<(), Notice> + use<>> {
        let storage = self.storage.clone()?;
        let text = self.to_json();
        Some(move || {
            let written = match text {
                Ok(text) => storage.write(&text),
                Err(error) => Err(error.to_string()),
            };
            written.map_err(|reason| Notice::error("The gallery was not kept", reason))
        })
    }
}

/// Reads the gallery of earlier runs; none where nothing is kept.
pub(super) fn read() -> Result<Option<Gallery>, Notice> {
    let Some(storage) = GalleryStorage::usual() else { return Ok(None) };
    let gallery = match storage.read() {
        Ok(None) => Ok(Gallery { storage: Some(storage), ..Gallery::default() }),
        Ok(Some(text)) => Gallery::from_json(&text, storage).map_err(|error| error.to_string()),
        Err(reason) => Err(reason),
    };
    gallery.map(Some).map_err(|reason| Notice::error("The gallery cannot be read", reason))
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
            sha256: None,
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
        let storage = GalleryStorage(folder.join("deep/gallery.json"));
        assert_eq!(storage.read(), Ok(None));
        let mut gallery = Gallery::default();
        for seed in 0..100 {
            gallery.add(recipe(seed), None);
        }
        gallery.add(recipe(98), None);
        gallery.toggle_favorite("castle");
        gallery.toggle_favorite("cat");
        gallery.toggle_favorite("castle");
        storage.write(&gallery.to_json().unwrap()).unwrap();
        let again = Gallery::from_json(&storage.read().unwrap().unwrap(), storage).unwrap();
        assert_eq!(again.entries.len(), MOST);
        assert_eq!((again.entries[0].recipe.seed, again.entries[1].recipe.seed), (98, 99));
        assert_eq!(again.entries[0].recipe, recipe(98));
        assert_eq!(again.favorites, ["cat"]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn recipes_that_cannot_be_read_are_left_out() {
        let text = r#"{"recipes": [{"version": 99}, 7]}"#;
        let gallery = Gallery::from_json(text, GalleryStorage("x".into())).unwrap();
        assert!(gallery.entries.is_empty());
        assert!(Gallery::from_json("[]x", GalleryStorage("x".into())).is_err());
    }
}
