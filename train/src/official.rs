//! Presets from the YAML files of the official code.

use ibq_core::{
    tokenizer::TokenizerConfig,
    weights::{WeightsError, official_entries},
};

use crate::{
    adversary::Adversarial,
    preset::{Preset, PresetError},
};

/// Reads what an official YAML file says about model, quantizer, losses and training. What it leaves out is as in the
/// preset of the published tokenizers; `name` is for messages.
///
/// # Errors
/// [`PresetError`] names the field at fault.
pub fn from_yaml(name: &str, yaml: &str) -> Result<Preset, PresetError> {
    let wrong = |reason: String| PresetError::Toml { name: name.to_owned(), reason };
    let entries = official_entries(yaml).map_err(|error: WeightsError| wrong(error.to_string()))?;
    let find = |field: &str| {
        let ends =
            |path: &str| path.strip_suffix(field).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        entries.iter().find(|(path, _)| ends(path)).map(|(_, values)| values)
    };
    let number = |field: &str| -> Result<Option<f64>, PresetError> {
        let Some(values) = find(field) else { return Ok(None) };
        let text = values.join(", ");
        text.parse().map(Some).map_err(|_| wrong(format!("`{field}: {text}` is no number")))
    };
    let wholes = |field: &str| -> Result<Option<Vec<u32>>, PresetError> {
        let Some(values) = find(field) else { return Ok(None) };
        let parsed = values.iter().map(|value| value.parse()).collect::<Result<Vec<u32>, _>>();
        parsed.map(Some).map_err(|_| wrong(format!("`{field}: {}` needs whole numbers", values.join(", "))))
    };
    let needed = |field: &str| wholes(field)?.ok_or_else(|| wrong(format!("`{field}` is missing")));
    let whole = |field: &str| match needed(field)?.as_slice() {
        [one] => Ok(*one),
        _ => Err(wrong(format!("`{field}` needs one whole number"))),
    };

    let mut preset = Preset::open("ibq-16384")?;
    preset.model = TokenizerConfig {
        ch: whole("ddconfig.ch")?,
        ch_mult: needed("ddconfig.ch_mult")?,
        num_res_blocks: whole("ddconfig.num_res_blocks")?,
        attn_resolutions: needed("ddconfig.attn_resolutions")?,
        resolution: whole("ddconfig.resolution")?,
        z_channels: whole("ddconfig.z_channels")?,
        in_channels: whole("ddconfig.in_channels")?,
        out_ch: whole("ddconfig.out_ch")?,
        embed_dim: whole("embed_dim")?,
        n_embed: whole("n_embed")?,
    };
    preset.training.side = preset.model.resolution as usize;
    if let crate::quantizer::QuantizerConfig::Ibq(ibq) = &mut preset.quantizer {
        if let Some(beta) = number("beta")? {
            ibq.beta = beta as f32;
        }
        if let Some(temperature) = number("entropy_temperature")? {
            ibq.entropy_temperature = temperature as f32;
        }
    }
    let losses = &mut preset.quantizer_loss;
    for (field, weight) in [
        ("entropy_loss_weight", &mut losses.entropy),
        ("sample_minimization_weight", &mut losses.sample),
        ("batch_maximization_weight", &mut losses.mean),
    ] {
        if let Some(value) = number(field)? {
            *weight = value as f32;
        }
    }
    if let Some(rate) = number("learning_rate")? {
        preset.training.learning_rate = rate;
    }
    let adversarial = preset.adversarial.get_or_insert_with(Adversarial::default);
    if let Some(weight) = number("gen_loss_weight")? {
        adversarial.weight = weight;
    }
    if let Some(weight) = number("lecam_loss_weight")? {
        adversarial.lecam = weight;
    }
    if let Some(start) = number("disc_start")? {
        adversarial.start = start as u64;
    }
    preset.check(name)?;
    Ok(preset)
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
        let preset = from_yaml("mine.yaml", YAML).unwrap();
        assert_eq!((preset.model.ch, preset.model.n_embed, preset.model.embed_dim), (32, 512, 16));
        assert_eq!((preset.model.ch_mult.as_slice(), preset.training.side), (&[1, 2][..], 64));
        assert_eq!(preset.training.learning_rate, 2e-4);
        let adversarial = preset.adversarial.unwrap();
        assert_eq!((adversarial.start, adversarial.weight, adversarial.lecam), (40, 0.2, 0.03));
        let crate::quantizer::QuantizerConfig::Ibq(ibq) = preset.quantizer else { panic!("not IBQ") };
        assert_eq!((ibq.beta, ibq.entropy_temperature), (0.5, 0.02));
    }

    #[test]
    fn a_field_that_is_missing_or_no_number_is_named() {
        let message = from_yaml("mine.yaml", &YAML.replace("n_embed", "codes")).unwrap_err().to_string();
        assert!(message.contains("mine.yaml") && message.contains("`n_embed` is missing"), "{message}");
        let message = from_yaml("mine.yaml", &YAML.replace("2e-4", "fast")).unwrap_err().to_string();
        assert!(message.contains("learning_rate: fast"), "{message}");
    }
}
