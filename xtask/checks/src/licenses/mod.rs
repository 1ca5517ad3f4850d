//! Licenses of the crates that the programs and the page contain: whether they are allowed, and the notices to ship.

mod expression;
mod metadata;
mod notices;

use std::{fs, path::Path};

use toml::{Table, Value};

pub use expression::is_allowed;
pub use metadata::{Crate, shipped};
pub use notices::notices;

/// Crates whose license `deny.toml` does not allow.
///
/// # Errors
/// A message that says what cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let allowed = allowed(root)?;
    let mut faults = Vec::new();
    for part in shipped(root)? {
        match &part.license {
            Some(license) if is_allowed(license, &allowed) => {}
            Some(license) => faults.push(format!("{}: {license} is not allowed by deny.toml", part.title())),
            None => faults.push(format!("{}: states no license", part.title())),
        }
    }
    Ok(faults)
}

/// The list `licenses.allow` of `deny.toml`.
fn allowed(root: &Path) -> Result<Vec<String>, String> {
    let path = root.join("deny.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let list = table.get("licenses").and_then(|licenses| licenses.get("allow")).and_then(Value::as_array);
    let list = list.ok_or_else(|| format!("{}: no list licenses.allow", path.display()))?;
    Ok(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
