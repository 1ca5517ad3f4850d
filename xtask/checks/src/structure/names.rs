//! Which module defines what a path names.

use super::source::Tree;

/// Imports that lead to each other are followed this far.
const MOST_STEPS: usize = 32;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// A module.
    Module(usize),
    /// An item of this module.
    Item(usize),
}

impl Place {
    /// The module itself, or the one that defines the item.
    #[must_use]
    pub fn module(self) -> usize {
        match self {
            Self::Module(index) | Self::Item(index) => index,
        }
    }
}

/// Where a path that is written in module `from` leads to; `None` where it leaves the crate or names something local.
///
/// Imports and re-exports are followed to the definition.
#[must_use]
pub fn resolve(tree: &Tree, from: usize, path: &[String]) -> Option<Place> {
    resolve_within(tree, from, path, MOST_STEPS)
}

fn resolve_within(tree: &Tree, from: usize, path: &[String], steps: usize) -> Option<Place> {
    let (first, mut rest) = path.split_first()?;
    let mut place = match first.as_str() {
        "crate" => Place::Module(0),
        "self" => Place::Module(from),
        "super" => Place::Module(tree.modules[from].parent),
        "Self" => return None,
        name => lookup(tree, from, name, rest.is_empty(), steps)?,
    };
    while let (Place::Module(module), [name, after @ ..]) = (place, rest) {
        place = match name.as_str() {
            "super" => Place::Module(tree.modules[module].parent),
            "self" => place,
            // What a macro defines is not seen; it is in this module all the same.
            name => lookup(tree, module, name, after.is_empty(), steps).unwrap_or(Place::Item(module)),
        };
        rest = after;
    }
    Some(place)
}

/// What a name means in a module. The last name of a path is an item where there are both, since modules and items have
/// names of their own.
fn lookup(tree: &Tree, module: usize, name: &str, is_last: bool, steps: usize) -> Option<Place> {
    let steps = steps.checked_sub(1)?;
    let here = &tree.modules[module];
    let child = here.children.get(name).map(|&index| Place::Module(index));
    if child.is_some() && !is_last {
        return child;
    }
    if here.items.contains(name) {
        return Some(Place::Item(module));
    }
    let named = here.imports.iter().filter(|(known, _)| known == name);
    let imported = named.filter_map(|(_, path)| resolve_within(tree, module, path, steps)).next();
    let through_glob = || {
        here.globs.iter().find_map(|path| match resolve_within(tree, module, path, steps)? {
            Place::Module(other) if other != module => lookup(tree, other, name, is_last, steps),
            _ => None,
        })
    };
    imported.or(child).or_else(through_glob)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path of the module that defines what `path` means in module `from`.
    fn defined(text: &str, from: &str, path: &str) -> Option<String> {
        let tree = Tree::parse("sample", text).unwrap();
        let from = (0..tree.modules.len()).find(|&index| tree.path(index) == from).unwrap();
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        resolve(&tree, from, &path).map(|place| tree.path(place.module()))
    }

    #[test]
    fn a_re_export_leads_to_the_module_that_defines_the_item() {
        let text =
            "pub mod a { mod b { pub mod c { pub struct S; } pub use c::S; } pub use b::S as T; } mod d {}";
        assert_eq!(defined(text, "crate::d", "crate::a::T").unwrap(), "crate::a::b::c");
        assert_eq!(defined(text, "crate::d", "super::a::T::new").unwrap(), "crate::a::b::c");
    }

    #[test]
    fn a_glob_of_the_parent_shows_what_the_parent_imports() {
        let text = "mod a { pub fn f() {} } mod b { use crate::a::f; mod c { use super::*; } }";
        assert_eq!(defined(text, "crate::b::c", "f").unwrap(), "crate::a");
        assert_eq!(defined(text, "crate::b::c", "g"), None);
    }

    #[test]
    fn an_imported_module_is_followed() {
        let text =
            "mod a { pub mod inner { pub fn f() {} } } mod b { use crate::a::{self as other, inner}; }";
        assert_eq!(defined(text, "crate::b", "inner::f").unwrap(), "crate::a::inner");
        assert_eq!(defined(text, "crate::b", "other::inner::f").unwrap(), "crate::a::inner");
    }

    #[test]
    fn names_of_other_crates_lead_nowhere() {
        assert_eq!(defined("mod a { use image::image; }", "crate::a", "image::open"), None);
        assert_eq!(defined("mod a { use x::y; } mod x { pub use crate::a::y; }", "crate::a", "y"), None);
    }

    #[test]
    fn a_function_named_like_its_module_is_the_function() {
        let text = "mod run { pub fn run() {} } pub use run::run; mod b {}";
        assert_eq!(defined(text, "crate::b", "crate::run").unwrap(), "crate::run");
        assert_eq!(defined(text, "crate::b", "crate::run::run").unwrap(), "crate::run");
    }
}
