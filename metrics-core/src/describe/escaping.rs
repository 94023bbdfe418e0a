//! Names for readers that take letters, digits, `_` and `:` only: the schemes that Prometheus has.
//!
//! See <https://prometheus.io/docs/instrumenting/escaping_schemes/>. Where that page and the
//! released Prometheus disagree, this does as the latter: code points are lower-case digits, and
//! what is no dot becomes `__` under `dots`.

use std::{borrow::Cow, fmt::Write};

use super::{desc::Desc, name};

/// How names are written that have other characters than letters, digits, `_` and `:`, for a
/// reader that does not take them: the [schemes] that Prometheus has.
///
/// [schemes]: https://prometheus.io/docs/instrumenting/escaping_schemes/
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Escaping {
    /// Each other character as `_`.
    #[default]
    Underscores,
    /// Dots as `_dot_`, underscores as `__`, and each other character as `__`.
    Dots,
    /// With `U__` in front, underscores as `__` and each other character as its code point, in
    /// hexadecimal digits between underscores.
    Values,
    /// As they are, in quotes; [`Format::Text`](crate::Format::Text) has none, and takes `_`.
    AllowUtf8,
}

impl Escaping {
    /// The scheme of this name in an `Accept` header, as in `escaping=allow-utf-8`.
    pub fn from_name(name: &str) -> Option<Escaping> {
        Some(match name {
            "underscores" => Escaping::Underscores,
            "dots" => Escaping::Dots,
            "values" => Escaping::Values,
            "allow-utf-8" => Escaping::AllowUtf8,
            _ => return None,
        })
    }

    /// A metric's name as a reader gets it: what is added to it, as in `_bucket`, is added after.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::Underscores.metric_name("http.requests_total"), "http_requests_total");
    /// ```
    pub fn metric_name(self, name: &str) -> Cow<'_, str> {
        metric_name(name, self)
    }

    /// A label's name as a reader gets it.
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

/// The schemes that write some names as others.
pub(crate) const SCHEMES: [Escaping; 3] = [Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// A metric's name under a scheme.
pub(crate) fn metric_name(name: &str, escaping: Escaping) -> Cow<'_, str> {
    escaped(name, escaping, name::is_legacy_metric(name), true)
}

/// A label's name under a scheme: as a metric's, but without `:`.
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
        // Underscores are doubled in any name.
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

/// A metric's name as it was declared, after a prefix and under a scheme.
///
/// `_total` and `_info` are a part of it; a family's name in OpenMetrics is this without them
/// ([`name::family_name`]), and what a format adds to it is added as it is, so that a sample has
/// the same name in every format. Prometheus' own libraries do likewise.
pub(crate) fn declared_name(desc: &Desc, prefix: &str, escaping: Escaping) -> String {
    let declared = format!("{prefix}{}", desc.name());
    metric_name(&declared, escaping).into_owned()
}

/// Every name that a metric's samples may bear under a scheme.
pub(crate) fn sample_names(desc: &Desc, prefix: &str, escaping: Escaping) -> Vec<String> {
    let name = declared_name(desc, prefix, escaping);
    desc.sample_names_of(name::family_name(&name, desc.kind()))
}

/// The name that two labels have in common, under one of the schemes if not as they are.
pub(crate) fn common_name<'n>(a: &'n str, b: &'n str) -> Option<Cow<'n, str>> {
    if a == b {
        return Some(Cow::Borrowed(a));
    }
    // No scheme makes one name of two that every reader takes.
    if name::is_legacy_label(a) && name::is_legacy_label(b) {
        return None;
    }
    SCHEMES.iter().find_map(|scheme| {
        let name = label_name(a, *scheme);
        (name == label_name(b, *scheme)).then_some(name)
    })
}

/// Writes a name in quotes.
pub(crate) fn quoted(out: &mut String, name: &str) {
    out.push('"');
    text(out, name);
    out.push('"');
}

/// Writes what stands in quotes: the name or the value of a label.
pub(crate) fn text(out: &mut String, text: &str) {
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
    fn a_colon_belongs_to_metric_names_alone() {
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
    fn a_reader_that_takes_any_name_gets_it_as_it_is() {
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
    fn what_is_escaped_is_a_legacy_name() {
        for name in ["a.b", "1", "é", "\"", "a b", ".", "_.", "9:"] {
            for scheme in SCHEMES {
                assert!(name::is_legacy_metric(&metric_name(name, scheme)), "{name}");
                assert!(name::is_legacy_label(&label_name(name, scheme)), "{name}");
            }
        }
    }

    #[test]
    fn quotes_and_backslashes_and_line_ends_are_escaped_in_quotes() {
        let mut out = String::new();
        quoted(&mut out, "a\"b\\c\nd.é");
        assert_eq!(out, r#""a\"b\\c\nd.é""#);
    }

    #[test]
    fn what_a_format_adds_to_a_name_is_added_as_it_is() {
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
    fn two_labels_may_have_one_name() {
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
