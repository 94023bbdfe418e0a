//! Numbers as the text formats write them.
//!
//! Floats follow Go's `strconv.FormatFloat(v, 'g', -1, 64)`, which the Prometheus server and its
//! Go client write: the shortest digits that read back as the same value, with an exponent when
//! it is below -4 or at least 6. OpenMetrics adds `.0` where that shows neither point nor
//! exponent (section "Canonical numbers").

use super::Number;

/// Writes a value as a sample shows it.
pub(crate) fn write(out: &mut Vec<u8>, number: Number, open_metrics: bool) {
    match number {
        Number::Unsigned(n) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        Number::Signed(n) => out.extend_from_slice(itoa::Buffer::new().format(n).as_bytes()),
        Number::Float(n) => write_float(out, n, open_metrics),
    }
}

/// Writes a float.
pub(crate) fn write_float(out: &mut Vec<u8>, value: f64, open_metrics: bool) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if value == 0.0 {
        return out.extend_from_slice(if open_metrics { b"0.0" } else { b"0" });
    }
    if value < 0.0 {
        out.push(b'-');
    }
    let mut buffer = zmij::Buffer::new();
    let mut decimal = [0; 24];
    let (digits, exponent) = decompose(buffer.format_finite(value.abs()), &mut decimal);
    if (-4..6).contains(&exponent) {
        write_fixed(out, digits, exponent, open_metrics);
    } else {
        write_scientific(out, digits, exponent);
    }
}

/// Takes apart what `zmij` writes: the significant digits, and the exponent of the first one.
fn decompose<'d>(text: &str, digits: &'d mut [u8; 24]) -> (&'d [u8], i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut point = whole.len() as i32;
    let mut len = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if len == 0 && digit == b'0' {
            point -= 1;
        } else if len < digits.len() {
            digits[len] = digit;
            len += 1;
        }
    }
    while len > 1 && digits[len - 1] == b'0' {
        len -= 1;
    }
    // The exponent is one that `zmij` has just written.
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    (&digits[..len], exponent + point - 1)
}

fn write_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    out.extend_from_slice(itoa::Buffer::new().format(exponent.abs()).as_bytes());
}

fn write_fixed(out: &mut Vec<u8>, digits: &[u8], exponent: i32, open_metrics: bool) {
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-1 - exponent) as usize, b'0');
        return out.extend_from_slice(digits);
    }
    let whole = exponent as usize + 1;
    if digits.len() > whole {
        out.extend_from_slice(&digits[..whole]);
        out.push(b'.');
        return out.extend_from_slice(&digits[whole..]);
    }
    out.extend_from_slice(digits);
    out.resize(out.len() + whole - digits.len(), b'0');
    if open_metrics {
        out.extend_from_slice(b".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> (String, String) {
        let write = |open_metrics| {
            let mut out = Vec::new();
            write_float(&mut out, value, open_metrics);
            String::from_utf8(out).expect("ASCII")
        };
        (write(false), write(true))
    }

    #[test]
    fn the_exponent_appears_from_a_million_on() {
        assert_eq!(text(999_999.9).0, "999999.9");
        assert_eq!(text(1e6), ("1e+06".into(), "1e+06".into()));
        assert_eq!(text(0.0001), ("0.0001".into(), "0.0001".into()));
        assert_eq!(text(0.00001).0, "1e-05");
        assert_eq!(text(100_000.0), ("100000".into(), "100000.0".into()));
        assert_eq!(text(-1.5e300).0, "-1.5e+300");
    }

    #[test]
    fn values_that_are_not_numbers_have_names() {
        assert_eq!(text(f64::NAN).0, "NaN");
        assert_eq!(text(f64::NEG_INFINITY).1, "-Inf");
        assert_eq!(text(-0.0), ("0".into(), "0.0".into()));
    }
}
