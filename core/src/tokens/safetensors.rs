//! Tokens as safetensors: tensor `tokens`, int32 [pictures, rows, cols], the rest as metadata.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::json;

use crate::files::{Dtype, parse_header};

use super::{TokenFile, integers::Integers};

pub(super) fn read(bytes: &[u8]) -> Result<TokenFile, String> {
    let cut_off = || "safetensors: is cut off".to_owned();
    let (len, rest) = bytes.split_first_chunk().ok_or_else(cut_off)?;
    let len = usize::try_from(u64::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let (header, data) = rest.split_at_checked(len).ok_or_else(cut_off)?;
    let header =
        parse_header(header, data.len() as u64).map_err(|reason| format!("safetensors: {reason}"))?;
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
    let file = TokenFile::from_tokens(&tensor.shape, &tokens)?;
    let metadata = &header.metadata;
    Ok(TokenFile {
        sizes: sizes(metadata)?,
        factor: number(metadata, "factor")?,
        codebook_size: number(metadata, "codebook_size")?,
        model: metadata.get("model").cloned(),
        ..file
    })
}

fn number<T: FromStr>(metadata: &BTreeMap<String, String>, field: &str) -> Result<Option<T>, String> {
    let Some(text) = metadata.get(field) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("safetensors: `{field}` is `{text}`, not a number"))
}

/// `[[width, height], …]` as text.
fn sizes(metadata: &BTreeMap<String, String>) -> Result<Option<Vec<(u32, u32)>>, String> {
    let Some(text) = metadata.get("sizes") else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| format!("safetensors: `sizes`: {error}"))
}

pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let (rows, cols) = file.common_grid()?;
    let data = file.int32s()?;
    let mut metadata = BTreeMap::new();
    if let Some(sizes) = &file.sizes {
        metadata.insert("sizes", json!(sizes).to_string());
    }
    if let Some(factor) = file.factor {
        metadata.insert("factor", factor.to_string());
    }
    if let Some(size) = file.codebook_size {
        metadata.insert("codebook_size", size.to_string());
    }
    if let Some(model) = &file.model {
        metadata.insert("model", model.clone());
    }
    let tokens = json!({
        "dtype": "I32",
        "shape": [file.grids.len() as u32, rows, cols],
        "data_offsets": [0, data.len()],
    });
    let mut header = json!({ "__metadata__": metadata, "tokens": tokens }).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.extend(data);
    Ok(bytes)
}
