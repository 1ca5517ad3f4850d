//! The transformer's logits.

use burn::tensor::Device;
use ibq_tests::vectors::Golden;
use ibq_train::transformer::{
    import,
    network::{Sequences, logits},
};

use crate::{ToTensor, assert_close};

#[test]
fn golden_logits_of_given_tokens() {
    let golden = Golden::open();
    // A folder of vectors may be without this one.
    let Some(checkpoint) = golden.text("/transformer/checkpoint") else { return };
    let path = |name: &str| golden.path(golden.text(&format!("/transformer/{name}")).unwrap());
    let yaml = std::fs::read_to_string(path("config")).unwrap();
    let (weights, config) = import(&golden.path(checkpoint), Some(&yaml), &Device::flex()).unwrap();
    let file = golden.tensors(golden.text("/transformer/teacher_forced").unwrap());
    let words = |name: &str| file.i32s(name).into_iter().map(|v| v as u16).collect::<Vec<u16>>();
    let (tokens, classes) = (words("tokens"), words("classes"));
    let ours = logits(&weights, &config, Sequences { classes: &classes, tokens: &tokens });
    let truth = file.tensor::<3>("logits").flatten(0, 1);
    assert_close(ours, truth, 1e-4, "logits");
}
