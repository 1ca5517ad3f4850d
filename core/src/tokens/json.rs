//! Tokens as JSON: one object per picture; several pictures: a list of them.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error, SeqAccess, Visitor},
};

use crate::picture::Size;

use super::{
    ReadTokens, TokenFile, TokenGrid,
    arrangement::{Arrangement, Axes, arrange},
    file::check_count,
    nested::Array,
};

/// One picture. Its tokens are written as rows, and read as rows or as one list.
#[derive(Serialize, Deserialize)]
struct Picture<Tokens> {
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<u32>,
    grid: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codebook_size: Option<u32>,
    tokens: Tokens,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// A list of pictures whose number is limited while it is read.
struct Pictures(Vec<Picture<Array>>);

impl<'de> Deserialize<'de> for Pictures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Pictures;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of pictures")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pictures, A::Error> {
                let mut pictures = Vec::new();
                while let Some(picture) = list.next_element()? {
                    pictures.push(picture);
                    check_count(pictures.len()).map_err(A::Error::custom)?;
                }
                Ok(Pictures(pictures))
            }
        }

        deserializer.deserialize_seq(Reader)
    }
}

pub(super) fn read(bytes: &[u8], grid_is_known: bool) -> Result<ReadTokens, String> {
    let axes = if grid_is_known { Axes::Known } else { Axes::Unstated };
    let Pictures(pictures) = match bytes.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start) {
        None => Pictures(vec![parse(bytes)?]),
        Some([b'{' | b']', ..]) => parse(bytes)?,
        // No picture but its tokens, as Python's `json.dump` writes an array.
        Some(_) => {
            let Array { shape, tokens } = parse(bytes)?;
            return TokenFile::from_tokens(&shape, &tokens, axes);
        }
    };
    let Some(first) = pictures.first() else { return Err("holds no picture".to_owned()) };
    let (factor, codebook_size, model) = (first.factor, first.codebook_size, first.model.clone());
    let mut sizes = Vec::new();
    let mut grids = Vec::with_capacity(pictures.len());
    let mut assumed = None;
    for (index, picture) in pictures.into_iter().enumerate() {
        if (picture.factor, picture.codebook_size, &picture.model) != (factor, codebook_size, &model) {
            return Err(format!("picture {index} is of another model than picture 0"));
        }
        match (picture.width, picture.height) {
            (Some(width), Some(height)) => sizes.push(Size::new(width, height)),
            (None, None) => {}
            _ => return Err(format!("picture {index} has only one of `width` and `height`")),
        }
        let (grid, note) = grid(picture.tokens, picture.grid, axes)?;
        grids.push(grid);
        assumed = assumed.or(note);
    }
    let sizes = match sizes.len() {
        0 => None,
        count if count == grids.len() => Some(sizes),
        count => return Err(format!("only {count} of {} pictures have a size", grids.len())),
    };
    Ok(ReadTokens { file: TokenFile { grids, sizes, factor, codebook_size, model }, assumed })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// The tokens of one picture: rows, or one list that `grid` or its length cuts into rows; and what was assumed.
fn grid(array: Array, said: Option<[u32; 2]>, axes: Axes) -> Result<(TokenGrid, Option<String>), String> {
    let Array { shape, tokens } = array;
    let (found, assumed) = match (&shape[..], said) {
        (&[rows, cols], _) => {
            let side = |side: u64| u32::try_from(side).map_err(|_| "has too many tokens".to_owned());
            ([side(rows)?, side(cols)?], None)
        }
        (&[_], Some(said)) => (said, None),
        (&[_], None) => {
            let Arrangement { grid, assumed } = arrange(&shape, axes)?;
            ([grid.rows, grid.cols], assumed)
        }
        _ => return Err(format!("has `tokens` of shape {shape:?}; those of one picture are rows")),
    };
    if let Some(said) = said.filter(|&said| said != found) {
        return Err(format!("says `grid` {said:?} but has tokens of {found:?}"));
    }
    let grid = TokenGrid::new(found[0], found[1], tokens).map_err(|error| error.to_string())?;
    Ok((grid, assumed))
}

pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let picture = |(index, grid): (usize, &TokenGrid)| {
        let size = file.sizes.as_ref().map(|sizes| sizes[index]);
        Picture::<Vec<Vec<u32>>> {
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
            factor: file.factor,
            grid: Some([grid.rows, grid.cols]),
            codebook_size: file.codebook_size,
            tokens: grid.tokens.chunks(grid.cols as usize).map(<[u32]>::to_vec).collect(),
            model: file.model.clone(),
        }
    };
    let pictures: Vec<Picture<_>> = file.grids.iter().enumerate().map(picture).collect();
    let json =
        if let [one] = &pictures[..] { serde_json::to_vec(one) } else { serde_json::to_vec(&pictures) };
    let mut json = json.map_err(|error| error.to_string())?;
    json.push(b'\n');
    Ok(json)
}
