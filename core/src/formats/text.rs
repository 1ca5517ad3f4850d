//! Text files as editors of all systems write them.

/// The text of a file: UTF-8 or UTF-16, with a byte-order mark or, in UTF-8, without. The mark is no part of it. What is
/// neither comes back as it is, for its reader to refuse.
#[must_use]
pub fn to_utf8(bytes: Vec<u8>) -> Vec<u8> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&pair| unit(pair)).collect();
        String::from_utf16(&units).ok().map(String::into_bytes)
    };
    let text = match &bytes[..] {
        [0xef, 0xbb, 0xbf, text @ ..] => Some(text.to_vec()),
        [0xff, 0xfe, text @ ..] => units(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => units(text, u16::from_be_bytes),
        _ => None,
    };
    text.unwrap_or(bytes)
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
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
        ] {
            assert_eq!(to_utf8(bytes), text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_text_stays() {
        for bytes in [&b"\xff\xfe\x00\xd8"[..], b"\xff", b"", b"\x93NUMPY"] {
            assert_eq!(to_utf8(bytes.to_vec()), bytes);
        }
    }
}
