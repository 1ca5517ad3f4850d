//! What can be saved or copied of a reconstruction.

use std::{fmt::Write as _, sync::Arc};

use ibq_core::{
    picture::{encode_png, side_by_side},
    tokens::{TokenFile, TokenFormat},
};
use image::RgbImage;

use crate::studio::{
    message::Message,
    models::{precision_name, set_name, short_name},
    notice::Notice,
};

use super::Shown;

/// What is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// What came back, as PNG.
    Picture,
    /// All pictures beside each other, as PNG.
    Comparison,
    Tokens(TokenFormat),
}

/// A file ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// Its proposed name.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

#[cfg(target_arch = "wasm32")]
impl Ready {
    /// The kind of file, as browsers name it.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("png") => "image/png",
            Some("json") => "application/json",
            _ => "application/octet-stream",
        }
    }
}

/// Ending of the names of a token format.
pub(crate) fn ending(format: TokenFormat) -> &'static str {
    match format {
        TokenFormat::Json => "json",
        TokenFormat::Npy => "npy",
        TokenFormat::Safetensors => "safetensors",
    }
}

/// The tokens of a reconstruction as a file.
pub(crate) fn token_file(shown: &Shown) -> TokenFile {
    TokenFile {
        grids: vec![shown.tokens.grid().clone()],
        sizes: Some(vec![shown.picture.rgb.dimensions()]),
        factor: Some(shown.factor()),
        codebook_size: Some(shown.codebook_size()),
        model: Some(shown.model.short_name().to_owned()),
    }
}

/// Makes a PNG of pictures beside each other.
pub(crate) async fn png(name: String, pictures: Vec<Arc<RgbImage>>) -> Message {
    let encoded = match &pictures[..] {
        [one] => encode_png(one),
        several => encode_png(&side_by_side(&several.iter().map(AsRef::as_ref).collect::<Vec<_>>())),
    };
    Message::Exported(match encoded {
        Ok(bytes) => Ok(Box::new(Ready { name, bytes })),
        Err(error) => Err(Notice::error(format!("{name} was not saved"), error)),
    })
}

/// Makes a token file.
pub(crate) fn tokens(shown: &Shown, format: TokenFormat) -> Message {
    let name = format!("{}-tokens.{}", short_name(&shown.name), ending(format));
    Message::Exported(match token_file(shown).write(format) {
        Ok(bytes) => Ok(Box::new(Ready { name, bytes })),
        Err(error) => Err(Notice::error(format!("{name} was not saved"), error)),
    })
}

/// The numbers of a reconstruction as text.
pub(crate) fn numbers_text(shown: &Shown) -> String {
    let numbers = &shown.numbers;
    let (width, height) = shown.picture.rgb.dimensions();
    let grid = shown.tokens.grid();
    let mut text = format!("{}, {width} × {height} pixels\n", shown.name);
    let precision = precision_name(shown.model.tokenizer.precision());
    let mut line = |name: &str, value: String| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    };
    line(
        "model",
        format!("{}, {} weights, {precision}", shown.model.short_name(), set_name(shown.model.set)),
    );
    if let (Some(psnr), Some(ssim)) = (numbers.psnr, numbers.ssim) {
        line("PSNR", format!("{psnr:.2} dB"));
        line("SSIM", format!("{ssim:.4}"));
    }
    line("bits per pixel", format!("{:.4}", numbers.bits_per_pixel));
    line("tokens", format!("{} × {}", grid.rows, grid.cols));
    line("distinct codes", format!("{} of {}", numbers.distinct, shown.codebook_size()));
    for time in &numbers.times {
        line(time.stage.name(), format!("{:.1} ms", time.ms));
    }
    for note in &shown.notes {
        line("note", note.clone());
    }
    text
}
