//! The header of a NumPy array (`.npy`): a magic word, a version, and a Python dictionary. The numbers follow.

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read, in bytes; NumPy's own have about 120.
const LONGEST_HEADER: usize = 4096;

/// What a header says. Only arrays in C order are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// NumPy's word for the element type: byte order, kind, bytes ("<i4").
    pub descr: String,
    /// Size of each axis.
    pub shape: Vec<u64>,
}

/// Whether these bytes are those of a NumPy array.
#[must_use]
pub fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl NpyHeader {
    /// Reads the header of an array, and returns it with the bytes behind it.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence about the file.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let cut_off = || "NumPy array: is cut off".to_owned();
        let (header_len, header_start) = match bytes.get(6..12).ok_or_else(cut_off)? {
            &[1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
            &[2 | 3, _, a, b, c, d] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
            version => {
                return Err(format!("NumPy array: version {}.{} is not known", version[0], version[1]));
            }
        };
        if header_len > LONGEST_HEADER {
            return Err(format!("NumPy array: a header of {header_len} bytes is too long"));
        }
        let (header, data) = bytes[header_start..].split_at_checked(header_len).ok_or_else(cut_off)?;
        let header =
            std::str::from_utf8(header).map_err(|_| "NumPy array: its header is no text".to_owned())?;
        let field = |name: &str| {
            let at = header.find(&format!("'{name}'"))?;
            header[at + name.len() + 2..].trim_start().strip_prefix(':').map(str::trim_start)
        };
        let missing = |name: &str| format!("NumPy array: its header has no `{name}`");
        let descr = field("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
        let descr = descr.ok_or_else(|| missing("descr"))?.to_owned();
        if !field("fortran_order").ok_or_else(|| missing("fortran_order"))?.starts_with("False") {
            return Err("NumPy array: is in Fortran order; save np.ascontiguousarray(tokens)".to_owned());
        }
        let shape = field("shape").and_then(parse_shape).ok_or_else(|| missing("shape"))?;
        Ok((Self { descr, shape }, data))
    }

    /// What stands before the numbers of an array, padded so that they begin at a multiple of 64 bytes.
    #[must_use]
    pub fn encode(descr: &str, shape: &[u64]) -> Vec<u8> {
        let shape = match shape {
            [only] => format!("({only},)"),
            _ => format!("({})", shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
        };
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        // The header ends with a line feed.
        let before = MAGIC.len() + 4 + header.len() + 1;
        header.extend(std::iter::repeat_n(' ', before.next_multiple_of(64) - before));
        header.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.into_bytes());
        bytes
    }
}

/// `(2, 16, 16)`, with or without a comma at the end; Python 2 writes `(2L, 16L, 16L)`.
fn parse_shape(text: &str) -> Option<Vec<u64>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.trim_end_matches('L').parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written_and_is_aligned() {
        for shape in [&[][..], &[5], &[2, 16, 16], &[50_000, 256, 256, 3]] {
            let mut bytes = NpyHeader::encode("|u1", shape);
            assert!(bytes.len().is_multiple_of(64) && is_npy(&bytes));
            bytes.push(7);
            let expected = NpyHeader { descr: "|u1".to_owned(), shape: shape.to_vec() };
            assert_eq!(NpyHeader::parse(&bytes), Ok((expected, &[7][..])));
        }
        assert!(String::from_utf8_lossy(&NpyHeader::encode("<i8", &[5])).contains("'shape': (5,), }"));
    }
}
