//! Opening the window.

use std::sync::Arc;

use eframe::{WgpuConfiguration, egui_wgpu::WgpuSetupCreateNew};
use ibq_core::gpu::Gpu;

#[cfg(not(target_arch = "wasm32"))]
use super::{app::Studio, lost_device::LostDevice};

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
    let lost = LostDevice::default();
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
