//! The worker of a page, in which the processor computes.

use wasm_bindgen::prelude::*;

/// Answers the requests of the page that started this worker. Called by the worker's script, once.
#[wasm_bindgen(js_name = answerPage)]
pub fn answer_page() {
    ibq_core::answer_page();
}
