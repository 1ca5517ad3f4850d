//! What a run makes is what the engine runs: the same tokens and pictures, up to rounding.

use burn::tensor::Device;
use ibq_core::{
    files::Model,
    gpu::{Gpu, GpuOptions, Precision},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
};
use ibq_train::{
    data::Pictures,
    random::Random,
    tokenizer::{
        export, import, initial_weights,
        quantizer::{Ibq, QuantizerConfig},
        reconstruct,
    },
};

#[test]
fn an_exported_model_has_the_same_tokens_in_the_engine() {
    let device = Device::flex();
    let config = ibq_core::tokenizer::TokenizerConfig {
        ch: 32,
        ch_mult: vec![1, 2, 1],
        num_res_blocks: 1,
        attn_resolutions: vec![16],
        resolution: 32,
        z_channels: 24,
        embed_dim: 16,
        n_embed: 128,
        in_channels: 3,
        out_ch: 3,
    };
    let weights = initial_weights(&config, &mut Random::new(5), &device);
    let folder = std::env::temp_dir().join(format!("ibq-train-engine-{}", std::process::id()));
    export(&weights, &config, Precision::F32, "a test", &folder).unwrap();

    let (read, config_read) = import(&folder, &device).unwrap();
    assert_eq!(config_read, config);
    assert!(weights.iter().all(|(name, _)| read.values(name) == weights.values(name)));

    let pictures = Pictures::held_out_scenes(1, 32, 0);
    let (ours, our_codes) =
        reconstruct(&read, &config, &QuantizerConfig::Ibq(Ibq::default()), &pictures, &device);

    let (grids, decoded) = pollster::block_on(async {
        let gpu = Gpu::open(&GpuOptions::default()).await.unwrap();
        let model = Model::open_path(&folder).await.unwrap().tokenizer(None).unwrap();
        let tokenizer = Tokenizer::load(&gpu, &model, Precision::F32, &Job::new()).await.unwrap();
        let all: Vec<_> = (0..pictures.len()).map(|index| pictures.get(index)).collect();
        let (options, job) = (RunOptions::default(), Job::new());
        let encoding = tokenizer.encode(&all, &options, &job).await.unwrap();
        let decoding = tokenizer.decode(&encoding.grids, &options, &job).await.unwrap();
        (encoding.grids, decoding.pictures)
    });
    std::fs::remove_dir_all(&folder).unwrap();

    let theirs: Vec<u32> = grids.iter().flat_map(|grid| grid.tokens.clone()).collect();
    let different = theirs.iter().zip(&our_codes).filter(|(a, b)| a != b).count();
    assert_eq!(theirs.len(), our_codes.len());
    // Where two codes are equally good up to rounding, either may win.
    assert!(different * 1000 <= theirs.len(), "{different} of {} tokens differ", theirs.len());
    if different == 0 {
        for (ours, theirs) in ours.iter().zip(&decoded) {
            let most = ours.as_raw().iter().zip(theirs.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(most <= Some(1), "pixels differ by {most:?}");
        }
    }
}
