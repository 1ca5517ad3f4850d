//! Every file under `wgsl/` is listed, as a kernel or as a module, and every import is used.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{Kernel, entry::MODULES};

/// Every listed file, with its text.
fn listed() -> Vec<(String, &'static str)> {
    let kernels: BTreeSet<_> = Kernel::all()
        .into_iter()
        .map(|kernel| (kernel.entry().file.to_owned(), kernel.entry().text))
        .collect();
    let modules = MODULES.map(|(name, text)| (format!("shared/{name}.wgsl"), text));
    kernels.into_iter().chain(modules).collect()
}

#[test]
fn every_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wgsl");
    let mut files = BTreeSet::new();
    for group in fs::read_dir(&folder).unwrap() {
        let group = group.unwrap().path();
        assert!(group.is_dir(), "{} belongs into a folder", group.display());
        for file in fs::read_dir(&group).unwrap() {
            let file = file.unwrap().path();
            let file = file.strip_prefix(&folder).unwrap().to_str().unwrap();
            files.insert(file.replace('\\', "/"));
        }
    }
    let listed: BTreeSet<_> = listed().into_iter().map(|(file, _)| file).collect();
    let unlisted: Vec<_> = files.difference(&listed).collect();
    assert!(unlisted.is_empty(), "neither in the list of kernels nor of modules: {unlisted:?}");
}

#[test]
fn every_file_is_listed_once() {
    let mut entries: Vec<_> = listed().into_iter().map(|(file, _)| file).collect();
    let total = entries.len();
    entries.dedup();
    assert_eq!(entries.len(), total);
    // A kernel's variants all come from one line of the list.
    let mut kinds: Vec<_> = Kernel::all()
        .into_iter()
        .map(|kernel| (std::mem::discriminant(&kernel), kernel.entry().file))
        .collect();
    kinds.dedup();
    assert_eq!(kinds.len() + MODULES.len(), total, "two kernels share a file");
}

#[test]
fn every_import_is_used() {
    let mut imported = BTreeSet::new();
    for (file, text) in listed() {
        let unused = unused_imports(text);
        assert!(unused.is_empty(), "{file} imports {unused:?} and uses nothing of it");
        imported.extend(imports(text));
    }
    for (name, _) in MODULES {
        assert!(imported.contains(name), "nothing imports {name}");
    }
}

#[test]
fn an_import_that_is_not_used_is_reported() {
    assert!(unused_imports("#import philox\nlet a = philox(b, c);").is_empty());
    assert_eq!(unused_imports("#import philox\n// philox\nlet a = not_philox(b, c);"), ["philox"]);
}

/// The modules that a text imports.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("#import ")).map(str::trim)
}

/// The imports of a text that does not mention anything the module declares.
fn unused_imports(text: &str) -> Vec<&str> {
    let own = text.lines().filter(|line| !line.trim().starts_with("#import ")).flat_map(identifiers);
    let own: BTreeSet<_> = own.collect();
    let used = |name: &str| {
        let module = MODULES.iter().find(|(module, _)| *module == name).expect("a listed module").1;
        module.lines().filter_map(declared).any(|declared| own.contains(declared))
    };
    imports(text).filter(|name| !used(name)).collect()
}

/// The words of a line, without its comment.
fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What a line of a module declares.
fn declared(line: &str) -> Option<&str> {
    let mut words = identifiers(line);
    if line.contains("var<") && !line.starts_with(' ') {
        return line.split("> ").nth(1).and_then(|rest| identifiers(rest).next());
    }
    match words.next() {
        Some("fn" | "const" | "struct" | "alias") if !line.starts_with(' ') => words.next(),
        _ => None,
    }
}
