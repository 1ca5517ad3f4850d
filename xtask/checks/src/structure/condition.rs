//! `#[cfg(…)]`: whether an item is compiled for tests alone.

use syn::{Attribute, Meta, punctuated::Punctuated, token};

/// Whether `#[cfg(…)]` says that this is compiled for tests alone.
pub(crate) fn only_in_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<Meta>().is_ok_and(|meta| needs_test(&meta))
    })
}

/// Whether a condition can only be met in tests.
fn needs_test(condition: &Meta) -> bool {
    let inside = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<Meta, token::Comma>::parse_terminated).unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => inside(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => inside(list).iter().all(needs_test),
        _ => false,
    }
}
