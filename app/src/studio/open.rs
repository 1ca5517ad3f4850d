//! Opening the window, and the page's canvas.

use std::sync::Arc;

use eframe::{WgpuConfiguration, egui_wgpu::WgpuSetupCreateNew};
use ibq_core::gpu::Gpu;

use super::Studio;

/// Why there is no window, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    /// The system gives no window, or no GPU to draw it with.
    #[error(
        "no window can be opened: {0}. A window needs a display (DISPLAY or WAYLAND_DISPLAY on Linux) and a Vulkan, \
         Metal or DirectX 12 driver; `ibq --help` shows what works without one"
    )]
    NoWindow(String),
    /// The device went away while the window was open.
    #[error(
        "the GPU was lost ({0}) and the window with it. Open it again; if it happens once more, take smaller pictures \
         or look for a newer driver"
    )]
    DeviceLost(String),
}

/// How the window makes its device: with what the engine needs of it.
#[must_use]
pub fn graphics() -> WgpuConfiguration {
    let mut setup = WgpuSetupCreateNew::without_display_handle();
    setup.instance_descriptor.backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY);
    setup.device_descriptor = Arc::new(Gpu::device_descriptor);
    WgpuConfiguration { wgpu_setup: setup.into(), ..WgpuConfiguration::default() }
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// [`StudioError::NoWindow`] without a display or a driver, [`StudioError::DeviceLost`].
#[cfg(not(target_arch = "wasm32"))]
pub fn open_window() -> Result<(), StudioError> {
    super::log::install();
    let viewport = egui::ViewportBuilder::default()
        .with_title("IBQ Studio")
        .with_app_id("ibq-studio")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([340.0, 480.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Wgpu,
        wgpu_options: graphics(),
        centered: true,
        ..eframe::NativeOptions::default()
    };
    let lost = super::app::LostDevice::default();
    let teller = lost.clone();
    eframe::run_native(
        "IBQ Studio",
        options,
        Box::new(move |creation| {
            let mut studio = Studio::new(creation);
            studio.tell_loss_to(teller);
            Ok(Box::new(studio))
        }),
    )
    .map_err(|error| StudioError::NoWindow(error.to_string()))?;
    lost.take().map_or(Ok(()), |reason| Err(StudioError::DeviceLost(reason)))
}

/// What the page asks of the studio when it starts.
#[cfg(target_arch = "wasm32")]
#[derive(Default)]
pub struct PageOptions {
    /// Address of the picture to show first, or to restore where it was generated here.
    pub image: Option<String>,
    /// Address of the model to use.
    pub model: Option<String>,
    /// Address of the generator to use.
    pub generator: Option<String>,
    /// Class to generate, by name or number.
    pub class: Option<String>,
    /// Seed to generate with.
    pub seed: Option<u64>,
    /// Called with a text when nothing can be drawn any more.
    pub failed: Option<js_sys::Function>,
}

/// The running page, for the script around it. Clones are the same page.
#[cfg(target_arch = "wasm32")]
#[derive(Clone)]
pub struct Page {
    runner: eframe::WebRunner,
    inbox: std::rc::Rc<std::cell::RefCell<Vec<super::message::Message>>>,
    ctx: std::rc::Rc<std::cell::RefCell<Option<egui::Context>>>,
}

#[cfg(target_arch = "wasm32")]
impl Page {
    /// Shows a picture, the bytes of a PNG, JPEG or WebP file that was pasted; one that was generated here is restored.
    pub fn open_picture(&self, name: &str, bytes: &[u8]) {
        self.send(super::reconstruct::picture_or_recipe(name, bytes));
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

    fn send(&self, message: super::message::Message) {
        self.inbox.borrow_mut().push(message);
        if let Some(ctx) = &*self.ctx.borrow() {
            ctx.request_repaint();
        }
    }
}

/// Starts the studio on a canvas of a page.
///
/// # Errors
/// What the browser says when it gives no WebGPU device for the canvas.
#[cfg(target_arch = "wasm32")]
pub async fn open_page(
    canvas: web_sys::HtmlCanvasElement,
    options: PageOptions,
) -> Result<Page, wasm_bindgen::JsValue> {
    super::log::install();
    let page = Page { runner: eframe::WebRunner::new(), inbox: Default::default(), ctx: Default::default() };
    let (inbox, ctx) = (page.inbox.clone(), page.ctx.clone());
    let mirror = crate::web::mirror::Mirror::over(&canvas);
    let web_options = eframe::WebOptions { wgpu_options: graphics(), ..eframe::WebOptions::default() };
    page.runner
        .start(
            canvas,
            web_options,
            Box::new(move |creation| {
                if let Some(mirror) = mirror {
                    creation.egui_ctx.add_plugin(mirror);
                }
                *ctx.borrow_mut() = Some(creation.egui_ctx.clone());
                Ok(Box::new(Studio::on_page(creation, options, inbox)))
            }),
        )
        .await?;
    Ok(page)
}
