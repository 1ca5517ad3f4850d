//! Tokens as a NumPy array (`.npy`).

use crate::formats::npy::NpyHeader;

use super::{Grid, TokenFile, integers::Integers};

pub(super) fn read(bytes: &[u8]) -> Result<TokenFile, String> {
    let (NpyHeader { descr, shape }, data) = NpyHeader::parse(bytes)?;
    let integers = integers(&descr)
        .ok_or_else(|| format!("NumPy array: holds elements of type `{descr}`, not whole numbers"))?;
    let size = shape.iter().try_fold(integers.bytes as u64, |size, &side| size.checked_mul(side));
    if size != Some(data.len() as u64) {
        return Err(format!("NumPy array: {} bytes cannot be shape {shape:?} of `{descr}`", data.len()));
    }
    TokenFile::from_tokens(&shape, &integers.tokens(data)?)
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
    let Grid { rows, cols } = file.common_grid()?;
    let shape = [file.grids.len() as u64, rows.into(), cols.into()];
    let mut bytes = NpyHeader::encode("<i4", if file.grids.len() == 1 { &shape[1..] } else { &shape });
    bytes.extend(file.int32s()?);
    Ok(bytes)
}
