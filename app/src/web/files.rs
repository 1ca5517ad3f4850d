//! Choosing and saving files in the browser. The dialogs are the browser's own: nothing is added to the page, whose
//! content-security policy allows no inline styles.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;

/// What a browser would not do, in its own words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the browser did not {doing}: {reason}")]
pub struct BrowserError {
    /// What was to be done: "open the file dialog".
    doing: &'static str,
    /// What the browser says.
    reason: String,
}

impl BrowserError {
    /// From whatever a call of the browser threw.
    pub(crate) fn new(doing: &'static str, thrown: &JsValue) -> Self {
        let message = js_sys::Reflect::get(thrown, &"message".into()).ok().and_then(|text| text.as_string());
        Self { doing, reason: message.unwrap_or_else(|| format!("{thrown:?}")) }
    }
}

/// Lets the person choose files; empty when they choose none. `accept` is as in HTML: ".png,.jpg,image/*".
///
/// Browsers allow this only shortly after a click or key press.
///
/// # Errors
/// [`BrowserError`] when the dialog cannot be opened.
pub async fn pick(accept: &str, several: bool) -> Result<Vec<web_sys::File>, BrowserError> {
    let failed = |thrown: &JsValue| BrowserError::new("open the file dialog", thrown);
    let input: web_sys::HtmlInputElement =
        element("input").map_err(|thrown| failed(&thrown))?.unchecked_into();
    input.set_type("file");
    input.set_accept(accept);
    input.set_multiple(several);
    let closed = Promise::new(&mut |resolve, _| {
        for event in ["change", "cancel"] {
            // Listening on an element of our own cannot fail.
            let _ = input.add_event_listener_with_callback(event, &resolve);
        }
        input.click();
    });
    JsFuture::from(closed).await.map_err(|thrown| failed(&thrown))?;
    let list = input.files();
    Ok(list.map_or_else(Vec::new, |list| (0..list.length()).filter_map(|index| list.get(index)).collect()))
}

/// Reads a whole file, as one does with a picture or a token file (models are read in parts by the engine).
///
/// # Errors
/// [`BrowserError`] when it can no longer be read.
pub async fn read(file: &web_sys::Blob) -> Result<Vec<u8>, BrowserError> {
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|thrown| BrowserError::new("read the file", &thrown))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Saves bytes as a download of this name.
///
/// # Errors
/// [`BrowserError`] when the browser refuses.
pub fn save(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), BrowserError> {
    start_download(name, media_type, bytes).map_err(|thrown| BrowserError::new("save the file", &thrown))
}

fn start_download(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(name);
    link.click();
    // The browser has taken its own reference by now, but some need the address a moment longer.
    let release = Closure::once_into_js(move || web_sys::Url::revoke_object_url(&address));
    window()?.set_timeout_with_callback_and_timeout_and_arguments_0(release.unchecked_ref(), 60_000)?;
    Ok(())
}

/// A file beside the page, if it is there.
pub(crate) async fn fetch_beside(address: &str) -> Option<Vec<u8>> {
    let source = ibq_core::files::Source::http(address).await.ok()?;
    source.read_at(0, usize::try_from(source.len()).ok()?).await.ok()
}

pub(crate) fn window() -> Result<web_sys::Window, JsValue> {
    web_sys::window().ok_or_else(|| js_sys::Error::new("no window here").into())
}

fn element(name: &str) -> Result<web_sys::Element, JsValue> {
    window()?.document().ok_or_else(|| js_sys::Error::new("no document here"))?.create_element(name)
}
