//! The crates that the programs and the page contain, from `cargo metadata`.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

/// What is shipped.
const SHIPPED: &[&str] = &["ibq", "ibq-train"];
/// The target of the page.
const PAGE: &str = "wasm32-unknown-unknown";

/// Crates whose manifest names a file instead of an expression, and what that file says.
const FROM_FILE: &[(&str, &str)] = &[("cfg_block", "Apache-2.0")];

/// A crate from a registry.
#[derive(Clone, Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its license expression.
    pub license: Option<String>,
    /// Who wrote it, as far as its manifest says.
    pub authors: Vec<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// The folder with its source on this machine.
    pub folder: PathBuf,
}

impl Crate {
    /// Name and version.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    repository: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// The crates of other people in the programs of this machine's system and in the page, sorted by name: without those that only
/// tests and build scripts use.
///
/// # Errors
/// A message that says why cargo does not answer.
pub fn shipped(root: &Path) -> Result<Vec<Crate>, String> {
    let mut found = BTreeMap::new();
    for target in [host()?.as_str(), PAGE] {
        let metadata = read(root, target)?;
        let reached = reached(&metadata);
        let packages = metadata.packages.into_iter();
        for package in packages.filter(|package| package.source.is_some() && reached.contains(&package.id)) {
            let Package { name, version, license, authors, repository, manifest_path, .. } = package;
            let stated = FROM_FILE.iter().find(|(of, _)| *of == name);
            let license = license.or_else(|| stated.map(|(_, license)| (*license).to_owned()));
            let folder = manifest_path.parent().map(Path::to_path_buf).unwrap_or_default();
            let part = Crate { name, version, license, authors, repository, folder };
            found.insert((part.name.clone(), part.version.clone()), part);
        }
    }
    Ok(found.into_values().collect())
}

fn reached(metadata: &Metadata) -> HashSet<String> {
    let nodes: HashMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let roots = metadata.packages.iter().filter(|package| package.source.is_none());
    let mut waiting: Vec<&str> = roots
        .filter(|package| SHIPPED.contains(&package.name.as_str()))
        .map(|package| package.id.as_str())
        .collect();
    let mut reached = HashSet::new();
    while let Some(id) = waiting.pop() {
        if reached.insert(id.to_owned()) {
            let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let normal =
                |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
            waiting.extend(dependencies.filter(normal).map(|dependency| dependency.pkg.as_str()));
        }
    }
    reached
}

fn read(root: &Path, target: &str) -> Result<Metadata, String> {
    let words = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
    serde_json::from_str(&output("cargo", &words, root)?).map_err(|error| format!("cargo metadata: {error}"))
}

/// The target of this machine.
fn host() -> Result<String, String> {
    let text = output("rustc", &["-vV"], Path::new("."))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".to_owned())
}

fn output(program: &str, words: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program).args(words).current_dir(folder).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
