//! `ibq-train classifier` and `ibq-train judge`: how well generated pictures show their class.

use std::{io::Write, path::PathBuf};

use burn::tensor::Device;
use ibq_core::files::{Model, write_whole};
use ibq_core::{
    job::Job,
    picture::encode_png,
    transformer::{Sampling, Schedule},
};
use ibq_scenes::Class;
use ibq_train::{
    data::{Pictures, image_grid},
    device::DeviceChoice,
    evaluation::{Classifier, FEATURES, frechet_distance},
    random::Random,
    tokenizer::{quantizer::QuantizerConfig, reconstruct},
    transformer::{self, Generator, decode_tokens, sample},
};

use super::{Outcome, import_tokenizer, output::say, pictures::draw_scenes};

/// Pictures that are made at the same time.
const BATCH: usize = 64;

#[derive(Debug, clap::Args)]
pub(super) struct ClassifierArguments {
    /// File to write.
    #[arg(long)]
    out: PathBuf,
    /// Scenes of each class to train on.
    #[arg(long, default_value_t = 200)]
    scenes: usize,
    /// Passes over them.
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// Side of the pictures in pixels.
    #[arg(long, default_value_t = 64)]
    side: usize,
    /// First seed of the scenes.
    #[arg(long, default_value_t = 700_000)]
    seed: u64,
    /// Where to train: auto (a GPU if the program was built for one and there is one), cpu, gpu.
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The model folder of a transformer of scenes, with its tokenizer inside.
    model: PathBuf,
    /// The judge, made by `ibq-train classifier`.
    #[arg(long)]
    classifier: PathBuf,
    /// Pictures of each class.
    #[arg(long, default_value_t = 8)]
    count: u32,
    /// Strength of guidance.
    #[arg(long, default_value_t = 2.5)]
    cfg: f32,
    /// Guidance over the tokens: constant, linear, cosine, power2.
    #[arg(long, default_value = "constant")]
    schedule: Schedule,
    /// What logits are divided by.
    #[arg(long, default_value_t = 1.0)]
    temperature: f32,
    /// Draw from the K most probable tokens; 0: all.
    #[arg(long, default_value_t = 0)]
    top_k: u32,
    /// Draw from the most probable tokens that together have this probability.
    #[arg(long, default_value_t = 1.0)]
    top_p: f32,
    /// Make the pictures with the engine, on the GPU.
    #[arg(long)]
    engine: bool,
    /// Seed of the pictures.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Picture file for all generated pictures, a row per class.
    #[arg(long)]
    sheet: Option<PathBuf>,
}

pub(super) fn train(arguments: &ClassifierArguments) -> Outcome {
    let (device, name) = arguments.device.open()?;
    say!("training on {name}");
    let classes = Class::ALL.len();
    let pictures = draw_scenes(classes * arguments.scenes, arguments.side, arguments.seed, &[1]);
    let of_picture: Vec<usize> = (0..pictures.len()).map(|index| index % classes).collect();
    let names = Class::ALL.iter().map(|class| class.name().to_owned()).collect();
    let mut random = Random::new(arguments.seed);
    let mut classifier = Classifier::new(names, &mut random, device);
    let mut next = 0.0;
    classifier.train(&pictures, &of_picture, arguments.epochs, &mut random, |fraction, loss| {
        if fraction >= next {
            say!("{:3.0} % · loss {loss:.4}", 100.0 * fraction);
            next += 0.05;
        }
    });
    classifier.save(&arguments.out)?;
    let each = 24;
    let held_out = Pictures::held_out_scenes(each, arguments.side, 0);
    let accuracy = classifier.classify(&held_out).accuracy(&targets(each));
    say!("{:.2} % right on {} held-out scenes", 100.0 * accuracy, held_out.len());
    Ok(())
}

/// Classes of pictures that come class after class.
fn targets(each: usize) -> Vec<usize> {
    (0..Class::ALL.len()).flat_map(|class| std::iter::repeat_n(class, each)).collect()
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let device = Device::flex();
    let classifier = Classifier::open(&arguments.classifier, device.clone())?;
    let job = Job::new();
    let opened = pollster::block_on(Model::open_path(&arguments.model))?;
    let class_names = opened.folder().map(|folder| folder.class_names.clone()).unwrap_or_default();
    if class_names != classifier.class_names {
        return Err(format!(
            "{}: its classes are not those that the classifier knows",
            arguments.model.display()
        )
        .into());
    }
    let sampling = Sampling {
        cfg_scale: arguments.cfg,
        schedule: arguments.schedule,
        temperature: arguments.temperature,
        top_k: arguments.top_k,
        top_p: arguments.top_p,
    };
    let each = arguments.count as usize;
    let (weights, config) = import_tokenizer(&arguments.model, &device)?;
    let made = if arguments.engine {
        let classes: Vec<u32> = (0..class_names.len() as u32).collect();
        let generator = Generator::open(&arguments.model, &job)?;
        generator.pictures(&classes, arguments.count, sampling, arguments.seed, &job)?
    } else {
        sampling.validate()?;
        let (network, model) = transformer::import(&arguments.model, None, &device)?;
        let mut random = Random::new(arguments.seed);
        let all: Vec<u16> = targets(each).into_iter().map(|class| class as u16).collect();
        let mut made = Vec::new();
        for classes in all.chunks(BATCH) {
            let tokens = sample(&network, &model, classes, sampling, &mut random, |_| {});
            made.extend(decode_tokens(&weights, &config, &tokens));
        }
        made
    };
    let Some(made) = Pictures::of(&made) else { return Err("no pictures were asked for".into()) };
    if let Some(path) = &arguments.sheet {
        let all: Vec<_> = (0..made.len()).map(|index| made.get(index)).collect();
        let png = encode_png(&image_grid(&all, each))?;
        write_whole(path, |file| file.write_all(&png))?;
    }

    let real = Pictures::held_out_scenes(each, made.side(), 1_000);
    let others = Pictures::held_out_scenes(each, made.side(), 2_000);
    let (rebuilt, _) = reconstruct(&weights, &config, &QuantizerConfig::of(config.rule), &others, &device);
    let rebuilt = Pictures::of(&rebuilt).ok_or("no pictures were rebuilt")?;

    let seen_real = classifier.classify(&real);
    say!(
        "{each} pictures of each of {} classes · classifier's accuracy on the target class · Fréchet distance",
        class_names.len()
    );
    for (what, pictures) in [
        ("generated", &made),
        ("held-out scenes through the tokenizer", &rebuilt),
        ("held-out scenes", &others),
    ] {
        let seen = classifier.classify(pictures);
        let distance = frechet_distance(&seen.features, &seen_real.features, FEATURES);
        say!("{what:38} {:6.2} % {distance:10.3}", 100.0 * seen.accuracy(&targets(each)));
    }
    let seen = classifier.classify(&made);
    let names = &classifier.class_names;
    for (class, rows) in seen.classes.chunks_exact(each).enumerate() {
        let right = rows.iter().filter(|&&seen| seen == class).count();
        if right * 2 < each {
            let mistaken: Vec<&str> =
                rows.iter().filter(|&&seen| seen != class).map(|&seen| names[seen].as_str()).collect();
            say!("  {}: {right} of {each}; taken for {}", names[class], mistaken.join(", "));
        }
    }
    Ok(())
}
