//! Metric and label names: one grammar, checked in `const` where a name is declared.
//!
//! The rules are those of the Prometheus data model and of OpenMetrics 1.0 ("Naming"):
//! metric names match `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names `[a-zA-Z_][a-zA-Z0-9_]*`;
//! what begins with an underscore is reserved, and `le` and `quantile` belong to the formats.

use crate::desc::Kind;

/// Why a name, unit or label was refused; the text ends with the remedy.
pub(crate) type Fault = &'static str;

/// Checks a metric's name against its kind.
///
/// # Errors
///
/// Says what is wrong with it and what belongs there instead.
pub(crate) const fn check_metric(name: &str, kind: Kind) -> Result<(), Fault> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err("a metric name is empty; write one such as `app_requests_total`");
    }
    if !matches!(bytes[0], b'a'..=b'z' | b'A'..=b'Z' | b':') {
        return Err(
            "a metric name starts with a letter; a leading `_` is reserved and a digit is not allowed",
        );
    }
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':') {
            return Err("a metric name holds letters, digits, `_` and `:` only");
        }
        i += 1;
    }
    match kind {
        Kind::Counter if !ends_with(name, "_total") => {
            Err("a counter's name ends in `_total`; add the suffix")
        }
        Kind::Info if !ends_with(name, "_info") => {
            Err("an info's name ends in `_info`; add the suffix")
        }
        Kind::StateSet if contains(name, b':') => {
            Err("a state set's name is a label's, too, which has no `:`; replace it")
        }
        Kind::Counter | Kind::Info => Ok(()),
        _ => check_suffix(name),
    }
}

/// Suffixes that a format gives to samples cannot end another metric's name.
const fn check_suffix(name: &str) -> Result<(), Fault> {
    if ends_with(name, "_total") {
        return Err("the suffix `_total` belongs to counters; drop it or declare a `Counter`");
    }
    if ends_with(name, "_info") {
        return Err("the suffix `_info` belongs to infos; drop it or declare an `Info`");
    }
    let reserved = ["_created", "_bucket", "_count", "_sum", "_gcount", "_gsum"];
    let mut i = 0;
    while i < reserved.len() {
        if ends_with(name, reserved[i]) {
            return Err(
                "the suffixes `_created`, `_bucket`, `_count`, `_sum`, `_gcount` and `_gsum` belong to the exposition formats; choose another name",
            );
        }
        i += 1;
    }
    Ok(())
}

/// Checks a label's name for a metric of this kind.
///
/// # Errors
///
/// Says what is wrong with it and what belongs there instead.
pub(crate) const fn check_label(name: &str, kind: Kind) -> Result<(), Fault> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err("a label name is empty");
    }
    if !bytes[0].is_ascii_alphabetic() {
        return Err(
            "a label name starts with a letter; a leading `_` is reserved and a digit is not allowed",
        );
    }
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_') {
            return Err("a label name holds letters, digits and `_` only");
        }
        i += 1;
    }
    match kind {
        Kind::Histogram | Kind::GaugeHistogram if equal(name, "le") => {
            Err("the label `le` of a histogram belongs to the exposition formats; choose another")
        }
        Kind::Summary if equal(name, "quantile") => Err(
            "the label `quantile` of a summary belongs to the exposition formats; choose another",
        ),
        _ if equal(name, "le") || equal(name, "quantile") => {
            Err("the labels `le` and `quantile` belong to the exposition formats; choose another")
        }
        _ => Ok(()),
    }
}

/// Checks that a unit is one word of the name's own alphabet and the name's last part.
///
/// # Errors
///
/// Says what is wrong with it and what belongs there instead.
pub(crate) const fn check_unit(name: &str, unit: &str, kind: Kind) -> Result<(), Fault> {
    if unit.is_empty() {
        return Ok(());
    }
    if matches!(kind, Kind::Info | Kind::StateSet) {
        return Err("an info or a state set has no unit; remove it");
    }
    let family = family_name(name, kind);
    let (family, unit) = (family.as_bytes(), unit.as_bytes());
    let Some(start) = family.len().checked_sub(unit.len() + 1) else {
        return Err("a metric's name ends in `_` and its unit (before `_total`); add it");
    };
    if family[start] != b'_' {
        return Err("a metric's name ends in `_` and its unit (before `_total`); add it");
    }
    let mut i = 0;
    while i < unit.len() {
        if family[start + 1 + i] != unit[i] {
            return Err("a metric's name ends in `_` and its unit (before `_total`); add it");
        }
        i += 1;
    }
    Ok(())
}

/// The OpenMetrics family name: a counter's without `_total`, an info's without `_info`.
pub(crate) const fn family_name(name: &str, kind: Kind) -> &str {
    let suffix = match kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        _ => "",
    };
    if ends_with(name, suffix) {
        name.split_at(name.len() - suffix.len()).0
    } else {
        name
    }
}

/// `==` for strings, in `const`.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && ends_with(a, b)
}

const fn contains(name: &str, byte: u8) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == byte {
            return true;
        }
        i += 1;
    }
    false
}

const fn ends_with(name: &str, suffix: &str) -> bool {
    let (name, suffix) = (name.as_bytes(), suffix.as_bytes());
    if name.len() < suffix.len() {
        return false;
    }
    let start = name.len() - suffix.len();
    let mut i = 0;
    while i < suffix.len() {
        if name[start + i] != suffix[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_ends_in_total_and_nothing_else_does() {
        assert!(check_metric("a_total", Kind::Counter).is_ok());
        assert!(check_metric("a", Kind::Counter).is_err());
        assert!(check_metric("a_total", Kind::Gauge).is_err());
    }

    #[test]
    fn names_with_other_characters_are_refused() {
        for name in ["", "1a", "_a", "a-b", "a b", "é", "a.b"] {
            assert!(check_metric(name, Kind::Gauge).is_err(), "{name}");
            assert!(check_label(name, Kind::Gauge).is_err(), "{name}");
        }
    }

    #[test]
    fn a_unit_stands_at_the_end_of_the_name() {
        assert!(check_unit("a_seconds_total", "seconds", Kind::Counter).is_ok());
        assert!(check_unit("a_seconds", "seconds", Kind::Gauge).is_ok());
        assert!(check_unit("aseconds", "seconds", Kind::Gauge).is_err());
        assert!(check_unit("seconds", "seconds", Kind::Gauge).is_err());
    }

    #[test]
    fn a_state_set_is_called_like_a_label() {
        assert!(check_metric("a:b", Kind::StateSet).is_err());
        assert!(check_metric("a:b", Kind::Gauge).is_ok());
    }

    #[test]
    fn labels_of_the_formats_are_refused() {
        assert!(check_label("le", Kind::Histogram).is_err());
        assert!(check_label("quantile", Kind::Summary).is_err());
        assert!(check_label("__name__", Kind::Gauge).is_err());
    }
}
