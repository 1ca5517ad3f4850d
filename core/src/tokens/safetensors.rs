//! Tokens as safetensors: tensor `tokens`, int32 [pictures, rows, cols], the rest as metadata.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::json;

use crate::{
    formats::{
        Dtype,
        safetensors::{HeaderTensor, encode_header, parse_header, split_header},
    },
    picture::Size,
};

use super::{
    Grid, ReadTokens, TokenFile,
    arrangement::{Axes, is_ambiguous},
    integers::Integers,
};

pub(super) fn read(bytes: &[u8], grid_is_known: bool) -> Result<ReadTokens, String> {
    let (header, data) = split_header(bytes).ok_or("safetensors: is cut off")?;
    let header =
        parse_header(header, data.len() as u64).map_err(|reason| format!("safetensors: {reason}"))?;
    if let Some((_, dtype)) = header.unknown.iter().find(|(name, _)| name == "tokens") {
        return Err(format!("safetensors: `tokens` are of type {dtype}, not whole numbers"));
    }
    let tensor = header.tensors.iter().find(|tensor| tensor.name == "tokens");
    let tensor = tensor.ok_or("safetensors: has no tensor `tokens`, so it is no token file")?;
    let signed = match tensor.dtype {
        Dtype::I64 | Dtype::I32 | Dtype::I16 | Dtype::I8 => true,
        Dtype::U64 | Dtype::U32 | Dtype::U16 | Dtype::U8 => false,
        other => {
            return Err(format!("safetensors: `tokens` are of type {}, not whole numbers", other.name()));
        }
    };
    let integers = Integers { bytes: tensor.dtype.size() as usize, signed, big_endian: false };
    // The header was checked: offsets lie inside of the data.
    let tokens = integers.tokens(&data[tensor.begin as usize..tensor.end as usize])?;
    let metadata = &header.metadata;
    // Files of this program say which tokens they hold, at least.
    let says =
        ["sizes", "factor", "codebook_size", "model"].iter().any(|field| metadata.contains_key(*field));
    let axes = match () {
        () if grid_is_known => Axes::Known,
        () if says || tensor.dtype == Dtype::U32 => Axes::Stated,
        () => Axes::Unstated,
    };
    let ReadTokens { file, assumed } = TokenFile::from_tokens(&tensor.shape, &tokens, axes)?;
    let file = TokenFile {
        sizes: sizes(metadata)?,
        factor: number(metadata, "factor")?,
        codebook_size: number(metadata, "codebook_size")?,
        model: metadata.get("model").cloned(),
        ..file
    };
    Ok(ReadTokens { file, assumed })
}

fn number<T: FromStr>(metadata: &BTreeMap<String, String>, field: &str) -> Result<Option<T>, String> {
    let Some(text) = metadata.get(field) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("safetensors: `{field}` is `{text}`, not a number"))
}

/// `[[width, height], …]` as text.
fn sizes(metadata: &BTreeMap<String, String>) -> Result<Option<Vec<Size>>, String> {
    let Some(text) = metadata.get("sizes") else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| format!("safetensors: `sizes`: {error}"))
}

pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let Grid { rows, cols } = file.common_grid()?;
    let data = file.int32s()?;
    let mut metadata: BTreeMap<String, String> = BTreeMap::new();
    if let Some(sizes) = &file.sizes {
        metadata.insert("sizes".to_owned(), json!(sizes).to_string());
    }
    if let Some(factor) = file.factor {
        metadata.insert("factor".to_owned(), factor.to_string());
    }
    if let Some(size) = file.codebook_size {
        metadata.insert("codebook_size".to_owned(), size.to_string());
    }
    if let Some(model) = &file.model {
        metadata.insert("model".to_owned(), model.clone());
    }
    let shape = vec![file.grids.len() as u64, rows.into(), cols.into()];
    // As in arrays: 32 bits without a sign always hold grids.
    let is_ambiguous = metadata.is_empty() && is_ambiguous(&shape, Grid { rows, cols });
    let tensor = HeaderTensor {
        name: "tokens".to_owned(),
        dtype: if is_ambiguous { Dtype::U32 } else { Dtype::I32 },
        shape,
        begin: 0,
        end: data.len() as u64,
    };
    let mut bytes = encode_header(&metadata, &[tensor]);
    bytes.extend(data);
    Ok(bytes)
}
