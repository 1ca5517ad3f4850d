//! The page's address follows what is generated, so that it can be kept and sent.

use ibq_core::generator::Generator;
use wasm_bindgen::{JsError, JsValue};

use super::Generate;

/// Writes class and seed of the settings into the page's address, as `?class=` and `?seed=`, which a page starts with. What else the
/// address says stays.
///
/// # Errors
/// What the browser says when it has no address to change.
pub(super) fn follow(generate: &Generate, generator: &Generator) -> Result<(), JsValue> {
    let window = web_sys::window().ok_or_else(|| JsError::new("there is no window"))?;
    let address = web_sys::Url::new(&window.location().href()?)?;
    let wishes = address.search_params();
    let class = generate.settings.class;
    let name = generator.class_name(class);
    let found = generator.classes().and_then(|classes| classes.resolve(&name).ok());
    let unique = found.is_some_and(|found| found.class.id == class);
    wishes.set("class", &if unique { name } else { class.to_string() });
    wishes.set("seed", &generate.settings.seed.to_string());
    window.history()?.replace_state_with_url(&JsValue::NULL, "", Some(&address.href()))
}
