//! Listing the tensors of a safetensors file.

use std::collections::BTreeMap;

use crate::formats::safetensors::{header_len, parse_header};

use super::{
    Source, WeightsError,
    layout::Layout,
    stored::{StorageLocation, StoredTensor},
};

/// Longest header that is read, in bytes.
const LONGEST_HEADER: u64 = 32 << 20;

/// Reads the header of a file and lists its tensors.
pub(super) async fn open(
    source: &Source,
) -> Result<(Vec<StoredTensor>, BTreeMap<String, String>), WeightsError> {
    let broken = |reason: String| WeightsError::Broken { name: source.name().to_owned(), reason };
    let start = source.read_at(0, 8).await?;
    let len = header_len(&start).unwrap_or(0);
    if len > LONGEST_HEADER || len > source.len() - 8 {
        return Err(broken(format!("a header of {len} bytes is beyond the file or too long")));
    }
    let header = source.read_at(8, len as usize).await?;
    let header = parse_header(&header, source.len() - 8 - len).map_err(broken)?;
    let stored = header.tensors.into_iter().map(|tensor| {
        let layout = Layout::contiguous(tensor.shape)
            .map_err(|reason| broken(format!("tensor `{}` {reason}", tensor.name)))?;
        let place = StorageLocation::Byte(8 + len + tensor.begin);
        Ok(StoredTensor { name: tensor.name, dtype: tensor.dtype, layout, place })
    });
    Ok((stored.collect::<Result<_, WeightsError>>()?, header.metadata))
}
