//! Runs of tokenizers: they learn, resume exactly where they stopped, and report what went wrong.

use burn::tensor::Device;
use ibq_core::{data_set::DataSet, job::Job};
use ibq_tests::folder::Folder;
use ibq_train::{
    data::{Pictures, Plan, Stream},
    precision::LossScale,
    tokenizer::{CODEBOOK, Checkpoint, Preset, Trainer, TrainerOptions, Training, evaluate},
};
use ibq_train_events::Evaluation;

/// A network as small as the family allows, on pictures of 16×16.
const SMALL: &str = r#"
[model]
ch = 64
ch_mult = [1, 1]
num_res_blocks = 1
attn_resolutions = []
resolution = 16
z_channels = 8
embed_dim = 8
n_embed = 64
[quantizer]
rule = "ibq"
[training]
side = 16
batch = 4
steps = 150
learning_rate = 2e-3
warm_up = 5
final_rate = 0.1
ema_decay = 0.9
continuous_steps = 10
latent_energy = 8.0
latent_energy_weight = 0.1
revive_every = 7
seed = 3
"#;

fn small() -> Preset {
    Preset::parse("small", SMALL).unwrap()
}

fn pictures() -> Pictures {
    Pictures::scenes(28, 16, 0, &[1, 2, 4], |_| {})
}

fn quality(trainer: &Trainer, pictures: &Pictures) -> Evaluation {
    let preset = trainer.preset();
    evaluate(trainer.average(), &preset.model, &preset.quantizer, pictures, &Device::flex()).0
}

#[test]
fn a_short_run_learns() {
    let pictures = pictures();
    let mut trainer = Trainer::new(small(), Device::flex());
    let before = quality(&trainer, &pictures);
    while trainer.fraction() < 1.0 {
        trainer.step(&pictures).unwrap();
    }
    let after = quality(&trainer, &pictures);
    assert!(after.psnr > before.psnr + 4.0, "PSNR {:.2} dB, before {:.2} dB", after.psnr, before.psnr);
    assert!(after.usage > 0.5, "usage {}", after.usage);
}

#[test]
fn codes_that_no_picture_needs_take_half_of_another_ones_cell() {
    let device = Device::flex();
    let pictures = pictures();
    let mut preset = small();
    preset.training.revive_every = 0;
    let mut trainer = Trainer::new(preset, device.clone());
    while trainer.fraction() < 1.0 {
        trainer.step(&pictures).unwrap();
    }
    trainer.configure(&TrainerOptions { only_decoder: true, ..Default::default() }).unwrap();
    // Half of the codebook is put where no latent looks for it.
    let mut checkpoint = trainer.checkpoint();
    for weights in [&mut checkpoint.weights, &mut checkpoint.ema.weights] {
        let mut codes = weights.values(CODEBOOK);
        codes[..32 * 8].fill(0.0);
        weights.insert(CODEBOOK, vec![64, 8], codes, &device);
    }
    let mut trainer = Trainer::resume(checkpoint, device.clone());
    let before = quality(&trainer, &pictures);
    let split = trainer.split_codes(&pictures).unwrap();
    assert!(split.rare >= 31 && split.moved >= 20, "{split:?}");
    let again = trainer.split_codes(&pictures).unwrap();
    assert!(again.rare <= split.rare - split.moved + 5, "{split:?} {again:?}");
    let after = quality(&trainer, &pictures);
    assert!(before.usage <= 0.5 + 1.0 / 64.0 && after.usage > 0.8, "{before:?} {after:?}");
    assert!(after.psnr > before.psnr + 0.1, "{before:?} {after:?}");
}

#[test]
fn a_resumed_run_has_the_losses_of_one_that_never_stopped() {
    let folder = Folder::new("resume");
    let path = folder.0.join("checkpoint.safetensors");
    let pictures = pictures();
    let losses = |trainer: &mut Trainer, steps: usize| -> Vec<f32> {
        (0..steps).map(|_| trainer.step(&pictures).unwrap().reconstruction).collect()
    };
    // Stops after twelve steps: the codebook has just been started, and is in use.
    let mut whole = Trainer::new(small(), Device::flex());
    losses(&mut whole, 12);
    whole.checkpoint().save(&path).unwrap();
    let expected = losses(&mut whole, 5);
    let mut resumed = Trainer::resume(Checkpoint::open(&path, &Device::flex()).unwrap(), Device::flex());
    assert_eq!(losses(&mut resumed, 5), expected);

    // The factor of mixed precision comes along.
    let mut scale = LossScale::default();
    scale.halve();
    let mixed = Checkpoint { loss_scale: Some(scale), ..whole.checkpoint() };
    mixed.save(&path).unwrap();
    assert_eq!(Checkpoint::open(&path, &Device::flex()).unwrap().loss_scale, Some(scale));
}

#[test]
fn a_run_on_files_resumes_with_the_same_losses_from_folders_and_from_shards() {
    let folder = Folder::new("resume-files");
    let path = folder.0.join("checkpoint.safetensors");
    let pictures = Pictures::scenes(12, 24, 0, &[1], |_| {});
    let mut shard = tar::Builder::new(std::fs::File::create(folder.0.join("shard.tar")).unwrap());
    for index in 0..pictures.len() {
        let class = folder.0.join(format!("pictures/{}", index % 3));
        std::fs::create_dir_all(&class).unwrap();
        let file = class.join(format!("{index:02}.png"));
        pictures.get(index).save(&file).unwrap();
        shard.append_path_with_name(&file, format!("{index}.png")).unwrap();
    }
    shard.finish().unwrap();
    for source in ["pictures", "shard.tar"] {
        let set = DataSet::open(&folder.0.join(source)).unwrap();
        let stream = |trainer: &Trainer, threads| {
            let Training { seed, batch, side, .. } = trainer.preset().training;
            let plan = Plan { seed, step: trainer.steps(), batch, side, threads };
            Stream::new(set.clone(), plan, &Job::new())
        };
        let losses = |trainer: &mut Trainer, stream: &Stream, steps: usize| -> Vec<f32> {
            (0..steps).map(|_| trainer.step(stream).unwrap().reconstruction).collect()
        };
        // Stops before the codebook is started, which needs pictures of its own.
        let mut whole = Trainer::new(small(), Device::flex());
        let begun = stream(&whole, 1);
        losses(&mut whole, &begun, 9);
        whole.checkpoint().save(&path).unwrap();
        let expected = losses(&mut whole, &begun, 5);
        let mut resumed = Trainer::resume(Checkpoint::open(&path, &Device::flex()).unwrap(), Device::flex());
        let again = stream(&resumed, 2);
        assert_eq!(losses(&mut resumed, &again, 5), expected, "{source}");
    }
}

#[test]
fn a_run_with_a_discriminator_learns_and_resumes_with_the_same_losses() {
    let folder = Folder::new("adversary");
    let path = folder.0.join("checkpoint.safetensors");
    let pictures = pictures();
    let mut preset = small();
    let adversarial = "weight = 0.1\nadaptive = true\nstart = 12\nfilters = 8\nlayers = 2";
    let text = SMALL.replace("[training]", &format!("[adversarial]\n{adversarial}\n[training]"));
    preset.adversarial = Preset::parse("adversarial", &text).unwrap().adversarial;
    let mut whole = Trainer::new(preset, Device::flex());
    let losses = |trainer: &mut Trainer, steps: usize| -> Vec<(f32, Option<[f32; 2]>)> {
        let of = |_| {
            let step = trainer.step(&pictures).unwrap();
            (step.reconstruction, step.adversarial.map(|a| [a.generator, a.discriminator]))
        };
        (0..steps).map(of).collect()
    };
    let first = losses(&mut whole, 16);
    assert!(first[..12].iter().all(|(_, game)| game.is_none()) && first[12].1.is_some());
    whole.checkpoint().save(&path).unwrap();
    let expected = losses(&mut whole, 5);
    let mut resumed = Trainer::resume(Checkpoint::open(&path, &Device::flex()).unwrap(), Device::flex());
    assert_eq!(losses(&mut resumed, 5), expected);
    let rest = losses(&mut whole, 60);
    let mean =
        |losses: &[(f32, Option<[f32; 2]>)]| losses.iter().map(|l| l.0).sum::<f32>() / losses.len() as f32;
    assert!(mean(&rest[50..]) < 0.95 * mean(&first[..5]), "{} {}", mean(&rest[50..]), mean(&first[..5]));
}

#[test]
fn a_loss_that_is_not_finite_is_explained_and_leaves_the_weights_alone() {
    let mut preset = small();
    preset.loss.l2 = f64::INFINITY;
    let mut trainer = Trainer::new(preset, Device::flex());
    let weights = |trainer: &Trainer| -> Vec<f32> {
        trainer.checkpoint().weights.get::<4>("encoder.conv_in.weight").to_data().iter().collect()
    };
    let before = weights(&trainer);
    let message = trainer.step(&pictures()).unwrap_err().to_string();
    assert!(message.contains("step 0: the loss is inf") && message.contains("learning rate"), "{message}");
    assert_eq!(weights(&trainer), before);
}

#[test]
fn a_batch_that_changed_while_the_rate_did_not_is_suspected_first() {
    let folder = Folder::new("batch");
    let path = folder.0.join("checkpoint.safetensors");
    let pictures = pictures();
    let mut trainer = Trainer::new(small(), Device::flex());
    let batch = |batch| TrainerOptions { batch: Some(batch), ..Default::default() };
    trainer.configure(&batch(4)).unwrap();
    trainer.step(&pictures).unwrap();
    assert_eq!(trainer.batch_change(), None);
    trainer.configure(&batch(2)).unwrap();
    // The change is known also after the training was stopped and went on.
    trainer.checkpoint().save(&path).unwrap();
    let resume = || Trainer::resume(Checkpoint::open(&path, &Device::flex()).unwrap(), Device::flex());
    let fail = |mut trainer: Trainer| {
        let mut checkpoint = trainer.checkpoint();
        checkpoint.preset.loss.l2 = f64::INFINITY;
        trainer = Trainer::resume(checkpoint, Device::flex());
        trainer.step(&pictures).unwrap_err().to_string()
    };
    let message = fail(resume());
    assert!(
        message.contains("from 4 to 2 images at step 1 while the learning rate stayed 2.0e-3"),
        "{message}"
    );
    assert!(message.contains("such as 1.0e-3"), "{message}");
    let mut slower = resume();
    let options = TrainerOptions { learning_rate: Some(1e-3), ..Default::default() };
    slower.configure(&options).unwrap();
    assert!(fail(slower).contains("Usual causes"));
}

#[test]
fn a_run_starts_from_the_weights_of_a_model() {
    let device = Device::flex();
    let trained = Trainer::new(
        Preset { training: Training { seed: 9, ..small().training }, ..small() },
        device.clone(),
    );
    let (weights, model) = (trained.average().clone(), trained.preset().model.clone());
    let begun = Trainer::from_model(small(), weights.clone(), model.clone(), device.clone()).unwrap();
    let name = "encoder.conv_in.weight";
    assert_eq!(begun.average().values(name), weights.values(name));
    assert_ne!(Trainer::new(small(), device.clone()).average().values(name), weights.values(name));
    let mut unfit = small();
    unfit.training.side = 15;
    let message = Trainer::from_model(unfit, weights, model, device).unwrap_err().to_string();
    assert!(message.contains("training.side"), "{message}");
}

#[test]
fn the_decoder_alone_learns_and_the_tokens_stay() {
    let device = Device::flex();
    let begun = Trainer::new(small(), device.clone());
    let mut preset = small();
    preset.training.only_decoder = true;
    preset.training.revive_every = 1;
    let (weights, model) = (begun.average().clone(), begun.preset().model.clone());
    let mut trainer = Trainer::from_model(preset, weights.clone(), model, device).unwrap();
    let losses: Vec<f32> = (0..40).map(|_| trainer.step(&pictures()).unwrap().reconstruction).collect();
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!(mean(&losses[30..]) < 0.95 * mean(&losses[..10]), "{losses:?}");
    for (name, _) in weights.iter() {
        let of_decoder = name.starts_with("decoder.") || name.starts_with("post_quant_conv.");
        let changed = trainer.checkpoint().weights.values(name) != weights.values(name);
        assert_eq!(changed, of_decoder, "{name}");
    }
}

#[test]
fn a_run_that_resumes_with_the_decoder_alone_keeps_the_tokens_of_its_averages() {
    let mut trainer = Trainer::new(small(), Device::flex());
    for _ in 0..5 {
        trainer.step(&pictures()).unwrap();
    }
    let model = trainer.average().clone();
    assert_ne!(
        model.values("encoder.conv_in.weight"),
        trainer.checkpoint().weights.values("encoder.conv_in.weight")
    );
    trainer.configure(&TrainerOptions { only_decoder: true, ..Default::default() }).unwrap();
    for _ in 0..5 {
        trainer.step(&pictures()).unwrap();
    }
    for (name, _) in model.iter() {
        let of_decoder = name.starts_with("decoder.") || name.starts_with("post_quant_conv.");
        assert_eq!(trainer.average().values(name) != model.values(name), of_decoder, "{name}");
    }
}

#[test]
fn a_checkpoint_that_is_truncated_or_something_else_is_refused_by_name() {
    let folder = Folder::new("broken");
    let path = folder.0.join("checkpoint.safetensors");
    Trainer::new(small(), Device::flex()).checkpoint().save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for broken in [&bytes[..bytes.len() - 1], &bytes[..9], b"", b"not a checkpoint at all, but text"] {
        std::fs::write(&path, broken).unwrap();
        let message = Checkpoint::open(&path, &Device::flex()).unwrap_err().to_string();
        assert!(message.contains("checkpoint.safetensors"), "{message}");
    }
}

#[test]
fn a_folder_gives_its_pictures_and_names_what_it_cannot_use() {
    let folder = Folder::new("folder");
    std::fs::create_dir_all(folder.0.join("class")).unwrap();
    let picture = pictures().get(0);
    picture.save(folder.0.join("class/good.png")).unwrap();
    image::RgbImage::new(9, 40).save(folder.0.join("thin.png")).unwrap();
    std::fs::write(folder.0.join("note.txt"), "no picture").unwrap();
    let (found, skipped) = Pictures::folder(&folder.0, 16).unwrap();
    assert_eq!((found.len(), found.get(0)), (1, picture));
    let names: Vec<_> = skipped.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["note.txt", "thin.png"]);
    assert!(skipped[1].reason.contains("9×40"), "{}", skipped[1].reason);
}

#[test]
fn a_file_of_pictures_comes_back_as_it_was() {
    let folder = Folder::new("file");
    let path = folder.0.join("scenes.pict");
    let pictures = pictures();
    pictures.save(&path).unwrap();
    assert_eq!(Pictures::open(&path).unwrap(), pictures);
    let bytes = std::fs::read(&path).unwrap();
    let one = pictures.side() * pictures.side() * 3;
    // The older version, without the number of pictures.
    std::fs::write(&path, [b"IBQPICT1", &bytes[8..16], &bytes[24..]].concat()).unwrap();
    assert_eq!(Pictures::open(&path).unwrap(), pictures);
    // Cut at the end of a picture.
    std::fs::write(&path, &bytes[..bytes.len() - one]).unwrap();
    assert!(Pictures::open(&path).unwrap_err().to_string().contains("not whole"));
    std::fs::write(&path, &bytes[..1000]).unwrap();
    assert!(Pictures::open(&path).unwrap_err().to_string().contains("cut short"));
}

#[test]
fn every_preset_that_comes_with_the_program_is_valid() {
    for (name, _) in Preset::BUILT_IN {
        Preset::open(name).unwrap();
    }
    let message = Preset::parse("mine", &SMALL.replace("batch", "bach")).unwrap_err().to_string();
    assert!(message.contains("mine") && message.contains("bach"), "{message}");
}
