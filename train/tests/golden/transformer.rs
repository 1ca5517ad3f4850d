//! The transformer's logits.

use burn::tensor::Device;
use ibq_train::ar::{
    import_transformer,
    network::{Sequences, logits},
};
use serde_json::Value;

use crate::{Golden, assert_close};

#[test]
fn golden_logits_of_given_tokens() {
    let golden = Golden::open();
    let names = golden.json(&Value::from("manifest.json"))["transformer"].clone();
    if names.is_null() {
        // The checkpoint is too large for the repository; `IBQ_GOLDEN` may name a folder that has it.
        return;
    }
    let yaml = std::fs::read_to_string(golden.path(&names["config"])).unwrap();
    let (weights, config) =
        import_transformer(&golden.path(&names["checkpoint"]), Some(&yaml), &Device::flex()).unwrap();
    let file = golden.file(&names["teacher_forced"]);
    let words = |name: &str| file.integers(name).into_iter().map(|v| v as u16).collect::<Vec<u16>>();
    let (tokens, classes) = (words("tokens"), words("classes"));
    let ours = logits(&weights, &config, Sequences { classes: &classes, tokens: &tokens });
    let truth = file.tensor::<3>("logits").flatten(0, 1);
    assert_close(ours, truth, 1e-4, "logits");
}
