//! Which files are pictures by their names, and what is recognized but not read.

use std::path::Path;

/// Endings of the names of pictures that are read.
pub const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "jfif", "jpe", "webp"];

/// Whether a file in a folder is named like a picture. macOS puts a file `._NAME` beside each file of a foreign disk, which
/// is none.
#[must_use]
pub fn has_picture_name(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_shadow = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
    !is_shadow && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// What bytes that are no PNG, JPEG or WebP picture look like, and what to do with them.
pub(super) fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    match name(bytes) {
        Some(name) => format!("it is a {name} file. Save it as PNG or JPEG in the program that shows it"),
        None => "its content is unknown".to_owned(),
    }
}

fn name(bytes: &[u8]) -> Option<&'static str> {
    // ISO media files say in a box of this name which kind they are.
    if bytes.get(4..8) == Some(b"ftyp") {
        let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
        let kinds = bytes.get(8..length.clamp(12, 256).min(bytes.len()))?;
        let is = |kinds_of: &[&[u8; 4]]| kinds.as_chunks::<4>().0.iter().any(|kind| kinds_of.contains(&kind));
        return Some(match () {
            () if is(&[b"avif", b"avis"]) => "AVIF",
            () if is(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) => "HEIC",
            () if is(&[b"crx "]) => "camera raw",
            () => "video",
        });
    }
    let begins = |with: &[u8]| bytes.starts_with(with);
    let is_svg = || {
        bytes
            .iter()
            .take(1000)
            .collect::<Vec<_>>()
            .windows(4)
            .any(|four| four == [&b'<', &b's', &b'v', &b'g'])
    };
    Some(match () {
        () if begins(b"GIF8") => "GIF",
        () if begins(b"BM") => "BMP",
        () if begins(b"II*\0") || begins(b"MM\0*") || begins(b"II+\0") || begins(b"MM\0+") => "TIFF",
        () if begins(b"\xff\x0a") || begins(b"\0\0\0\x0cJXL ") => "JPEG XL",
        () if begins(b"\0\0\0\x0cjP  ") || begins(b"\xff\x4f\xff\x51") => "JPEG 2000",
        () if begins(b"8BPS") => "Photoshop",
        () if begins(b"%PDF") => "PDF",
        () if begins(b"\0\0\x01\0") => "Windows icon",
        () if begins(b"P") && matches!(bytes.get(1), Some(b'1'..=b'7')) => "Netpbm",
        () if begins(b"qoif") => "QOI",
        () if begins(b"v/1\x01") => "OpenEXR",
        () if is_svg() => "SVG",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_found_by_their_names() {
        for name in ["a.png", "a.JPG", "a.jpeg", "a.jfif", "a.jpe", "b/c.webp", ".hidden.png"] {
            assert!(has_picture_name(Path::new(name)), "{name}");
        }
        for name in ["a.gif", "a", "png", "b/._a.png", "._a.jpg", "a.png.txt"] {
            assert!(!has_picture_name(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn other_formats_are_named() {
        for (bytes, name) in [
            (&b"GIF89a"[..], "GIF"),
            (b"BM....", "BMP"),
            (b"II*\0....", "TIFF"),
            (b"MM\0*....", "TIFF"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp41", "video"),
            (b"\xff\x0a..", "JPEG XL"),
            (b"<?xml version='1.0'?><svg ", "SVG"),
        ] {
            let said = describe(bytes);
            assert!(said.contains(&format!("a {name} file")), "{said}");
        }
        for bytes in [&b"hello"[..], b"ftyp", b"\0\0\0\0ftyp", b"\xff\xff\xff\xffftyp"] {
            let _ = describe(bytes);
        }
        assert_eq!(describe(b"hello"), "its content is unknown");
        assert_eq!(describe(b""), "the file is empty");
    }
}
