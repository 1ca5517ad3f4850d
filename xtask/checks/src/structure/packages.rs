//! The crates of the workspace, as their `Cargo.toml` describe them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

/// One package of the workspace.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Names of the packages that it depends on, for tests and for building too.
    pub dependencies: Vec<String>,
    /// Root files of its library and of its programs.
    pub roots: Vec<PathBuf>,
}

/// All packages that a workspace's `Cargo.toml` lists: its members, and those that it excludes to be on their own.
///
/// # Errors
/// A message that names the file which cannot be read.
pub fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let manifest = read_toml(&root.join("Cargo.toml"))?;
    let list = |key: &str| {
        let members = manifest.get("workspace").and_then(|workspace| workspace.get(key));
        members.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    let members = list("members").iter().chain(list("exclude"));
    members.filter_map(Value::as_str).map(|member| package(&root.join(member))).collect()
}

fn package(folder: &Path) -> Result<Package, String> {
    let path = folder.join("Cargo.toml");
    let manifest = read_toml(&path)?;
    let text = |table: &Value, name: &str| table.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = manifest.get("package").and_then(|package| text(package, "name"));
    let name = name.ok_or_else(|| format!("{}: no package name", path.display()))?;
    let mut roots = vec![folder.join("src/lib.rs"), folder.join("src/main.rs")];
    let library = manifest.get("lib").into_iter();
    let programs = manifest.get("bin").and_then(Value::as_array).into_iter().flatten();
    roots.extend(
        library.chain(programs).filter_map(|target| text(target, "path")).map(|path| folder.join(path)),
    );
    if let Ok(entries) = fs::read_dir(folder.join("src/bin")) {
        roots.extend(entries.flatten().map(|entry| entry.path()));
    }
    roots.retain(|root| root.is_file());
    roots.sort();
    roots.dedup();
    let mut dependencies = Vec::new();
    collect_dependencies(&manifest, &mut dependencies);
    Ok(Package { name, dependencies, roots })
}

/// Names in all tables of dependencies, those under `[target.….dependencies]` included.
fn collect_dependencies(table: &Table, names: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inside) = value.as_table() else { continue };
        if ["dependencies", "dev-dependencies", "build-dependencies"].contains(&key.as_str()) {
            names.extend(inside.keys().cloned());
        } else {
            collect_dependencies(inside, names);
        }
    }
}

fn read_toml(path: &Path) -> Result<Table, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}
