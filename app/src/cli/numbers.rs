//! Numbers as people read them.

/// `110,982,019`.
pub(crate) fn count(value: u64) -> String {
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

/// `812 B`, `4.2 KiB`, `423 MiB`, `1.7 GiB`: three digits at least, where there are that many.
pub(crate) fn bytes(value: u64) -> String {
    let mut scaled = value as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if scaled < 1000.0 {
            break;
        }
        scaled /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{value} B"),
        _ if scaled < 99.95 => format!("{scaled:.1} {unit}"),
        _ => format!("{scaled:.0} {unit}"),
    }
}

/// Milliseconds without their unit, to three digits: `4.21`, `42.1`, `421`, `4,210`.
pub(crate) fn ms(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => count(v.round() as u64),
    }
}

/// Operations or bytes per second, in 10⁹, to three digits: `0.42`, `42.1`, `4,210`. The same digits as [`ms`].
pub(crate) fn rate(value: f64) -> String {
    if value.is_finite() { ms(value) } else { "–".to_owned() }
}

/// Peak signal-to-noise ratio in dB without its unit; `∞` for equal pictures.
pub(crate) fn psnr(value: f64) -> String {
    measured(value, 2)
}

/// A number with so many decimals; `∞` and `–` (nothing to measure) where it is none.
pub(crate) fn measured(value: f64, decimals: usize) -> String {
    match value {
        v if v.is_nan() => "–".to_owned(),
        v if v.is_infinite() => "∞".to_owned(),
        v => format!("{v:.decimals$}"),
    }
}

/// `1 picture`, `3 pictures`.
pub(crate) fn several(number: usize, what: &str) -> String {
    format!("{} {what}{}", count(number as u64), if number == 1 { "" } else { "s" })
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
        let shown: Vec<String> = [812, 4300, 1_047_552, 443_928_076, 5 << 30].map(bytes).to_vec();
        assert_eq!(shown, ["812 B", "4.2 KiB", "1.0 MiB", "423 MiB", "5.0 GiB"]);
    }

    #[test]
    fn milliseconds_have_three_digits() {
        assert_eq!([4.213, 42.13, 421.3, 4213.0].map(ms), ["4.21", "42.1", "421", "4,213"]);
    }

    #[test]
    fn what_cannot_be_measured_is_no_number() {
        assert_eq!([f64::NAN, f64::INFINITY, 22.314].map(psnr), ["–", "∞", "22.31"]);
    }
}
