//! Text files as editors of all systems write them.

use std::borrow::Cow;

/// The text of a file: UTF-8 or UTF-16, with a byte-order mark or, in UTF-8, without. The mark is no part of it. What is
/// neither comes back as it is, for its reader to refuse.
#[must_use]
pub fn to_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let from_utf16 = |text: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = text.as_chunks::<2>().0.iter().map(|&pair| unit(pair)).collect();
        String::from_utf16(&units).map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()))
    };
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Cow::Borrowed(text),
        [0xff, 0xfe, text @ ..] => from_utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => from_utf16(text, u16::from_be_bytes),
        _ => Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_editor_is_the_same() {
        let text = "[[1, 2]] Brücke 🦉";
        let utf16 = |unit: fn(u16) -> [u8; 2]| {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
        };
        let files: [Vec<u8>; 4] = [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ];
        for bytes in files {
            assert_eq!(*to_utf8(&bytes), *text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_text_stays() {
        for bytes in [&b"\xff\xfe\x00\xd8"[..], b"\xff", b"", b"\x93NUMPY"] {
            assert_eq!(*to_utf8(bytes), *bytes);
        }
    }
}
