//! Tokens as a NumPy array (`.npy`): a magic word, a header that is a Python dictionary, the numbers.

use super::{TokenFile, integers::Integers};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read, in bytes; NumPy's own have about 120.
const LONGEST_HEADER: usize = 4096;

/// Whether these bytes are those of a NumPy array.
pub(super) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn read(bytes: &[u8]) -> Result<TokenFile, String> {
    let cut_off = || "NumPy array: is cut off".to_owned();
    let (header_len, header_start) = match bytes.get(6..12).ok_or_else(cut_off)? {
        &[1, _, a, b, ..] => (usize::from(u16::from_le_bytes([a, b])), 10),
        &[2 | 3, _, a, b, c, d] => (u32::from_le_bytes([a, b, c, d]) as usize, 12),
        version => return Err(format!("NumPy array: version {}.{} is not known", version[0], version[1])),
    };
    if header_len > LONGEST_HEADER {
        return Err(format!("NumPy array: a header of {header_len} bytes is too long"));
    }
    let (header, data) = bytes[header_start..].split_at_checked(header_len).ok_or_else(cut_off)?;
    let header = std::str::from_utf8(header).map_err(|_| "NumPy array: its header is no text".to_owned())?;
    let field = |name: &str| {
        let at = header.find(&format!("'{name}'"))?;
        header[at + name.len() + 2..].trim_start().strip_prefix(':').map(str::trim_start)
    };
    let missing = |name: &str| format!("NumPy array: its header has no `{name}`");
    let descr = field("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
    let descr = descr.ok_or_else(|| missing("descr"))?;
    if !field("fortran_order").ok_or_else(|| missing("fortran_order"))?.starts_with("False") {
        return Err("NumPy array: is in Fortran order; save np.ascontiguousarray(tokens)".to_owned());
    }
    let shape = field("shape").and_then(shape).ok_or_else(|| missing("shape"))?;
    let integers = integers(descr)
        .ok_or_else(|| format!("NumPy array: holds elements of type `{descr}`, not whole numbers"))?;
    let size = shape.iter().try_fold(integers.bytes as u64, |size, &side| size.checked_mul(side));
    if size != Some(data.len() as u64) {
        return Err(format!("NumPy array: {} bytes cannot be shape {shape:?} of `{descr}`", data.len()));
    }
    TokenFile::from_tokens(&shape, &integers.tokens(data)?)
}

/// `(2, 16, 16)`, with or without a comma at the end.
fn shape(text: &str) -> Option<Vec<u64>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.parse().ok()).collect()
}

/// NumPy's word for a type: byte order, kind, bytes.
fn integers(descr: &str) -> Option<Integers> {
    let (order, rest) = descr.split_at_checked(1)?;
    let (kind, bytes) = rest.split_at_checked(1)?;
    let bytes = bytes.parse().ok().filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8))?;
    let big_endian = match order {
        "<" | "|" | "=" => false,
        ">" => true,
        _ => return None,
    };
    match kind {
        "i" => Some(Integers { bytes, signed: true, big_endian }),
        "u" => Some(Integers { bytes, signed: false, big_endian }),
        _ => None,
    }
}

/// int32, [rows, cols] for one picture, [pictures, rows, cols] for several.
pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let (rows, cols) = file.common_grid()?;
    let shape = match file.grids.len() {
        1 => format!("({rows}, {cols})"),
        pictures => format!("({pictures}, {rows}, {cols})"),
    };
    let mut header = format!("{{'descr': '<i4', 'fortran_order': False, 'shape': {shape}, }}");
    // The numbers begin at a multiple of 64 bytes; the header ends with a line feed.
    while !(MAGIC.len() + 4 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(file.int32s()?);
    Ok(bytes)
}
