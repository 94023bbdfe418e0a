//! Writes floats as decimal text.
//!
//! The text is that of Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which the Prometheus server and
//! its Go client use: the shortest digits that parse back to the same value, in scientific notation
//! if the exponent is below -4 or at least 6. OpenMetrics appends `.0` to a number without point
//! and exponent (section "Canonical numbers"). Unlike in Go, -0 is written without its sign.

use super::integer::{ZEROS, digits, unsigned};
#[cfg(any(test, feature = "catalog"))]
use crate::format::buffer::Buffer;
use crate::format::buffer::Line;

/// Writes a float.
pub(crate) fn float(line: &mut Line<'_>, value: f64, open_metrics: bool) {
    if value.is_nan() {
        return line.put(b"NaN");
    }
    if value.is_infinite() {
        return line.put(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if value == 0.0 {
        return line.put(if open_metrics { b"0.0" } else { b"0" });
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // In this range, the crate zmij writes the same digits as Go without an exponent, and `.0`
    // after an integer.
    if (1e-4..1e6).contains(&value.abs()) {
        let whole = text.strip_suffix(".0").filter(|_| !open_metrics);
        return line.put(whole.unwrap_or(text).as_bytes());
    }
    let text = match text.strip_prefix('-') {
        Some(rest) => {
            line.put_byte(b'-');
            rest
        }
        None => text,
    };
    scientific(line, text);
}

/// The text of a float.
#[cfg(any(test, feature = "catalog"))]
pub(crate) fn text(value: f64, open_metrics: bool) -> String {
    let mut buffer = Buffer::default();
    buffer.write(super::ROOM, |line| float(line, value, open_metrics));
    String::from_utf8_lossy(buffer.as_slice()).into_owned()
}

/// Writes a positive number with an exponent, as Go does. `text` is the number as the crate zmij
/// writes it.
fn scientific(line: &mut Line<'_>, text: &str) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    let before = digits.clone().take_while(|digit| *digit == b'0').count();
    let after = digits.clone().rev().take_while(|digit| *digit == b'0');
    let len = whole.len() + fraction.len() - before - after.count();
    for (at, digit) in digits.skip(before).take(len).enumerate() {
        if at == 1 {
            line.put_byte(b'.');
        }
        line.put_byte(digit);
    }
    // Always valid: zmij wrote the exponent.
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    let exponent = exponent + whole.len() as i32 - 1 - before as i32;
    line.put_pair(if exponent < 0 { *b"e-" } else { *b"e+" });
    let exponent = u64::from(exponent.unsigned_abs());
    if exponent < 10 {
        line.put_byte(b'0');
    }
    unsigned(line, exponent);
}

/// Writes a Unix time with milliseconds and without an exponent.
pub(crate) fn time(line: &mut Line<'_>, seconds: f64) {
    let millis = (seconds.max(0.0) * 1e3).round() as u64;
    unsigned(line, millis / 1000);
    line.put_byte(b'.');
    let text = (digits(millis % 1000) | ZEROS) >> 40;
    line.put_word(text.to_le_bytes(), 3);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::number::tests::written;

    fn text(value: f64) -> (String, String) {
        let write = |open_metrics| super::text(value, open_metrics);
        (write(false), write(true))
    }

    #[test]
    fn the_exponent_appears_from_a_million_on() {
        assert_eq!(text(999_999.9).0, "999999.9");
        assert_eq!(text(1e6), ("1e+06".into(), "1e+06".into()));
        assert_eq!(text(1_234_567.5).0, "1.2345675e+06");
        assert_eq!(text(0.0001), ("0.0001".into(), "0.0001".into()));
        assert_eq!(text(0.00001).0, "1e-05");
        assert_eq!(text(0.000_012_5).0, "1.25e-05");
        assert_eq!(text(100_000.0), ("100000".into(), "100000.0".into()));
        assert_eq!(text(-1.5e300).0, "-1.5e+300");
    }

    #[test]
    fn special_values_have_names() {
        assert_eq!(text(f64::NAN).0, "NaN");
        assert_eq!(text(f64::NEG_INFINITY).1, "-Inf");
        assert_eq!(text(-0.0), ("0".into(), "0.0".into()));
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(
            written(|line| time(line, 1_600_000_000.5)),
            "1600000000.500"
        );
        assert_eq!(written(|line| time(line, 0.0625)), "0.063");
    }
}
