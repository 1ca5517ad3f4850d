//! Text inside of PNG files: iTXt chunks, which other programs leave alone.

/// What every PNG begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of signature and header chunk.
const HEADER: usize = 8 + 25;

/// Adds an iTXt chunk with UTF-8 text after the header of a PNG. What is no PNG comes back unchanged.
#[must_use]
pub fn with_text(png: &[u8], keyword: &str, text: &str) -> Vec<u8> {
    let Some((header, rest)) = png.split_at_checked(HEADER).filter(|_| png.starts_with(SIGNATURE)) else {
        return png.to_vec();
    };
    // Keyword, end, not compressed, method, no language, no translated keyword.
    let mut chunk = b"iTXt".to_vec();
    chunk.extend_from_slice(keyword.as_bytes());
    chunk.extend_from_slice(&[0, 0, 0, 0, 0]);
    chunk.extend_from_slice(text.as_bytes());
    let mut out = header.to_vec();
    out.extend_from_slice(&((chunk.len() - 4) as u32).to_be_bytes());
    out.extend_from_slice(&chunk);
    out.extend_from_slice(&crc32(&chunk).to_be_bytes());
    out.extend_from_slice(rest);
    out
}

/// The text that [`with_text`] put into a PNG under this keyword; none where there is none, or it is damaged.
#[must_use]
pub fn text_of(png: &[u8], keyword: &str) -> Option<String> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    loop {
        let (length, after) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (chunk, after) = after.split_at_checked(length.checked_add(4)?)?;
        let (crc, after) = after.split_first_chunk()?;
        let text = chunk.strip_prefix(b"iTXt").and_then(|data| data.strip_prefix(keyword.as_bytes()));
        if let Some(text) = text.and_then(|data| data.strip_prefix(&[0, 0, 0, 0, 0])) {
            let whole = u32::from_be_bytes(*crc) == crc32(chunk);
            return whole.then(|| String::from_utf8(text.to_vec()).ok())?;
        }
        rest = after;
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{encode_png, open};

    #[test]
    fn text_goes_in_and_comes_out_and_the_picture_stays() {
        let picture = image::RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let plain = encode_png(&picture).unwrap();
        let png = with_text(&plain, "ibq", "{\"name\": \"Brücke × 2\"}");
        assert_eq!(text_of(&png, "ibq").as_deref(), Some("{\"name\": \"Brücke × 2\"}"));
        assert_eq!(text_of(&png, "other"), None);
        assert_eq!(text_of(&plain, "ibq"), None);
        assert_eq!(open(&png).unwrap().rgb, picture);
    }

    #[test]
    fn damage_is_no_text() {
        let plain = encode_png(&image::RgbImage::new(1, 1)).unwrap();
        let png = with_text(&plain, "ibq", "text");
        for length in 0..png.len() {
            let cut = text_of(&png[..length], "ibq");
            assert!(cut.is_none() || cut.as_deref() == Some("text"));
        }
        let mut damaged = png;
        damaged[HEADER + 8 + 10] ^= 1;
        assert_eq!(text_of(&damaged, "ibq"), None);
        assert_eq!(with_text(b"GIF89a", "ibq", "text"), b"GIF89a");
    }
}
