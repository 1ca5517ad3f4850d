//! Every crate that programs and page contain has an allowed license, and is in the notices.

use std::path::Path;

use ibq_checks::licenses;

#[test]
fn every_license_is_allowed_and_every_crate_has_its_notice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let faults = licenses::check(&root).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let crates = licenses::shipped(&root).unwrap();
    let text = licenses::notices(&root, &crates).unwrap();
    for part in &crates {
        assert!(text.contains(&format!("\n{}: ", part.title())), "{}", part.title());
    }
    for words in ["SIL OPEN FONT LICENSE", "Permission is hereby granted", "Apache License"] {
        assert!(text.contains(words), "{words}");
    }
}
