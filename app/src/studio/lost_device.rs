//! Why the device was lost, told to who opened the window.

use std::sync::{Arc, Mutex, PoisonError};

/// Why the device was lost, if it was. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct LostDevice(Arc<Mutex<Option<String>>>);

impl LostDevice {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn put(&self, reason: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }
}
