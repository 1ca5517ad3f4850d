//! Presets from YAML files of the official code.

use ibq_core::transformer::{TransformerConfig, official_arguments};

use super::config::Preset;
use crate::{
    official_fields::{OfficialFields, steps_per_epoch},
    preset_file::PresetError,
    transformer::official_yaml::DEFAULT_MULTIPLE,
};

/// Reads what an official YAML file says about a transformer and its training. What it leaves out is as in the preset of the
/// official size B, its epochs are those of ImageNet; `name` is for messages.
///
/// # Errors
/// [`PresetError`] names the field at fault, or the class, if it is that of another kind of model.
pub fn preset_from_yaml(name: &str, yaml: &str) -> Result<Preset, PresetError> {
    let fields = OfficialFields::new(name, yaml)?;
    official_arguments(fields.yaml()).map_err(|error| fields.wrong(error.to_string()))?;
    let mut preset = Preset::built_in("ar-b")?;
    let model = |field: &str| fields.whole(&format!("transformer_config.params.{field}"));
    let n_embd = model("n_embd")?;
    let multiple = fields
        .text("transformer_config.params.multiple_of")
        .map_or(Ok(DEFAULT_MULTIPLE), |_| model("multiple_of"))?;
    let ffn_dim = (n_embd.saturating_mul(8) / 3).checked_next_multiple_of(multiple);
    preset.model = TransformerConfig {
        vocab_size: model("vocab_size")?,
        block_size: model("block_size")?,
        n_layer: model("n_layer")?,
        n_head: model("n_head")?,
        n_embd,
        class_num: model("class_num")?,
        ffn_dim: ffn_dim.ok_or_else(|| fields.wrong(format!("`multiple_of: {multiple}` is no width")))?,
    };
    let training = &mut preset.training;
    for (field, value) in [
        ("init_args.learning_rate", &mut training.learning_rate),
        ("wp0", &mut training.first_rate),
        ("wpe", &mut training.final_rate),
        ("resid_dropout_p", &mut training.dropout),
    ] {
        if let Some(number) = fields.number(field)? {
            *value = number;
        }
    }
    training.batch = fields.batch()?.unwrap_or(training.batch);
    let per_epoch = steps_per_epoch(training.batch);
    if let Some(epochs) = fields.number("max_epochs")?.filter(|epochs| *epochs > 0.0) {
        training.steps = (epochs * per_epoch) as u64;
    }
    if let Some(epochs) = fields.number("wp")? {
        training.warm_up = (epochs * per_epoch) as u64;
    }
    if let Some(decay) = fields.number("weight_decay")? {
        // A `twde` of 0 stands for no change.
        let last = fields.number("twde")?.filter(|last| *last != 0.0);
        training.weight_decay = [decay, last.unwrap_or(decay)];
    }
    if let Some(gamma) = fields.number("alng")? {
        preset.start.gamma_rows = gamma as f32;
    }
    preset.check(name)?;
    Ok(preset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_another_class_of_model_are_refused_with_its_name() {
        let yaml = "model:\n  target: taming.models.vqgan.VQModel\n  params:\n    ddconfig:\n      ch: 32\n";
        let message = preset_from_yaml("mine.yaml", yaml).unwrap_err().to_string();
        assert!(message.contains("`taming.models.vqgan.VQModel`"), "{message}");
        assert!(message.contains("Net2NetTransformer"), "{message}");
    }

    #[test]
    fn an_official_transformer_file_gives_its_model_and_its_numbers() {
        let yaml = "
trainer:
  devices: 8
  num_nodes: 4
  max_epochs: 20
data:
  init_args:
    batch_size: 24
model:
  init_args:
    learning_rate: 2e-4
    weight_decay: 4e-2
    wpe: 0.02
    wp: 3
    wp0: 0.01
    twde: 0.08
    transformer_config:
      params:
        vocab_size: 512
        block_size: 64
        n_layer: 3
        n_head: 4
        n_embd: 128
        class_num: 10
        resid_dropout_p: 0.2
        alng: 0.00001
    first_stage_config:
      params:
        learning_rate: 1e-4
";
        let preset = preset_from_yaml("mine.yaml", yaml).unwrap();
        let (model, training) = (&preset.model, &preset.training);
        assert_eq!((model.vocab_size, model.block_size, model.class_num), (512, 64, 10));
        assert_eq!((model.n_layer, model.n_head, model.n_embd, model.ffn_dim), (3, 4, 128, 512));
        assert_eq!((training.learning_rate, training.weight_decay), (2e-4, [0.04, 0.08]));
        assert_eq!((training.first_rate, training.final_rate, training.dropout), (0.01, 0.02, 0.2));
        assert_eq!((training.batch, training.warm_up, training.steps), (768, 5007, 33_380));
        assert_eq!(preset.start.gamma_rows, 1e-5);
        let message = preset_from_yaml("mine.yaml", &yaml.replace("n_head: 4", "")).unwrap_err().to_string();
        assert!(message.contains("mine.yaml") && message.contains("n_head` is missing"), "{message}");
    }
}
