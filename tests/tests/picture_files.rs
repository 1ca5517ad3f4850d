//! Picture files from the wild, and every form of JPEG against the pixels of libjpeg-turbo.

use std::path::{Path, PathBuf};

use ibq_core::picture::{ImageError, Picture, open};
use image::RgbImage;

fn golden(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(folder)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden("pictures").join(name)).unwrap()
}

fn picture(name: &str) -> Picture {
    open(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn error(name: &str) -> ImageError {
    open(&bytes(name)).expect_err(name)
}

/// A PNM file with 8 bits per channel, gray or RGB, without comments.
fn read_pnm(path: &Path) -> RgbImage {
    let bytes = std::fs::read(path).unwrap();
    let mut words = bytes.splitn(4, u8::is_ascii_whitespace);
    let mut word = || str::from_utf8(words.next().unwrap()).unwrap();
    let (kind, width, height) = (word(), word().parse().unwrap(), word().parse().unwrap());
    let (most, pixels) = words.next().unwrap().split_at(4);
    assert_eq!(most, b"255\n");
    let pixels = match kind {
        "P5" => pixels.iter().flat_map(|&value| [value; 3]).collect(),
        _ => pixels.to_vec(),
    };
    RgbImage::from_raw(width, height, pixels).unwrap()
}

/// Largest and mean difference of two pictures, of 255.
fn distance(a: &RgbImage, b: &RgbImage) -> (u8, f64) {
    assert_eq!(a.dimensions(), b.dimensions());
    let differences: Vec<u8> = a.iter().zip(b.iter()).map(|(&a, &b)| a.abs_diff(b)).collect();
    let mean = differences.iter().map(|&d| f64::from(d)).sum::<f64>() / differences.len() as f64;
    (differences.iter().copied().max().unwrap_or(0), mean)
}

#[test]
fn every_form_of_jpeg_has_the_pixels_of_libjpeg_turbo() {
    let folder = golden("jpeg");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jpg") && !name.starts_with("arithmetic"))
        .collect();
    names.sort();
    assert_eq!(names.len(), 46);
    for name in names {
        let sampling = name.split('.').next().unwrap();
        let opened = open(&std::fs::read(folder.join(&name)).unwrap()).unwrap();
        let (most, mean) = distance(&opened.rgb, &read_pnm(&folder.join(format!("{sampling}.ppm"))));
        assert!(most <= 4 && mean < 0.3, "{name}: {most} at most, {mean} on average");
        // Equal coefficients are equal pixels, and so equal tokens.
        let baseline =
            open(&std::fs::read(folder.join(format!("{sampling}.baseline.jpg"))).unwrap()).unwrap();
        assert!(opened.rgb == baseline.rgb, "{name} differs from its baseline form");
    }
}

#[test]
fn scans_of_single_components_are_the_same_picture() {
    assert!(picture("scans-3.jpg").rgb == picture("scans-1.jpg").rgb);
}

#[test]
fn what_made_decoders_panic_is_an_error_or_a_picture() {
    for name in ["palette-4-bytes.png", "palette-5-bytes.png"] {
        let error = error(name).to_string();
        assert!(error.contains("PNG") && error.contains("palette"), "{error}");
    }
    let gray = picture("gray-progressive-adobe.jpg").rgb;
    assert!(gray.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]));
    let arithmetic = std::fs::read(golden("jpeg/arithmetic.baseline.jpg")).unwrap();
    let said = open(&arithmetic).unwrap_err().to_string();
    assert!(said.contains("arithmetic"), "{said}");
}

#[test]
fn a_file_that_is_cut_short_says_so() {
    let cut = picture("cut-at-60-percent.jpg");
    assert!(cut.cut_short && cut.notes.iter().any(|note| note.contains("cut short")), "{:?}", cut.notes);
    let whole = bytes("scans-1.jpg");
    for length in (0..whole.len() - 2).step_by(31) {
        match open(&whole[..length]) {
            Ok(opened) => assert!(opened.cut_short, "{length} bytes of {}", whole.len()),
            Err(error) => assert!(!error.to_string().contains("fill"), "{error}"),
        }
    }
    assert!(!picture("scans-1.jpg").cut_short);
}

#[test]
fn inks_become_light_and_that_is_a_note() {
    for name in ["cmyk.jpg", "ycck.jpg"] {
        let opened = picture(name);
        let near =
            |pixel: &image::Rgb<u8>| pixel.0.iter().zip([49, 190, 146]).all(|(&a, b)| a.abs_diff(b) <= 3);
        assert!(opened.rgb.pixels().all(near), "{name}: {:?}", opened.rgb.get_pixel(9, 9));
        assert_eq!(opened.notes, ["CMYK converted to RGB without a color profile"]);
    }
}

#[test]
fn the_orientation_of_a_webp_is_read_in_both_forms() {
    for name in ["exif-plain.webp", "exif-with-prefix.webp"] {
        let opened = picture(name);
        assert_eq!(opened.rgb.dimensions(), (64, 96), "{name}");
        assert_eq!(opened.notes, ["turned upright as its EXIF orientation says"], "{name}");
    }
    assert!(picture("exif-promised.webp").notes.is_empty());
}

#[test]
fn a_color_profile_is_a_note() {
    let notes = picture("display-p3-red.png").notes;
    assert!(
        notes.len() == 1 && notes[0].contains("Display P3") && notes[0].contains("not used"),
        "{notes:?}"
    );
}

#[test]
fn a_heic_file_is_named_under_any_name() {
    let said = error("heic.jpg").to_string();
    assert!(said.contains("HEIC") && said.contains("Save it as PNG or JPEG"), "{said}");
}
