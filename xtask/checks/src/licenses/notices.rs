//! The file of notices that programs and page are shipped with.

use std::{collections::BTreeMap, fs, path::Path};

use super::metadata::Crate;

/// How the names of files with license texts begin, in capitals.
const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
/// Longest file that is taken for a license text, in bytes.
const LONGEST: u64 = 200_000;
/// The license of the font, which is in the programs and in the page.
const FONT: &str = "assets/fonts/LICENSE-Inter.txt";

/// The notices of these crates and of the font: a list with licenses and sources, then every text once.
///
/// # Errors
/// A message that names the file which cannot be read.
pub fn notices(root: &Path, crates: &[Crate]) -> Result<String, String> {
    let font = root.join(FONT);
    let font = fs::read_to_string(&font).map_err(|error| format!("{}: {error}", font.display()))?;
    let mut text =
        "IBQ Studio contains the work of others. Their licenses ask that these notices come with it.\n\n"
            .to_owned();
    text.push_str(
        "The font Inter is under the SIL Open Font License 1.1; its text is the first one below.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in crates {
        let license = part.license.as_deref().unwrap_or("no license stated");
        let source = part.repository.as_deref().map(|source| format!(", {source}")).unwrap_or_default();
        text.push_str(&format!("{}: {license}{source}\n", part.title()));
        let own = license_texts(&part.folder)?;
        if own.is_empty() && !part.authors.is_empty() {
            text.push_str(&format!("    no license file; authors: {}\n", part.authors.join(", ")));
        }
        for license in own {
            texts.entry(license).or_default().push(part.title());
        }
    }
    let mut push = |title: &str, license: &str| {
        text.push_str(&format!("\n{}\n{title}\n\n{}\n", "=".repeat(80), license.trim_end()));
    };
    push("Inter", &font);
    for (license, owners) in &texts {
        push(&owners.join(", "), license);
    }
    Ok(text)
}

/// The license texts in the top folder of a crate, with equal ends of lines.
fn license_texts(folder: &Path) -> Result<Vec<String>, String> {
    let at = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let data = entry.metadata().map_err(at)?;
        if data.is_file() && data.len() <= LONGEST && NAMES.iter().any(|start| name.starts_with(start)) {
            let bytes = fs::read(entry.path()).map_err(at)?;
            texts.push(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"));
        }
    }
    texts.sort();
    texts.dedup();
    Ok(texts)
}
