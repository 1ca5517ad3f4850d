//! What can be saved or copied of a reconstruction.

use std::{fmt::Write as _, sync::Arc};

use ibq_core::{
    picture::{encode_png, side_by_side},
    tokens::{TokenFile, TokenFormat},
};
use image::RgbImage;

use crate::studio::{
    command::Command,
    files::SaveFile,
    format::short_name,
    models::{precision_name, set_name},
    notice::Notice,
};

use super::{
    message::{Context, Export, Message},
    reconstruction_view::ReconstructionView,
    state::Reconstruct,
};

impl Reconstruct {
    /// Makes a file of what is view.
    pub(super) fn export(&self, what: Export, context: &mut Context<'_>) {
        let Some(view) = self.first() else { return };
        let stem = short_name(&view.name).to_owned();
        let (name, pictures) = match what {
            Export::Tokens(format) => {
                return match token_bytes(view, format) {
                    Ok(file) => context.ask(Command::Save(file)),
                    Err(notice) => context.notify(notice),
                };
            }
            Export::Picture => (format!("{stem}-reconstruction.png"), vec![view.picture.rgb.clone()]),
            Export::Comparison => {
                let layers = self.layers().into_iter().filter_map(|layer| self.layer(layer));
                (format!("{stem}-comparison.png"), layers.map(|image| image.rgb.clone()).collect())
            }
        };
        let work = move |_job| async move { Message::Exported(png(name, &pictures).map(Box::new)) };
        context.tasks.start_quietly(work);
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
fn token_file(view: &ReconstructionView) -> TokenFile {
    TokenFile {
        grids: vec![view.tokens.grid().clone()],
        sizes: Some(vec![view.picture.rgb.dimensions().into()]),
        factor: Some(view.factor()),
        codebook_size: Some(view.codebook_size()),
        model: Some(view.model.short_name().to_owned()),
    }
}

/// Makes a PNG of pictures beside each other.
fn png(name: String, pictures: &[Arc<RgbImage>]) -> Result<SaveFile, Notice> {
    let encoded = match pictures {
        [one] => encode_png(one),
        several => encode_png(&side_by_side(&several.iter().map(AsRef::as_ref).collect::<Vec<_>>())),
    };
    match encoded {
        Ok(bytes) => Ok(SaveFile { name, bytes }),
        Err(error) => Err(Notice::error(format!("{name} was not saved"), error)),
    }
}

/// Makes a token file.
fn token_bytes(view: &ReconstructionView, format: TokenFormat) -> Result<SaveFile, Notice> {
    let name = format!("{}-tokens.{}", short_name(&view.name), ending(format));
    match token_file(view).write(format) {
        Ok(bytes) => Ok(SaveFile { name, bytes }),
        Err(error) => Err(Notice::error(format!("{name} was not saved"), error)),
    }
}

/// The numbers of a reconstruction as text.
pub(crate) fn numbers_text(view: &ReconstructionView) -> String {
    let numbers = &view.numbers;
    let (width, height) = view.picture.rgb.dimensions();
    let grid = view.tokens.grid();
    let mut text = format!("{}, {width} × {height} pixels\n", view.name);
    let precision = precision_name(view.model.tokenizer.precision());
    let mut line = |name: &str, value: String| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    };
    line("model", format!("{}, {} weights, {precision}", view.model.short_name(), set_name(view.model.set)));
    if let (Some(psnr), Some(ssim)) = (numbers.psnr, numbers.ssim) {
        line("PSNR", format!("{psnr:.2} dB"));
        line("SSIM", format!("{ssim:.4}"));
    }
    line("bits per pixel", format!("{:.4}", numbers.bits_per_pixel));
    line("tokens", format!("{} × {}", grid.rows, grid.cols));
    line("distinct codes", format!("{} of {}", numbers.distinct, view.codebook_size()));
    for time in &numbers.times {
        line(time.stage.name(), format!("{:.1} ms", time.ms));
    }
    for note in &view.notes {
        line("note", note.clone());
    }
    text
}
