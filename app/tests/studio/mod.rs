//! What the tests of the studio share.

pub(crate) mod driver;
pub(crate) mod generator;

use std::path::Path;

/// The small random checkpoint of the golden vectors: its pictures are noise, but all of it works.
pub(crate) fn checkpoint() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/tokenizer_tiny.ckpt");
    path.display().to_string()
}
