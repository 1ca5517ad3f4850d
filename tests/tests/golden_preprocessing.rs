//! Golden vectors of the official preprocessing and metrics, named `preprocess_metrics` in the folder's manifest.

use std::{collections::BTreeMap, path::PathBuf};

use ibq_core::image::{model_to_pixel, official_preprocess, pixel_to_model, psnr, resize_bilinear, ssim};
use image::RgbImage;

/// Relative error of a float32 computation against our exact sums.
const FLOAT32: f64 = 2e-6;

#[test]
fn golden_preprocessing_is_equal_to_the_bit() {
    let Some(golden) = Vectors::open() else { return };
    for (case, description) in &golden.metadata {
        let side = description.split([' ', '=']).nth(1).and_then(|side| side.parse().ok()).expect("size=N");
        let input = golden.picture(&format!("{case}.input_u8"));
        let resized = golden.picture(&format!("{case}.resized_u8"));
        assert!(resize_bilinear(&input, resized.width(), resized.height()) == resized, "{case} resized");
        let output = golden.picture(&format!("{case}.output_u8"));
        assert!(official_preprocess(&input, side) == output, "{case} cropped");
        let name = format!("{case}.output_f32");
        if golden.tensors.contains_key(&name) {
            let ours: Vec<f32> = output.iter().map(|&v| pixel_to_model(v)).collect();
            assert!(ours == golden.f32s(&name), "{case} as floats");
        }
    }
}

#[test]
fn golden_pixels_come_back_truncated() {
    let Some(golden) = Vectors::open() else { return };
    let ours: Vec<u8> = (0..=255).map(|v| model_to_pixel(pixel_to_model(v))).collect();
    assert_eq!(ours, golden.bytes("u8_roundtrip"));
    for name in ["gt", "rec"] {
        let ours: Vec<u8> =
            golden.f32s(&format!("metrics.{name}_f32")).into_iter().map(model_to_pixel).collect();
        assert!(ours == golden.bytes(&format!("metrics.{name}_u8")), "{name}");
    }
}

#[test]
fn golden_metrics_agree() {
    let Some(golden) = Vectors::open() else { return };
    let (originals, reconstructions) = (golden.pictures("metrics.gt_u8"), golden.pictures("metrics.rec_u8"));
    let (psnrs, ssims) = (golden.f64s("metrics.psnr"), golden.f64s("metrics.ssim"));
    for (index, (a, b)) in originals.iter().zip(&reconstructions).enumerate() {
        for (name, ours, theirs) in [("psnr", psnr(a, b), psnrs[index]), ("ssim", ssim(a, b), ssims[index])] {
            assert!((ours / theirs - 1.0).abs() < FLOAT32, "picture {index}: {name} {ours}, not {theirs}");
        }
    }
}

/// The tensors of the file, by name.
struct Vectors {
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)>,
}

impl Vectors {
    /// None when the folder's manifest names no such file.
    fn open() -> Option<Self> {
        let folder = std::env::var_os("IBQ_GOLDEN")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden"), PathBuf::from);
        let manifest = std::fs::read(folder.join("manifest.json")).expect("manifest.json");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        let name = manifest.get("preprocess_metrics")?.as_str()?;
        let bytes = std::fs::read(folder.join(name)).expect(name);
        let header_end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&bytes[8..header_end]).expect("header");
        let metadata = header.remove("__metadata__").unwrap_or_default();
        let tensors = header.into_iter().map(|(name, entry)| {
            let shape: Vec<usize> = serde_json::from_value(entry["shape"].clone()).expect("shape");
            let [from, to]: [usize; 2] =
                serde_json::from_value(entry["data_offsets"].clone()).expect("offsets");
            (name, (shape, bytes[header_end + from..header_end + to].to_vec()))
        });
        let tensors = tensors.collect();
        Some(Self { metadata: serde_json::from_value(metadata).expect("metadata"), tensors })
    }

    fn bytes(&self, name: &str) -> &[u8] {
        &self.tensors[name].1
    }

    fn f32s(&self, name: &str) -> Vec<f32> {
        self.bytes(name).as_chunks().0.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect()
    }

    fn f64s(&self, name: &str) -> Vec<f64> {
        self.bytes(name).as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk)).collect()
    }

    /// One H × W × 3 tensor.
    fn picture(&self, name: &str) -> RgbImage {
        self.pictures(name).remove(0)
    }

    /// An N × H × W × 3 tensor, or H × W × 3 as one picture.
    fn pictures(&self, name: &str) -> Vec<RgbImage> {
        let (shape, bytes) = &self.tensors[name];
        let [.., height, width, 3] = shape[..] else { panic!("{name} has shape {shape:?}") };
        let picture =
            |pixels: &[u8]| RgbImage::from_raw(width as u32, height as u32, pixels.to_vec()).unwrap();
        bytes.chunks_exact(width * height * 3).map(picture).collect()
    }
}
