//! What may depend on what: crates, the modules of the core, the panes of the studio.

use std::collections::BTreeSet;

use super::{graph::arrows, packages::Package, source::Tree};

/// The crates, from the bottom up: one may depend on those of the floors below its own.
const CRATES: &[&[&str]] = &[
    &["ibq-shaders", "ibq-cpu", "ibq-scenes", "ibq-train-events", "ibq-bindgen", "ibq-checks", "xtask"],
    &["ibq-core"],
    // For tests only: golden vectors and a device.
    &["ibq-tests"],
    &["ibq", "ibq-train", "ibq-fuzz"],
];

/// The top modules of the core, from the bottom up, in the same way; those of the ground floor may also use each other.
const CORE: &[&[&str]] = &[
    &[
        "classes",
        "data_set",
        "device",
        "foreign_text",
        "formats",
        "gpu",
        "interruption",
        "job",
        "picture",
        "tokens",
        "units",
    ],
    &["files"],
    &["ops"],
    &["tokenizer"],
    &["transformer"],
    &["generator"],
    &["bench"],
];

/// Checks the dependencies between the crates of the workspace, those for tests included.
#[must_use]
pub fn check_crates(packages: &[Package]) -> Vec<String> {
    let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut messages = Vec::new();
    for package in packages {
        let Some(floor) = floor(CRATES, &package.name) else {
            messages.push(format!("crate {} is on no floor of CRATES in {}", package.name, file!()));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|name| names.contains(&name.as_str())) {
            if self::floor(CRATES, dependency).is_some_and(|below| below >= floor) {
                messages
                    .push(format!("crate {} depends on {dependency}, which is not below it", package.name));
            }
        }
    }
    messages
}

/// Checks the arrows between the top modules of the core.
#[must_use]
pub fn check_core(core: &Tree) -> Vec<String> {
    check_line(core, CORE)
}

fn check_line(tree: &Tree, line: &[&[&str]]) -> Vec<String> {
    let name = |index: usize| tree.modules[index].name.as_str();
    let mut messages: Vec<String> = tree.modules[0]
        .children
        .keys()
        .filter(|module| floor(line, module).is_none())
        .map(|module| format!("{}: crate::{module} is on no floor of CORE in {}", tree.name, file!()))
        .collect();
    for (&(from, to), witnesses) in arrows(tree).get(&0).into_iter().flatten() {
        let (Some(above), Some(below)) = (floor(line, name(from)), floor(line, name(to))) else { continue };
        if below > above || (below == above && above > 0) {
            messages.push(format!(
                "{}: {} imports from {}, which is not below it ({}: {})",
                tree.name,
                name(from),
                name(to),
                witnesses[0].position,
                witnesses[0].path
            ));
        }
    }
    messages
}

/// The folder of the panes and of what they share, in the crate of the app.
const STUDIO: &str = "crate::studio";
/// The trait of a pane.
const PANE: &str = "Pane";
/// The one module of the studio that knows the panes.
const LIST: &str = "app";

/// Checks that no pane of the studio imports from another, and that only the list of panes imports from one. A pane is a module of the studio in which something implements
/// the trait `Pane`.
#[must_use]
pub fn check_panes(app: &Tree) -> Vec<String> {
    let studio = (0..app.modules.len()).find(|&index| app.path(index) == STUDIO);
    let Some(studio) = studio else { return vec![format!("{}: no module {STUDIO}", app.name)] };
    let panes = panes(app, studio);
    if panes.is_empty() {
        return vec![format!("{}: nothing in {STUDIO} implements {PANE}", app.name)];
    }
    let name = |index: usize| &app.modules[index].name;
    let mut messages = Vec::new();
    for (&(from, to), witnesses) in arrows(app).get(&studio).into_iter().flatten() {
        if panes.contains(&to) && name(from) != LIST {
            let what = if panes.contains(&from) { "the pane " } else { "" };
            messages.push(format!(
                "{}: {what}{} imports from the pane {} ({}: {})",
                app.name,
                name(from),
                name(to),
                witnesses[0].position,
                witnesses[0].path
            ));
        }
    }
    messages
}

fn panes(app: &Tree, studio: usize) -> BTreeSet<usize> {
    let implementing = (0..app.modules.len()).filter(|&index| app.modules[index].implements.contains(PANE));
    implementing
        .filter_map(|index| {
            let line = app.ancestors(index);
            let at = line.iter().position(|&ancestor| ancestor == studio)?;
            line.get(at + 1).copied()
        })
        .collect()
}

fn floor(floors: &[&[&str]], name: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_depends_on_lower_floors_only() {
        let package = |name: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
            roots: Vec::new(),
        };
        let core = package("ibq-core", &["ibq-shaders", "wgpu"]);
        let shaders = package("ibq-shaders", &[]);
        assert_eq!(check_crates(&[core.clone(), shaders]), Vec::<String>::new());
        let shaders = package("ibq-shaders", &["ibq-core"]);
        assert!(check_crates(&[core, shaders])[0].contains("ibq-shaders depends on ibq-core"));
        assert!(check_crates(&[package("ibq-new", &[])])[0].contains("ibq-new is on no floor"));
    }

    #[test]
    fn a_module_imports_from_lower_floors_only() {
        let line: &[&[&str]] = &[&["a", "b"], &["c"], &["d"]];
        let check = |text: &str| check_line(&Tree::parse("sample", text).unwrap(), line);
        let right = "mod a { use crate::b::B; } mod b { pub struct B; } mod c { use crate::a; } mod d { use crate::b; }";
        assert_eq!(check(right), Vec::<String>::new());
        let wrong = "mod a { use crate::d::D; } mod d { pub struct D; }";
        assert!(check(wrong)[0].starts_with("sample: a imports from d, which is not below it"));
        assert!(check("mod e {}")[0].contains("crate::e is on no floor"));
    }

    #[test]
    fn a_pane_imports_from_no_other_pane() {
        let check = |draw: &str| {
            let text = format!(
                "mod studio {{ mod pane {{ pub trait Pane {{}} }} mod format {{ pub fn bytes() {{}} }}
                 mod one {{ use super::pane::Pane; impl Pane for u8 {{}} pub struct One; }}
                 mod app {{ use super::{{one::One, two}}; }}
                 mod two {{ mod face {{ use crate::studio::pane; impl pane::Pane for u16 {{}} }} fn f() {{ {draw} }} }} }}"
            );
            check_panes(&Tree::parse("sample", &text).unwrap())
        };
        assert_eq!(check("super::format::bytes()"), Vec::<String>::new());
        assert!(check("super::one::One;")[0].contains("the pane two imports from the pane one"));
        let shared =
            "mod studio { mod one { impl Pane for u8 {} pub fn f() {} } mod shell { use super::one::f; } }";
        let found = check_panes(&Tree::parse("sample", shared).unwrap());
        assert!(found[0].contains("shell imports from the pane one"), "{found:?}");
        assert!(check_panes(&Tree::parse("sample", "mod studio {}").unwrap())[0].contains("implements Pane"));
    }
}
