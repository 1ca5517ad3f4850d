//! Models that are kept in the browser's own storage, to open again without the network. Natively, models are files.

use egui::Ui;

use crate::{
    studio::{
        app::Studio,
        files::{PickedFile, Purpose},
        icons::Icon,
        message::{Message, Outbox},
        notice::Notice,
        system::bytes,
        widgets::{hint, subtitle, text_button},
    },
    web::store::{self, Entry, Listing},
};

use super::{Chooser, ModelSource, Stage, short_name};

/// What is done with kept models.
pub(crate) enum KeptCommand {
    /// The list arrived, or why there is none.
    Listed(Result<Listing, String>),
    Open(String),
    /// Stores the model that the chooser describes.
    Keep,
    /// Goes on storing one that was begun from an address.
    Resume(String, String),
    Delete(String),
    /// Storing or deleting ended: what it was, and how.
    Ended(String, Result<(), String>),
}

/// Where an opened model can be copied from.
#[derive(Clone)]
pub(crate) enum Origin {
    File(PickedFile),
    Address(String),
}

impl Origin {
    /// That of a source, if it is one file.
    pub(crate) fn of(source: &ModelSource) -> Option<Self> {
        match source {
            ModelSource::File(file) => Some(Self::File(file.clone())),
            ModelSource::Url(url) if !url.ends_with('/') => Some(Self::Address(url.clone())),
            _ => None,
        }
    }

    /// Whether it is not among what is kept, or not whole.
    fn can_be_kept(&self, kept: Option<&Result<Listing, String>>) -> bool {
        let Some(Ok(listing)) = kept else { return false };
        let name = self.name();
        !listing.models.iter().any(|entry| entry.name == name && entry.have == entry.total)
    }

    /// Name to keep it under: that of the file.
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Address(address) => {
                let path = address.split(['?', '#']).next().unwrap_or(address);
                path.rsplit('/').next().unwrap_or(path).to_owned()
            }
        }
    }
}

impl Studio {
    /// Looks what is kept.
    pub(crate) fn list_kept(&mut self) {
        self.tasks.start_quietly(|_job| async {
            Message::Kept(KeptCommand::Listed(store::list().await.map_err(|error| error.to_string())))
        });
    }

    /// Does what the chooser asks for.
    pub(crate) fn kept(&mut self, command: KeptCommand) {
        match command {
            KeptCommand::Listed(list) => self.state.models.kept = Some(list),
            KeptCommand::Open(name) => {
                self.tasks.start_quietly(|_job| async move {
                    match store::open(&name).await {
                        Ok(file) => Message::Picked(Purpose::Model, PickedFile::kept(file)),
                        Err(error) => Message::Notice(Notice::error(format!("{name} was not opened"), error)),
                    }
                });
            }
            KeptCommand::Keep => {
                if let Some(Chooser { stage: Stage::Described(model), .. }) = &self.state.models.chooser
                    && let Some(origin) = model.origin.clone()
                {
                    self.keep(origin);
                }
            }
            KeptCommand::Resume(name, address) => {
                log::info!("going on with {name}");
                self.keep(Origin::Address(address));
            }
            KeptCommand::Delete(name) => {
                self.tasks.start_quietly(|_job| async move {
                    let deleted = store::remove(&name).await.map_err(|error| error.to_string());
                    Message::Kept(KeptCommand::Ended(format!("{name} deleted"), deleted))
                });
            }
            KeptCommand::Ended(what, result) => {
                self.state.notices.push(match result {
                    Ok(()) => Notice::info(what, ""),
                    Err(reason) => Notice::error("Models kept in this browser", reason),
                });
                self.list_kept();
            }
        }
    }

    fn keep(&mut self, origin: Origin) {
        let name = origin.name();
        let title = format!("Keep {}", short_name(&name));
        self.tasks.start(title, move |job| async move {
            job.stage("store");
            let source = match &origin {
                Origin::File(file) => file.script_value(),
                Origin::Address(address) => address.into(),
            };
            let stored = store::keep(&name, &source, job.clone()).await;
            let message =
                if job.is_cancelled() { format!("{name} paused") } else { format!("{name} is kept") };
            let stored = if job.is_cancelled() { Ok(()) } else { stored.map_err(|error| error.to_string()) };
            Message::Kept(KeptCommand::Ended(message, stored))
        });
    }
}

/// The button that keeps what the chooser describes.
pub(super) fn offer(
    ui: &mut Ui,
    chooser: &Chooser,
    kept: Option<&Result<Listing, String>>,
    out: &mut Outbox,
) {
    let Stage::Described(model) = &chooser.stage else { return };
    if model.origin.as_ref().is_some_and(|origin| origin.can_be_kept(kept))
        && text_button(ui, Some(Icon::Save), "Keep in this browser").clicked()
    {
        out.push(Message::Kept(KeptCommand::Keep));
    }
}

/// The list in the chooser.
pub(super) fn list(ui: &mut Ui, kept: Option<&Result<Listing, String>>, out: &mut Outbox) {
    let listing = match kept {
        None => return,
        Some(Err(reason)) => return hint(ui, reason),
        Some(Ok(listing)) => listing,
    };
    ui.add_space(4.0);
    subtitle(ui, "Kept in this browser");
    for entry in &listing.models {
        ui.horizontal_wrapped(|ui| row(ui, entry, out));
    }
    let (used, quota) = (bytes(listing.used as u64), bytes(listing.quota as u64));
    let room = format!("This page uses {used} of the {quota} that the browser allows it.");
    hint(ui, if listing.models.is_empty() { format!("No models yet. {room}") } else { room });
}

fn row(ui: &mut Ui, entry: &Entry, out: &mut Outbox) {
    ui.label(short_name(&entry.name)).on_hover_text(&entry.name);
    if entry.have == entry.total {
        ui.weak(bytes(entry.total));
        if text_button(ui, Some(Icon::Cube), &format!("Open {}", entry.name)).clicked() {
            out.push(Message::Kept(KeptCommand::Open(entry.name.clone())));
        }
    } else {
        ui.weak(format!("{} of {}", bytes(entry.have), bytes(entry.total)));
        match &entry.address {
            Some(address) => {
                if text_button(ui, Some(Icon::Redo), "Go on").clicked() {
                    let (name, address) = (entry.name.clone(), address.clone());
                    out.push(Message::Kept(KeptCommand::Resume(name, address)));
                }
            }
            None => {
                ui.weak("choose the file again and keep it, to go on");
            }
        }
    }
    if text_button(ui, Some(Icon::Close), &format!("Delete {}", entry.name)).clicked() {
        out.push(Message::Kept(KeptCommand::Delete(entry.name.clone())));
    }
}
