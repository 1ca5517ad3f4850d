//! Official YAML files: what they say, and the class of model that they are for.
//!
//! Only the part of YAML is read that the official files and Lightning's own dumps use for the few fields that matter:
//! nested `key: value` lines, lists in brackets or with dashes, comments. Everything else is passed over.

use super::WeightsError;

/// Longest YAML that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// Longest path of a key, in bytes: every entry holds its own.
const LONGEST_PATH: usize = 1024;
/// Most entries.
const MOST_ENTRIES: usize = 10_000;
/// Deepest nesting.
const MOST_LEVELS: usize = 64;

/// A line `a.b.c: value` of an official file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlEntry {
    /// Keys from the outermost to this one, joined with dots: `model.init_args.ddconfig.ch`.
    pub path: String,
    /// Its value; a list has several, a key that holds others none.
    pub values: Vec<String>,
    /// The line it stands on, from 1.
    pub line: usize,
}

/// An official YAML file.
#[derive(Clone, Debug)]
pub struct OfficialYaml {
    entries: Vec<YamlEntry>,
}

impl OfficialYaml {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`WeightsError::Yaml`] names the line that cannot be read.
    pub fn read(text: &str) -> Result<Self, WeightsError> {
        Ok(Self { entries: parse(text).map_err(|reason| WeightsError::Yaml { reason })? })
    }

    /// All lines, in the file's order.
    #[must_use]
    pub fn entries(&self) -> &[YamlEntry] {
        &self.entries
    }

    /// The class of the whole model, where the file names it.
    #[must_use]
    pub fn model_class(&self) -> Option<&str> {
        self.class_at("model.")
    }

    /// The arguments that hold a section of this name (`ddconfig` for tokenizers), wherever in the file they are.
    #[must_use]
    pub fn arguments_with(&self, section: &str) -> Option<OfficialArguments<'_>> {
        let inside = format!(".{section}.");
        let (entry, end) = self
            .entries
            .iter()
            .find_map(|entry| Some((entry, format!(".{}.", entry.path).find(&inside)?)))?;
        Some(OfficialArguments { yaml: self, parent: &entry.path[..end] })
    }

    /// The class of the object at this path, which ends in a dot.
    fn class_at(&self, object: &str) -> Option<&str> {
        let is_class = |entry: &&YamlEntry| {
            matches!(entry.path.strip_prefix(object), Some("class_path" | "target"))
                && entry.values.len() == 1
        };
        self.entries.iter().find(is_class).map(|entry| entry.values[0].as_str())
    }
}

/// The arguments of one object of an official YAML file.
#[derive(Clone, Copy, Debug)]
pub struct OfficialArguments<'a> {
    yaml: &'a OfficialYaml,
    /// Path of the arguments, with a dot at its end where it is not empty.
    parent: &'a str,
}

impl<'a> OfficialArguments<'a> {
    /// The class of the object, where the file names it: `class_path` or `target` beside its arguments.
    #[must_use]
    pub fn class(&self) -> Option<&'a str> {
        let object =
            self.parent.strip_suffix("init_args.").or_else(|| self.parent.strip_suffix("params."))?;
        self.yaml.class_at(object)
    }

    /// The line of a field.
    #[must_use]
    pub fn entry(&self, field: &str) -> Option<&'a YamlEntry> {
        let is_field = |entry: &&YamlEntry| entry.path.strip_prefix(self.parent) == Some(field);
        self.yaml.entries.iter().find(is_field)
    }

    /// A field that is a whole number or a list of them.
    ///
    /// # Errors
    /// [`WeightsError::Yaml`] names the line and the value.
    pub fn numbers(&self, field: &str) -> Result<Option<Vec<u32>>, WeightsError> {
        let Some(entry) = self.entry(field) else { return Ok(None) };
        let numbers: Result<Vec<u32>, _> = entry.values.iter().map(|value| value.parse()).collect();
        let wrong = |_| entry.invalid("no whole number or list of them");
        numbers.map(Some).map_err(wrong)
    }

    /// A field that is a whole number.
    ///
    /// # Errors
    /// [`WeightsError::Yaml`] names the line and the value.
    pub fn number(&self, field: &str) -> Result<Option<u32>, WeightsError> {
        let Some(entry) = self.entry(field) else { return Ok(None) };
        match self.numbers(field)?.as_deref() {
            Some(&[number]) => Ok(Some(number)),
            _ => Err(entry.invalid("no whole number")),
        }
    }

    /// A field that is true or false.
    ///
    /// # Errors
    /// [`WeightsError::Yaml`] names the line and the value.
    pub fn flag(&self, field: &str) -> Result<Option<bool>, WeightsError> {
        let Some(entry) = self.entry(field) else { return Ok(None) };
        match entry.values.join(", ").to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(entry.invalid("not true or false")),
        }
    }
}

impl YamlEntry {
    /// The error that the values are `what`.
    fn invalid(&self, what: &str) -> WeightsError {
        let (line, path, values) = (self.line, &self.path, self.values.join(", "));
        WeightsError::Yaml { reason: format!("line {line}: `{path}: {values}` is {what}") }
    }
}

/// All `key: value` lines with their full paths.
fn parse(yaml: &str) -> Result<Vec<YamlEntry>, String> {
    if yaml.len() > LONGEST {
        return Err(format!("has {} bytes, more than {LONGEST}", yaml.len()));
    }
    let mut entries: Vec<YamlEntry> = Vec::new();
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
        if open.len() == MOST_LEVELS {
            return Err(format!("line {}: is nested too deeply", number + 1));
        }
        let path_len = open.iter().map(|key| key.1.len() + 1).sum::<usize>() + key.len();
        if path_len > LONGEST_PATH {
            let number = number + 1;
            return Err(format!("line {number}: its keys have {path_len} bytes, more than {LONGEST_PATH}"));
        }
        if entries.len() == MOST_ENTRIES {
            return Err(format!("line {}: more than {MOST_ENTRIES} keys", number + 1));
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
        entries.push(YamlEntry { path, values, line: number + 1 });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_that_of_the_object_with_these_arguments() {
        let text = "
model:
  class_path: a.Transformer
  init_args:
    transformer_config:
      target: a.GPT
      params:
        n_head: 4
    first_stage_config:
      target: a.Tokenizer
      params:
        n_embed: 8
        ddconfig:
          ch: 32
";
        let yaml = OfficialYaml::read(text).unwrap();
        assert_eq!(yaml.model_class(), Some("a.Transformer"));
        let tokenizer = yaml.arguments_with("ddconfig").unwrap();
        assert_eq!(tokenizer.class(), Some("a.Tokenizer"));
        assert_eq!(tokenizer.number("n_embed").unwrap(), Some(8));
        assert_eq!(tokenizer.number("ddconfig.ch").unwrap(), Some(32));
        let transformer = yaml.arguments_with("transformer_config").unwrap();
        assert_eq!(transformer.class(), Some("a.Transformer"));
        assert_eq!(transformer.number("transformer_config.params.n_head").unwrap(), Some(4));
        assert!(yaml.arguments_with("lossconfig").is_none());
    }

    #[test]
    fn long_keys_and_many_keys_are_refused() {
        let refused = |text: &str| OfficialYaml::read(text).unwrap_err().to_string();
        let long = format!("{}:\n{}", "k".repeat(300_000), " a:\n".repeat(40_000));
        assert!(refused(&long).contains("line 1: its keys have 300000 bytes, more than 1024"));
        let nested = format!("{0}:\n  {0}:\n    {0}:\n", "k".repeat(400));
        assert!(refused(&nested).contains("line 3: its keys have 1202 bytes"));
        let line = format!("{}:\n", "k".repeat(20));
        assert!(refused(&line.repeat(10_001)).contains("line 10001: more than 10000 keys"));
        assert_eq!(OfficialYaml::read(&line.repeat(10_000)).unwrap().entries().len(), 10_000);
    }

    #[test]
    fn bare_arguments_have_no_class() {
        let yaml = OfficialYaml::read("target: none\nn_embed: 8\nddconfig:\n  ch: 32\n").unwrap();
        let arguments = yaml.arguments_with("ddconfig").unwrap();
        assert_eq!((yaml.model_class(), arguments.class()), (None, None));
        assert_eq!(arguments.number("n_embed").unwrap(), Some(8));
    }
}
