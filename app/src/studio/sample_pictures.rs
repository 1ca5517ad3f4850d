//! The sample pictures: what is there before anybody opens anything.

use ibq_core::picture::{Picture, open};

use super::{format::short_name, picture_texture::Pixels};
#[cfg(target_arch = "wasm32")]
use crate::web::files::fetch_beside;

/// Longest side of the small pictures in the strip, in pixels.
const SMALL: u32 = 112;

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
