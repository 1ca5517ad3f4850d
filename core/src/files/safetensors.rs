//! Listing the tensors of a safetensors file.

use std::collections::{BTreeMap, HashMap};

use crate::formats::safetensors::{LONGEST_NAME, MOST_TENSORS, header_len, parse_header};

use super::{
    Source, WeightsError,
    layout::Layout,
    listing::{Listing, UnreadableTensor},
    stored_tensor::{StorageLocation, StoredTensor},
};

/// Longest header that is read, in bytes.
const LONGEST_HEADER: u64 = 32 << 20;

/// Reads the header of a file and lists its tensors.
pub(super) async fn open(source: &Source) -> Result<Listing, WeightsError> {
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
    let mut tensors: Vec<StoredTensor> = stored.collect::<Result<_, WeightsError>>()?;
    add_tied(&mut tensors, &header.metadata);
    let unreadable = header.unknown.into_iter().map(|(name, dtype)| UnreadableTensor {
        name,
        reason: format!("has elements of the unknown type `{dtype}`; convert it first"),
    });
    let mut listing = Listing { tensors, unreadable: unreadable.collect(), ..Listing::default() };
    listing.unwrap_names();
    Ok(listing)
}

/// Adds the tensors that share their values with another: of those, `safetensors.torch.save_model` stores one, and writes
/// `OTHER NAME: STORED NAME` for each of the rest into the metadata.
fn add_tied(tensors: &mut Vec<StoredTensor>, metadata: &BTreeMap<String, String>) {
    let positions: HashMap<&str, usize> =
        tensors.iter().enumerate().map(|(position, tensor)| (tensor.name.as_str(), position)).collect();
    let tied = metadata
        .iter()
        .filter(|(name, _)| name.len() <= LONGEST_NAME && !positions.contains_key(name.as_str()));
    let tied = tied.filter_map(|(name, stored)| {
        let stored = &tensors[*positions.get(stored.as_str())?];
        Some(StoredTensor { name: name.clone(), ..stored.clone() })
    });
    let most = MOST_TENSORS.saturating_sub(tensors.len());
    let tied: Vec<StoredTensor> = tied.take(most).collect();
    tensors.extend(tied);
}
