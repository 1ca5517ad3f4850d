//! Models that are kept in the browser's own storage, to open again without the network. Natively, models are files.

use egui::Ui;

use crate::{
    studio::{
        files::PickedFile,
        format::{bytes, short_name},
        icons::Icon,
        notice::Notice,
        widgets::{hint, subtitle, text_button},
    },
    web::store::{self, KeptModel, Listing},
};

use super::{
    chooser_state::{Chooser, ChooserState},
    environment::ModelsEnvironment,
    message::{KeptMessage, ModelsMessage},
    opened::Origin,
    source::ModelSource,
    state::Models,
};

impl Models {
    /// Looks what is kept.
    pub(super) fn list_kept(environment: &mut ModelsEnvironment<'_>) {
        environment.tasks.start_quietly(|_job| async {
            let list = store::list().await.map_err(|error| error.to_string());
            ModelsMessage::Kept(KeptMessage::Listed(list))
        });
    }

    /// Does what a message about kept models says.
    pub(super) fn update_kept(&mut self, message: KeptMessage, environment: &mut ModelsEnvironment<'_>) {
        match message {
            KeptMessage::Listed(list) => self.kept = Some(list),
            KeptMessage::Open(name) => {
                environment.tasks.start_quietly(|_job| async move {
                    let file = store::open(&name).await.map(PickedFile::kept);
                    let file = file.map_err(|error| error.to_string());
                    ModelsMessage::Kept(KeptMessage::Opened(name, file))
                });
            }
            KeptMessage::Opened(_, Ok(file)) => self.open(ModelSource::File(file), false, environment),
            KeptMessage::Opened(name, Err(reason)) => {
                environment.notices.push(Notice::error(format!("{name} was not opened"), reason));
            }
            KeptMessage::Keep => {
                let described = self.chooser.as_mut().and_then(Chooser::described);
                if let Some(origin) = described.and_then(|model| model.origin.clone()) {
                    keep(origin, environment);
                }
            }
            KeptMessage::Resume(name, address) => {
                log::info!("going on with {name}");
                keep(Origin::Address(address), environment);
            }
            KeptMessage::Delete(name) => {
                environment.tasks.start_quietly(|_job| async move {
                    let deleted = store::remove(&name).await.map_err(|error| error.to_string());
                    ModelsMessage::Kept(KeptMessage::Ended(format!("{name} deleted"), deleted))
                });
            }
            KeptMessage::Ended(what, result) => {
                environment.notices.push(match result {
                    Ok(()) => Notice::info(what, ""),
                    Err(reason) => Notice::error("Models kept in this browser", reason),
                });
                Self::list_kept(environment);
            }
        }
    }
}

/// Stores a model in the browser.
fn keep(origin: Origin, environment: &mut ModelsEnvironment<'_>) {
    let name = origin.name();
    let title = format!("Keep {}", short_name(&name));
    environment.tasks.start(title, move |job| async move {
        job.stage("store");
        let source = match &origin {
            Origin::File(file) => file.script_value(),
            Origin::Address(address) => address.into(),
        };
        let stored = store::keep(&name, &source, job.clone()).await;
        let message = if job.is_cancelled() { format!("{name} paused") } else { format!("{name} is kept") };
        let stored = if job.is_cancelled() { Ok(()) } else { stored.map_err(|error| error.to_string()) };
        ModelsMessage::Kept(KeptMessage::Ended(message, stored))
    });
}

/// Whether a model is not among what is kept, or not whole.
fn can_be_kept(origin: &Origin, kept: Option<&Result<Listing, String>>) -> bool {
    let Some(Ok(listing)) = kept else { return false };
    let name = origin.name();
    !listing.models.iter().any(|model| model.name == name && model.have == model.total)
}

/// The button that keeps what the chooser describes.
pub(super) fn show_keep_button(
    ui: &mut Ui,
    chooser: &Chooser,
    kept: Option<&Result<Listing, String>>,
    out: &mut Vec<ModelsMessage>,
) {
    let ChooserState::Described(model) = &chooser.state else { return };
    if model.origin.as_ref().is_some_and(|origin| can_be_kept(origin, kept))
        && text_button(ui, Some(Icon::Save), "Keep in this browser").clicked()
    {
        out.push(ModelsMessage::Kept(KeptMessage::Keep));
    }
}

/// The list in the chooser.
pub(super) fn show_list(ui: &mut Ui, kept: Option<&Result<Listing, String>>, out: &mut Vec<ModelsMessage>) {
    let listing = match kept {
        None => return,
        Some(Err(reason)) => return hint(ui, reason),
        Some(Ok(listing)) => listing,
    };
    ui.add_space(4.0);
    subtitle(ui, "Kept in this browser");
    for entry in &listing.models {
        ui.horizontal_wrapped(|ui| show_row(ui, entry, out));
    }
    let (used, quota) = (bytes(listing.used as u64), bytes(listing.quota as u64));
    let room = format!("This page uses {used} of the {quota} that the browser allows it.");
    hint(ui, if listing.models.is_empty() { format!("No models yet. {room}") } else { room });
}

fn show_row(ui: &mut Ui, entry: &KeptModel, out: &mut Vec<ModelsMessage>) {
    ui.label(short_name(&entry.name)).on_hover_text(&entry.name);
    if entry.have == entry.total {
        ui.weak(bytes(entry.total));
        if text_button(ui, Some(Icon::Cube), &format!("Open {}", entry.name)).clicked() {
            out.push(ModelsMessage::Kept(KeptMessage::Open(entry.name.clone())));
        }
    } else {
        ui.weak(format!("{} of {}", bytes(entry.have), bytes(entry.total)));
        match &entry.address {
            Some(address) => {
                if text_button(ui, Some(Icon::Redo), "Go on").clicked() {
                    let (name, address) = (entry.name.clone(), address.clone());
                    out.push(ModelsMessage::Kept(KeptMessage::Resume(name, address)));
                }
            }
            None => {
                ui.weak("choose the file again and keep it, to go on");
            }
        }
    }
    if text_button(ui, Some(Icon::Close), &format!("Delete {}", entry.name)).clicked() {
        out.push(ModelsMessage::Kept(KeptMessage::Delete(entry.name.clone())));
    }
}
