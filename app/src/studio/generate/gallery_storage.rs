//! Where the gallery is stored: a file of the user's data folder, in the browser the page's storage.

#[cfg(not(target_arch = "wasm32"))]
use std::io::Write;

#[cfg(not(target_arch = "wasm32"))]
use ibq_core::files::write_whole_private;

/// Most bytes of a stored gallery that are read.
#[cfg(not(target_arch = "wasm32"))]
const MOST_BYTES: u64 = 64 << 20;

/// A file of the user's data folder.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Debug)]
pub(super) struct GalleryStorage(pub(super) std::path::PathBuf);

#[cfg(not(target_arch = "wasm32"))]
impl GalleryStorage {
    /// Where it usually is; none where this system says no place.
    pub(super) fn usual() -> Option<Self> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let data = if cfg!(target_os = "windows") {
            std::path::PathBuf::from(folder("APPDATA")?)
        } else if cfg!(target_os = "macos") {
            std::path::Path::new(&folder("HOME")?).join("Library/Application Support")
        } else {
            match folder("XDG_DATA_HOME") {
                Some(data) => data.into(),
                None => std::path::Path::new(&folder("HOME")?).join(".local/share"),
            }
        };
        Some(Self(data.join("ibq-studio/gallery.json")))
    }

    /// The stored text; none where nothing was stored.
    pub(super) fn read(&self) -> Result<Option<String>, String> {
        let said = |error: std::io::Error| format!("{}: {error}", self.0.display());
        match std::fs::metadata(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(said(error)),
            Ok(data) if data.len() > MOST_BYTES => {
                Err(format!("{} is larger than {} MiB", self.0.display(), MOST_BYTES >> 20))
            }
            Ok(_) => std::fs::read_to_string(&self.0).map(Some).map_err(said),
        }
    }

    /// Writes it whole or not at all, readable by the user alone: it names models and their paths.
    pub(super) fn write(&self, text: &str) -> Result<(), String> {
        let said = |error: std::io::Error| format!("{}: {error}", self.0.display());
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder).map_err(said)?;
        }
        write_whole_private(&self.0, |file| file.write_all(text.as_bytes())).map_err(said)
    }
}

/// The browser's storage for this page.
#[cfg(target_arch = "wasm32")]
#[derive(Clone, Debug)]
pub(super) struct GalleryStorage;

#[cfg(target_arch = "wasm32")]
impl GalleryStorage {
    const KEY: &'static str = "ibq-gallery";

    /// That of this page; none where the browser gives it none.
    pub(super) fn usual() -> Option<Self> {
        crate::web::files::window().ok()?.local_storage().ok()?.map(|_| Self)
    }

    fn storage() -> Result<web_sys::Storage, String> {
        let storage = crate::web::files::window().and_then(|window| window.local_storage());
        storage.ok().flatten().ok_or_else(|| "this browser gives the page no storage".to_owned())
    }

    /// The stored text; none where nothing was stored.
    pub(super) fn read(&self) -> Result<Option<String>, String> {
        Self::storage()?.get_item(Self::KEY).map_err(|_| "the browser refused".to_owned())
    }

    pub(super) fn write(&self, text: &str) -> Result<(), String> {
        let full = "the browser's storage for this page is full";
        Self::storage()?.set_item(Self::KEY, text).map_err(|_| full.to_owned())
    }
}
