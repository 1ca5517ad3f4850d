//! Models kept in the browser's own storage. The page's script holds the storage; here is how the studio asks for it.

use std::cell::RefCell;

use ibq_core::job::Job;
use js_sys::{Array, Function, Promise, Reflect};
use serde::Deserialize;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;

use super::files::BrowserError;

thread_local! {
    static STORE: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// Keeps the page's object with the functions `list`, `keep`, `open` and `remove`.
#[wasm_bindgen(js_name = offerModelStore)]
pub fn offer(store: JsValue) {
    STORE.with_borrow_mut(|slot| *slot = Some(store));
}

/// What is kept, and the room there is.
#[derive(Debug, Deserialize)]
pub struct Listing {
    /// The models by name.
    pub models: Vec<KeptModel>,
    /// Bytes that this page uses.
    pub used: f64,
    /// Bytes that the browser allows it.
    pub quota: f64,
}

/// A model that is kept, or was begun to be.
#[derive(Debug, Deserialize)]
pub struct KeptModel {
    /// Name of its file.
    pub name: String,
    /// Bytes that are stored.
    pub have: u64,
    /// Bytes of the whole file.
    pub total: u64,
    /// Where it comes from, if from an address.
    pub address: Option<String>,
}

/// Lists what is kept.
///
/// # Errors
/// [`BrowserError`] when this browser has no such storage.
pub async fn list() -> Result<Listing, BrowserError> {
    let doing = "list the models kept";
    let text = call(doing, "list", &[]).await?.as_string().unwrap_or_default();
    serde_json::from_str(&text)
        .map_err(|error| BrowserError::new(doing, &js_sys::Error::new(&error.to_string())))
}

/// Stores a file, or what an address gives, going on where it stopped before; the job tells how far and can stop it.
///
/// # Errors
/// [`BrowserError`]: no room, no answer, or stopped.
pub async fn keep(name: &str, source: &JsValue, job: Job) -> Result<(), BrowserError> {
    let watched = job.clone();
    let report = Closure::<dyn Fn(f64, f64)>::new(move |have: f64, total: f64| {
        job.set_progress((have / total.max(1.0)) as f32);
    });
    let stopped = Closure::<dyn Fn() -> bool>::new(move || watched.is_cancelled());
    let arguments = [&JsValue::from_str(name), source, report.as_ref(), stopped.as_ref()].map(JsValue::clone);
    call("keep the model", "keep", &arguments).await.map(|_| ())
}

/// A kept model as a file.
///
/// # Errors
/// [`BrowserError`] when it is not there as a whole.
pub async fn open(name: &str) -> Result<web_sys::File, BrowserError> {
    let doing = "open the model kept";
    let file = call(doing, "open", &[JsValue::from_str(name)]).await?;
    file.dyn_into().map_err(|other| BrowserError::new(doing, &other))
}

/// Deletes a kept model.
///
/// # Errors
/// [`BrowserError`] when the browser refuses.
pub async fn remove(name: &str) -> Result<(), BrowserError> {
    call("delete the model", "remove", &[JsValue::from_str(name)]).await.map(|_| ())
}

async fn call(doing: &'static str, method: &str, arguments: &[JsValue]) -> Result<JsValue, BrowserError> {
    let failed = |thrown: JsValue| BrowserError::new(doing, &thrown);
    let promise = STORE.with_borrow(|slot| {
        let store = slot.as_ref().ok_or_else(|| js_sys::Error::new("this page keeps no models"))?;
        let function: Function = Reflect::get(store, &method.into())?.dyn_into()?;
        let arguments: Array = arguments.iter().collect();
        function.apply(&JsValue::NULL, &arguments)?.dyn_into::<Promise>()
    });
    JsFuture::from(promise.map_err(failed)?).await.map_err(failed)
}
