//! Picture files to 8-bit RGB, and RGB to PNG.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageFormat, Limits, RgbImage, RgbaImage,
    codecs::{png::PngDecoder, webp::WebPDecoder},
    metadata::Orientation,
};

use super::{
    alpha::on_white,
    color_profile,
    contain::contain,
    decoded::{Decode, Decoded, ImageError, MAX_PIXELS, MAX_SIDE, check_size},
    format, jpeg, webp,
};

/// A picture as it came from its file.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The pixels, upright, without alpha, 8 bits per channel.
    pub rgb: RgbImage,
    /// What was done to get there, one short phrase each ("alpha composited on white").
    pub notes: Vec<String>,
    /// Whether the file ends before the picture does: the rest is gray. A data set leaves such pictures out.
    pub cut_short: bool,
}

impl Picture {
    /// A picture that did not come from a file.
    #[must_use]
    pub fn new(rgb: RgbImage, notes: Vec<String>) -> Self {
        Self { rgb, notes, cut_short: false }
    }
}

/// Opens a PNG, JPEG or WebP picture, recognized by its content.
///
/// The EXIF orientation is applied, alpha is composited on white, CMYK, 16-bit and gray pictures become 8-bit RGB; every such
/// step is a note ([`Picture::notes`]), and so is a color profile, because profiles are not used. Of an animation the first
/// frame is taken.
///
/// # Errors
/// [`ImageError`]: another format, a broken file, or more than [`MAX_PIXELS`].
pub fn open(bytes: &[u8]) -> Result<Picture, ImageError> {
    open_within(bytes, MAX_PIXELS)
}

/// As [`open`], but only a picture of at most so many pixels.
///
/// # Errors
/// [`ImageError`]: another format, a broken file, or more pixels.
pub fn open_within(bytes: &[u8], most: u64) -> Result<Picture, ImageError> {
    let (name, decode): (_, Decode) = match image::guess_format(bytes).ok() {
        Some(ImageFormat::Png) => ("PNG", decode_png),
        Some(ImageFormat::Jpeg) => ("JPEG", jpeg::decode),
        Some(ImageFormat::WebP) => ("WebP", decode_webp),
        _ => return Err(ImageError::Format { found: format::describe(bytes) }),
    };
    let gave_up = || ImageError::Decode { format: name, reason: "the decoder gave up on it".to_owned() };
    upright_rgb(contain(|| decode(bytes, most.min(MAX_PIXELS))).map_err(|_| gave_up())??)
}

fn decode_png(bytes: &[u8], most: u64) -> Result<Decoded, ImageError> {
    if let Some(length) = palette_length(bytes).filter(|length| !length.is_multiple_of(3)) {
        let reason = format!("its palette has {length} bytes, no multiple of three");
        return Err(ImageError::Decode { format: "PNG", reason });
    }
    let limits = limits(claimed_png_pixels(bytes).min(most));
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(decoder_says("PNG"))?;
    let is_animated = decoder.is_apng().unwrap_or(false);
    // Broken EXIF data or profiles must not make a good picture unreadable.
    let exif = decoder.exif_metadata().ok().flatten();
    let profile = decoder.icc_profile().ok().flatten();
    let beside = Beside { is_animated, exif: exif.as_deref(), profile: profile.as_deref() };
    decode_with(decoder, "PNG", &beside, most)
}

fn decode_webp(bytes: &[u8], most: u64) -> Result<Decoded, ImageError> {
    let bytes = webp::without_empty_promises(bytes);
    let decoder = WebPDecoder::new(Cursor::new(&bytes[..])).map_err(decoder_says("WebP"))?;
    let beside = Beside {
        is_animated: decoder.has_animation(),
        exif: webp::chunk(&bytes, b"EXIF"),
        profile: webp::chunk(&bytes, b"ICCP"),
    };
    decode_with(decoder, "WebP", &beside, most)
}

/// An error of the decoder for a format.
fn decoder_says(format: &'static str) -> impl Fn(image::ImageError) -> ImageError {
    move |error| ImageError::Decode { format, reason: error.to_string() }
}

/// A picture from RGBA bytes, 8 bits per channel and not premultiplied: a browser's `ImageData`, a frame of a camera.
///
/// # Errors
/// [`ImageError`]: a size without pixels or beyond the limits, or another number of bytes than the size needs.
pub fn from_rgba(width: u32, height: u32, rgba: Vec<u8>) -> Result<Picture, ImageError> {
    check_size(width, height, MAX_PIXELS)?;
    let bytes = rgba.len();
    let pixels = RgbaImage::from_raw(width, height, rgba)
        .filter(|_| bytes as u64 == u64::from(width) * u64::from(height) * 4)
        .ok_or(ImageError::Length { width, height, bytes })?;
    let mut notes = Vec::new();
    let rgb = on_white(&DynamicImage::ImageRgba8(pixels), &mut notes);
    Ok(Picture::new(rgb, notes))
}

/// Pixels that the header of a PNG claims: what comes behind it (color profiles) may take no more memory than the picture.
fn claimed_png_pixels(png: &[u8]) -> u64 {
    let side = |at: usize| Some(u32::from_be_bytes(*png.get(at..)?.first_chunk()?));
    side(16).zip(side(20)).map_or(0, |(width, height)| u64::from(width) * u64::from(height))
}

/// Limits for a picture of so many pixels.
fn limits(pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // Eight bytes per pixel is the widest form (16-bit RGBA); the decoder's own buffers come on top.
    limits.max_alloc = Some(pixels.min(MAX_PIXELS) * 8 + (64 << 20));
    limits
}

/// Bytes of the palette of a PNG, where it comes before the pixels.
fn palette_length(png: &[u8]) -> Option<u32> {
    let mut rest = png.get(8..)?;
    loop {
        let length = u32::from_be_bytes(*rest.first_chunk()?);
        match rest.get(4..8)? {
            b"PLTE" => return Some(length),
            b"IDAT" => return None,
            // Length, kind and checksum.
            _ => rest = rest.get((length as usize).checked_add(12)?..)?,
        }
    }
}

/// What a file holds beside its pixels.
struct Beside<'a> {
    is_animated: bool,
    exif: Option<&'a [u8]>,
    profile: Option<&'a [u8]>,
}

fn decode_with(
    mut decoder: impl ImageDecoder,
    format: &'static str,
    beside: &Beside<'_>,
    most: u64,
) -> Result<Decoded, ImageError> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, most)?;
    let fail = decoder_says(format);
    decoder.set_limits(limits(u64::from(width) * u64::from(height))).map_err(&fail)?;
    let pixels = DynamicImage::from_decoder(decoder).map_err(&fail)?;
    let mut notes = Vec::new();
    if beside.is_animated {
        notes.push("first frame of an animation".to_owned());
    }
    let color = pixels.color();
    if !color.has_color() {
        notes.push("gray picture, used as RGB".to_owned());
    }
    if color.bytes_per_pixel() / color.channel_count() > 1 {
        notes.push("16 bits per channel reduced to 8".to_owned());
    }
    notes.extend(beside.profile.and_then(color_profile::note));
    // Some programs write the header of JPEG's form.
    let exif = beside.exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { pixels, orientation, notes, cut_short: false })
}

/// Turns the picture and takes away alpha and depth.
fn upright_rgb(decoded: Decoded) -> Result<Picture, ImageError> {
    let Decoded { mut pixels, orientation, mut notes, cut_short } = decoded;
    if orientation != Orientation::NoTransforms {
        pixels.apply_orientation(orientation);
        notes.push("turned upright as its EXIF orientation says".to_owned());
    }
    let rgb = if pixels.color().has_alpha() { on_white(&pixels, &mut notes) } else { pixels.into_rgb8() };
    Ok(Picture { rgb, notes, cut_short })
}

/// The picture as the bytes of a PNG file.
///
/// # Errors
/// [`ImageError::Encode`] when the encoder refuses (a picture without pixels).
pub fn encode_png(rgb: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Cursor::new(Vec::new());
    rgb.write_to(&mut bytes, ImageFormat::Png).map_err(ImageError::Encode)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{
        ExtendedColorType, ImageEncoder,
        codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
    };
    use proptest::prelude::*;

    /// Rotate90 in an EXIF block: what a phone writes when it is held upright.
    const TURNED: [u8; 26] =
        [b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];

    fn png(pixels: &[u8], width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(pixels, width, height, color).unwrap();
        bytes
    }

    #[test]
    fn png_jpeg_and_webp_are_recognized_by_content() {
        let picture = RgbImage::from_pixel(6, 4, image::Rgb([200, 30, 60]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            let opened = open(&bytes.into_inner()).unwrap();
            assert!(opened.notes.is_empty(), "{:?}", opened.notes);
            assert_eq!(opened.rgb.dimensions(), (6, 4));
            assert!(opened.rgb.iter().zip(picture.iter()).all(|(&a, &b)| a.abs_diff(b) < 5), "{format:?}");
        }
    }

    #[test]
    fn the_exif_orientation_turns_the_picture() {
        // Left half black, right half white; turned by 90 degrees clockwise the top is black.
        let pixels: Vec<u8> = (0..32 * 16).flat_map(|i| [if i % 32 < 16 { 0 } else { 255 }; 3]).collect();
        let (mut jpeg, mut webp) = (Vec::new(), Vec::new());
        let mut encoder = JpegEncoder::new(&mut jpeg);
        encoder.set_exif_metadata(TURNED.to_vec()).unwrap();
        encoder.write_image(&pixels, 32, 16, ExtendedColorType::Rgb8).unwrap();
        let mut encoder = WebPEncoder::new_lossless(&mut webp);
        encoder.set_exif_metadata(TURNED.to_vec()).unwrap();
        encoder.write_image(&pixels, 32, 16, ExtendedColorType::Rgb8).unwrap();
        for bytes in [jpeg, webp] {
            let opened = open(&bytes).unwrap();
            assert_eq!(opened.rgb.dimensions(), (16, 32));
            assert!(opened.rgb.get_pixel(8, 4).0[0] < 10 && opened.rgb.get_pixel(8, 28).0[0] > 245);
            assert_eq!(opened.notes, ["turned upright as its EXIF orientation says"]);
        }
    }

    #[test]
    fn alpha_is_composited_on_white_and_said_only_where_it_matters() {
        let half = open(&png(&[0, 0, 0, 128, 0, 0, 0, 0], 2, 1, ExtendedColorType::Rgba8)).unwrap();
        assert_eq!(half.rgb.as_raw()[..], [127, 127, 127, 255, 255, 255]);
        assert_eq!(half.notes, ["alpha composited on white"]);
        let opaque = open(&png(&[9, 8, 7, 255], 1, 1, ExtendedColorType::Rgba8)).unwrap();
        assert_eq!((opaque.rgb.as_raw()[..].to_vec(), opaque.notes), (vec![9, 8, 7], vec![]));
    }

    #[test]
    fn rgba_bytes_are_taken_as_they_would_be_from_a_file() {
        let rgba = [0, 0, 0, 128, 9, 8, 7, 255];
        let from_file = open(&png(&rgba, 2, 1, ExtendedColorType::Rgba8)).unwrap();
        let picture = from_rgba(2, 1, rgba.to_vec()).unwrap();
        assert_eq!((picture.rgb, picture.notes), (from_file.rgb, from_file.notes));
        for (width, height, bytes) in [(0, 4, 0), (70_000, 1, 4), (2, 1, 7), (2, 1, 9)] {
            assert!(from_rgba(width, height, vec![0; bytes]).is_err(), "{width} × {height}, {bytes} bytes");
        }
    }

    #[test]
    fn sixteen_bits_and_gray_become_rgb() {
        let deep: Vec<u8> = [0x8000_u16, 0xffff].iter().flat_map(|v| v.to_ne_bytes()).collect();
        let opened = open(&png(&deep, 2, 1, ExtendedColorType::L16)).unwrap();
        assert_eq!(opened.rgb.as_raw()[..], [128, 128, 128, 255, 255, 255]);
        assert_eq!(opened.notes, ["gray picture, used as RGB", "16 bits per channel reduced to 8"]);
        let opened = open(&png(&deep, 1, 1, ExtendedColorType::La16)).unwrap();
        assert_eq!(opened.rgb.as_raw()[..], [128, 128, 128]);
    }

    #[test]
    fn what_is_no_picture_is_named() {
        for (bytes, said) in [(&b""[..], "empty"), (b"hello", "unknown"), (b"GIF89a....", "GIF")] {
            let error = open(bytes).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("PNG, JPEG and WebP"), "{error}");
        }
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded() {
        let mut bytes = png(&[0; 3], 1, 1, ExtendedColorType::Rgb8);
        bytes[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        // The checksum of the header, so that the size itself is what is wrong.
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = open(&bytes).unwrap_err();
        assert!(matches!(error, ImageError::TooLarge { width: 65_535, height: 65_535, .. }), "{error:?}");
    }

    #[test]
    fn a_color_profile_that_inflates_beyond_the_picture_is_left_out() {
        // 80 MB of zeros in a color profile of 80 kB, for a picture of one pixel.
        let profile = vec![0; 80 << 20];
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile).unwrap();
        encoder.write_image(&[1, 2, 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
        assert!(bytes.len() < 1 << 20);
        let mut decoder =
            PngDecoder::with_limits(Cursor::new(&bytes), limits(claimed_png_pixels(&bytes))).unwrap();
        assert_eq!(decoder.icc_profile().ok().flatten(), None);
        assert_eq!(open(&bytes).unwrap().rgb.as_raw()[..], [1, 2, 3]);
    }

    #[test]
    fn png_comes_back_equal() {
        let picture =
            RgbImage::from_fn(13, 7, |x, y| image::Rgb([x as u8 * 19, y as u8 * 31, (x * y) as u8]));
        assert_eq!(open(&encode_png(&picture).unwrap()).unwrap().rgb, picture);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
    }

    proptest! {
        #[test]
        fn broken_files_are_errors_or_pictures(kind in 0_usize..3, cut in 0_usize..400, flip in 0_usize..400, bit in 0_u8..8) {
            let picture = RgbImage::from_fn(9, 9, |x, y| image::Rgb([x as u8 * 28, y as u8 * 28, 99]));
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][kind];
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            let mut bytes = bytes.into_inner();
            bytes.truncate(bytes.len().saturating_sub(cut / 4));
            if let Some(byte) = bytes.get_mut(flip) {
                *byte ^= 1 << bit;
            }
            let _ = open(&bytes);
        }
    }
}
