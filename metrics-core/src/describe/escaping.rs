//! Escapes names for scrapers without UTF-8 support.
//!
//! The schemes are those of <https://prometheus.io/docs/instrumenting/escaping_schemes/>. Where
//! that page differs from the released Prometheus, this module does as Prometheus does: hexadecimal
//! digits are lower-case, and the scheme `dots` replaces each invalid character but a dot by `__`.

use std::{borrow::Cow, fmt::Write};

use super::{desc::Desc, name};

/// How names with invalid characters are written: characters other than letters, digits (except at
/// the start), `_`, and `:` in a metric name.
///
/// A scraper without UTF-8 support requests one of the escaping [schemes] of Prometheus.
///
/// [schemes]: https://prometheus.io/docs/instrumenting/escaping_schemes/
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Escaping {
    /// Replaces each invalid character by `_`.
    #[default]
    Underscores,
    /// Replaces dots by `_dot_` and other invalid characters by `__`. Doubles underscores, even in
    /// names without invalid characters.
    Dots,
    /// Prepends `U__`, and replaces underscores by `__` and invalid characters by their hexadecimal
    /// code point between underscores. Names without invalid characters stay unchanged.
    Values,
    /// No escaping: a name with invalid characters is in quotes. `Format::Text` does not support
    /// quoted names and uses `Underscores`.
    AllowUtf8,
}

impl Escaping {
    /// Parses the name of a scheme in an `Accept` header, as in `escaping=allow-utf-8`.
    pub fn from_name(name: &str) -> Option<Escaping> {
        Some(match name {
            "underscores" => Escaping::Underscores,
            "dots" => Escaping::Dots,
            "values" => Escaping::Values,
            "allow-utf-8" => Escaping::AllowUtf8,
            _ => return None,
        })
    }

    /// Escapes a metric name. Suffixes such as `_bucket` are appended after escaping.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::Underscores.metric_name("http.requests_total"), "http_requests_total");
    /// ```
    pub fn metric_name(self, name: &str) -> Cow<'_, str> {
        metric_name(name, self)
    }

    /// Escapes a label name.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::AllowUtf8.label_name("http.method"), "http.method");
    /// assert_eq!(Escaping::Underscores.label_name("http.method"), "http_method");
    /// ```
    pub fn label_name(self, name: &str) -> Cow<'_, str> {
        label_name(name, self)
    }
}

/// The schemes that change names.
pub(crate) const SCHEMES: [Escaping; 3] = [Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// Escapes a metric name.
pub(crate) fn metric_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    escaped(name, escaping, name::is_legacy_metric(name), true)
}

/// Escapes a label name: like a metric name, but `:` is an invalid character, too.
pub(crate) fn label_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    escaped(name, escaping, name::is_legacy_label(name), false)
}

fn escaped(name: &str, escaping: Escaping, is_legacy: bool, colon: bool) -> Cow<'_, str> {
    let stays = |at: usize, c: char| match c {
        '_' => escaping == Escaping::Underscores,
        ':' => colon,
        '0'..='9' => at > 0,
        c => c.is_ascii_alphabetic(),
    };
    let untouched = match escaping {
        Escaping::AllowUtf8 => true,
        Escaping::Underscores | Escaping::Values => is_legacy,
        // This scheme doubles underscores even in legacy names.
        Escaping::Dots => is_legacy && !name.contains('_'),
    };
    if untouched {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    if escaping == Escaping::Values {
        out.push_str("U__");
    }
    for (at, c) in name.char_indices() {
        match (escaping, c) {
            _ if stays(at, c) => out.push(c),
            (Escaping::Dots, '.') => out.push_str("_dot_"),
            (Escaping::Dots, _) | (Escaping::Values, '_') => out.push_str("__"),
            (Escaping::Values, c) => {
                // Writing to a string does not fail.
                let _ = write!(out, "_{:x}_", u32::from(c));
            }
            _ => out.push('_'),
        }
    }
    Cow::Owned(out)
}

/// The declared name with a prefix, escaped.
///
/// Includes `_total` of a counter and `_info` of an info, which the OpenMetrics family name lacks
/// ([`name::family_name`]). Suffixes of the formats are appended after escaping, so that a sample
/// has the same name in every format, as in Prometheus' own client libraries.
pub(crate) fn declared_name(desc: &Desc, prefix: &str, escaping: Escaping) -> String {
    let declared = format!("{prefix}{}", desc.name());
    metric_name(&declared, escaping).into_owned()
}

/// All sample names that a metric can have under a scheme.
pub(crate) fn sample_names(desc: &Desc, prefix: &str, escaping: Escaping) -> Vec<String> {
    let name = declared_name(desc, prefix, escaping);
    desc.sample_names_of(name::family_name(&name, desc.kind()))
}

/// The name that two labels have in common, as declared or under a scheme, if any.
pub(crate) fn common_name<'n>(a: &'n str, b: &'n str) -> Option<Cow<'n, str>> {
    if a == b {
        return Some(Cow::Borrowed(a));
    }
    // No scheme maps two different legacy names to the same name.
    if name::is_legacy_label(a) && name::is_legacy_label(b) {
        return None;
    }
    SCHEMES.iter().find_map(|scheme| {
        let name = label_name(a, *scheme);
        (name == label_name(b, *scheme)).then_some(name)
    })
}

/// Appends a name in quotes.
pub(crate) fn push_quoted(out: &mut String, name: &str) {
    out.push('"');
    push_escaped_value(out, name);
    out.push('"');
}

/// Appends the content of a quoted string: a label value or a quoted name.
pub(crate) fn push_escaped_value(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::kind::Kind;

    #[test]
    fn metric_names_are_escaped_as_prometheus_does() {
        for (name, expected) in [
            (
                "metric.name/with/slashes",
                [
                    "metric_name_with_slashes",
                    "metric_dot_name__with__slashes",
                    "U__metric_2e_name_2f_with_2f_slashes",
                ],
            ),
            (
                "my_metric.total",
                [
                    "my_metric_total",
                    "my__metric_dot_total",
                    "U__my__metric_2e_total",
                ],
            ),
            ("1abc", ["_abc", "__abc", "U___31_abc"]),
            ("花火", ["__", "____", "U___82b1__706b_"]),
            ("a:b.c", ["a:b_c", "a:b_dot_c", "U__a:b_2e_c"]),
            (
                "under_score",
                ["under_score", "under__score", "under_score"],
            ),
            ("plain", ["plain", "plain", "plain"]),
        ] {
            assert_eq!(SCHEMES.map(|scheme| metric_name(name, scheme)), expected);
        }
    }

    #[test]
    fn a_colon_is_escaped_in_label_names_only() {
        for (name, expected) in [
            ("a:b", ["a_b", "a__b", "U__a_3a_b"]),
            (
                "http.method",
                ["http_method", "http_dot_method", "U__http_2e_method"],
            ),
            (
                "under_score",
                ["under_score", "under__score", "under_score"],
            ),
        ] {
            assert_eq!(SCHEMES.map(|scheme| label_name(name, scheme)), expected);
        }
        assert_eq!(metric_name("a:b", Escaping::Underscores), "a:b");
    }

    #[test]
    fn allow_utf8_escapes_nothing() {
        for name in ["a.b", "花火", "a:b", "1"] {
            assert_eq!(metric_name(name, Escaping::AllowUtf8), name);
            assert_eq!(label_name(name, Escaping::AllowUtf8), name);
        }
    }

    #[test]
    fn a_legacy_name_is_borrowed() {
        for scheme in [Escaping::Underscores, Escaping::Values] {
            assert!(matches!(metric_name("a_b:c", scheme), Cow::Borrowed(_)));
            assert!(matches!(label_name("a_b", scheme), Cow::Borrowed(_)));
        }
        assert!(matches!(
            metric_name("ab", Escaping::Dots),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn an_escaped_name_is_a_legacy_name() {
        for name in ["a.b", "1", "é", "\"", "a b", ".", "_.", "9:"] {
            for scheme in SCHEMES {
                assert!(name::is_legacy_metric(&metric_name(name, scheme)), "{name}");
                assert!(name::is_legacy_label(&label_name(name, scheme)), "{name}");
            }
        }
    }

    #[test]
    fn quotes_backslashes_and_line_ends_are_escaped_in_quotes() {
        let mut out = String::new();
        push_quoted(&mut out, "a\"b\\c\nd.é");
        assert_eq!(out, r#""a\"b\\c\nd.é""#);
    }

    #[test]
    fn suffixes_are_appended_after_escaping() {
        let counter = Desc::utf8(Kind::Counter, "a.b_total", "");
        assert_eq!(
            sample_names(&counter, "p_", Escaping::Values),
            [
                "U__p__a_2e_b_",
                "U__p__a_2e_b__total",
                "U__p__a_2e_b__created"
            ],
        );
        let histogram = Desc::utf8(Kind::Histogram, "a.b", "");
        assert!(
            sample_names(&histogram, "", Escaping::Dots).contains(&"a_dot_b_bucket".to_owned())
        );
    }

    #[test]
    fn two_labels_can_escape_to_the_same_name() {
        assert_eq!(common_name("a", "a").as_deref(), Some("a"));
        assert_eq!(common_name("a.b", "a_b").as_deref(), Some("a_b"));
        assert_eq!(common_name("a/b", "a_b").as_deref(), Some("a_b"));
        assert_eq!(common_name("花", "火").as_deref(), Some("_"));
        assert_eq!(
            common_name("a.b", "U__a_2e_b").as_deref(),
            Some("U__a_2e_b")
        );
        assert_eq!(common_name("a_b", "a__b"), None);
        assert_eq!(common_name("a.b", "a.c"), None);
    }
}
