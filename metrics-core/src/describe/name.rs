//! Checks metric names, label names and units. Names in declarations are checked at compile time.
//!
//! The rules are those of the Prometheus data model and of OpenMetrics 1.0 ("Naming"):
//! metric names match `[a-zA-Z_:][a-zA-Z0-9_:]*`, label names `[a-zA-Z_][a-zA-Z0-9_]*`;
//! names with a leading underscore are reserved, and the labels `le` and `quantile` belong to the
//! formats. With `#[utf8]` or `utf8()`, a name may contain any character except control characters;
//! the other rules still apply.

use crate::describe::kind::Kind;

/// Why a name, unit, label or bound is invalid, in most cases ending with the remedy.
pub(crate) type Violation = &'static str;

/// Which characters a name may contain, and how the error message says to allow others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValidationScheme {
    /// Letters, digits and `_`, and `:` in metric names: valid for every scraper.
    Legacy,
    /// Like `Legacy`, for a name in `metrics!`.
    LegacyInMacro,
    /// Like `Legacy`, for a field of a struct that derives `Labels`.
    LegacyInDerive,
    /// Like `Legacy`, for a dynamic metric or a registry.
    LegacyAtRunTime,
    /// Like `Legacy`, for a name that exists already: a counter, a gauge or a metric of unknown
    /// type may have any suffix, and the labels `le` and `quantile`.
    Existing,
    /// All characters except control characters.
    Utf8,
}

impl ValidationScheme {
    /// Whether the rules for suffixes and for the labels `le` and `quantile` are lifted.
    const fn allows_suffixes(self, kind: Kind) -> bool {
        matches!(self, ValidationScheme::Existing)
            && matches!(kind, Kind::Counter | Kind::Gauge | Kind::Unknown)
    }

    const fn invalid_metric(self) -> Violation {
        match self {
            ValidationScheme::LegacyInMacro => {
                "a metric name holds letters, digits, `_` and `:` only; add `#[utf8]` to allow any character"
            }
            ValidationScheme::LegacyAtRunTime => {
                "a metric name holds letters, digits, `_` and `:` only; call `utf8()` to allow any character"
            }
            _ => {
                "a metric name holds letters, digits, `_` and `:` only; write `_` for other characters"
            }
        }
    }

    const fn invalid_label(self) -> Violation {
        match self {
            ValidationScheme::LegacyInMacro => {
                "a label name holds letters, digits and `_` only; add `#[utf8]` to the metric to allow any character"
            }
            ValidationScheme::LegacyInDerive => {
                "a label name holds letters, digits and `_` only; add `#[label(utf8)]` to the struct to allow any character"
            }
            ValidationScheme::LegacyAtRunTime => {
                "a label name holds letters, digits and `_` only; call `utf8()` to allow any character"
            }
            _ => "a label name holds letters, digits and `_` only; write `_` for other characters",
        }
    }
}

/// Checks the name of a metric of type `kind`.
///
/// # Errors
///
/// Describes the violated rule, in most cases with the remedy.
pub(crate) const fn check_metric(
    name: &str,
    kind: Kind,
    scheme: ValidationScheme,
) -> Result<(), Violation> {
    if name.is_empty() {
        return Err("a metric name is empty; write one such as `app_requests_total`");
    }
    let first = name.as_bytes()[0];
    if matches!(scheme, ValidationScheme::Utf8) {
        if first == b'_' {
            return Err("a leading `_` of a metric name is reserved; drop it");
        }
        if has_control(name) {
            return Err("a metric name holds no control characters; drop them");
        }
    } else {
        if first == b'_' || first.is_ascii_digit() {
            return Err(
                "a metric name starts with a letter, and a leading `_` is reserved; begin with a prefix such as `app_`",
            );
        }
        if !is_legacy_metric(name) {
            return Err(scheme.invalid_metric());
        }
    }
    if scheme.allows_suffixes(kind) {
        return Ok(());
    }
    match kind {
        Kind::Counter if !ends_with(name, "_total") => {
            Err("a counter's name ends in `_total`; add the suffix")
        }
        Kind::Info if !ends_with(name, "_info") => {
            Err("an info's name ends in `_info`; add the suffix")
        }
        Kind::StateSet if is_name_label(name) => Err(IS_NAME_LABEL),
        Kind::StateSet if has_colon(name) => {
            Err("a state set's name is also a label name, which cannot contain `:`; replace it")
        }
        Kind::Counter | Kind::Info => Ok(()),
        _ => check_suffix(name),
    }
}

/// Checks that a name has no suffix that the formats append to sample names.
const fn check_suffix(name: &str) -> Result<(), Violation> {
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

/// Whether a metric name needs no escaping: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(crate) const fn is_legacy_metric(name: &str) -> bool {
    is_legacy(name, true)
}

/// Whether a label name needs no escaping: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub(crate) const fn is_legacy_label(name: &str) -> bool {
    is_legacy(name, false)
}

const fn is_legacy(name: &str, colon: bool) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes[0].is_ascii_digit() {
        return false;
    }
    let mut i = 0;
    while i < bytes.len() {
        let is_word = bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_';
        if !(is_word || colon && bytes[i] == b':') {
            return false;
        }
        i += 1;
    }
    true
}

/// Checks the name of a label of a metric of type `kind`.
///
/// # Errors
///
/// Describes the violated rule, in most cases with the remedy.
pub(crate) const fn check_label(
    name: &str,
    kind: Kind,
    scheme: ValidationScheme,
) -> Result<(), Violation> {
    if name.is_empty() {
        return Err("a label name is empty; write one such as `method`");
    }
    let first = name.as_bytes()[0];
    if matches!(scheme, ValidationScheme::Utf8) {
        if first == b'_' {
            return Err("a leading `_` of a label name is reserved; drop it");
        }
        if has_control(name) {
            return Err("a label name holds no control characters; drop them");
        }
        if is_name_label(name) {
            return Err(IS_NAME_LABEL);
        }
    } else {
        if first == b'_' || first.is_ascii_digit() {
            return Err(
                "a label name starts with a letter, and a leading `_` is reserved; begin with another character",
            );
        }
        if !is_legacy_label(name) {
            return Err(scheme.invalid_label());
        }
    }
    if scheme.allows_suffixes(kind) {
        return Ok(());
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

/// Checks that a unit is valid and that the metric name ends in it.
///
/// # Errors
///
/// Describes the violated rule, in most cases with the remedy.
pub(crate) const fn check_unit(name: &str, unit: &str, kind: Kind) -> Result<(), Violation> {
    if unit.is_empty() {
        return Ok(());
    }
    if matches!(kind, Kind::Info | Kind::StateSet) {
        return Err("an info or a state set has no unit; remove it");
    }
    let family = family_name(name, kind);
    let (family, unit) = (family.as_bytes(), unit.as_bytes());
    let mut i = 0;
    while i < unit.len() {
        // Forbids other characters, because no format can quote or escape a unit.
        if !unit[i].is_ascii_alphanumeric() && unit[i] != b'_' {
            return Err("a unit holds letters, digits and `_` only; write one such as `seconds`");
        }
        i += 1;
    }
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

/// The OpenMetrics family name: the name without `_total` of a counter or `_info` of an info.
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

/// `==` for strings, usable in `const`.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && ends_with(a, b)
}

/// Whether the name contains a control character (category `Cc`).
///
/// Some parsers of the exposition formats fail on them even in quotes.
const fn has_control(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        // U+0080 to U+009F are encoded as 0xC2 and a byte below 0xA0.
        let above_ascii = bytes[i] == 0xc2 && bytes[i + 1] < 0xa0;
        if bytes[i].is_ascii_control() || above_ascii {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether the name contains a `:`, which escaping keeps in metric names but not in label names.
const fn has_colon(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b':' {
            return true;
        }
        i += 1;
    }
    false
}

const IS_NAME_LABEL: Violation =
    "this label is escaped to `__name__`, which holds the metric's name; rename it";

/// Whether an escaping scheme may turn this label name into `__name__`.
///
/// True if on each side of `name` there are two characters other than ASCII letters and digits,
/// which become `_` each, or one, which may become `__`. No scheme replaces a dot by `__`, so
/// `.name.` is rejected without need.
const fn is_name_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    let (mut before, mut after) = (0, 0);
    let mut i = 0;
    while i < bytes.len() && !bytes[i].is_ascii_alphanumeric() {
        before += is_first_byte(bytes[i]) as usize;
        i += 1;
    }
    let mut j = 0;
    while j < 4 {
        if i >= bytes.len() || bytes[i] != b"name"[j] {
            return false;
        }
        i += 1;
        j += 1;
    }
    while i < bytes.len() {
        if bytes[i].is_ascii_alphanumeric() {
            return false;
        }
        after += is_first_byte(bytes[i]) as usize;
        i += 1;
    }
    before == after && (before == 1 || before == 2)
}

/// Whether the byte starts a UTF-8 character.
const fn is_first_byte(byte: u8) -> bool {
    byte & 0xc0 != 0x80
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

    fn metric(name: &str, kind: Kind) -> Result<(), Violation> {
        check_metric(name, kind, ValidationScheme::Legacy)
    }

    fn label(name: &str, kind: Kind) -> Result<(), Violation> {
        check_label(name, kind, ValidationScheme::Legacy)
    }

    #[test]
    fn only_a_counter_name_ends_in_total() {
        for scheme in [ValidationScheme::Legacy, ValidationScheme::Utf8] {
            assert!(check_metric("a_total", Kind::Counter, scheme).is_ok());
            assert!(check_metric("a", Kind::Counter, scheme).is_err());
            assert!(check_metric("a_total", Kind::Gauge, scheme).is_err());
        }
    }

    #[test]
    fn a_legacy_name_has_letters_digits_and_underscores_only() {
        for name in ["", "1a", "_a", "a-b", "a b", "é", "a.b"] {
            assert!(metric(name, Kind::Gauge).is_err(), "{name}");
            assert!(label(name, Kind::Gauge).is_err(), "{name}");
        }
    }

    #[test]
    fn a_utf8_name_may_have_any_printable_character() {
        for name in [
            "1a", "a-b", "a b", "é", "a.b", "a\"b\\", "花火", "{}", "\u{a0}",
        ] {
            assert!(
                check_metric(name, Kind::Gauge, ValidationScheme::Utf8).is_ok(),
                "{name}"
            );
            assert!(
                check_label(name, Kind::Gauge, ValidationScheme::Utf8).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn reserved_names_and_control_characters_are_invalid_under_every_scheme() {
        for name in [
            "", "_a", "__a.b", "a\0", "a\n", "\u{7f}", "\u{85}.", "\u{9f}",
        ] {
            assert!(
                check_metric(name, Kind::Gauge, ValidationScheme::Utf8).is_err(),
                "{name:?}"
            );
            assert!(
                check_label(name, Kind::Gauge, ValidationScheme::Utf8).is_err(),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_label_that_escapes_to_name_is_invalid() {
        let refused = |name| check_label(name, Kind::Gauge, ValidationScheme::Utf8).is_err();
        for name in ["..name..", "/name/", "花火name花火", "é_name_é"] {
            assert!(refused(name), "{name}");
        }
        for name in [
            "name",
            ".name",
            "..name.",
            "...name...",
            "..names..",
            "..nam",
            "a.name.b",
        ] {
            assert!(!refused(name), "{name}");
        }
    }

    #[test]
    fn a_name_ends_in_its_unit() {
        assert!(check_unit("a_seconds_total", "seconds", Kind::Counter).is_ok());
        assert!(check_unit("a_seconds", "seconds", Kind::Gauge).is_ok());
        assert!(check_unit("aseconds", "seconds", Kind::Gauge).is_err());
        assert!(check_unit("a_m\\s", "m\\s", Kind::Gauge).is_err());
        assert!(check_unit("a_°C", "°C", Kind::Gauge).is_err());
        assert!(check_unit("seconds", "seconds", Kind::Gauge).is_err());
    }

    #[test]
    fn a_state_set_name_is_a_valid_label_name() {
        assert!(metric("a:b", Kind::StateSet).is_err());
        assert!(metric("a:b", Kind::Gauge).is_ok());
        assert!(check_metric("a:b", Kind::StateSet, ValidationScheme::Utf8).is_err());
    }

    #[test]
    fn labels_reserved_by_the_formats_are_invalid() {
        for scheme in [ValidationScheme::Legacy, ValidationScheme::Utf8] {
            assert!(check_label("le", Kind::Histogram, scheme).is_err());
            assert!(check_label("quantile", Kind::Summary, scheme).is_err());
            assert!(check_label("__name__", Kind::Gauge, scheme).is_err());
        }
    }
}
