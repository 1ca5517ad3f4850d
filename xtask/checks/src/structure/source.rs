//! The modules of one crate, as written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{Attribute, Item, UseTree, spanned::Spanned};

use super::{
    condition::only_in_tests,
    references::{Reference, References, path_of},
};

/// One module.
#[derive(Debug, Default)]
pub struct Module {
    /// Its own name; empty for the root.
    pub name: String,
    /// Index of the parent in the tree; the root is its own parent.
    pub parent: usize,
    /// The file that it is written in, for messages.
    pub file: PathBuf,
    /// Indices of the modules inside by name.
    pub children: BTreeMap<String, usize>,
    /// Names of the other items that it defines.
    pub items: BTreeSet<String>,
    /// What `use` brings in: the name here and the path it stands for.
    pub imports: Vec<(String, Vec<String>)>,
    /// Paths of `use path::*`.
    pub globs: Vec<Vec<String>>,
    /// Every path written in it, those of `use` included.
    pub references: Vec<Reference>,
    /// Names of the traits that it implements.
    pub implements: BTreeSet<String>,
}

/// All modules of one crate; the first is its root.
#[derive(Debug)]
pub struct Tree {
    /// Name for messages: that of the package.
    pub name: String,
    /// The modules.
    pub modules: Vec<Module>,
}

impl Tree {
    /// Reads a crate from its root file and all files that follow from it.
    ///
    /// # Errors
    /// A message that names the file which is missing or is not Rust.
    pub fn read(name: &str, root: &Path) -> Result<Self, String> {
        let mut tree = Self { name: name.to_owned(), modules: vec![Module::default()] };
        let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
        tree.read_file(0, root, &folder)?;
        Ok(tree)
    }

    /// A crate of inline modules.
    ///
    /// # Errors
    /// A message where it is not Rust.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let file = syn::parse_file(text).map_err(|error| error.to_string())?;
        let mut tree = Self { name: name.to_owned(), modules: vec![Module::default()] };
        tree.add_items(0, &file.items, Path::new(""))?;
        Ok(tree)
    }

    /// The path of a module as code outside it writes it: `crate::gpu::device`.
    #[must_use]
    pub fn path(&self, module: usize) -> String {
        let mut names = vec!["crate"];
        names.extend(self.ancestors(module).iter().skip(1).map(|&index| self.modules[index].name.as_str()));
        names.join("::")
    }

    /// The modules from the root down to this one, both included.
    #[must_use]
    pub fn ancestors(&self, module: usize) -> Vec<usize> {
        let mut line = vec![module];
        let mut at = module;
        while at != 0 {
            at = self.modules[at].parent;
            line.push(at);
        }
        line.reverse();
        line
    }

    /// Reads the file of a module, whose children are in `folder`.
    fn read_file(&mut self, module: usize, path: &Path, folder: &Path) -> Result<(), String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| at(&error))?;
        let file = syn::parse_file(&text).map_err(|error| at(&error))?;
        self.modules[module].file = path.to_path_buf();
        if only_in_tests(&file.attrs) { Ok(()) } else { self.add_items(module, &file.items, folder) }
    }

    /// Adds items to a module, whose children are in `folder`.
    fn add_items(&mut self, module: usize, items: &[Item], folder: &Path) -> Result<(), String> {
        for item in items {
            if only_in_tests(attributes(item)) {
                continue;
            }
            let mut references = References::default();
            match item {
                Item::Mod(child) => self.add_module(module, child, folder)?,
                Item::Use(item) => self.add_use(module, item),
                item => {
                    let here = &mut self.modules[module];
                    here.items.extend(defined_name(item));
                    if let Item::Impl(item) = item
                        && let Some((_, path, _)) = &item.trait_
                    {
                        here.implements.extend(path_of(path).pop());
                    }
                    references.read_item(item);
                }
            }
            for local in references.uses {
                self.add_use(module, &local);
            }
            self.modules[module].references.extend(references.found);
        }
        Ok(())
    }

    fn add_module(&mut self, parent: usize, item: &syn::ItemMod, folder: &Path) -> Result<(), String> {
        let name = item.ident.to_string();
        // Two modules of one name under different conditions (`#[cfg(…)]`) are read as one.
        let index = self.modules[parent].children.get(&name).copied().unwrap_or(self.modules.len());
        if index == self.modules.len() {
            let file = self.modules[parent].file.clone();
            self.modules.push(Module { name: name.clone(), parent, file, ..Module::default() });
            self.modules[parent].children.insert(name.clone(), index);
        }
        let inside = folder.join(&name);
        if let Some((_, items)) = &item.content {
            return self.add_items(index, items, &inside);
        }
        let named = path_attribute(&item.attrs).map(|path| {
            let base = self.modules[parent].file.parent().map(Path::to_path_buf).unwrap_or_default();
            base.join(path)
        });
        let file = named.unwrap_or_else(|| {
            let beside = folder.join(format!("{name}.rs"));
            if beside.is_file() { beside } else { inside.join("mod.rs") }
        });
        self.read_file(index, &file, &inside)
    }

    fn add_use(&mut self, module: usize, item: &syn::ItemUse) {
        let here = &mut self.modules[module];
        let line = item.span().start().line;
        let mut add = |path: Vec<String>, name: Option<String>| {
            here.references.push(Reference { path: path.clone(), line });
            match name {
                None => here.globs.push(path),
                Some(name) if name != "_" => here.imports.push((name, path)),
                Some(_) => {}
            }
        };
        if item.leading_colon.is_none() {
            flatten_use(&item.tree, &[], &mut add);
        }
    }
}

/// Calls `add` with the path of every leaf, and the name it gets here; none for a glob.
fn flatten_use(tree: &UseTree, before: &[String], add: &mut impl FnMut(Vec<String>, Option<String>)) {
    let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => flatten_use(&path.tree, &with(&path.ident), add),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten_use(tree, before, add)),
        UseTree::Glob(_) => add(before.to_vec(), None),
        UseTree::Name(name) if name.ident == "self" => add(before.to_vec(), before.last().cloned()),
        UseTree::Name(name) => add(with(&name.ident), Some(name.ident.to_string())),
        UseTree::Rename(rename) => {
            let path = if rename.ident == "self" { before.to_vec() } else { with(&rename.ident) };
            add(path, Some(rename.rename.to_string()));
        }
    }
}

/// The text of `#[path = "…"]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Expr::Lit(value) = &attribute.meta.require_name_value().ok()?.value else { return None };
    let syn::Lit::Str(text) = &value.lit else { return None };
    Some(text.value())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
