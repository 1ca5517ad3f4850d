//! What a file is that was dropped, picked, pasted or fetched. Which pane takes it is decided by what the panes accept.

use ibq_core::{
    files::Model,
    generator::Recipe,
    picture::{Picture, open},
    tokens::ReadTokens,
    transformer::TransformerPrecision,
};

use super::{files::PickedFile, notice::Notice, selection::OpenPicture};

/// Largest file of safetensors that is looked at for tokens, in bytes: a larger one is a model.
const LARGEST_TOKENS: u64 = 16 << 20;

/// Something to be opened.
pub(crate) enum Item {
    /// A picture.
    Picture(Box<OpenPicture>),
    /// A token file.
    Tokens(Box<ReadTokens>),
    /// What restores a picture that this program generated.
    Recipe(Box<Recipe>),
    /// A transformer that the model chooser has opened, to be loaded.
    Transformer(OpenedTransformer),
}

/// A transformer to be loaded.
pub(crate) struct OpenedTransformer {
    /// Path or address.
    pub(crate) name: String,
    pub(crate) model: Model,
    pub(crate) precision: TransformerPrecision,
}

/// What an item is: a pane says which kinds it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Picture,
    Tokens,
    Recipe,
    Transformer,
    /// A tokenizer. The models load it; the pane that accepts it is shown when one is dropped.
    Tokenizer,
}

impl Item {
    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Picture(_) => Kind::Picture,
            Self::Tokens(_) => Kind::Tokens,
            Self::Recipe(_) => Kind::Recipe,
            Self::Transformer(_) => Kind::Transformer,
        }
    }
}

/// What a file turned out to be.
pub(crate) enum Content {
    /// Something for a pane.
    Item(Item),
    /// A model, to be loaded at once.
    Model(PickedFile),
}

/// What a dropped file seems to be by its name and size, before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    Model,
    TokensOrModel,
    PictureOrRecipe,
}

/// Guesses what a dropped file is; safetensors may hold tokens or a model.
pub(crate) fn guess(name: &str, size: Option<u64>, is_folder: bool) -> Guess {
    let name = name.to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let small = size.is_some_and(|size| size <= LARGEST_TOKENS);
    if ends(&[".json", ".npy"]) || (ends(&[".safetensors"]) && small) {
        Guess::TokensOrModel
    } else if is_folder || ends(&[".ckpt", ".safetensors", ".pt", ".pth", ".bin"]) {
        Guess::Model
    } else {
        Guess::PictureOrRecipe
    }
}

/// Reads a picture file.
pub(crate) async fn read_picture(file: PickedFile) -> Result<Content, Notice> {
    let bytes = read_bytes(&file).await?;
    picture(&file.name(), &bytes).map(Content::Item)
}

/// Reads a token file.
pub(crate) async fn read_tokens(file: PickedFile) -> Result<Content, Notice> {
    tokens(&file).await.map(Content::Item)
}

/// Reads a dropped file that holds a picture, or what restores one that this program generated.
pub(crate) async fn read_picture_or_recipe(file: PickedFile) -> Result<Content, Notice> {
    let bytes = read_bytes(&file).await?;
    picture_or_recipe(&file.name(), &bytes).map(Content::Item)
}

/// Reads a dropped file that holds tokens or, where it holds none, a model.
pub(crate) async fn read_tokens_or_model(file: PickedFile) -> Result<Content, Notice> {
    match tokens(&file).await {
        Err(_) if file.name().to_lowercase().ends_with(".safetensors") => Ok(Content::Model(file)),
        read => read.map(Content::Item),
    }
}

/// Fetches a picture from the web, or what restores it.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn fetch(address: String) -> Result<Content, Notice> {
    let name = address.rsplit('/').next().unwrap_or(&address).to_owned();
    let bytes = match ibq_core::files::Source::http(&address).await {
        Ok(source) => source.read_at(0, usize::try_from(source.len()).unwrap_or(usize::MAX)).await,
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => picture_or_recipe(&name, &bytes).map(Content::Item),
        Err(error) => Err(Notice::error(format!("{name} was not fetched"), error)),
    }
}

/// What the bytes of a picture file bring: a picture, or everything that restores one that this program generated.
pub(crate) fn picture_or_recipe(name: &str, bytes: &[u8]) -> Result<Item, Notice> {
    match Recipe::of_png(bytes) {
        Ok(Some(recipe)) => Ok(Item::Recipe(Box::new(recipe))),
        // What cannot be read of it does not keep the picture from being looked at.
        Ok(None) | Err(_) => picture(name, bytes),
    }
}

fn picture(name: &str, bytes: &[u8]) -> Result<Item, Notice> {
    match open(bytes) {
        Ok(picture) => Ok(item_of(name, picture)),
        Err(error) => Err(not_opened(name, error)),
    }
}

/// A picture as an item.
pub(crate) fn item_of(name: &str, picture: Picture) -> Item {
    Item::Picture(Box::new(OpenPicture::new(name, picture)))
}

async fn tokens(file: &PickedFile) -> Result<Item, Notice> {
    let bytes = read_bytes(file).await?;
    match ReadTokens::read(&file.name(), &bytes, None) {
        Ok(tokens) => Ok(Item::Tokens(Box::new(tokens))),
        Err(error) => Err(not_opened(&file.name(), error)),
    }
}

async fn read_bytes(file: &PickedFile) -> Result<Vec<u8>, Notice> {
    file.read().await.map_err(|reason| not_opened(&file.name(), reason))
}

fn not_opened(name: &str, reason: impl ToString) -> Notice {
    Notice::error(format!("{name} was not opened"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ibq_core::{
        generator::RecipeModels,
        picture::{encode_png, with_text},
        tokens::TokenGrid,
        transformer::{Condition, PictureRequest, Sampling, TransformerConfig},
    };
    use image::RgbImage;

    #[test]
    fn a_dropped_file_is_what_its_ending_and_size_say() {
        for (name, size, is_folder, expected) in [
            ("a.PNG", Some(9), false, Guess::PictureOrRecipe),
            ("a.json", Some(9), false, Guess::TokensOrModel),
            ("a.safetensors", Some(9), false, Guess::TokensOrModel),
            ("a.safetensors", Some(LARGEST_TOKENS + 1), false, Guess::Model),
            ("a.safetensors", None, false, Guess::Model),
            ("A.CKPT", Some(9), false, Guess::Model),
            ("folder", None, true, Guess::Model),
            ("nothing known", None, false, Guess::PictureOrRecipe),
        ] {
            assert_eq!(guess(name, size, is_folder), expected, "{name}");
        }
    }

    #[test]
    fn a_picture_that_was_made_here_brings_its_recipe_and_any_other_only_itself() {
        let config = TransformerConfig { block_size: 1, ..TransformerConfig::official("B").unwrap() };
        let models = RecipeModels {
            model: "ar",
            path: "",
            sha256: None,
            config: &config,
            precision: TransformerPrecision::F32,
            tokenizer: None,
        };
        let request = PictureRequest {
            condition: Condition::Class(3),
            sampling: Sampling::default(),
            seed: 7,
            number: 1,
            fixed: Vec::new(),
        };
        let grid = TokenGrid { rows: 1, cols: 1, tokens: vec![9] };
        let recipe = Recipe::new(&models, &request, &grid, Vec::new());
        let plain = encode_png(&RgbImage::new(2, 2)).unwrap();
        let text = recipe.to_json().unwrap();
        let made = with_text(&plain, Recipe::KEYWORD, &text);
        match picture_or_recipe("made.png", &made) {
            Ok(Item::Recipe(found)) => assert_eq!(*found, recipe),
            _ => panic!("not restored"),
        }
        let unreadable = with_text(&plain, Recipe::KEYWORD, &text.replace("[9]", "[]"));
        for png in [&plain, &unreadable] {
            assert!(matches!(picture_or_recipe("a.png", png), Ok(Item::Picture(_))));
        }
        assert!(picture_or_recipe("a.png", b"no picture").is_err());
    }
}
