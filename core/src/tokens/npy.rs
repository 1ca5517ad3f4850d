//! Tokens as a NumPy array (`.npy`).

use crate::formats::npy::NpyHeader;

use super::{
    Grid, ReadTokens, TokenFile,
    arrangement::{Axes, is_ambiguous},
    integers::Integers,
};

/// The element type of arrays whose last two axes are always rows and columns.
const GRIDS: &str = "<u4";

pub(super) fn read(bytes: &[u8], grid_is_known: bool) -> Result<ReadTokens, String> {
    let (NpyHeader { descr, shape }, data) = NpyHeader::parse(bytes)?;
    let integers = integers(&descr)
        .ok_or_else(|| format!("NumPy array: holds elements of type `{descr}`, not whole numbers"))?;
    let size = shape.iter().try_fold(integers.bytes as u64, |size, &side| size.checked_mul(side));
    if size != Some(data.len() as u64) {
        return Err(format!("NumPy array: {} bytes cannot be shape {shape:?} of `{descr}`", data.len()));
    }
    let axes = match &*descr {
        _ if grid_is_known => Axes::Known,
        GRIDS => Axes::Stated,
        _ => Axes::Unstated,
    };
    TokenFile::from_tokens(&shape, &integers.tokens(data)?, axes)
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

/// int32, [rows, cols] for one picture, [pictures, rows, cols] for several. Long grids that would be taken for all codes of square
/// pictures in a row are written as uint32, which is read as it stands.
pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let Grid { rows, cols } = file.common_grid()?;
    let shape = [file.grids.len() as u64, rows.into(), cols.into()];
    let shape = if file.grids.len() == 1 { &shape[1..] } else { &shape };
    let descr = if is_ambiguous(shape, Grid { rows, cols }) { GRIDS } else { "<i4" };
    let mut bytes = NpyHeader::encode(descr, shape);
    bytes.extend(file.int32s()?);
    Ok(bytes)
}
