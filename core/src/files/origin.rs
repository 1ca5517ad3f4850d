//! Where a model comes from, in words that find it again.

use std::fmt;

/// Start of the text of a model that ships with the program.
const BUNDLED: &str = "bundled:";

/// Where a model comes from. As text it is `bundled:NAME`, a path or an address, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It ships with the program, under this name.
    Bundled(String),
    /// A path or an address, as its user gave it.
    At(String),
    /// Bytes in memory, or a file that a browser handed over: nothing finds them again.
    #[default]
    Unknown,
}

impl Origin {
    /// Reads the text of an origin. Every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix(BUNDLED) {
            _ if text.is_empty() => Self::Unknown,
            Some(name) => Self::Bundled(name.to_owned()),
            None => Self::At(text.to_owned()),
        }
    }
}

impl Origin {
    /// The name of a bundled model.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        if let Self::Bundled(name) = self { Some(name) } else { None }
    }

    /// The text of an origin for files that people publish: `bundled:NAME`, else empty. Paths and addresses say where
    /// somebody keeps files, and addresses may hold keys to them.
    #[must_use]
    pub fn published(&self) -> String {
        if let Self::Bundled(_) = self { self.to_string() } else { String::new() }
    }
}

/// The last part of a path or address, without the query of the address: what may be published of it.
#[must_use]
pub fn short_name(place: &str) -> &str {
    let place =
        place.split_once("://").map_or(place, |(_, rest)| rest.split(['?', '#']).next().unwrap_or(rest));
    place.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(place)
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled(name) => write!(formatter, "{BUNDLED}{name}"),
            // A relative path that happens to begin like a bundled model stays a path.
            Self::At(path) if path.starts_with(BUNDLED) => write!(formatter, "./{path}"),
            Self::At(path) => formatter.write_str(path),
            Self::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, short_name};

    #[test]
    fn what_is_published_is_no_place() {
        assert_eq!(Origin::Bundled("scenes-f4".to_owned()).published(), "bundled:scenes-f4");
        assert_eq!(Origin::At("/home/alice/ar.ckpt".to_owned()).published(), "");
        for (place, short) in [
            ("/home/alice/ar.ckpt", "ar.ckpt"),
            ("C:\\Users\\alice\\ar\\", "ar"),
            ("https://example.org/m/ar.safetensors?X-Amz-Signature=1/2", "ar.safetensors"),
            ("https://example.org/m/?key=a#b", "m"),
            ("ar?.ckpt", "ar?.ckpt"),
            ("", ""),
        ] {
            assert_eq!(short_name(place), short);
        }
    }

    #[test]
    fn an_origin_comes_back_from_its_text() {
        for origin in [
            Origin::Bundled("scenes-f4".to_owned()),
            Origin::At("models/ibq.ckpt".to_owned()),
            Origin::At("https://example.org/m/".to_owned()),
            Origin::Unknown,
        ] {
            assert_eq!(Origin::parse(&origin.to_string()), origin);
        }
        let folder = Origin::At("bundled:mine".to_owned());
        assert_eq!(Origin::parse(&folder.to_string()), Origin::At("./bundled:mine".to_owned()));
    }
}
