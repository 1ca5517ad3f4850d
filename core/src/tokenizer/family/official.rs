//! Official YAML files of tokenizers: which family they are for, and whether they agree with the weights.

use std::fmt::Debug;

use crate::{
    files::{OfficialArguments, OfficialYaml, WeightsError},
    tokenizer::{Rule, TokenizerConfig},
};

use super::{FAMILIES, Family, Unsupported, class::is_one_of};

/// Section with the shape of the network.
const SECTION: &str = "ddconfig";

/// The rule that an official YAML file of a tokenizer, or of a transformer with its tokenizer, tells by its class. None
/// where it has no class: then it can be of any family.
///
/// # Errors
/// [`WeightsError::Class`] for a class that cannot be run, [`WeightsError::Yaml`] where there is no tokenizer in it.
pub fn official_rule(yaml: &OfficialYaml) -> Result<Option<Rule>, WeightsError> {
    Ok(family_of(&tokenizer_arguments(yaml)?)?.map(Family::rule))
}

/// The family that these arguments are for; none where nothing says which.
///
/// # Errors
/// [`WeightsError::Class`] for a class of no family that can be run.
pub(in crate::tokenizer) fn family_of(
    arguments: &OfficialArguments<'_>,
) -> Result<Option<&'static dyn Family>, WeightsError> {
    match (FAMILIES.into_iter().find(|family| family.claims(arguments)), arguments.class()) {
        (Some(family), _) => Ok(Some(family)),
        (None, None) => Ok(None),
        (None, Some(class)) => Err(other_class(class)),
    }
}

/// The error for a YAML file of a class that is not that of a tokenizer that can be run.
fn other_class(class: &str) -> WeightsError {
    let known = Unsupported::of_class(class)
        .map(|unsupported| format!("{}: {}", unsupported.name, unsupported.reason));
    let classes: Vec<String> =
        FAMILIES.iter().flat_map(|family| family.classes()).map(|class| format!("`{class}`")).collect();
    WeightsError::Class { class: class.to_owned(), known, expected: classes.join(" or ") }
}

/// The arguments of the tokenizer in an official YAML file.
fn tokenizer_arguments(yaml: &OfficialYaml) -> Result<OfficialArguments<'_>, WeightsError> {
    match (yaml.arguments_with(SECTION), yaml.model_class()) {
        (Some(arguments), _) => Ok(arguments),
        (None, Some(class)) if !FAMILIES.iter().any(|family| is_one_of(class, family.classes())) => {
            Err(other_class(class))
        }
        (None, _) => Err(invalid("has no section `ddconfig`, so it is no official tokenizer configuration")),
    }
}

/// Checks a configuration that follows from weights against an official YAML file, and returns the family that the file
/// tells, where it tells one.
///
/// # Errors
/// [`WeightsError`] names the class or the first field that disagrees. `name` is that of the file with the weights.
pub(in crate::tokenizer) fn check(
    name: &str,
    config: &TokenizerConfig,
    yaml: &OfficialYaml,
) -> Result<Option<&'static dyn Family>, WeightsError> {
    let arguments = tokenizer_arguments(yaml)?;
    let family = family_of(&arguments)?;
    family.unwrap_or_else(|| config.family()).compare(name, config, &arguments)?;
    Ok(family)
}

/// Compares the fields of the common network.
pub(super) fn compare(
    name: &str,
    config: &TokenizerConfig,
    arguments: &OfficialArguments<'_>,
) -> Result<(), WeightsError> {
    let fields = Fields { name, arguments };
    let network = |field: &str| format!("{SECTION}.{field}");
    if arguments.flag(&network("double_z"))? == Some(true) {
        return Err(invalid("`double_z: true` is a VAE, which has no codebook"));
    }
    if arguments.flag("l2_normalize")? == Some(true) {
        return Err(invalid("`l2_normalize: true` is not supported: codes are compared as they are"));
    }
    let remap = arguments.entry("remap").map(|entry| entry.values.join(", ")).unwrap_or_default();
    if !matches!(remap.as_str(), "" | "null" | "~" | "None") {
        return Err(invalid(
            "`remap` is not supported: tokens are numbers of codes as they stand in the codebook",
        ));
    }
    fields.number(&network("ch"), config.ch)?;
    fields.list(&network("ch_mult"), &config.ch_mult)?;
    fields.number(&network("num_res_blocks"), config.num_res_blocks)?;
    // Attention is a property of levels; the numbers in the list depend on the nominal resolution.
    let resolution = arguments.numbers(&network("resolution"))?.and_then(|list| list.first().copied());
    let nominal = |level: usize| resolution.unwrap_or(256) >> level;
    if let Some(listed) = arguments.numbers(&network("attn_resolutions"))? {
        let attentive: Vec<u32> =
            (0..config.levels()).filter(|&l| config.has_attention(l)).map(nominal).collect();
        let asked: Vec<u32> = (0..config.levels()).map(nominal).filter(|r| listed.contains(r)).collect();
        fields.same(&network("attn_resolutions"), &asked, &attentive)?;
    }
    fields.number(&network("z_channels"), config.z_channels)?;
    fields.number(&network("in_channels"), config.in_channels)?;
    fields.number(&network("out_ch"), config.out_ch)?;
    fields.number("embed_dim", config.embed_dim)?;
    fields.number("n_embed", config.n_embed)
}

fn invalid(reason: &str) -> WeightsError {
    WeightsError::Yaml { reason: reason.to_owned() }
}

/// The fields of a YAML file beside those that follow from the weights.
struct Fields<'a> {
    name: &'a str,
    arguments: &'a OfficialArguments<'a>,
}

impl Fields<'_> {
    fn number(&self, field: &str, ours: u32) -> Result<(), WeightsError> {
        match self.arguments.numbers(field)?.as_deref() {
            None => Ok(()),
            Some([theirs]) => self.same(field, theirs, &ours),
            Some(theirs) => self.same(field, &theirs, &&[ours][..]),
        }
    }

    fn list(&self, field: &str, ours: &Vec<u32>) -> Result<(), WeightsError> {
        self.arguments.numbers(field)?.map_or(Ok(()), |theirs| self.same(field, &theirs, ours))
    }

    fn same<T: PartialEq + Debug>(&self, field: &str, theirs: &T, ours: &T) -> Result<(), WeightsError> {
        if theirs == ours {
            return Ok(());
        }
        Err(WeightsError::Disagreement {
            name: self.name.to_owned(),
            field: field.rsplit('.').next().unwrap_or(field).to_owned(),
            yaml: format!("{theirs:?}"),
            found: format!("{ours:?}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(head: &str) -> OfficialYaml {
        OfficialYaml::read(&format!("{head}    n_embed: 1024\n    ddconfig:\n      ch: 128\n")).unwrap()
    }

    #[test]
    fn the_class_tells_the_rule() {
        let rule = |head: &str| official_rule(&yaml(head)).map_err(|error| error.to_string());
        assert_eq!(
            rule("model:\n  class_path: src.IBQ.models.ibqgan.IBQ\n  init_args:\n"),
            Ok(Some(Rule::Ibq))
        );
        assert_eq!(rule("model:\n  target: taming.models.vqgan.VQModel\n  params:\n"), Ok(Some(Rule::Vq)));
        assert_eq!(
            rule("model:\n  target: mine.taming.models.vqgan.VQModel\n  params:\n"),
            Ok(Some(Rule::Vq))
        );
        assert_eq!(rule("model:\n  params:\n"), Ok(None));
        let error = rule("model:\n  target: taming.models.vqgan.GumbelVQ\n  params:\n").unwrap_err();
        assert!(error.contains("`taming.models.vqgan.GumbelVQ` (a GumbelVQ tokenizer"), "{error}");
        assert!(error.contains("`src.IBQ.models.ibqgan.IBQ`"), "{error}");
        let error = rule("model:\n  target: my.models.OwnVQ\n  params:\n").unwrap_err();
        assert!(error.contains("`my.models.OwnVQ`, not for"), "{error}");
        let lfq = "model:\n  class_path: src.Open_MAGVIT2.models.lfqgan.VQModel\n  init_args:\n";
        assert!(rule(lfq).unwrap_err().contains("Open-MAGVIT2"));
    }

    #[test]
    fn a_transformer_without_a_tokenizer_is_named() {
        let text = "model:\n  class_path: a.Net2NetTransformer\n  init_args:\n    n_head: 4\n";
        let error = official_rule(&OfficialYaml::read(text).unwrap()).unwrap_err().to_string();
        assert!(error.contains("`a.Net2NetTransformer`"), "{error}");
    }

    #[test]
    fn renumbered_codes_are_refused() {
        let config = TokenizerConfig { rule: Rule::Vq, ..TokenizerConfig::official(1024) };
        let with = |remap: &str| {
            let head =
                format!("model:\n  target: taming.models.vqgan.VQModel\n  params:\n    remap: {remap}\n");
            check("a", &config, &yaml(&head)).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(with("null"), Ok(()));
        assert!(with("used.npy").unwrap_err().contains("`remap`"));
    }
}
