//! Tokens as JSON: one object per picture; several pictures: a list of them.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};

use crate::picture::Size;

use super::{TokenFile, TokenGrid, file::check_count};

#[derive(Serialize, Deserialize)]
struct Picture {
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<u32>,
    grid: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codebook_size: Option<u32>,
    tokens: Vec<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// A list of pictures whose number is limited while it is read.
struct Pictures(Vec<Picture>);

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

pub(super) fn read(bytes: &[u8]) -> Result<TokenFile, String> {
    let Pictures(pictures) = if bytes.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?
    } else {
        Pictures(vec![serde_json::from_slice(bytes).map_err(|error| error.to_string())?])
    };
    let Some(first) = pictures.first() else { return Err("holds no picture".to_owned()) };
    let (factor, codebook_size, model) = (first.factor, first.codebook_size, first.model.clone());
    let mut sizes = Vec::new();
    let mut grids = Vec::with_capacity(pictures.len());
    for (index, picture) in pictures.iter().enumerate() {
        if (picture.factor, picture.codebook_size, &picture.model) != (factor, codebook_size, &model) {
            return Err(format!("picture {index} is of another model than picture 0"));
        }
        match (picture.width, picture.height) {
            (Some(width), Some(height)) => sizes.push(Size::new(width, height)),
            (None, None) => {}
            _ => return Err(format!("picture {index} has only one of `width` and `height`")),
        }
        grids.push(grid(picture)?);
    }
    let sizes = match sizes.len() {
        0 => None,
        count if count == grids.len() => Some(sizes),
        count => return Err(format!("only {count} of {} pictures have a size", grids.len())),
    };
    Ok(TokenFile { grids, sizes, factor, codebook_size, model })
}

fn grid(picture: &Picture) -> Result<TokenGrid, String> {
    let rows = picture.tokens.len();
    let cols = picture.tokens.first().map_or(0, Vec::len);
    if picture.tokens.iter().any(|row| row.len() != cols) {
        return Err("has rows of different lengths".to_owned());
    }
    let side = |side: usize| u32::try_from(side).map_err(|_| "has too many tokens".to_owned());
    let found = [side(rows)?, side(cols)?];
    if picture.grid.is_some_and(|said| said != found) {
        let said = picture.grid.unwrap_or_default();
        return Err(format!("says `grid` {said:?} but has tokens of {found:?}"));
    }
    TokenGrid::new(found[0], found[1], picture.tokens.concat()).map_err(|error| error.to_string())
}

pub(super) fn write(file: &TokenFile) -> Result<Vec<u8>, String> {
    let picture = |(index, grid): (usize, &TokenGrid)| {
        let size = file.sizes.as_ref().map(|sizes| sizes[index]);
        Picture {
            width: size.map(|size| size.width),
            height: size.map(|size| size.height),
            factor: file.factor,
            grid: Some([grid.rows, grid.cols]),
            codebook_size: file.codebook_size,
            tokens: grid.tokens.chunks(grid.cols as usize).map(<[u32]>::to_vec).collect(),
            model: file.model.clone(),
        }
    };
    let pictures: Vec<Picture> = file.grids.iter().enumerate().map(picture).collect();
    let json =
        if let [one] = &pictures[..] { serde_json::to_vec(one) } else { serde_json::to_vec(&pictures) };
    let mut json = json.map_err(|error| error.to_string())?;
    json.push(b'\n');
    Ok(json)
}
