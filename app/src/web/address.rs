//! The address of the page: what it asks for, and changing it so that it can be kept and sent.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsError, JsValue};

use super::files::window;

/// The parameters of an address, as in `?image=…&seed=5`; none where it is no address.
pub(crate) fn parameters(address: &str) -> Vec<(String, String)> {
    let Ok(address) = web_sys::Url::new(address) else { return Vec::new() };
    let Ok(Some(all)) = js_sys::try_iter(&address.search_params()) else { return Vec::new() };
    let pair = |entry: JsValue| {
        let entry: Array = entry.dyn_into().ok()?;
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    };
    all.filter_map(|entry| pair(entry.ok()?)).collect()
}

/// A text as an absolute address of the web, seen from this page; none where it is not one.
pub(crate) fn absolute(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let here = window().ok()?.location().href().ok()?;
    let address = web_sys::Url::new_with_base(text, &here).ok()?;
    matches!(address.protocol().as_str(), "http:" | "https:").then(|| address.href())
}

/// Sets parameters of the page's address. What else the address says stays.
///
/// # Errors
/// What the browser says when it has no address to change.
pub(crate) fn set_parameters(parameters: &[(String, String)]) -> Result<(), JsValue> {
    let window = window()?;
    let address = web_sys::Url::new(&window.location().href()?)?;
    let known = address.search_params();
    for (name, value) in parameters {
        known.set(name, value);
    }
    window.history().map_err(|_| JsError::new("the page has no history"))?.replace_state_with_url(
        &JsValue::NULL,
        "",
        Some(&address.href()),
    )
}
