//! Text inside of PNG files: written as an iTXt chunk, read from the chunks that other programs make of it.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// What every PNG begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of signature and header chunk.
const HEADER: usize = 8 + 25;
/// Longest compressed text that is read, in bytes after decompression.
const LONGEST_TEXT: u64 = 1 << 24;

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

/// The text under this keyword, as [`with_text`] put it into a PNG or as another program wrote it when it saved the picture again: in a
/// chunk tEXt, zTXt or iTXt, compressed or not, before or after the pixels. None where there is none, or it is damaged.
#[must_use]
pub fn text_of(png: &[u8], keyword: &str) -> Option<String> {
    let mut rest = png.strip_prefix(SIGNATURE)?;
    loop {
        let (length, after) = rest.split_first_chunk()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (chunk, after) = after.split_at_checked(length.checked_add(4)?)?;
        let (crc, after) = after.split_first_chunk()?;
        let (kind, data) = chunk.split_first_chunk()?;
        let text = data.strip_prefix(keyword.as_bytes()).and_then(|data| data.strip_prefix(&[0]));
        if let Some(text) = text.filter(|_| matches!(kind, b"tEXt" | b"zTXt" | b"iTXt")) {
            let is_whole = u32::from_be_bytes(*crc) == crc32(chunk);
            return is_whole.then(|| decode(kind, text))?;
        }
        rest = after;
    }
}

/// The text of a chunk, from what follows its keyword.
fn decode(kind: &[u8; 4], data: &[u8]) -> Option<String> {
    match (kind, data) {
        (b"tEXt", text) => Some(from_latin1(text)),
        (b"zTXt", [0, compressed @ ..]) => Some(from_latin1(&inflate(compressed)?)),
        // Whether it is compressed, the method, a language, the keyword in that language.
        (b"iTXt", [is_compressed @ 0..=1, 0, rest @ ..]) => {
            let mut parts = rest.splitn(3, |&byte| byte == 0);
            let (_language, _keyword, text) = (parts.next()?, parts.next()?, parts.next()?);
            let text = if *is_compressed == 1 { inflate(text)? } else { text.to_vec() };
            String::from_utf8(text).ok()
        }
        _ => None,
    }
}

/// Latin-1, as the standard has it; some programs write UTF-8 all the same.
fn from_latin1(text: &[u8]) -> String {
    let latin1 = || text.iter().copied().map(char::from).collect();
    std::str::from_utf8(text).map_or_else(|_| latin1(), str::to_owned)
}

/// Inflates a text of bounded length.
fn inflate(compressed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    ZlibDecoder::new(compressed).take(LONGEST_TEXT + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= LONGEST_TEXT).then_some(text)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;
    use crate::picture::{encode_png, open};

    /// A PNG with a chunk after its header, or after its pixels.
    fn with_chunk(kind: &[u8], data: &[u8], is_last: bool) -> Vec<u8> {
        let png = encode_png(&image::RgbImage::new(2, 2)).unwrap();
        // The last chunk has no data.
        let (before, after) = png.split_at(if is_last { png.len() - 12 } else { HEADER });
        let chunk = [kind, data].concat();
        let (length, crc) = ((data.len() as u32).to_be_bytes(), crc32(&chunk).to_be_bytes());
        [before, &length, &chunk, &crc, after].concat()
    }

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_is_read_from_every_chunk_that_other_programs_make_of_it() {
        let text = "{\"name\": \"Brücke\"}";
        let latin1: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        for is_last in [false, true] {
            for (kind, data) in [
                (b"tEXt", [b"ibq\0", &latin1[..]].concat()),
                (b"tEXt", [b"ibq\0", text.as_bytes()].concat()),
                (b"zTXt", [b"ibq\0\0", &deflated(&latin1)[..]].concat()),
                (b"iTXt", [b"ibq\0\0\0de\0ibq\0", text.as_bytes()].concat()),
                (b"iTXt", [b"ibq\0\x01\0\0\0", &deflated(text.as_bytes())[..]].concat()),
            ] {
                let png = with_chunk(kind, &data, is_last);
                assert_eq!(text_of(&png, "ibq").as_deref(), Some(text), "{kind:?}");
                assert_eq!(text_of(&png, "ib"), None);
                assert!(open(&png).is_ok());
            }
        }
    }

    #[test]
    fn a_text_that_inflates_beyond_the_limit_is_none() {
        let long = deflated(&vec![b'a'; LONGEST_TEXT as usize + 1]);
        assert_eq!(text_of(&with_chunk(b"zTXt", &[b"ibq\0\0", &long[..]].concat(), false), "ibq"), None);
        assert_eq!(text_of(&with_chunk(b"zTXt", b"ibq\0\0no zlib", false), "ibq"), None);
        assert_eq!(text_of(&with_chunk(b"iTXt", b"ibq\0\x02\0\0\0a", false), "ibq"), None);
    }

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
