//! A picture from the camera. The page's script shows the camera's picture in a dialog; here is how the studio asks for it.

use std::cell::RefCell;

use ibq_core::picture::{Picture, from_rgba};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;

use super::files::BrowserError;

thread_local! {
    static TAKE_PICTURE: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Keeps the page's function that shows the camera and returns a promise of `ImageData`, or of `null` when cancelled.
#[wasm_bindgen(js_name = offerCamera)]
pub fn offer(take_picture: Function) {
    TAKE_PICTURE.with_borrow_mut(|slot| *slot = Some(take_picture));
}

/// Lets the person take a picture; none when they decide against it.
///
/// # Errors
/// [`BrowserError`] when there is no camera or its use is not allowed.
pub async fn take_picture() -> Result<Option<Picture>, BrowserError> {
    let promise = TAKE_PICTURE.with_borrow(|slot| match slot {
        Some(function) => function.call0(&JsValue::NULL).and_then(JsCast::dyn_into::<Promise>),
        None => Err(js_sys::Error::new("this page has no camera dialog").into()),
    });
    let failed = |thrown: JsValue| BrowserError::new("give a picture of the camera", &thrown);
    let taken = JsFuture::from(promise.map_err(failed)?).await.map_err(failed)?;
    let Some(frame) = taken.dyn_ref::<web_sys::ImageData>() else {
        return Ok(None);
    };
    let picture = from_rgba(frame.width(), frame.height(), frame.data().0);
    picture.map(Some).map_err(|error| failed(js_sys::Error::new(&error.to_string()).into()))
}
