//! Arrows between sibling modules, and the cycles among them.

use std::collections::{BTreeMap, BTreeSet};

use super::{names::resolve, source::Tree};

/// Where an arrow comes from: a file, a line, and the path written there.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// File and line.
    pub position: String,
    /// The path as written.
    pub path: String,
}

/// The arrows among the children of one module: `(from, to)` with the paths that make it.
pub type Arrows = BTreeMap<(usize, usize), Vec<Witness>>;

/// The arrows between siblings, by parent.
///
/// A path in module `a::b::c` that leads to `a::d::e` is an arrow from `a::b` to `a::d`, among the children of `a`. A
/// path to an ancestor's own item, or from a parent into its children, is none.
#[must_use]
pub fn arrows(tree: &Tree) -> BTreeMap<usize, Arrows> {
    let mut all: BTreeMap<usize, Arrows> = BTreeMap::new();
    for (from, module) in tree.modules.iter().enumerate() {
        for reference in &module.references {
            let Some(place) = resolve(tree, from, &reference.path) else { continue };
            let Some((parent, arrow)) = siblings(tree, from, place.module()) else { continue };
            let witnesses = all.entry(parent).or_default().entry(arrow).or_default();
            let position = format!("{}:{}", module.file.display(), reference.line);
            let witness = Witness { position, path: reference.path.join("::") };
            if !witnesses.contains(&witness) {
                witnesses.push(witness);
            }
        }
    }
    all
}

/// The parent under which the ways to both modules part, and the two children that lead to them.
fn siblings(tree: &Tree, from: usize, to: usize) -> Option<(usize, (usize, usize))> {
    let (from, to) = (tree.ancestors(from), tree.ancestors(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    Some((from[common - 1], (*from.get(common)?, *to.get(common)?)))
}

/// Groups of siblings each of which refers to every other, directly or through others.
#[must_use]
pub fn cycles(arrows: &Arrows) -> Vec<BTreeSet<usize>> {
    let nodes: BTreeSet<usize> = arrows.keys().flat_map(|&(from, to)| [from, to]).collect();
    let reached: BTreeMap<usize, BTreeSet<usize>> =
        nodes.iter().map(|&node| (node, reachable(arrows, node))).collect();
    let mut groups: Vec<BTreeSet<usize>> = Vec::new();
    for &node in &nodes {
        if reached[&node].contains(&node) && !groups.iter().any(|group| group.contains(&node)) {
            let mutual = |&other: &usize| reached[&node].contains(&other) && reached[&other].contains(&node);
            groups.push(nodes.iter().copied().filter(mutual).collect());
        }
    }
    groups
}

/// Every module that arrows lead to from this one; itself only along a cycle.
fn reachable(arrows: &Arrows, start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(node) = waiting.pop() {
        for &(_, to) in arrows.keys().filter(|&&(from, _)| from == node) {
            if reached.insert(to) {
                waiting.push(to);
            }
        }
    }
    reached
}

/// One message per cycle of a crate, with what ties it.
#[must_use]
pub fn describe_cycles(tree: &Tree) -> Vec<String> {
    let mut messages = Vec::new();
    for (parent, arrows) in arrows(tree) {
        for group in cycles(&arrows) {
            let names: Vec<&str> = group.iter().map(|&index| tree.modules[index].name.as_str()).collect();
            let mut message =
                format!("{}: import cycle in {}: {}", tree.name, tree.path(parent), names.join(", "));
            let inside = arrows.iter().filter(|((from, to), _)| group.contains(from) && group.contains(to));
            for (&(from, to), witnesses) in inside {
                message.push_str(&format!("\n  {} -> {}", tree.modules[from].name, tree.modules[to].name));
                for Witness { position, path } in witnesses {
                    message.push_str(&format!("\n    {position}: {path}"));
                }
            }
            messages.push(message);
        }
    }
    messages
}

/// The whole graph: under each parent, every module with the siblings that it imports from.
#[must_use]
pub fn draw(tree: &Tree) -> String {
    let mut text = String::new();
    for (parent, arrows) in arrows(tree) {
        text.push_str(&format!("{} {}\n", tree.name, tree.path(parent)));
        let mut imports: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for &(from, to) in arrows.keys() {
            imports.entry(&tree.modules[from].name).or_default().push(&tree.modules[to].name);
        }
        for (from, to) in imports {
            text.push_str(&format!("  {from:<20} imports {}\n", to.join(", ")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles_of(text: &str) -> Vec<String> {
        describe_cycles(&Tree::parse("sample", text).unwrap())
    }

    #[test]
    fn two_siblings_that_import_from_each_other_are_a_cycle() {
        let found =
            cycles_of("mod a { use crate::b::B; pub struct A; } mod b { use super::a::A; pub struct B; }");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("sample: import cycle in crate: a, b\n  a -> b\n"), "{}", found[0]);
    }

    #[test]
    fn a_cycle_of_three_is_found() {
        let text = "mod a { use crate::b::B; } mod b { use crate::c::C; pub struct B; } \
                    mod c { fn f() { let _ = crate::a::g(); } pub struct C; }";
        assert_eq!(cycles_of(text).len(), 1);
    }

    #[test]
    fn a_parents_re_exports_are_no_cycle() {
        let text = "mod a { pub mod x { pub struct X; } pub mod y { use super::X; pub struct Y; } pub use x::X; \
                    pub use y::Y; } mod b { use crate::a::Y; }";
        assert_eq!(cycles_of(text), Vec::<String>::new());
    }

    #[test]
    fn a_re_export_does_not_hide_a_cycle() {
        let text = "mod a { pub mod x { use super::Y; pub struct X; } pub mod y { use super::X; pub struct Y; } \
                    pub use x::X; pub use y::Y; }";
        assert!(cycles_of(text)[0].contains("import cycle in crate::a: x, y"));
    }

    #[test]
    fn modules_below_siblings_count_for_them() {
        let text = "mod a { pub mod deep { use crate::b::B; } pub struct A; } \
                    mod b { pub mod deep { use crate::a::A; } pub struct B; }";
        assert!(cycles_of(text)[0].contains("import cycle in crate: a, b"));
    }

    #[test]
    fn a_path_inside_a_function_or_a_macro_counts() {
        for code in [
            "fn f() { crate::b::g(); }",
            "fn f() -> Vec<crate::b::B> { Vec::new() }",
            "fn f() { println!(\"{}\", crate::b::g()); }",
            "fn f() { strange!(x => crate::b::g()); }",
            "fn f() { use crate::b; b::g(); }",
            "impl crate::b::T for u8 {}",
            "use crate::*; fn f() { b::g(); }",
        ] {
            let text = format!("mod a {{ {code} pub struct A; }} mod b {{ use crate::a::A; }}");
            assert_eq!(cycles_of(&text).len(), 1, "{code}");
        }
    }

    #[test]
    fn code_for_tests_alone_is_not_read() {
        let text = "mod a { #[cfg(test)] mod tests { use crate::b::B; } #[cfg(all(test, unix))] use crate::b::B; \
                    #[cfg(not(test))] fn f() {} pub struct A; } mod b { use crate::a::A; pub struct B; }";
        assert_eq!(cycles_of(text), Vec::<String>::new());
    }

    #[test]
    fn a_variable_is_not_the_function_of_that_name_behind_a_glob() {
        let text = "mod a { use crate::b::bytes; mod c { use super::*; fn f(bytes: u8) -> u8 { bytes } } } \
                    mod b { pub fn bytes() {} }";
        let tree = Tree::parse("sample", text).unwrap();
        let all = arrows(&tree);
        assert_eq!(all[&0].len(), 1);
        assert_eq!(all[&0].values().next().unwrap().len(), 1);
    }
}
