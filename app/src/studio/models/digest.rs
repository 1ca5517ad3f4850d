//! The SHA-256 of a model's files, to compare with what its publisher says.

use egui::{RichText, Ui};
use ibq_core::files::{DigestError, sha256};

use crate::studio::{
    app::{Studio, failure_notice},
    message::{Failure, Message, Outbox},
    widgets::text_button,
};

use super::{Chooser, Stage, short_name};

/// What is known of it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Digested {
    /// Nobody asked: it takes reading the whole file.
    #[default]
    No,
    Running,
    /// One line per file, as `sha256sum` prints them.
    Yes(Vec<String>),
}

impl Studio {
    /// Computes it for the model that the chooser describes.
    pub(crate) fn digest_model(&mut self) {
        let Some(Chooser { stage: Stage::Described(model), .. }) = &mut self.state.models.chooser else {
            return;
        };
        model.digest = Digested::Running;
        let (name, sources) = (model.name.clone(), model.model.sources());
        self.tasks.start(format!("SHA-256 of {}", short_name(&name)), move |job| async move {
            job.stage("read");
            let mut lines = Vec::new();
            for source in &sources {
                match sha256(source, &job).await {
                    Ok(digest) if sources.len() == 1 => lines.push(digest),
                    Ok(digest) => lines.push(format!("{digest}  {}", short_name(source.name()))),
                    Err(DigestError::Cancelled(_)) => {
                        return Message::Digested(name, Err(Failure::Cancelled));
                    }
                    Err(error) => return Message::Digested(name, Err(Failure::Failed(error.to_string()))),
                }
            }
            Message::Digested(name, Ok(lines))
        });
    }

    /// The result arrived.
    pub(crate) fn model_digested(&mut self, name: &str, digests: Result<Vec<String>, Failure>) {
        let notice = digests.as_ref().err().and_then(|failure| failure_notice(name, failure));
        if let Some(notice) = notice {
            self.state.notices.push(notice);
        }
        if let Some(Chooser { stage: Stage::Described(model), .. }) = &mut self.state.models.chooser
            && model.name == name
        {
            model.digest = digests.map_or(Digested::No, Digested::Yes);
        }
    }
}

/// The digest, or a button for it.
pub(super) fn show(ui: &mut Ui, digest: &Digested, out: &mut Outbox) {
    match digest {
        Digested::No => {
            if text_button(ui, None, "Compute SHA-256").on_hover_text("Reads the whole file").clicked() {
                out.push(Message::Digest);
            }
        }
        Digested::Running => {
            ui.weak("reading the whole file …");
        }
        Digested::Yes(lines) => {
            ui.add(egui::Label::new(RichText::new(lines.join("\n")).monospace().size(11.0)).wrap());
        }
    }
}
