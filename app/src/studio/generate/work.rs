//! What the engine is asked to do, as tasks.

use std::sync::Arc;

use ibq_core::{
    generator::{Generator, Recipe},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenGrid,
    transformer::{Insight, PictureRequest},
};
use image::RgbImage;

use crate::studio::{
    message::{Failure, Message},
    notice::Notice,
    picture_texture::Pixels,
    reconstruct,
};

use super::{GenerateMessage, living::Stream};

/// Candidates that are kept for each token.
const CANDIDATES: usize = 8;

/// Finished pictures: tokens and pixels of each.
pub(crate) struct Made(pub(crate) Vec<(Vec<u32>, Arc<RgbImage>, Pixels)>);

/// Pictures of tokens that are not all there: how many are, and the pixels.
pub(crate) struct Previews {
    /// When the run that they belong to was started.
    pub(crate) run: web_time::Instant,
    /// Which pictures of the board they are.
    pub(crate) tiles: Vec<usize>,
    pub(crate) pictures: Result<Vec<(usize, Arc<RgbImage>, Pixels)>, Failure>,
}

/// Makes pictures; the tokens go into the stream as they come.
pub(crate) async fn make(
    generator: Generator,
    requests: Vec<PictureRequest>,
    stream: Stream,
    job: Job,
) -> Message {
    let made = async {
        let told = |new: ibq_core::transformer::NewTokens<'_>| stream.extend(new.picture, new.tokens);
        let grids = generator.transformer.generate(&requests, &job, told).await?;
        let pictures = decode(&generator.tokenizer, &grids, &job).await?;
        let whole = grids.into_iter().zip(pictures).map(|(grid, rgb)| {
            let pixels = Pixels::new(&rgb);
            (grid.tokens, Arc::new(rgb), pixels)
        });
        Ok(Box::new(Made(whole.collect())))
    };
    Message::Generate(GenerateMessage::Made(made.await))
}

async fn decode(tokenizer: &Tokenizer, grids: &[TokenGrid], job: &Job) -> Result<Vec<RgbImage>, Failure> {
    Ok(tokenizer.decode(grids, &RunOptions::default(), job).await?.pictures)
}

/// Draws what there is of some pictures.
pub(crate) async fn preview(
    tokenizer: Tokenizer,
    side: u32,
    tiles: Vec<usize>,
    tokens: Vec<Vec<u32>>,
    run: web_time::Instant,
    job: Job,
) -> Message {
    let grids: Vec<TokenGrid> = tokens
        .iter()
        .map(|tokens| TokenGrid { rows: side, cols: side, tokens: filled(tokens, side as usize) })
        .collect();
    let pictures = decode(&tokenizer, &grids, &job).await.map(|pictures| {
        let with_pixels = |(tokens, rgb): (&Vec<u32>, RgbImage)| {
            let pixels = Pixels::new(&rgb);
            (tokens.len(), Arc::new(rgb), pixels)
        };
        tokens.iter().zip(pictures).map(with_pixels).collect()
    });
    Message::Generate(GenerateMessage::Previewed(Previews { run, tiles, pictures }))
}

/// The tokens and, for those that are missing, the ones above them: the decoder looks across the border.
fn filled(tokens: &[u32], side: usize) -> Vec<u32> {
    let mut all = tokens.to_vec();
    for position in tokens.len()..side * side {
        let above = position.checked_sub(side).and_then(|above| all.get(above)).or(all.last());
        all.push(above.copied().unwrap_or(0));
    }
    all
}

/// A picture whose tokens are to be looked at.
#[derive(Clone)]
pub(crate) struct InsightRequest {
    pub(crate) revision: u64,
    pub(crate) generator: Generator,
    pub(crate) request: PictureRequest,
    pub(crate) tokens: Vec<u32>,
}

/// What was seen.
pub(crate) struct Looked {
    pub(crate) revision: u64,
    pub(crate) insight: Insight,
}

/// Looks at all tokens of a picture.
pub(crate) async fn look(request: InsightRequest, job: Job) -> Message {
    let InsightRequest { revision, generator, request, tokens } = request;
    let (condition, sampling) = (request.condition, &request.sampling);
    let insight = generator.transformer.insight(condition, sampling, &tokens, CANDIDATES, &job).await;
    let looked = insight.map(|insight| Box::new(Looked { revision, insight })).map_err(Failure::from);
    Message::Generate(GenerateMessage::Looked(looked))
}

/// Codes whose patches are wanted.
#[derive(Clone)]
pub(crate) struct PatchRequest {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) codes: Vec<u32>,
}

/// Decodes each code alone.
pub(crate) async fn patches(request: PatchRequest, job: Job) -> Message {
    let decoded = reconstruct::patches(&request.tokenizer, &request.codes, &job).await;
    Message::Generate(GenerateMessage::Patches(decoded.map_err(Failure::from)))
}

/// Decodes the tokens of recipes.
pub(crate) async fn restore(generator: Generator, recipes: Vec<Recipe>, show: bool, job: Job) -> Message {
    let grids: Vec<TokenGrid> = recipes
        .iter()
        .map(|recipe| TokenGrid { rows: recipe.grid[0], cols: recipe.grid[1], tokens: recipe.tokens.clone() })
        .collect();
    let restored = match decode(&generator.tokenizer, &grids, &job).await {
        Ok(pictures) => Ok(recipes.into_iter().zip(pictures).collect()),
        Err(Failure::Cancelled) => return Message::Nothing,
        Err(Failure::Failed(reason)) => Err(Notice::error("The picture was not restored", reason)),
    };
    Message::Generate(GenerateMessage::Restored(restored, show))
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn missing_tokens_are_those_above() {
        assert_eq!(filled(&[1, 2, 3], 2), [1, 2, 3, 2]);
        assert_eq!(filled(&[7], 2), [7, 7, 7, 7]);
        assert_eq!(filled(&[], 2), [0; 4]);
        assert_eq!(filled(&[1, 2, 3, 4], 2), [1, 2, 3, 4]);
    }
}
