//! The hash of a file.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

/// SHA-256 of a file in hexadecimal digits.
///
/// # Errors
/// A message that names the file.
pub(crate) fn hash_file(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}
