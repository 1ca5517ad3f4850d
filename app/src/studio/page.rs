//! The studio on a canvas of a page.

use std::{cell::RefCell, rc::Rc};

use ibq_core::{device::Processor, gpu::Gpu};
use wasm_bindgen::{JsCast, JsValue};

use super::{
    address::Address,
    app::Studio,
    open_file::{Content, picture_or_recipe},
    page_side::{Inbox, PageSide},
    window::graphics,
};

/// The running page, for the script around it. Clones are the same page.
#[derive(Clone)]
pub struct Page {
    runner: eframe::WebRunner,
    inbox: Inbox,
    ctx: Rc<RefCell<Option<egui::Context>>>,
}

impl Page {
    /// Shows a picture, the bytes of a PNG, JPEG or WebP file that was pasted; one that was generated here is restored.
    pub fn open_picture(&self, name: &str, bytes: &[u8]) {
        self.inbox.borrow_mut().push(picture_or_recipe(name, bytes).map(Content::Item));
        if let Some(ctx) = &*self.ctx.borrow() {
            ctx.request_repaint();
        }
    }

    /// What draws on the canvas, once it does.
    #[must_use]
    pub fn context(&self) -> Option<egui::Context> {
        self.ctx.borrow().clone()
    }

    /// Stops drawing and gives the canvas back.
    pub fn close(&self) {
        self.runner.destroy();
    }

    /// What the program said when it crashed, if it did.
    #[must_use]
    pub fn crash(&self) -> Option<String> {
        self.runner.panic_summary().map(|summary| summary.message())
    }
}

/// Starts the studio on a canvas of a page, with what the page's address says. `stopped` is called with a text when nothing can
/// be drawn any more. `webgpu` says whether the canvas is drawn with WebGPU, else it is with WebGL. Where there is no GPU, or only
/// a software adapter, tokenizers run on the processor, in the worker that `start_worker` makes.
///
/// # Errors
/// What the browser says when it gives no device for the canvas, or no worker.
pub async fn open_page(
    canvas: web_sys::HtmlCanvasElement,
    address: &str,
    stopped: js_sys::Function,
    (webgpu, start_worker): (bool, js_sys::Function),
) -> Result<Page, JsValue> {
    super::log::install();
    let processor = if webgpu && Gpu::hardware().await {
        None
    } else {
        let worker = start_worker.call0(&JsValue::NULL)?.dyn_into()?;
        let opened = Processor::in_worker(worker).await;
        Some(opened.map_err(|error| JsValue::from_str(&error.to_string()))?)
    };
    let page = Page { runner: eframe::WebRunner::new(), inbox: Inbox::default(), ctx: Rc::default() };
    let (side, ctx) = (PageSide::new(page.inbox.clone(), stopped), page.ctx.clone());
    let address: Address = crate::web::address::parameters(address).into_iter().collect();
    let mirror = crate::web::mirror::Mirror::over(&canvas);
    let renderer = if webgpu { eframe::Renderer::Wgpu } else { eframe::Renderer::Glow };
    let wgpu_options = graphics();
    let web_options = eframe::WebOptions { renderer, wgpu_options, ..eframe::WebOptions::default() };
    page.runner
        .start(
            canvas,
            web_options,
            Box::new(move |creation| {
                if let Some(mirror) = mirror {
                    creation.egui_ctx.add_plugin(mirror);
                }
                *ctx.borrow_mut() = Some(creation.egui_ctx.clone());
                Ok(Box::new(Studio::on_page(creation, &address, side, processor)))
            }),
        )
        .await?;
    Ok(page)
}
