//! Checking a configuration against an official YAML file.
//!
//! Only the part of YAML is read that the official files and Lightning's own dumps use for the few fields that matter:
//! nested `key: value` lines, lists in brackets or with dashes, comments. Everything else is passed over.

use std::fmt::Debug;

use crate::tokenizer::TokenizerConfig;

use super::WeightsError;

/// Longest YAML that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// Section with the shape of the network.
const SECTION: &str = "ddconfig";

/// Compares field by field; fields that the YAML leaves out are not compared.
pub(super) fn check(name: &str, config: &TokenizerConfig, yaml: &str) -> Result<(), WeightsError> {
    let entries = parse(yaml).map_err(invalid)?;
    let inside = |path: &str| format!(".{path}.").contains(&format!(".{SECTION}."));
    let section = entries.iter().map(|entry| entry.path.as_str()).find(|path| inside(path));
    let Some(end) = section.and_then(|path| format!(".{path}.").find(&format!(".{SECTION}."))) else {
        return Err(invalid(format!(
            "has no section `{SECTION}`, so it is no official tokenizer configuration"
        )));
    };
    let parent = section.map_or("", |path| &path[..end]);
    let fields = Fields { name, entries: &entries, parent };

    if fields.flag(&format!("{SECTION}.double_z"))? == Some(true) {
        return Err(invalid("`double_z: true` is a VAE, which has no codebook".to_owned()));
    }
    if fields.flag("l2_normalize")? == Some(true) {
        return Err(invalid(
            "`l2_normalize: true` is not supported: codes are compared as they are".to_owned(),
        ));
    }
    let network = |field: &str| format!("{SECTION}.{field}");
    fields.number(&network("ch"), config.ch)?;
    fields.list(&network("ch_mult"), &config.ch_mult)?;
    fields.number(&network("num_res_blocks"), config.num_res_blocks)?;
    // Attention is a property of levels; the numbers in the list depend on the nominal resolution.
    let resolution = fields.numbers(&network("resolution"))?.and_then(|list| list.first().copied());
    let nominal = |level: usize| resolution.unwrap_or(256) >> level;
    if let Some(listed) = fields.numbers(&network("attn_resolutions"))? {
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

/// Everything that an official YAML file says: values by their path, as in `model.init_args.ddconfig.ch`. A list has
/// several values.
///
/// # Errors
/// [`WeightsError::Yaml`] names the line that cannot be read.
pub fn official_entries(yaml: &str) -> Result<Vec<(String, Vec<String>)>, WeightsError> {
    let entries = parse(yaml).map_err(invalid)?;
    Ok(entries.into_iter().map(|entry| (entry.path, entry.values)).collect())
}

/// A number of the transformer's section of an official YAML file, where it has one.
pub(crate) fn transformer_number(yaml: &str, field: &str) -> Result<Option<u32>, WeightsError> {
    let entries = parse(yaml).map_err(invalid)?;
    let ending = format!("transformer_config.params.{field}");
    let wanted =
        |path: &str| path.strip_suffix(&ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let Some(entry) = entries.iter().find(|entry| wanted(&entry.path)) else { return Ok(None) };
    let value = entry.values.join(", ");
    let number = value.parse();
    number
        .map(Some)
        .map_err(|_| invalid(format!("line {}: `{field}: {value}` is no whole number", entry.line)))
}

fn invalid(reason: String) -> WeightsError {
    WeightsError::Yaml { reason }
}

/// `a.b.c: value`, with the line it stands on.
#[derive(Debug, PartialEq)]
struct Entry {
    path: String,
    values: Vec<String>,
    line: usize,
}

struct Fields<'a> {
    name: &'a str,
    entries: &'a [Entry],
    /// Path of what holds the section, with a dot at its end where it is not empty.
    parent: &'a str,
}

impl Fields<'_> {
    fn entry(&self, field: &str) -> Option<&Entry> {
        let path = format!("{}{field}", self.parent);
        self.entries.iter().find(|entry| entry.path == path)
    }

    fn numbers(&self, field: &str) -> Result<Option<Vec<u32>>, WeightsError> {
        let Some(entry) = self.entry(field) else { return Ok(None) };
        let numbers: Result<Vec<u32>, _> = entry.values.iter().map(|value| value.parse()).collect();
        numbers.map(Some).map_err(|_| {
            let values = entry.values.join(", ");
            invalid(format!(
                "line {}: `{}: {values}` is no whole number or list of them",
                entry.line, entry.path
            ))
        })
    }

    fn flag(&self, field: &str) -> Result<Option<bool>, WeightsError> {
        let Some(entry) = self.entry(field) else { return Ok(None) };
        match entry.values.join(", ").to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            other => {
                Err(invalid(format!("line {}: `{}: {other}` is not true or false", entry.line, entry.path)))
            }
        }
    }

    fn number(&self, field: &str, ours: u32) -> Result<(), WeightsError> {
        match self.numbers(field)?.as_deref() {
            None => Ok(()),
            Some([theirs]) => self.same(field, theirs, &ours),
            Some(theirs) => self.same(field, &theirs, &&[ours][..]),
        }
    }

    fn list(&self, field: &str, ours: &Vec<u32>) -> Result<(), WeightsError> {
        self.numbers(field)?.map_or(Ok(()), |theirs| self.same(field, &theirs, ours))
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

/// All `key: value` lines with their full paths.
fn parse(yaml: &str) -> Result<Vec<Entry>, String> {
    if yaml.len() > LONGEST {
        return Err(format!("has {} bytes, more than {LONGEST}", yaml.len()));
    }
    let mut entries: Vec<Entry> = Vec::new();
    // Keys that enclose the current line, with their indentation.
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut lines = yaml.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = without_comment(line);
        let text = line.trim();
        let indentation = line.len() - line.trim_start().len();
        if text.is_empty() || text == "---" {
            continue;
        }
        if line[..indentation].contains('\t') {
            return Err(format!("line {}: is indented with a tab", number + 1));
        }
        if let Some(item) = text.strip_prefix('-').filter(|item| item.is_empty() || item.starts_with(' ')) {
            // Items may stand as far left as the key they belong to.
            open.retain(|key| key.0 <= indentation);
            if let (Some(entry), false) = (entries.last_mut(), item.contains(": ") || item.ends_with(':')) {
                entry.values.push(scalar(item));
            }
            continue;
        }
        let Some((key, value)) = split_key(text) else { continue };
        open.retain(|key| key.0 < indentation);
        if open.len() == 64 {
            return Err(format!("line {}: is nested too deeply", number + 1));
        }
        open.push((indentation, scalar(key)));
        let path = open.iter().map(|key| key.1.as_str()).collect::<Vec<_>>().join(".");
        let mut value = value.trim().to_owned();
        // A list in brackets may go on over several lines.
        while value.starts_with('[') && !value.ends_with(']') {
            let Some((_, more)) = lines.next() else {
                return Err(format!("line {}: a bracket is not closed", number + 1));
            };
            value.push_str(without_comment(more).trim());
        }
        let values = match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => list.split(',').map(scalar).filter(|item| !item.is_empty()).collect(),
            None if value.is_empty() => Vec::new(),
            None => vec![scalar(&value)],
        };
        entries.push(Entry { path, values, line: number + 1 });
    }
    Ok(entries)
}

/// `key: value` or `key:`.
fn split_key(text: &str) -> Option<(&str, &str)> {
    text.strip_suffix(':').map(|key| (key, "")).or_else(|| text.split_once(": "))
}

fn without_comment(line: &str) -> &str {
    let start = if line.trim_start().starts_with('#') { Some(0) } else { line.find(" #") };
    start.map_or(line, |start| &line[..start])
}

fn scalar(text: &str) -> String {
    let text = text.trim();
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text).to_owned()
}
