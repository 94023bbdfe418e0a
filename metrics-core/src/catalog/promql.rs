//! Writes selectors, matchers and label lists in PromQL.

use std::borrow::Cow;

use crate::{
    catalog::quote::quoted,
    describe::name::{is_legacy_label, is_legacy_metric},
};

/// A selector: `jobs_total{queue="mail"}`.
///
/// A UTF-8 name goes in quotes among the matchers, which is the syntax of Prometheus 3.
pub(crate) fn series(name: &str, matchers: &[String]) -> String {
    let matchers = matchers.join(",");
    match (is_legacy_metric(name), matchers.is_empty()) {
        (true, true) => name.to_owned(),
        (true, false) => format!("{name}{{{matchers}}}"),
        (false, true) => format!("{{{}}}", quoted(name)),
        (false, false) => format!("{{{},{matchers}}}", quoted(name)),
    }
}

/// A label matcher: `queue="mail"`.
pub(crate) fn matcher(label: &str, operator: &str, value: &str) -> String {
    format!("{}{operator}{}", self::label(label), quoted(value))
}

/// A matcher for the `le` of one bound, which is `10` in the text format and `10.0` in OpenMetrics.
///
/// Only bounds from 0.0001 to below 1,000,000, 0, and their negatives match: the formats write
/// others with an exponent.
pub(crate) fn le(bound: f64) -> String {
    if bound.fract() == 0.0 {
        matcher("le", "=~", &format!(r"{bound}|{bound}\.0"))
    } else {
        matcher("le", "=", &format!("{bound}"))
    }
}

/// A list of label names in parentheses, as used after `by`.
pub(crate) fn labels<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(label).collect();
    format!("({})", names.join(", "))
}

fn label(name: &str) -> Cow<'_, str> {
    if is_legacy_label(name) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(quoted(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_names_are_quoted() {
        let matchers = [matcher("http.method", "=", "GET")];
        assert_eq!(
            series("http.requests_total", &matchers),
            r#"{"http.requests_total","http.method"="GET"}"#
        );
        assert_eq!(series("requests_total", &[]), "requests_total");
        assert_eq!(labels(["le", "http.method"]), r#"(le, "http.method")"#);
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(matcher("a", "=", "\"\\\n\u{7}"), r#"a="\"\\\n\u0007""#);
    }

    #[test]
    fn an_integral_bound_matches_both_spellings() {
        assert_eq!(le(0.25), r#"le="0.25""#);
        assert_eq!(le(10.0), r#"le=~"10|10\\.0""#);
    }
}
