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
    use super::Origin;

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
