//! The models that ship with the program: part of it natively, files beside the page in the browser.

use ibq_core::files::{Model, WeightsError};

#[cfg(target_arch = "wasm32")]
use crate::web::files::fetch_beside;

/// The name of a bundled model, and the model or why it cannot be opened.
pub(crate) type BundledModel = (String, Result<Model, WeightsError>);

/// The bundled tokenizer, if there is one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn bundled_tokenizer() -> Option<BundledModel> {
    let bundled = crate::bundled::bundled_tokenizer().ok()?;
    Some((bundled.name.to_owned(), bundled.open().await))
}

/// The bundled tokenizer: the folder beside the page that `assets/models/default.txt` names.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn bundled_tokenizer() -> Option<BundledModel> {
    let name = String::from_utf8(fetch_beside("assets/models/default.txt").await?).ok()?;
    let name = name.trim();
    let opened = Model::open_bundled_url(name, &format!("assets/models/{name}/")).await;
    Some((name.to_owned(), opened))
}

/// The bundled generator, if there is one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn bundled_generator() -> Option<BundledModel> {
    let bundled = crate::bundled::bundled_generator()?;
    Some((bundled.name.to_owned(), bundled.open().await))
}

/// The bundled generator: a folder beside the page.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn bundled_generator() -> Option<BundledModel> {
    let name = option_env!("IBQ_BUNDLED_GENERATOR_NAME")?;
    Some((name.to_owned(), Model::open_bundled_url(name, &format!("assets/models/{name}/")).await))
}
