//! The SHA-256 of a model's files, to compare with what its publisher says.

use egui::{RichText, Ui};
use ibq_core::files::{DigestError, sha256};

use crate::studio::{failure::Failure, format::short_name, widgets::text_button};

use super::{
    chooser_state::Chooser, environment::ModelsEnvironment, message::ModelsMessage, opened::Digests,
    state::Models,
};

impl Models {
    /// Computes it for the model that the chooser describes.
    pub(super) fn digest(&mut self, environment: &mut ModelsEnvironment<'_>) {
        let Some(model) = self.chooser.as_mut().and_then(Chooser::described) else { return };
        model.digests = Digests::Running;
        let (name, sources) = (model.name.clone(), model.model.sources());
        environment.tasks.start(format!("SHA-256 of {}", short_name(&name)), move |job| async move {
            job.stage("read");
            let mut lines = Vec::new();
            for source in &sources {
                match sha256(source, &job).await {
                    Ok(digest) if sources.len() == 1 => lines.push(digest),
                    Ok(digest) => lines.push(format!("{digest}  {}", short_name(source.name()))),
                    Err(DigestError::Cancelled(_)) => {
                        return ModelsMessage::Digested(name, Err(Failure::Cancelled));
                    }
                    Err(error) => {
                        return ModelsMessage::Digested(name, Err(Failure::Failed(error.to_string())));
                    }
                }
            }
            ModelsMessage::Digested(name, Ok(lines))
        });
    }

    /// The result arrived.
    pub(super) fn digested(
        &mut self,
        name: &str,
        digests: Result<Vec<String>, Failure>,
        environment: &mut ModelsEnvironment<'_>,
    ) {
        environment.notices.extend(digests.as_ref().err().and_then(|failure| failure.notice(name)));
        if let Some(model) = self.chooser.as_mut().and_then(Chooser::described)
            && model.name == name
        {
            model.digests = digests.map_or(Digests::Unknown, Digests::Known);
        }
    }
}

/// The digest, or a button for it.
pub(super) fn show(ui: &mut Ui, digests: &Digests, out: &mut Vec<ModelsMessage>) {
    match digests {
        Digests::Unknown => {
            if text_button(ui, None, "Compute SHA-256").on_hover_text("Reads the whole file").clicked() {
                out.push(ModelsMessage::Digest);
            }
        }
        Digests::Running => {
            ui.weak("reading the whole file …");
        }
        Digests::Known(lines) => {
            ui.add(egui::Label::new(RichText::new(lines.join("\n")).monospace().size(11.0)).wrap());
        }
    }
}
