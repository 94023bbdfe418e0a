//! [`GoDuration`]: a duration in the notation of Go.

use std::time::Duration;

use serde::Deserialize;

/// A duration such as `1.5s` or `1h30m`, as Go's `time.ParseDuration` reads it; not negative.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct GoDuration(pub(super) Duration);

impl TryFrom<String> for GoDuration {
    type Error = String;

    fn try_from(text: String) -> Result<GoDuration, String> {
        let duration = parse(&text).ok_or_else(|| {
            format!("`{text}` is not a duration; write a number with a unit, as in 500ms, 1s or 2m")
        });
        duration.map(GoDuration)
    }
}

/// Parses numbers that are followed by a unit each; the number zero needs none.
fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = None;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, with_unit) = rest.split_at(end);
        let unit_end = with_unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(with_unit.len());
        let (unit, after) = with_unit.split_at(unit_end);
        let seconds = number.parse::<f64>().ok()? * seconds(unit)?;
        let part = Duration::try_from_secs_f64(seconds).ok()?;
        total = Some(part.checked_add(total.unwrap_or_default())?);
        rest = after;
    }
    total
}

fn seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        // The micro sign and the Greek letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("1s", 1_000),
            ("1.5s", 1_500),
            (".5s", 500),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("1m0.5s", 60_500),
            ("+1s", 1_000),
            ("2000us", 2),
            ("2000\u{b5}s", 2),
        ] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_duration() {
        for text in [
            "",
            "1",
            "s",
            "+",
            ".s",
            "1 s",
            "1d",
            "1s2",
            "1.2.3s",
            "-1s",
            "1e3s",
            "99999999999999999999h",
            "infs",
            "\u{b5}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
