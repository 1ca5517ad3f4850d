//! `docs/acceptance/NAME.json`: the figures of a proof, kept in the repository.

use std::path::PathBuf;

use crate::shell::{self, Outcome};

use super::{machine, proofs::Proof, state::State};

/// Writes the record of a proof and answers with its path.
pub(super) fn write(proof: &Proof, commit: &str, state: &State) -> Outcome<PathBuf> {
    let folder = shell::root().join("docs/acceptance");
    std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
    let path = folder.join(format!("{}.json", proof.name));
    let seconds: u64 = state.found.iter().map(|found| found.seconds).sum();
    let adapter =
        machine::adapter().map(|name| format!(",\n    \"adapter\": {}", json(&name))).unwrap_or_default();
    let mut text = format!(
        "{{\n  \"proof\": {},\n  \"about\": {},\n  \"date\": {},\n  \"commit\": {},\n  \"machine\": {{\n    \
         \"processor\": {},\n    \"cores\": {}{adapter}\n  }},\n  \"seconds\": {seconds},\n  \"units\": [",
        json(proof.name),
        json(proof.about),
        json(&machine::today()),
        json(commit),
        json(&machine::processor()),
        machine::cores(),
    );
    for (index, found) in state.found.iter().enumerate() {
        let separator = if index == 0 { "\n" } else { ",\n" };
        let figures: Vec<String> = found
            .figures
            .iter()
            .map(|(name, value)| format!("        {}: {}", json(name), json(value)))
            .collect();
        text.push_str(&format!(
            "{separator}    {{\n      \"unit\": {},\n      \"seconds\": {},\n      \"figures\": {{\n{}\n      }}\n    }}",
            json(&found.unit),
            found.seconds,
            figures.join(",\n")
        ));
    }
    text.push_str("\n  ]\n}\n");
    std::fs::write(&path, text).map_err(shell::at(&path, "write"))?;
    Ok(path)
}

/// A text as JSON.
fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04x}", control as u32)),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn texts_are_quoted() {
        assert_eq!(json("a \"b\" \\ 256 × 256\t"), "\"a \\\"b\\\" \\\\ 256 × 256\\u0009\"");
    }
}
