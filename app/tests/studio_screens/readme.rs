//! The picture that the README opens with: made on request, not a test.

use std::path::Path;

use crate::studio::driver::Driver;

#[test]
#[ignore = "makes the picture of the README: cargo xtask derive window"]
fn the_window_with_the_first_sample() {
    let mut driver = Driver::with_bundled_model();
    driver.see("Viewer of lighthouse: Original, Reconstruction");
    driver.idle();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../artifacts/window");
    std::fs::create_dir_all(&folder).unwrap();
    driver.harness.render().unwrap().save(folder.join("readme.png")).unwrap();
}
