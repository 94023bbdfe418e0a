//! Writes selectors, matchers and label lists in PromQL.

use std::{borrow::Cow, fmt::Display};

use crate::{
    catalog::quote::quoted,
    describe::name::{is_legacy_label, is_legacy_metric},
    format::number,
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

/// A selector of the series with any of these names: `{__name__=~"a|b",queue="mail"}`.
pub(crate) fn any_series(names: &[String], matchers: &[String]) -> String {
    if let [name] = names {
        return series(name, matchers);
    }
    let names: Vec<_> = names.iter().map(|name| regex_escaped(name)).collect();
    let name = matcher("__name__", "=~", &names.join("|"));
    let all: Vec<_> = [name].into_iter().chain(matchers.iter().cloned()).collect();
    format!("{{{}}}", all.join(","))
}

/// Escapes the special characters of a regular expression.
fn regex_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A label matcher: `queue="mail"`.
pub(crate) fn matcher(label: &str, operator: &str, value: &str) -> String {
    format!("{}{operator}{}", self::label(label), quoted(value))
}

/// A matcher for a label whose value is a number: `le` or `quantile`.
///
/// Matches the spellings of all formats: 10 is `10` in the text format and `10.0` in OpenMetrics.
pub(crate) fn number_matcher(label: &str, number: f64) -> String {
    let [text, open_metrics] = [false, true].map(|format| number::text(number, format));
    if text == open_metrics {
        matcher(label, "=", &text)
    } else {
        // The point is the only special character, because numbers with an exponent (`1e+06`) are
        // equal in both formats.
        let open_metrics = open_metrics.replace('.', r"\.");
        matcher(label, "=~", &format!("{text}|{open_metrics}"))
    }
}

/// How much a counter has increased within `window`, also if it appeared within `window`.
///
/// `increase` alone gives 0 for a counter that appears with its first increment, because it does not
/// know that the counter was 0 before. A counter without a sample at the start of the window has
/// increased by its value.
pub(crate) fn increase(counter: &str, window: &impl Display) -> String {
    format!("({counter} unless {counter} offset {window}) or increase({counter}[{window}])")
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
        assert_eq!(number_matcher("le", 0.25), r#"le="0.25""#);
        assert_eq!(number_matcher("le", 10.0), r#"le=~"10|10\\.0""#);
        assert_eq!(number_matcher("quantile", 1.0), r#"quantile=~"1|1\\.0""#);
    }

    #[test]
    fn very_small_and_large_bounds_match_with_their_exponent() {
        assert_eq!(number_matcher("le", 0.000_05), r#"le="5e-05""#);
        assert_eq!(number_matcher("le", 1_500_000.0), r#"le="1.5e+06""#);
    }
}
