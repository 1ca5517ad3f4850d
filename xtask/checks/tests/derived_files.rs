//! Every derived file and every quoted figure of the repository is that of the model it comes from.

use std::path::Path;

use ibq_checks::derived;

#[test]
fn no_derived_file_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let faults = derived::check(&root).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
