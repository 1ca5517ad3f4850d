//! What a color profile (ICC) calls itself. Profiles are not applied: the official preprocessing ignores them, too.

use crate::foreign_text::clean_name;

/// A note on a profile that means other colors than the sRGB that is assumed.
pub(super) fn note(profile: &[u8]) -> Option<String> {
    let name = description(profile);
    match name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) if name.to_ascii_lowercase().contains("srgb") => None,
        Some(name) => Some(format!("color profile `{}` not used", clean_name(name))),
        None => Some("color profile not used".to_owned()),
    }
}

/// The profile's description: ICC.1:2022, sections 7.3 (table of tags), 10.15 (`mluc`); version 2 has plain text (`desc`).
fn description(profile: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u32::from_be_bytes(*profile.get(at..)?.first_chunk()?) as usize);
    // A profile has a few dozen tags.
    let tag = (0..word(128)?.min(200))
        .map(|index| 132 + 12 * index)
        .find(|&at| profile.get(at..at + 4) == Some(b"desc"))?;
    let (start, length) = (word(tag + 4)?, word(tag + 8)?);
    let data = profile.get(start..start.checked_add(length)?)?;
    let word = |at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?) as usize);
    match data.get(..4)? {
        b"desc" => {
            let text = data.get(12..12_usize.checked_add(word(8)?)?)?;
            Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned())
        }
        // The first of the languages.
        b"mluc" if word(8)? > 0 => {
            let (length, start) = (word(20)?, word(24)?);
            let units = data.get(start..start.checked_add(length)?)?.as_chunks::<2>().0;
            Some(String::from_utf16_lossy(
                &units.iter().map(|&unit| u16::from_be_bytes(unit)).collect::<Vec<_>>(),
            ))
        }
        _ => None,
    }
}
