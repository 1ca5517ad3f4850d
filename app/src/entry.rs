//! The page's entry: what `web/page/page.js` calls.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use crate::studio::{Page, open_page};

thread_local! {
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// Starts the studio on a canvas, with what the page's address says. `stopped` is called with a text when nothing can be drawn
/// any more. `webgpu` says whether WebGPU draws, else WebGL does; `start_worker` makes a worker in which the processor computes where
/// there is no GPU.
///
/// # Errors
/// What the browser says when it gives no device for the canvas, or no worker.
#[wasm_bindgen]
pub async fn start(
    canvas: web_sys::HtmlCanvasElement,
    address: String,
    stopped: js_sys::Function,
    webgpu: bool,
    start_worker: js_sys::Function,
) -> Result<(), JsValue> {
    let page = open_page(canvas, &address, stopped, (webgpu, start_worker)).await?;
    PAGE.with_borrow_mut(|slot| *slot = Some(page));
    Ok(())
}

/// Shows a picture, the bytes of a PNG, JPEG or WebP file that was pasted; one that was generated here is restored.
#[wasm_bindgen]
pub fn paste(name: &str, bytes: &[u8]) {
    PAGE.with_borrow(|slot| {
        if let Some(page) = slot {
            page.open_picture(name, bytes);
        }
    });
}

/// What the program said when it crashed, if it did.
#[wasm_bindgen]
#[must_use]
pub fn crash() -> Option<String> {
    PAGE.with_borrow(|slot| slot.as_ref().and_then(Page::crash))
}
