//! A file ready to be written.

/// A file ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaveFile {
    /// Its proposed name.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

#[cfg(target_arch = "wasm32")]
impl SaveFile {
    /// The kind of file, as browsers name it.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("png") => "image/png",
            Some("json") => "application/json",
            _ => "application/octet-stream",
        }
    }
}
