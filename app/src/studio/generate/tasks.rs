//! What the engine is asked to do, as tasks.

use std::sync::Arc;

use ibq_core::{
    generator::{Generator, Recipe},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenGrid,
    transformer::{Insight, NewTokens, PictureRequest},
};
use image::RgbImage;

use crate::studio::{
    failure::Failure,
    patches::{DecodedPatches, decode_patches},
    picture_texture::Pixels,
};

use super::run::TokenStream;

/// Candidates that are kept for each token.
const CANDIDATES: usize = 8;

/// Finished pictures: tokens and pixels of each.
pub(crate) struct GeneratedImages(pub(super) Vec<(Vec<u32>, Arc<RgbImage>, Pixels)>);

/// Drawn parts of pictures: how many tokens are real, and the pixels.
pub(crate) type PartialPictures = Vec<(usize, Arc<RgbImage>, Pixels)>;

/// Pictures of tokens that are not all there.
pub(crate) struct PartialImages {
    /// When the run that they belong to was started.
    pub(super) run: web_time::Instant,
    /// Which pictures of the board they are.
    pub(super) samples: Vec<usize>,
    pub(super) pictures: Result<PartialPictures, Failure>,
}

/// Makes pictures; the tokens go into the stream as they come.
pub(super) async fn generate(
    generator: Generator,
    requests: Vec<PictureRequest>,
    stream: TokenStream,
    job: Job,
) -> Result<Box<GeneratedImages>, Failure> {
    let on_tokens = |new: NewTokens<'_>| stream.extend(new.picture, new.tokens);
    let grids = generator.transformer.generate(&requests, &job, on_tokens).await?;
    let pictures = decode(&generator.tokenizer, &grids, &job).await?;
    let whole = grids.into_iter().zip(pictures).map(|(grid, rgb)| {
        let pixels = Pixels::new(&rgb);
        (grid.tokens, Arc::new(rgb), pixels)
    });
    Ok(Box::new(GeneratedImages(whole.collect())))
}

async fn decode(tokenizer: &Tokenizer, grids: &[TokenGrid], job: &Job) -> Result<Vec<RgbImage>, Failure> {
    Ok(tokenizer.decode(grids, &RunOptions::default(), job).await?.pictures)
}

/// Draws what there is of some pictures.
pub(super) async fn draw_partial(
    tokenizer: Tokenizer,
    side: u32,
    tokens: Vec<Vec<u32>>,
    job: Job,
) -> Result<PartialPictures, Failure> {
    let grids: Vec<TokenGrid> = tokens
        .iter()
        .map(|tokens| TokenGrid { rows: side, cols: side, tokens: fill_missing(tokens, side as usize) })
        .collect();
    let pictures = decode(&tokenizer, &grids, &job).await?;
    let with_pixels = |(tokens, rgb): (&Vec<u32>, RgbImage)| {
        let pixels = Pixels::new(&rgb);
        (tokens.len(), Arc::new(rgb), pixels)
    };
    Ok(tokens.iter().zip(pictures).map(with_pixels).collect())
}

/// The tokens and, for those that are missing, the ones above them: the decoder looks across the border.
fn fill_missing(tokens: &[u32], side: usize) -> Vec<u32> {
    let mut all = tokens.to_vec();
    for position in tokens.len()..side * side {
        let above = position.checked_sub(side).and_then(|above| all.get(above)).or(all.last());
        all.push(above.copied().unwrap_or(0));
    }
    all
}

/// A picture whose tokens are to be inspected.
#[derive(Clone)]
pub(super) struct InsightRequest {
    pub(super) revision: u64,
    pub(super) generator: Generator,
    pub(super) request: PictureRequest,
    pub(super) tokens: Vec<u32>,
}

/// What was seen.
pub(crate) struct InspectionResult {
    pub(super) revision: u64,
    pub(super) insight: Insight,
}

/// Inspects all tokens of a picture.
pub(super) async fn inspect(request: InsightRequest, job: Job) -> Result<Box<InspectionResult>, Failure> {
    let InsightRequest { revision, generator, request, tokens } = request;
    let (condition, sampling) = (request.condition, &request.sampling);
    let insight = generator.transformer.insight(condition, sampling, &tokens, CANDIDATES, &job).await?;
    Ok(Box::new(InspectionResult { revision, insight }))
}

/// Codes whose patches are wanted.
#[derive(Clone)]
pub(super) struct PatchRequest {
    pub(super) tokenizer: Tokenizer,
    pub(super) codes: Vec<u32>,
}

/// Decodes each code alone.
pub(super) async fn patches(request: PatchRequest, job: Job) -> Result<DecodedPatches, Failure> {
    Ok(decode_patches(&request.tokenizer, &request.codes, &job).await?)
}

/// Decodes the tokens of recipes.
pub(super) async fn restore(
    generator: Generator,
    recipes: Vec<Recipe>,
    job: Job,
) -> Result<Vec<(Recipe, RgbImage)>, Failure> {
    let grids: Vec<TokenGrid> = recipes
        .iter()
        .map(|recipe| TokenGrid { rows: recipe.grid[0], cols: recipe.grid[1], tokens: recipe.tokens.clone() })
        .collect();
    let pictures = decode(&generator.tokenizer, &grids, &job).await?;
    Ok(recipes.into_iter().zip(pictures).collect())
}

#[cfg(test)]
mod tests {
    use super::fill_missing;

    #[test]
    fn missing_tokens_are_those_above() {
        assert_eq!(fill_missing(&[1, 2, 3], 2), [1, 2, 3, 2]);
        assert_eq!(fill_missing(&[7], 2), [7, 7, 7, 7]);
        assert_eq!(fill_missing(&[], 2), [0; 4]);
        assert_eq!(fill_missing(&[1, 2, 3, 4], 2), [1, 2, 3, 4]);
    }
}
