//! The studio's screens, driven by the names of their controls, and compared with pictures of how they should look.
//!
//! The pictures are in `tests/snapshots`; `UPDATE_SNAPSHOTS=1 cargo test -p ibq --test studio_screens` makes them anew.

#[path = "studio_screens/frame_times.rs"]
mod frame_times;
#[path = "studio_screens/generate.rs"]
mod generate;
#[path = "studio_screens/growing.rs"]
mod growing;
#[path = "studio_screens/readme.rs"]
mod readme;
mod studio;

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use studio::driver::Driver;

#[test]
fn without_a_model_the_window_says_how_to_open_one() {
    let mut driver = Driver::new();
    driver.see("Open a model");
    driver.snapshots("start");

    driver.click("Model: Open a model");
    driver.see("File or model folder");
    driver.snapshots("chooser");
    driver.key(Key::Escape);
    driver.gone("File or model folder");

    driver.text("?");
    driver.see("Move the selection, when the picture has the focus");
    driver.snapshots("help");
    driver.click("Close");
    driver.gone("Move the selection, when the picture has the focus");

    driver.key(Key::L);
    driver.see("Clear the log");
    driver.key(Key::L);
    driver.gone("Clear the log");

    driver.click("Theme: dark (T)");
    driver.see("Theme: as the system (T)");
    driver.click("Theme: as the system (T)");
    driver.see("Theme: light (T)");
}

#[test]
fn the_model_chooser_stays_open_while_the_first_model_arrives() {
    let mut driver = Driver::with_bundled_model();
    driver.click_start("Model: ");
    driver.see("File or model folder");
    driver.see("Model: scenes-f4");
    driver.idle();
    driver.see("File or model folder");
    assert!(driver.said("Model: ").contains("scenes-f4"));
    driver.key(Key::Escape);
    driver.gone("File or model folder");
    driver.see("Reconstruction");
}

#[test]
fn a_file_that_is_no_picture_is_told_and_the_notice_goes_when_dismissed() {
    let mut driver = Driver::new();
    let broken = driver.file("broken.png", b"this is no picture");
    driver.drop(&broken);
    driver.see("broken.png was not opened");
    driver.snapshots("notice");
    driver.click("Copy the notice");
    driver.click("Dismiss");
    driver.gone("broken.png was not opened");

    driver.click("Model: Open a model");
    driver.enter("File or model folder", "/no/such/model.ckpt");
    driver.see("model was not loaded");
    driver.key(Key::Escape);
}

#[test]
fn a_picture_is_reconstructed_looked_at_edited_and_compared() {
    let mut driver = Driver::new();
    let picture = driver.picture("waves.png", 192, 128);
    driver.drop(&picture);
    driver.see("Viewer of waves: Original");

    driver.click("Model: Open a model");
    driver.enter("File or model folder", &studio::checkpoint());
    driver.see("512 codes × 32");
    driver.see("Weights: EMA");
    driver.snapshot("model-described");
    driver.click("Load");
    driver.see("Viewer of waves: Original, Reconstruction");
    driver.see("Tokens: 8 × 12");
    driver.see("Model: tokenizer_tiny");
    driver.snapshots("reconstruct");

    // The line between the pictures follows the arrow keys.
    driver.harness.get_by_label("Line between the pictures").focus();
    driver.step();
    driver.key(Key::ArrowLeft);
    assert!(driver.number("Line between the pictures") < 50.0);

    // A token is chosen with the keyboard and replaced by a neighbor; the picture follows.
    driver.click("Show tokens (G)");
    driver.harness.get_by_label("Viewer of waves: Original, Reconstruction").focus();
    driver.step();
    driver.key(Key::ArrowDown);
    driver.key(Key::ArrowDown);
    driver.key(Key::ArrowRight);
    driver.see("row 1, column 1");
    driver.see_start("Near this code: code ");
    driver.snapshots("tokens");
    driver.click_start("Near this code: code ");
    driver.see("Viewer of waves: Original, Edited");
    driver.see_start("row 1, column 1 · was ");
    driver.key_with(Modifiers::COMMAND, Key::Z);
    driver.see("Viewer of waves: Original, Reconstruction");
    driver.key_with(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    driver.see("Viewer of waves: Original, Edited");
    driver.click("Reset the tokens");
    driver.see("Viewer of waves: Original, Reconstruction");
    driver.click("Undo");
    driver.see("Viewer of waves: Original, Edited");

    // Shuffling everything changes the picture, not the codes that are used.
    let used = driver.said("Distinct codes: ");
    driver.click("Tool: Shuffle");
    driver.click("Shuffle all");
    driver.idle();
    assert_eq!(driver.said("Distinct codes: "), used);
    driver.click("Tool: Select");
    driver.click("Reset the tokens");
    driver.see("Viewer of waves: Original, Reconstruction");
    driver.idle();

    driver.click("View: Side by side");
    driver.snapshot("side-by-side");
    driver.click("View: Difference");
    driver.see("Full scale of the difference");
    driver.idle();
    driver.snapshot("difference");
    driver.click("View: Split");

    // Another size is another grid.
    driver.click("Size: 256");
    driver.see("Tokens: 16 × 24");
    driver.click("Size: Keep");
    driver.see("Tokens: 8 × 12");

    // The raw weights beside the EMA weights.
    driver.click("Compare with a second model");
    driver.enter("File or model folder", &studio::checkpoint());
    driver.click("Weights: raw");
    driver.click("Load");
    driver.see("Close the second model");
    driver.see("Viewer of waves: Original, tokenizer_tiny EMA, tokenizer_tiny raw");
    driver.click("View: Side by side");
    driver.snapshot("two-models");
    driver.click("Close the second model");
    driver.see("Viewer of waves: Original, Reconstruction");
    driver.click("View: Split");

    driver.click("System");
    driver.see("Graphics adapter");
    driver.click("Measure the current picture");
    driver.idle();
    driver.snapshots("system");
    driver.click("Picture side in pixels: 64");
    driver.click("Run benchmark");
    driver.see("Copy the result");
    driver.resize(vec2(1920.0, 1080.0));
    driver.snapshot("benchmark");
}
