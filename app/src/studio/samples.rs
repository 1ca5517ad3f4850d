//! The sample pictures and the bundled model: what is there before anybody opens anything.

use ibq_core::{
    files::{Model, WeightsError},
    picture::{Picture, open},
};

use super::{message::Message, models::short_name, picture_texture::Pixels};

/// Longest side of the small pictures in the strip, in pixels.
const SMALL: u32 = 112;
/// Longest side of the first picture where a browser computes on the processor, which takes minutes for the whole one.
const SLOW: u32 = 128;

/// A sample picture.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) picture: Picture,
    /// The picture made small, until it is uploaded.
    pub(crate) small: Pixels,
    pub(crate) texture: Option<super::picture_texture::PictureTexture>,
}

impl Sample {
    fn new(file: &str, bytes: &[u8]) -> Option<Self> {
        let picture = open(bytes).map_err(|error| log::warn!("sample {file}: {error}")).ok()?;
        let small = image::imageops::thumbnail(&picture.rgb, SMALL, SMALL);
        Some(Self { name: short_name(file).to_owned(), small: Pixels::new(&small), picture, texture: None })
    }

    /// The picture with at most 128 pixels a side, and a note that says so.
    pub(crate) fn scaled_down(&self) -> Picture {
        let rgb = image::imageops::thumbnail(&self.picture.rgb, SLOW, SLOW);
        let note =
            format!("scaled to {} × {}: this browser computes on the processor", rgb.width(), rgb.height());
        Picture { notes: self.picture.notes.iter().cloned().chain([note]).collect(), rgb }
    }
}

/// Reads the sample pictures; those that cannot be read are left out and logged.
pub(crate) async fn load() -> Message {
    let mut samples = Vec::new();
    for (file, bytes) in files().await {
        samples.extend(Sample::new(&file, &bytes));
    }
    Message::Samples(samples)
}

/// The bundled model and its name, if there is one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn bundled_model() -> Option<(String, Result<Model, WeightsError>)> {
    let bundled = crate::bundled::bundled_tokenizer().ok()?;
    Some((bundled.name.to_owned(), bundled.open().await))
}

/// The bundled generator and its name, if there is one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn bundled_generator() -> Option<(String, Result<Model, WeightsError>)> {
    let bundled = crate::bundled::bundled_generator()?;
    Some((bundled.name.to_owned(), bundled.open().await))
}

/// The bundled generator: a folder beside the page.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn bundled_generator() -> Option<(String, Result<Model, WeightsError>)> {
    let name = option_env!("IBQ_BUNDLED_GENERATOR_NAME")?;
    Some((name.to_owned(), Model::open_bundled_url(name, &format!("assets/models/{name}/")).await))
}

#[cfg(not(target_arch = "wasm32"))]
async fn files() -> Vec<(String, Vec<u8>)> {
    macro_rules! embedded {
        ($($name:literal),*) => {
            vec![$(($name.to_owned(), include_bytes!(concat!("../../../assets/samples/", $name)).to_vec())),*]
        };
    }
    embedded!(
        "lighthouse.png",
        "castle.png",
        "waterfall.png",
        "strawberry.png",
        "butterfly.png",
        "mountains.png",
        "text.png"
    )
}

/// The bundled model: the folder beside the page that `assets/models/default.txt` names.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn bundled_model() -> Option<(String, Result<Model, WeightsError>)> {
    let name = String::from_utf8(fetch("assets/models/default.txt").await?).ok()?;
    let name = name.trim();
    let opened = Model::open_bundled_url(name, &format!("assets/models/{name}/")).await;
    Some((name.to_owned(), opened))
}

#[cfg(target_arch = "wasm32")]
async fn files() -> Vec<(String, Vec<u8>)> {
    let index = fetch("assets/samples/index.json").await.unwrap_or_default();
    let mut names: Vec<String> = serde_json::from_slice(&index).unwrap_or_default();
    // The first one is what a newcomer sees.
    names.sort_by_key(|name| (name != "lighthouse.png", name.clone()));
    let mut files = Vec::new();
    for name in names {
        if let Some(bytes) = fetch(&format!("assets/samples/{name}")).await {
            files.push((name, bytes));
        }
    }
    files
}

/// A file beside the page, if it is there.
#[cfg(target_arch = "wasm32")]
async fn fetch(address: &str) -> Option<Vec<u8>> {
    let source = ibq_core::files::Source::http(address).await.ok()?;
    source.read_at(0, usize::try_from(source.len()).ok()?).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_scaled_down_says_so() {
        let bytes = include_bytes!("../../../assets/samples/lighthouse.png");
        let sample = Sample::new("lighthouse.png", bytes).unwrap();
        assert_eq!(sample.picture.rgb.dimensions(), (256, 256));
        let small = sample.scaled_down();
        assert_eq!(small.rgb.dimensions(), (128, 128));
        assert!(small.notes.iter().any(|note| note.starts_with("scaled to 128 × 128")), "{:?}", small.notes);
    }
}
