//! Numbers and names as people read them.

pub(crate) use ibq_core::units::{bytes, bytes_parts};

/// A large count in millions: "89.5 million".
pub(crate) fn millions(count: u64) -> String {
    format!("{:.1} million", count as f64 / 1e6)
}

/// Milliseconds below a second, else seconds: the value and its unit.
pub(crate) fn duration(ms: f64) -> (String, &'static str) {
    if ms < 1000.0 { (format!("{ms:.1}"), "ms") } else { (format!("{:.2}", ms / 1e3), "s") }
}

/// A probability in percent with as many digits as it is worth.
pub(crate) fn probability(share: f32) -> String {
    let percent = f64::from(share) * 100.0;
    if percent >= 10.0 {
        format!("{percent:.0} %")
    } else if percent >= 0.1 {
        format!("{percent:.1} %")
    } else if percent >= 0.01 {
        format!("{percent:.2} %")
    } else {
        "<0.01 %".to_owned()
    }
}

/// The last part of a path or address, without the ending of a file.
pub(crate) fn short_name(name: &str) -> &str {
    let last = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map_or(last, |(stem, _)| if stem.is_empty() { last } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_given_in_the_unit_people_use() {
        assert_eq!(duration(12.34), ("12.3".to_owned(), "ms"));
        assert_eq!(duration(1234.0), ("1.23".to_owned(), "s"));
    }

    #[test]
    fn probabilities_have_as_many_digits_as_they_are_worth() {
        let said: Vec<String> = [1.0, 0.345, 0.034, 0.0005, 1e-9].into_iter().map(probability).collect();
        assert_eq!(said, ["100 %", "34 %", "3.4 %", "0.05 %", "<0.01 %"]);
    }

    #[test]
    fn the_short_name_is_the_last_part_without_its_ending() {
        for (name, short) in [
            ("/a/b/imagenet.ckpt", "imagenet"),
            ("models/ibq/", "ibq"),
            ("C:\\x\\y.safetensors", "y"),
            ("https://example.org/m/", "m"),
            (".hidden", ".hidden"),
            ("", ""),
        ] {
            assert_eq!(short_name(name), short);
        }
    }
}
