//! Numbers as people read them.

pub(crate) use ibq_core::units::{bytes, count};

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
    fn milliseconds_have_three_digits() {
        assert_eq!([4.213, 42.13, 421.3, 4213.0].map(ms), ["4.21", "42.1", "421", "4,213"]);
    }

    #[test]
    fn what_cannot_be_measured_is_no_number() {
        assert_eq!([f64::NAN, f64::INFINITY, 22.314].map(psnr), ["–", "∞", "22.31"]);
    }
}
