//! Pictures and tokens on their way in: from files, the clipboard, the web, the camera.

use std::sync::Arc;

use egui::ColorImage;
use ibq_core::{
    generator::Recipe,
    picture::{ImageError, Picture, open},
    tokens::TokenFile,
};
use image::RgbImage;

use crate::studio::{
    files::PickedFile,
    generate::GenerateMessage,
    message::{Failure, Message},
    models::OpenedModel,
    notice::Notice,
    picture_texture::Pixels,
};

/// A picture that was opened.
pub(crate) struct OpenPicture {
    pub(crate) name: String,
    pub(crate) rgb: Arc<RgbImage>,
    pub(crate) pixels: Pixels,
    /// What was done on opening it: "alpha composited on white".
    pub(crate) notes: Vec<String>,
}

impl OpenPicture {
    pub(crate) fn new(name: &str, picture: Picture) -> Self {
        let pixels = Pixels::new(&picture.rgb);
        Self { name: name.to_owned(), rgb: Arc::new(picture.rgb), pixels, notes: picture.notes }
    }
}

/// A picture file was opened, or was none.
fn opened(name: &str, picture: Result<Picture, ImageError>) -> Message {
    Message::PictureOpened(match picture {
        Ok(picture) => Ok(Box::new(OpenPicture::new(name, picture))),
        Err(error) => Err(Notice::error(format!("{name} was not opened"), error)),
    })
}

/// Reads a picture file.
pub(crate) async fn read_picture(file: PickedFile) -> Message {
    match file.read().await {
        Ok(bytes) => opened(&file.name(), open(&bytes)),
        Err(reason) => Message::Notice(Notice::error(format!("{} was not opened", file.name()), reason)),
    }
}

/// Reads a picture file that was dropped: one that this program generated brings everything that restores it.
pub(crate) async fn read_picture_or_recipe(file: PickedFile) -> Message {
    match file.read().await {
        Ok(bytes) => picture_or_recipe(&file.name(), &bytes),
        Err(reason) => Message::Notice(Notice::error(format!("{} was not opened", file.name()), reason)),
    }
}

/// What the bytes of a picture file bring, wherever they come from: a picture, or everything that restores one that this program
/// generated.
pub(crate) fn picture_or_recipe(name: &str, bytes: &[u8]) -> Message {
    match Recipe::of_png(bytes) {
        Ok(Some(recipe)) => Message::Generate(GenerateMessage::Restore(Box::new(recipe))),
        // What cannot be read of it does not keep the picture from being looked at.
        Ok(None) | Err(_) => opened(name, open(bytes)),
    }
}

/// Fetches a picture from the web, or what restores it.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn fetch(address: String) -> Message {
    let name = address.rsplit('/').next().unwrap_or(&address).to_owned();
    let bytes = match ibq_core::files::Source::http(&address).await {
        Ok(source) => source.read_at(0, usize::try_from(source.len()).unwrap_or(usize::MAX)).await,
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => picture_or_recipe(&name, &bytes),
        Err(error) => Message::Notice(Notice::error(format!("{name} was not fetched"), error)),
    }
}

/// A picture from the camera of the browser.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn from_camera() -> Message {
    match crate::web::camera::take_picture().await {
        Ok(Some(picture)) => Message::PictureOpened(Ok(Box::new(OpenPicture::new("camera", picture)))),
        Ok(None) => Message::Nothing,
        Err(error) => Message::Notice(Notice::error("No picture was taken", error)),
    }
}

/// A picture from the clipboard: bare pixels, without what a file may carry.
pub(crate) fn pasted(image: &ColorImage) -> Message {
    let [width, height] = image.size;
    let mut notes = Vec::new();
    if image.pixels.iter().any(|pixel| !pixel.is_opaque()) {
        notes.push("alpha composited on white".to_owned());
    }
    // The colors are premultiplied: what is missing to opaque is white.
    let on_white = |value: u8, alpha: u8| value.saturating_add(255 - alpha);
    let bytes = image.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()].map(|value| on_white(value, p.a())));
    let rgb = RgbImage::from_raw(width as u32, height as u32, bytes.collect());
    Message::PictureOpened(match rgb {
        Some(rgb) if !rgb.is_empty() => Ok(Box::new(OpenPicture::new("clipboard", Picture { rgb, notes }))),
        _ => Err(Notice::error("Nothing was pasted", "the clipboard holds an empty picture")),
    })
}

/// Reads a token file.
pub(crate) async fn read_tokens(file: PickedFile) -> Message {
    Message::TokensRead(match file.read().await {
        Ok(bytes) => TokenFile::read(&file.name(), &bytes)
            .map(Box::new)
            .map_err(|error| Notice::error(format!("{} was not opened", file.name()), error)),
        Err(reason) => Err(Notice::error(format!("{} was not opened", file.name()), reason)),
    })
}

/// Reads a file that holds tokens or, where it holds none, a model.
pub(crate) async fn read_tokens_or_model(file: PickedFile) -> Message {
    let tokens = read_tokens(file.clone()).await;
    if !matches!(tokens, Message::TokensRead(Err(_))) || !file.name().to_lowercase().ends_with(".safetensors")
    {
        return tokens;
    }
    match crate::studio::models::open_file(&file).await {
        Ok(model) => Message::ModelOpened {
            model: Ok(Box::new(OpenedModel::describe(model))),
            source: file.name(),
            load: true,
        },
        Err(error) => Message::ModelOpened {
            model: Err(Failure::Failed(error.to_string())),
            source: file.name(),
            load: true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Color32;
    use ibq_core::{
        generator::RecipeModels,
        picture::{encode_png, with_text},
        tokens::TokenGrid,
        transformer::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
    };

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
            Message::Generate(GenerateMessage::Restore(found)) => assert_eq!(*found, recipe),
            _ => panic!("not restored"),
        }
        let unreadable = with_text(&plain, Recipe::KEYWORD, &text.replace("[9]", "[]"));
        for png in [&plain, &unreadable] {
            assert!(matches!(picture_or_recipe("a.png", png), Message::PictureOpened(Ok(_))));
        }
        assert!(matches!(picture_or_recipe("a.png", b"no picture"), Message::PictureOpened(Err(_))));
    }

    #[test]
    fn a_pasted_picture_is_composited_on_white() {
        let image =
            ColorImage::new([2, 1], vec![Color32::from_rgba_unmultiplied(0, 0, 0, 128), Color32::RED]);
        let Message::PictureOpened(Ok(picture)) = pasted(&image) else { panic!("not opened") };
        assert_eq!(picture.rgb.as_raw()[..], [127, 127, 127, 255, 0, 0]);
        assert_eq!(picture.notes, ["alpha composited on white"]);
        let empty = ColorImage::new([0, 0], vec![]);
        assert!(matches!(pasted(&empty), Message::PictureOpened(Err(_))));
    }
}
