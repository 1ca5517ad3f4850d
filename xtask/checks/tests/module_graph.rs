//! The structure of the workspace: no import cycle between sibling modules, and layers that depend one way.

use std::path::Path;

use ibq_checks::structure::workspace;

#[test]
fn modules_and_crates_depend_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let faults = workspace::check(&root).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
