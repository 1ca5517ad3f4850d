//! A picture from the camera. The page's script shows the camera's picture in a dialog; here is how the studio asks for it.

use std::cell::RefCell;

use ibq_core::image::{Picture, from_rgba};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;

/// What a browser would not do, in its own words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the camera gave no picture: {0}")]
pub struct CameraError(String);

impl CameraError {
    /// From whatever a call of the browser threw.
    fn thrown(thrown: &JsValue) -> Self {
        let message = js_sys::Reflect::get(thrown, &"message".into()).ok().and_then(|text| text.as_string());
        Self(message.unwrap_or_else(|| format!("{thrown:?}")))
    }
}

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
/// [`CameraError`] when there is no camera or its use is not allowed.
pub async fn take_picture() -> Result<Option<Picture>, CameraError> {
    let promise = TAKE_PICTURE.with_borrow(|slot| match slot {
        Some(function) => function.call0(&JsValue::NULL).and_then(JsCast::dyn_into::<Promise>),
        None => Err(js_sys::Error::new("this page has no camera dialog").into()),
    });
    let promise = promise.map_err(|thrown| CameraError::thrown(&thrown))?;
    let taken = JsFuture::from(promise).await.map_err(|thrown| CameraError::thrown(&thrown))?;
    let Some(frame) = taken.dyn_ref::<web_sys::ImageData>() else {
        return Ok(None);
    };
    let picture = from_rgba(frame.width(), frame.height(), frame.data().0);
    picture.map(Some).map_err(|error| CameraError(error.to_string()))
}
