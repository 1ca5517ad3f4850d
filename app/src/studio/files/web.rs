//! Files of the browser: a file input to open, a download to save.

use ibq_core::weights::Source;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;

use crate::studio::{message::Message, notice::Notice, reconstruct::Ready, task::Tasks};

use super::Purpose;

/// A file somebody chose.
#[derive(Clone, Debug)]
pub(crate) struct PickedFile(web_sys::File);

impl PickedFile {
    /// A file that was dropped on the page.
    pub(crate) fn dropped(file: &dyn egui::DroppedFile) -> Option<Self> {
        file.web_file().cloned().map(Self)
    }

    pub(crate) fn name(&self) -> String {
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

    /// The whole content.
    pub(crate) async fn read(&self) -> Result<Vec<u8>, String> {
        let said = |thrown: JsValue| format!("{}: {}", self.0.name(), words(&thrown));
        let buffer = JsFuture::from(self.0.array_buffer()).await.map_err(said)?;
        Ok(Uint8Array::new(&buffer).to_vec())
    }
}

/// Opens the browser's file dialog.
pub(crate) fn pick(tasks: &mut Tasks, purpose: Purpose) {
    tasks.start_quietly(move |_job| async move {
        let (_, endings) = purpose.filter();
        let accept: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
        match choose(&accept.join(",")).await {
            Ok(Some(file)) => Message::Picked(purpose, PickedFile(file)),
            Ok(None) => Message::Nothing,
            Err(thrown) => {
                Message::Notice(Notice::error("The browser showed no file dialog", words(&thrown)))
            }
        }
    });
}

/// Hands the bytes to the browser as a download.
pub(crate) fn save(tasks: &mut Tasks, ready: Ready) {
    tasks.start_quietly(move |_job| async move {
        match download(&ready) {
            Ok(()) => Message::Saved(ready.name),
            Err(thrown) => {
                Message::Notice(Notice::error(format!("{} was not saved", ready.name), words(&thrown)))
            }
        }
    });
}

/// The browser's dialog; it allows this only shortly after a click or a key.
async fn choose(accept: &str) -> Result<Option<web_sys::File>, JsValue> {
    let input: web_sys::HtmlInputElement = element("input")?.unchecked_into();
    input.set_type("file");
    input.set_accept(accept);
    let closed = Promise::new(&mut |resolve, _| {
        for event in ["change", "cancel"] {
            // Listening on an element of our own cannot fail.
            let _ = input.add_event_listener_with_callback(event, &resolve);
        }
        input.click();
    });
    JsFuture::from(closed).await?;
    Ok(input.files().and_then(|files| files.get(0)))
}

fn download(ready: &Ready) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let parts = Array::of1(&Uint8Array::from(&ready.bytes[..]));
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(&ready.name);
    link.click();
    // The browser has taken its own reference by now, but some need the address a moment longer.
    let release = Closure::once_into_js(move || web_sys::Url::revoke_object_url(&address));
    window()?.set_timeout_with_callback_and_timeout_and_arguments_0(release.unchecked_ref(), 60_000)?;
    Ok(())
}

fn window() -> Result<web_sys::Window, JsValue> {
    web_sys::window().ok_or_else(|| js_sys::Error::new("no window here").into())
}

fn element(name: &str) -> Result<web_sys::Element, JsValue> {
    window()?.document().ok_or_else(|| js_sys::Error::new("no document here"))?.create_element(name)
}

/// What the browser says.
fn words(thrown: &JsValue) -> String {
    let message = js_sys::Reflect::get(thrown, &"message".into()).ok().and_then(|text| text.as_string());
    message.unwrap_or_else(|| format!("{thrown:?}"))
}
