//! The sample pictures: what is there before anybody opens anything.

use ibq_core::picture::{Picture, open};

use super::{format::short_name, picture_texture::Pixels};
#[cfg(target_arch = "wasm32")]
use crate::web::files::fetch_beside;

/// Longest side of the small pictures in the strip, in pixels.
const SMALL: u32 = 112;
/// Longest side of the first picture where a browser computes on the processor, which takes minutes for the whole one.
const SLOW: u32 = 128;

/// A sample picture.
pub(crate) struct SamplePicture {
    pub(crate) name: String,
    pub(crate) picture: Picture,
    /// The picture made small.
    pub(crate) small: Pixels,
}

impl SamplePicture {
    fn new(file: &str, bytes: &[u8]) -> Option<Self> {
        let picture = open(bytes).map_err(|error| log::warn!("sample {file}: {error}")).ok()?;
        let small = image::imageops::thumbnail(&picture.rgb, SMALL, SMALL);
        Some(Self { name: short_name(file).to_owned(), small: Pixels::new(&small), picture })
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
pub(crate) async fn load() -> Vec<SamplePicture> {
    let mut samples = Vec::new();
    for (file, bytes) in files().await {
        samples.extend(SamplePicture::new(&file, &bytes));
    }
    samples
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

#[cfg(target_arch = "wasm32")]
async fn files() -> Vec<(String, Vec<u8>)> {
    let index = fetch_beside("assets/samples/index.json").await.unwrap_or_default();
    let mut names: Vec<String> = serde_json::from_slice(&index).unwrap_or_default();
    // The first one is what a newcomer sees.
    names.sort_by_key(|name| (name != "lighthouse.png", name.clone()));
    let mut files = Vec::new();
    for name in names {
        if let Some(bytes) = fetch_beside(&format!("assets/samples/{name}")).await {
            files.push((name, bytes));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_scaled_down_says_so() {
        let bytes = include_bytes!("../../../assets/samples/lighthouse.png");
        let sample = SamplePicture::new("lighthouse.png", bytes).unwrap();
        assert_eq!(sample.picture.rgb.dimensions(), (256, 256));
        let small = sample.scaled_down();
        assert_eq!(small.rgb.dimensions(), (128, 128));
        assert!(small.notes.iter().any(|note| note.starts_with("scaled to 128 × 128")), "{:?}", small.notes);
    }
}
