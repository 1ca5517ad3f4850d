//! Saving a picture with its recipe, and handing it over to be reconstructed.

use ibq_core::picture::Picture;
use image::RgbImage;

use crate::studio::{command::Command, files::SaveFile, notice::Notice, open_file::item_of};

use super::{
    message::{Context, Message},
    state::Generate,
};

impl Generate {
    /// Makes a file of the picture that is shown, with all that repeats it.
    pub(super) fn save(&self, context: &mut Context<'_>) {
        let Some(generator) = &self.generator else { return };
        let whole = self.board.whole();
        let shown = self.shown_or_first().filter(|sample| sample.tokens.len() == whole);
        let Some((sample, drawing)) = shown.and_then(|sample| Some((sample, sample.drawing.as_ref()?)))
        else {
            return;
        };
        let recipe = generator.recipe(&sample.request, &sample.tokens);
        let what = generator.describe(sample.request.condition);
        let what = what.replace(|c: char| !c.is_alphanumeric(), "-");
        let name = format!("{what}-seed-{}-{}.png", sample.request.seed, sample.request.number + 1);
        let rgb = drawing.rgb.clone();
        let work = move |_job| async move {
            Message::Exported(match recipe.png(&rgb) {
                Ok(bytes) => Ok(Box::new(SaveFile { name, bytes })),
                Err(reason) => Err(Notice::error(format!("{name} was not saved"), reason)),
            })
        };
        context.tasks.start_quietly(work);
    }

    /// Takes the picture that is shown to hand: the pane that accepts pictures reconstructs it.
    pub(super) fn reconstruct(&self, context: &mut Context<'_>) {
        let shown = self.shown_or_first();
        let Some((sample, drawing)) = shown.and_then(|sample| Some((sample, sample.drawing.as_ref()?)))
        else {
            return;
        };
        let name = match &self.generator {
            Some(generator) => generator.describe(sample.request.condition),
            None => "generated".to_owned(),
        };
        let picture = Picture::new(RgbImage::clone(&drawing.rgb), Vec::new());
        context.ask(Command::Open(item_of(&name, picture)));
    }
}
