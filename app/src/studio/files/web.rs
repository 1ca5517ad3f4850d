//! Files of the browser: a file input to open, a download to save.

use ibq_core::files::Source;

use crate::{studio::notice::Notice, web::files};

use super::{
    dialog::{Picked, Saved},
    purpose::Purpose,
    save_file::SaveFile,
};

/// A file somebody chose.
#[derive(Clone, Debug)]
pub(crate) struct PickedFile(web_sys::File);

impl PickedFile {
    /// A file that was dropped on the page.
    pub(crate) fn dropped(file: &dyn egui::DroppedFile) -> Option<Self> {
        file.web_file().cloned().map(Self)
    }

    /// A file of the page's own storage.
    pub(crate) fn kept(file: web_sys::File) -> Self {
        Self(file)
    }

    pub(crate) fn name(&self) -> String {
        self.0.name()
    }

    /// Name for messages.
    pub(crate) fn full_name(&self) -> String {
        self.0.name()
    }

    pub(crate) fn is_folder(&self) -> bool {
        false
    }

    /// Size in bytes.
    pub(crate) fn len(&self) -> Option<u64> {
        Some(self.0.size() as u64)
    }

    /// The file as a source that is read in pieces.
    pub(crate) fn source(&self) -> Source {
        Source::blob(&self.0.name(), self.0.clone().into())
    }

    /// The browser's object.
    pub(crate) fn script_value(&self) -> wasm_bindgen::JsValue {
        self.0.clone().into()
    }

    /// The whole content.
    pub(crate) async fn read(&self) -> Result<Vec<u8>, String> {
        files::read(&self.0).await.map_err(|error| format!("{}: {error}", self.0.name()))
    }
}

/// Opens the browser's file dialog.
pub(crate) async fn pick(purpose: Purpose) -> Result<Picked<PickedFile>, Notice> {
    let (_, endings) = purpose.filter();
    let accept: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    match files::pick(&accept.join(","), false).await {
        Ok(chosen) => Ok(match chosen.into_iter().next() {
            Some(file) => Picked::File(PickedFile(file)),
            None => Picked::Nothing,
        }),
        Err(error) => Err(Notice::error("No file dialog", error)),
    }
}

/// Hands the bytes to the browser as a download.
pub(crate) async fn save(file: SaveFile) -> Result<Saved, Notice> {
    match files::save(&file.name, file.media_type(), &file.bytes) {
        Ok(()) => Ok(Saved::As(file.name)),
        Err(error) => Err(Notice::error(format!("{} was not saved", file.name), error)),
    }
}
