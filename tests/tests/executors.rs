//! The bundled generator on both executors: the same tokens from the processor and from the kernels.

use std::path::PathBuf;

use ibq_core::{
    device::{Device, Processor},
    files::Model,
    gpu::Tier,
    job::Job,
    tokens::TokenGrid,
    transformer::{
        Condition, PictureRequest, Sampling, Transformer, TransformerPrecision, TransformerWeights,
    },
};
use ibq_tests::device::software_gpu;

/// The bundled generator's transformer.
async fn load(device: Device) -> Transformer {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../assets/models/scenes-ar");
    let model = Model::open_path(&path).await.expect("the bundled generator opens");
    let weights = TransformerWeights::new(&model, None).expect("a transformer");
    Transformer::load(device, &weights, TransformerPrecision::F32, &Job::new()).await.expect("it loads")
}

/// The share of the last `free` tokens that both executors make alike, given those before, for a picture of each of these classes. What
/// comes after the first difference is another picture and does not count.
fn equal_share(sampling: Sampling, classes: std::ops::Range<u32>, free: usize) -> f64 {
    let request = |class: u32| PictureRequest {
        condition: Condition::Class(class),
        sampling,
        seed: 7,
        number: class,
        fixed: Vec::new(),
    };
    let requests: Vec<PictureRequest> = classes.map(request).collect();
    pollster::block_on(async {
        let (processor, job) = (load(Processor::open(0).into()).await, Job::new());
        let ours = processor.generate(&requests, &job, |_| {}).await.expect("pictures");
        let given = ours[0].tokens.len() - free;
        let begun = |(request, grid): (&PictureRequest, &TokenGrid)| PictureRequest {
            fixed: grid.tokens[..given].iter().copied().map(Some).collect(),
            ..request.clone()
        };
        let begun: Vec<PictureRequest> = requests.iter().zip(&ours).map(begun).collect();
        let adapter = load(software_gpu(Tier::Fast).into()).await;
        let theirs = adapter.generate(&begun, &job, |_| {}).await.expect("pictures");
        let alike = |(ours, theirs): (&TokenGrid, &TokenGrid)| {
            let pairs = ours.tokens[given..].iter().zip(&theirs.tokens[given..]);
            pairs.take_while(|(ours, theirs)| ours == theirs).count()
        };
        let equal: usize = ours.iter().zip(&theirs).map(alike).sum();
        equal as f64 / (free * requests.len()) as f64
    })
}

#[test]
fn greedy_tokens_are_equal() {
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let share = equal_share(greedy, 0..3, 8);
    assert!(share == 1.0, "only {share} of the greedy tokens are equal");
}

#[test]
fn sampled_tokens_are_nearly_all_equal() {
    let share = equal_share(Sampling::pretty(), 0..1, 32);
    println!("{:.1} % of the sampled tokens are equal", 100.0 * share);
    assert!(share > 0.5, "only {share} of the sampled tokens are equal");
}

/// Whole pictures; on a software adapter this takes minutes.
#[test]
#[ignore = "takes minutes: cargo xtask acceptance executors"]
fn greedy_pictures_of_all_classes_are_equal() {
    let greedy = Sampling { temperature: 0.0, ..Sampling::default() };
    let share = equal_share(greedy, 0..41, 256);
    println!("greedy tokens of 41 classes: {:.1} % are equal", 100.0 * share);
    assert!(share == 1.0, "only {share} of the greedy tokens are equal");
}
