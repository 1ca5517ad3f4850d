//! The Generate screen, driven by the names of its controls, with a small generator of random weights.

use crate::studio::{self, driver::Driver, generator};
use egui::{Key, vec2};
use egui_kittest::kittest::Queryable as _;
use ibq_core::{
    generator::{Recipe, RecipeModels},
    tokens::TokenGrid,
    transformer::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerPrecision},
};

/// A studio with the small tokenizer and the small generator.
fn with_generator() -> Driver {
    let mut driver = Driver::new();
    driver.click("Model: Open a model");
    driver.enter("File or model folder", &studio::checkpoint());
    driver.see("512 codes × 32");
    driver.click("Load");
    driver.see("Model: tokenizer_tiny");
    let folder = generator::write(driver.folder());
    driver.click("Model: tokenizer_tiny");
    driver.enter("File or model folder", &folder.display().to_string());
    driver.see("autoregressive transformer");
    driver.see("4 × 4 of 512 codes");
    driver.click("Precision: f32");
    driver.click("Load");
    driver.see("Generate lighthouse");
    driver
}

#[test]
fn pictures_are_made_looked_at_and_changed() {
    let mut driver = with_generator();
    driver.snapshots("generate-start");
    driver.click("Generate pictures");
    driver.see("Picture 4, whole");
    driver.idle();
    driver.see("Gallery: lighthouse, seed 1, picture 4");
    driver.snapshots("generate");

    // One picture, its tokens, and what else could have come.
    driver.click("Picture 1, whole");
    driver.see("Tokens of picture 1");
    let below = |driver: &Driver| driver.harness.get_by_label("Search for a class").rect().top();
    let middle = driver.harness.get_by_label("Tokens of picture 1").rect().center();
    driver.harness.hover_at(middle);
    driver.see("Candidate token");
    driver.idle();
    let place = below(&driver);
    driver.harness.hover_at(egui::pos2(-10.0, -10.0));
    driver.see("Point at a square of the picture");
    assert_eq!(below(&driver), place, "what is below the card moves when the pointer leaves");
    driver.harness.get_by_label("Tokens of picture 1").focus();
    driver.step();
    driver.key(Key::ArrowDown);
    driver.key(Key::ArrowDown);
    driver.key(Key::ArrowRight);
    driver.see("Row 1, column 1");
    driver.see("Candidate token");
    driver.idle();
    driver.click("Map of the entropy: where the model was unsure");
    driver.see("bits on average");
    driver.snapshots("generate-tokens");

    // Another token there: those before it stay, the others follow it.
    let candidate = driver.said("Candidate token");
    driver.click(&candidate);
    driver.idle();
    driver.see(&candidate.replace("Candidate", "Chosen"));

    driver.click("Tool: Hold");
    driver.see("0 of 16 tokens are held");
    driver.click("Invert");
    driver.see("16 of 16 tokens are held");
    driver.click("Clear");
    // A fast stroke along the first row leaves no gaps, and begins where the pointer was pressed.
    let picture = driver.harness.get_by_label("Tokens of picture 1").rect();
    let (from, to) = (picture.left_top() + vec2(5.0, 5.0), picture.right_top() + vec2(-5.0, 5.0));
    driver.harness.drag_at(from);
    driver.step();
    driver.harness.hover_at(to);
    driver.step();
    driver.harness.drop_at(to);
    driver.see("4 of 16 tokens are held");
    driver.click("Clear");
    driver.harness.get_by_label("Tokens of picture 1").click();
    driver.step();
    driver.step();
    driver.see("1 of 16 tokens are held");
    driver.click("Draw the others");
    driver.idle();
    driver.see("1 of 16 tokens are held");
    driver.snapshot("generate-held");

    driver.click("All pictures");
    driver.see("Picture 4, whole");

    // On to the Reconstruct screen and back.
    driver.click("Open the picture on the Reconstruct screen");
    driver.see("Viewer of lighthouse: Original, Reconstruction");
    driver.idle();
    driver.harness.get_by_role_and_label(egui::accesskit::Role::Tab, "Generate").click_accesskit();
    driver.step();
    driver.see("Picture 4, whole");
}

#[test]
fn a_run_is_stopped_and_resumed_with_the_generator_that_ships() {
    let mut driver = Driver::with_bundled_model();
    driver.see("Model: scenes-f4");
    driver.harness.get_by_role_and_label(egui::accesskit::Role::Tab, "Generate").click_accesskit();
    driver.enter("Search for a class", "sunset");
    driver.click("Generate pictures");
    driver.click("Stop");
    driver.idle();
    driver.see("Resume");
    driver.click("Resume");
    driver.see("Picture 4, whole");
    driver.idle();
    driver.see_start("Gallery: sunset");
}

#[test]
fn classes_are_found_mixed_and_remembered_and_settings_spread() {
    let mut driver = with_generator();
    driver.enter("Search for a class", "fortress");
    driver.see("Generate castle");
    driver.click("Make it a favorite");
    driver.see("Favorite: castle");
    driver.click("Mix with a second class");
    driver.see("Generate castle with 50 % strawberry");
    driver.snapshot("generate-mix");
    driver.click("Make: Sheet");
    driver.click("Generate pictures");
    driver.see("Picture 16: CFG 8 · T 1.2, whole");
    driver.idle();
    driver.snapshots("generate-sheet");
    driver.click("Down the sheet");
    driver.click("Mixed share");
    driver.click("Across the sheet");
    driver.click("Seed");
    driver.click("Generate pictures");
    driver.see("Picture 8: 33 % · seed 4, whole");
    driver.idle();
    driver.key(Key::Escape);
    driver.snapshot("generate-mix-sheet");
    driver.click("Preset: As in the paper");
    driver.see("What the official models were measured with");
    driver.click("Do not mix");
    driver.click("Make: Pictures");
    driver.click("Generate pictures");
    driver.see("Picture 4, whole");
    driver.idle();

    // A picture of the gallery comes back with its settings.
    driver.click_start("Gallery: castle with 50 % strawberry");
    driver.see("mixed with strawberry");
    driver.see("Tokens of picture 1");
    driver.idle();
}

#[test]
fn a_picture_that_was_made_here_is_restored_when_dropped() {
    let mut driver = with_generator();
    let config = TransformerConfig {
        vocab_size: 512,
        block_size: 16,
        n_layer: 2,
        n_head: 2,
        n_embd: 24,
        class_num: 3,
        ffn_dim: 64,
    };
    let models = |config| RecipeModels {
        model: "random-ar",
        path: "",
        sha256: None,
        config,
        precision: TransformerPrecision::F32,
        tokenizer: None,
    };
    let request = PictureRequest {
        condition: Condition::Class(2),
        sampling: Sampling { cfg_scale: 3.0, ..Sampling::default() },
        seed: 77,
        number: 0,
        fixed: Vec::new(),
    };
    let grid = TokenGrid { rows: 4, cols: 4, tokens: (0..16).map(|token| token * 7).collect() };
    let png = |config| {
        let recipe = Recipe::new(&models(config), &request, &grid, Vec::new());
        recipe.png(&image::RgbImage::new(8, 8)).unwrap()
    };
    let made = driver.file("made.png", &png(&config));
    driver.drop(&made);
    driver.see("Gallery: strawberry, seed 77, picture 1");
    driver.see("Tokens of picture 1");

    let other = TransformerConfig { class_num: 9, ..config };
    let made = driver.file("other.png", &png(&other));
    driver.drop(&made);
    driver.see("The picture was not restored");
}
