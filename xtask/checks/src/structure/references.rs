//! All paths that an item's code writes: types, traits, expressions, patterns, and those inside macros.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Expr, Item, Path,
    punctuated::Punctuated,
    spanned::Spanned,
    token,
    visit::{self, Visit},
};

use super::condition::only_in_tests;

/// A path of names and the line where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The segments, without generic arguments.
    pub path: Vec<String>,
    /// Line in the module's file, from 1.
    pub line: usize,
}

/// What has been found so far.
#[derive(Default)]
pub struct References {
    /// The paths.
    pub found: Vec<Reference>,
    /// `use` inside functions.
    pub uses: Vec<syn::ItemUse>,
    /// Names of the variables of the function that is read; such a name alone refers to no item.
    variables: BTreeSet<String>,
}

/// The names of a path.
pub fn path_of(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl References {
    /// Reads one item.
    pub fn read_item(&mut self, item: &Item) {
        self.visit_item(item);
    }

    fn add(&mut self, path: Vec<String>, line: usize) {
        let is_variable = path.len() == 1 && self.variables.contains(&path[0]);
        if !is_variable {
            self.found.push(Reference { path, line });
        }
    }

    fn with_variables(&mut self, collected: Variables, read: impl FnOnce(&mut Self)) {
        let outer = self.variables.clone();
        self.variables.extend(collected.0);
        read(self);
        self.variables = outer;
    }

    /// Finds `a::b::c` among the tokens of a macro that is not a list of expressions.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 && !path.is_empty() {
                        self.add(std::mem::take(&mut path), line);
                    }
                    line = name.span().start().line;
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    if !path.is_empty() {
                        self.add(std::mem::take(&mut path), line);
                    }
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
        }
        if !path.is_empty() {
            self.add(path, line);
        }
    }
}

impl<'ast> Visit<'ast> for References {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.add(path_of(path), path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.uses.push(item.clone());
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let mut variables = Variables::default();
        variables.visit_item_fn(item);
        self.with_variables(variables, |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if only_in_tests(&item.attrs) {
            return;
        }
        let mut variables = Variables::default();
        variables.visit_impl_item_fn(item);
        self.with_variables(variables, |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        let expressions = call.parse_body_with(Punctuated::<Expr, token::Comma>::parse_terminated);
        match expressions {
            Ok(expressions) => {
                // The visitor borrows for as long as the item lives, which these do not.
                let mut inside = References { variables: self.variables.clone(), ..References::default() };
                expressions.iter().for_each(|expression| inside.visit_expr(expression));
                self.found.extend(inside.found);
                self.uses.extend(inside.uses);
            }
            Err(_) => self.read_tokens(call.tokens.clone()),
        }
    }

    // Attributes name derives and lints, which are not items of this workspace.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// The names that patterns bind.
#[derive(Default)]
struct Variables(BTreeSet<String>);

impl<'ast> Visit<'ast> for Variables {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}
