//! The browser side of the crate: the page's entry, or (without the feature `studio`) the engine for scripts of other pages.

#[cfg(not(feature = "studio"))]
mod engine;
#[cfg(not(feature = "studio"))]
mod script;
