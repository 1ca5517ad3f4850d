//! Presets from YAML files of the official code.

use ibq_core::tokenizer::{Rule, TokenizerConfig, official_rule};

use super::config::Preset;
use crate::{
    official_fields::{OfficialFields, steps_per_epoch},
    preset_file::PresetError,
    tokenizer::{
        adversary::AdversarialConfig,
        loss::DiscriminatorLoss,
        quantizer::{BetaOn, QuantizerConfig, Vq},
    },
};

/// Reads what an official YAML file says about model, quantizer, losses and training; its class tells the quantizer. What it
/// leaves out is as in the preset of the published tokenizers (for a VQGAN, as in taming-transformers), but for drops of
/// the rate, of which there are then none; its epochs are those of ImageNet. `name` is for messages.
///
/// # Errors
/// [`PresetError`] names the field at fault, or the class, if it is that of another kind of model.
pub fn preset_from_yaml(name: &str, yaml: &str) -> Result<Preset, PresetError> {
    let fields = OfficialFields::new(name, yaml)?;
    let mut preset = Preset::built_in("ibq-16384")?;
    let rule = official_rule(fields.yaml()).map_err(|error| fields.wrong(error.to_string()))?;
    if rule == Some(Rule::Vq) {
        use_taming_defaults(&mut preset);
    }
    preset.model = TokenizerConfig {
        ch: fields.whole("ddconfig.ch")?,
        ch_mult: fields.wholes("ddconfig.ch_mult")?,
        num_res_blocks: fields.whole("ddconfig.num_res_blocks")?,
        attn_resolutions: fields.wholes("ddconfig.attn_resolutions")?,
        resolution: fields.whole("ddconfig.resolution")?,
        z_channels: fields.whole("ddconfig.z_channels")?,
        in_channels: fields.whole("ddconfig.in_channels")?,
        out_ch: fields.whole("ddconfig.out_ch")?,
        embed_dim: fields.whole("embed_dim")?,
        n_embed: fields.whole("n_embed")?,
        rule: preset.quantizer.engine_rule(),
    };
    preset.training.side = preset.model.resolution as usize;
    if let QuantizerConfig::Ibq(ibq) = &mut preset.quantizer {
        if let Some(beta) = fields.number("beta")? {
            ibq.beta = beta as f32;
        }
        if let Some(temperature) = fields.number("entropy_temperature")? {
            ibq.entropy_temperature = temperature as f32;
        }
    }
    let losses = &mut preset.quantizer_loss;
    for (field, weight) in [
        ("codebook_weight", &mut losses.quantization),
        ("entropy_loss_weight", &mut losses.entropy),
        ("sample_minimization_weight", &mut losses.sample),
        ("batch_maximization_weight", &mut losses.mean),
    ] {
        if let Some(value) = fields.number(field)? {
            *weight = value as f32;
        }
    }
    if fields.text("use_entropy_loss").is_some_and(|flag| flag.eq_ignore_ascii_case("false")) {
        losses.entropy = 0.0;
    }
    let training = &mut preset.training;
    if let Some(rate) = fields.number("learning_rate")? {
        training.learning_rate = rate;
    }
    training.batch = fields.batch()?.unwrap_or(training.batch);
    // taming-transformers gives the rate of one image and the images of one device.
    if let Some(each) = fields.number("data.params.batch_size")? {
        training.batch = each as usize;
        if let Some(rate) = fields.number("base_learning_rate")? {
            training.learning_rate = rate * each;
        }
    }
    let per_epoch = steps_per_epoch(training.batch);
    // -1 stands for no limit.
    if let Some(epochs) = fields.number("max_epochs")?.filter(|epochs| *epochs > 0.0) {
        training.steps = (epochs * per_epoch) as u64;
    } else if let Some(steps) = fields.number("max_steps")?.filter(|steps| *steps > 0.0) {
        training.steps = steps as u64;
    }
    let drops = if fields.find("lr_drop_epoch").is_some() { fields.wholes("lr_drop_epoch")? } else { vec![] };
    training.drops = drops.into_iter().map(|epoch| (f64::from(epoch) * per_epoch) as u64).collect();
    if let Some(weight) = fields.number("perceptual_weight")? {
        preset.loss.lpips = weight;
    }
    let adversarial = preset.adversarial.get_or_insert_with(AdversarialConfig::default);
    // The official code takes the adaptive weight where it is given no fixed one.
    match (fields.number("gen_loss_weight")?, fields.number("disc_weight")?) {
        (Some(weight), _) => (adversarial.weight, adversarial.adaptive) = (weight, false),
        (None, Some(weight)) => (adversarial.weight, adversarial.adaptive) = (weight, true),
        (None, None) => {}
    }
    if let Some(weight) = fields.number("lecam_loss_weight")? {
        adversarial.lecam = weight;
    }
    for (field, value) in
        [("disc_ndf", &mut adversarial.filters), ("disc_num_layers", &mut adversarial.layers)]
    {
        if let Some(number) = fields.number(field)? {
            *value = number as usize;
        }
    }
    if let Some(start) = fields.number("disc_start")? {
        adversarial.start = start as u64;
    }
    adversarial.loss = match fields.text("disc_loss").as_deref() {
        None => adversarial.loss,
        Some("hinge") => DiscriminatorLoss::Hinge,
        Some("vanilla") => DiscriminatorLoss::Vanilla,
        Some("non_saturate") => DiscriminatorLoss::NonSaturating,
        Some(other) => {
            return Err(fields.wrong(format!("`disc_loss: {other}` is none of hinge, vanilla, non_saturate")));
        }
    };
    preset.check(name)?;
    Ok(preset)
}

/// Changes the preset of the published IBQ tokenizers to what taming-transformers trains a VQGAN with.
fn use_taming_defaults(preset: &mut Preset) {
    preset.quantizer = QuantizerConfig::Vq(Vq { beta: 0.25, beta_on: BetaOn::Codes });
    preset.quantizer_loss.entropy = 0.0;
    let adversarial = preset.adversarial.get_or_insert_with(AdversarialConfig::default);
    (adversarial.weight, adversarial.adaptive, adversarial.lecam) = (1.0, true, 0.0);
    adversarial.loss = DiscriminatorLoss::Hinge;
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
model:
  class_path: src.IBQ.models.ibqgan.IBQ
  init_args:
    ddconfig:
      double_z: False
      z_channels: 32
      resolution: 64
      in_channels: 3
      out_ch: 3
      ch: 32
      ch_mult: [1, 2] # two levels
      num_res_blocks: 2
      attn_resolutions: [16]
    lossconfig:
      params:
        disc_start: 40
        gen_loss_weight: 0.2
        lecam_loss_weight: 0.03
    n_embed: 512
    embed_dim: 16
    learning_rate: 2e-4
    beta: 0.5
    entropy_temperature: 0.02
";

    #[test]
    fn an_official_file_gives_its_model_and_its_numbers() {
        let preset = preset_from_yaml("mine.yaml", YAML).unwrap();
        assert_eq!((preset.model.ch, preset.model.n_embed, preset.model.embed_dim), (32, 512, 16));
        assert_eq!((preset.model.ch_mult.as_slice(), preset.training.side), (&[1, 2][..], 64));
        assert_eq!(preset.training.learning_rate, 2e-4);
        let adversarial = preset.adversarial.unwrap();
        assert_eq!((adversarial.start, adversarial.weight, adversarial.lecam), (40, 0.2, 0.03));
        let QuantizerConfig::Ibq(ibq) = preset.quantizer else { panic!("not IBQ") };
        assert_eq!((ibq.beta, ibq.entropy_temperature), (0.5, 0.02));
    }

    #[test]
    fn a_vqgan_of_taming_transformers_is_trained_as_there() {
        let yaml = "
model:
  base_learning_rate: 4.5e-6
  target: taming.models.vqgan.VQModel
  params:
    embed_dim: 16
    n_embed: 512
    ddconfig:
      double_z: False
      z_channels: 16
      resolution: 64
      in_channels: 3
      out_ch: 3
      ch: 32
      ch_mult: [1, 2]
      num_res_blocks: 2
      attn_resolutions: [16]
    lossconfig:
      target: taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator
      params:
        disc_start: 250001
        disc_weight: 0.8
data:
  params:
    batch_size: 12
";
        let preset = preset_from_yaml("mine.yaml", yaml).unwrap();
        assert_eq!(preset.model.rule, Rule::Vq);
        assert_eq!(preset.quantizer, QuantizerConfig::Vq(Vq { beta: 0.25, beta_on: BetaOn::Codes }));
        assert_eq!((preset.training.batch, preset.training.learning_rate), (12, 4.5e-6 * 12.0));
        let adversarial = preset.adversarial.unwrap();
        assert_eq!((adversarial.start, adversarial.weight, adversarial.adaptive), (250_001, 0.8, true));
        assert_eq!((adversarial.lecam, adversarial.loss), (0.0, DiscriminatorLoss::Hinge));
    }

    #[test]
    fn files_of_another_class_of_model_are_refused_with_its_name() {
        for class in ["taming.models.vqgan.GumbelVQ", "src.Open_MAGVIT2.models.lfqgan.VQModel", "mine.Own"] {
            let yaml = YAML.replace("src.IBQ.models.ibqgan.IBQ", class);
            let message = preset_from_yaml("mine.yaml", &yaml).unwrap_err().to_string();
            assert!(message.contains("mine.yaml") && message.contains(class), "{message}");
            assert!(message.contains("src.IBQ.models.ibqgan.IBQ"), "{message}");
        }
        // Without a class it can be of any family.
        let bare = YAML.replace("  class_path: src.IBQ.models.ibqgan.IBQ\n", "");
        assert_eq!(preset_from_yaml("mine.yaml", &bare).unwrap().model.rule, Rule::Ibq);
    }

    #[test]
    fn batch_epochs_and_drops_of_an_official_file_become_steps() {
        let trainer = "
trainer:
  devices: 8
  num_nodes: 8
  max_epochs: 280
data:
  init_args:
    batch_size: 4
";
        let yaml = YAML.replace("    beta:", "    lr_drop_epoch: [250]\n    beta:") + trainer;
        let training = preset_from_yaml("mine.yaml", &yaml).unwrap().training;
        let published = Preset::built_in("ibq-8192").unwrap().training;
        assert_eq!((training.batch, training.steps, training.drops), (256, published.steps, published.drops));
        let yaml = yaml
            .replace("max_epochs: 280", "max_epochs: -1\n  max_steps: 1500000")
            .replace("devices: 8", "devices: -1");
        let training =
            preset_from_yaml("mine.yaml", &yaml.replace("lr_drop_epoch", "lr_drop_iter")).unwrap().training;
        assert_eq!((training.batch, training.steps, training.drops), (256, 1_500_000, vec![]));
    }

    #[test]
    fn losses_of_an_official_file_are_taken_over() {
        let yaml = YAML.replace("gen_loss_weight: 0.2", "disc_weight: 0.8").replace(
            "        disc_start: 40",
            "        disc_start: 40\n        disc_ndf: 32\n        disc_num_layers: 2\n        disc_loss: vanilla\n        \
             perceptual_weight: 0.7\n        codebook_weight: 0.9",
        );
        let preset = preset_from_yaml(
            "mine.yaml",
            &yaml.replace("    beta:", "    use_entropy_loss: False\n    beta:"),
        )
        .unwrap();
        let adversarial = preset.adversarial.unwrap();
        assert_eq!((adversarial.weight, adversarial.adaptive), (0.8, true));
        assert_eq!((adversarial.filters, adversarial.layers), (32, 2));
        assert_eq!(adversarial.loss, DiscriminatorLoss::Vanilla);
        assert_eq!((preset.loss.lpips, preset.quantizer_loss.quantization), (0.7, 0.9));
        assert_eq!(preset.quantizer_loss.entropy, 0.0);
        let message =
            preset_from_yaml("mine.yaml", &yaml.replace("vanilla", "wgan")).unwrap_err().to_string();
        assert!(message.contains("disc_loss: wgan"), "{message}");
    }

    #[test]
    fn a_field_that_is_missing_or_no_number_is_named() {
        let message =
            preset_from_yaml("mine.yaml", &YAML.replace("n_embed", "codes")).unwrap_err().to_string();
        assert!(message.contains("mine.yaml") && message.contains("`n_embed` is missing"), "{message}");
        let message = preset_from_yaml("mine.yaml", &YAML.replace("2e-4", "fast")).unwrap_err().to_string();
        assert!(message.contains("learning_rate: fast"), "{message}");
    }
}
