//! Golden vectors of the official preprocessing and metrics, named `preprocess_metrics` in the folder's manifest.

use ibq_core::picture::{model_to_pixel, official_preprocess, pixel_to_model, psnr, resize_bilinear, ssim};
use ibq_tests::vectors::{Golden, Tensors};
use image::RgbImage;

/// Relative error of a float32 computation against our exact sums.
const FLOAT32: f64 = 2e-6;

#[test]
fn golden_preprocessing_is_equal_to_the_bit() {
    let Some(golden) = vectors() else { return };
    for (case, description) in golden.metadata() {
        let side = description.split([' ', '=']).nth(1).and_then(|side| side.parse().ok()).expect("size=N");
        let input = picture(&golden, &format!("{case}.input_u8"));
        let resized = picture(&golden, &format!("{case}.resized_u8"));
        assert!(resize_bilinear(&input, resized.width(), resized.height()) == resized, "{case} resized");
        let output = picture(&golden, &format!("{case}.output_u8"));
        assert!(official_preprocess(&input, side) == output, "{case} cropped");
        let name = format!("{case}.output_f32");
        if golden.has(&name) {
            let ours: Vec<f32> = output.iter().map(|&v| pixel_to_model(v)).collect();
            assert!(ours == golden.f32s(&name), "{case} as floats");
        }
    }
}

#[test]
fn golden_pixels_come_back_truncated() {
    let Some(golden) = vectors() else { return };
    let ours: Vec<u8> = (0..=255).map(|v| model_to_pixel(pixel_to_model(v))).collect();
    assert_eq!(ours, golden.u8s("u8_roundtrip"));
    for name in ["gt", "rec"] {
        let ours: Vec<u8> =
            golden.f32s(&format!("metrics.{name}_f32")).into_iter().map(model_to_pixel).collect();
        assert!(ours == golden.u8s(&format!("metrics.{name}_u8")), "{name}");
    }
}

#[test]
fn golden_metrics_agree() {
    let Some(golden) = vectors() else { return };
    let (originals, reconstructions) =
        (pictures(&golden, "metrics.gt_u8"), pictures(&golden, "metrics.rec_u8"));
    let (psnrs, ssims) = (golden.f64s("metrics.psnr"), golden.f64s("metrics.ssim"));
    for (index, (a, b)) in originals.iter().zip(&reconstructions).enumerate() {
        for (name, ours, theirs) in [("psnr", psnr(a, b), psnrs[index]), ("ssim", ssim(a, b), ssims[index])] {
            assert!((ours / theirs - 1.0).abs() < FLOAT32, "picture {index}: {name} {ours}, not {theirs}");
        }
    }
}

/// None when the folder's manifest names no such file.
fn vectors() -> Option<Tensors> {
    let golden = Golden::open();
    golden.text("/preprocess_metrics").map(|file| golden.tensors(file))
}

/// One H × W × 3 tensor.
fn picture(vectors: &Tensors, name: &str) -> RgbImage {
    pictures(vectors, name).remove(0)
}

/// An N × H × W × 3 tensor, or H × W × 3 as one picture.
fn pictures(vectors: &Tensors, name: &str) -> Vec<RgbImage> {
    let shape = vectors.shape(name);
    let [.., height, width, 3] = shape[..] else { panic!("{name} has shape {shape:?}") };
    let picture = |pixels: &[u8]| RgbImage::from_raw(width as u32, height as u32, pixels.to_vec()).unwrap();
    vectors.u8s(name).chunks_exact(width * height * 3).map(picture).collect()
}
