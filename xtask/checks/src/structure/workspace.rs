//! All checks on a whole workspace.

use std::path::Path;

use super::{
    graph::describe_cycles,
    layers::{check_core, check_crates, check_panes},
    packages::{Package, packages},
    source::Tree,
};

/// The module trees of all packages: one for each library and program.
///
/// # Errors
/// A message that names the file which cannot be read.
pub fn trees(packages: &[Package]) -> Result<Vec<Tree>, String> {
    let roots = packages.iter().flat_map(|package| package.roots.iter().map(|root| (&package.name, root)));
    roots.map(|(name, root)| Tree::read(name, root)).collect()
}

/// Everything that is wrong with the structure of the workspace at `root`; nothing where all holds.
///
/// # Errors
/// A message that names the file which cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let packages = packages(root)?;
    let trees = trees(&packages)?;
    let mut messages = check_crates(&packages);
    for tree in &trees {
        messages.extend(describe_cycles(tree));
        messages.extend(self_named_modules(tree));
    }
    for (name, check) in [("ibq-core", check_core as fn(&Tree) -> Vec<String>), ("ibq", check_panes)] {
        // A program's own root file stands beside the library and has few modules or none.
        let library = trees.iter().filter(|tree| tree.name == name).max_by_key(|tree| tree.modules.len());
        messages.extend(library.into_iter().flat_map(check));
    }
    let here = format!("{}/", root.display());
    Ok(messages.into_iter().map(|message| message.replace(&here, "")).collect())
}

/// Folder modules are written in `mod.rs`, and never in a file of their own name beside the folder.
fn self_named_modules(tree: &Tree) -> Vec<String> {
    let files = tree.modules.iter().filter(|module| !module.children.is_empty()).map(|module| &module.file);
    let mut wrong: Vec<String> = files
        .filter(|file| file.with_extension("").is_dir())
        .map(|file| format!("{}: {} belongs into its folder, as mod.rs", tree.name, file.display()))
        .collect();
    wrong.dedup();
    wrong
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_crate_is_read_file_by_file() {
        let root = std::env::temp_dir().join(format!("ibq-checks-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\nmembers = [\"one\"]");
        write("one/Cargo.toml", "[package]\nname = \"one\"\n[target.x.dependencies]\nwgpu.workspace = true");
        write("one/src/lib.rs", "mod folder; mod other; mod named; #[cfg(test)] mod absent;");
        write("one/src/folder/mod.rs", "mod inner;");
        write("one/src/folder/inner.rs", "use crate::other::Other;");
        write("one/src/other.rs", "use crate::folder; #[path = \"strange.rs\"] mod odd; pub struct Other;");
        write("one/src/strange.rs", "use crate::named::Named;");
        write("one/src/named.rs", "mod below; pub struct Named;");
        write("one/src/named/below.rs", "");
        let packages = packages(&root).unwrap();
        let messages = trees(&packages).unwrap().iter().flat_map(describe_cycles).collect::<Vec<_>>();
        let all = check(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(packages[0].dependencies, ["wgpu"]);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].starts_with("one: import cycle in crate: folder, other"), "{messages:?}");
        assert!(all.iter().any(|message| message.contains("one/src/named.rs belongs")), "{all:?}");
    }
}
