//! Counts and numbers of bytes as people read them.

/// `110,982,019`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `812 B`, `4.2 KiB`, `423 MiB`, `1.7 GiB`: one decimal below 100.
#[must_use]
pub fn bytes(value: u64) -> String {
    let (number, unit) = bytes_parts(value);
    format!("{number} {unit}")
}

/// As [`bytes`], the number and its unit apart.
#[must_use]
pub fn bytes_parts(value: u64) -> (String, &'static str) {
    let mut scaled = value as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if scaled < 1000.0 {
            break;
        }
        scaled /= 1024.0;
        unit = larger;
    }
    let number = match unit {
        "B" => value.to_string(),
        _ if scaled < 99.95 => format!("{scaled:.1}"),
        _ => format!("{scaled:.0}"),
    };
    (number, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let shown: Vec<String> = [0, 999, 1000, 110_982_019].map(count).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "110,982,019"]);
    }

    #[test]
    fn bytes_have_a_unit_and_few_digits() {
        for (value, text) in [
            (0, "0 B"),
            (812, "812 B"),
            (1536, "1.5 KiB"),
            (4300, "4.2 KiB"),
            (1_047_552, "1.0 MiB"),
            (443_928_076, "423 MiB"),
            ((1 << 30) - 1, "1.0 GiB"),
            (5 << 30, "5.0 GiB"),
            (3 << 40, "3.0 TiB"),
        ] {
            assert_eq!(bytes(value), text);
        }
    }
}
