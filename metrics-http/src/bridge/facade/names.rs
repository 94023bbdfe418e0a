//! Converts names from the facade `metrics`, which may be any text, to names that every scraper
//! accepts.

use std::{iter, sync::Arc};

use metrics::Key;
use metrics_core::Kind;

/// The labels of a series, sorted by name.
pub(super) type Labels = Arc<[(String, String)]>;

/// Converts the name of a metric of type `kind` to its name in an exposition.
pub(super) fn metric(kind: Kind, name: &str) -> String {
    let mut name = sanitize(name, true, "metric_");
    let ends_in = |suffix: &&str| name.ends_with(suffix);
    match kind {
        Kind::Counter if name.ends_with("_total") => {}
        Kind::Counter => name.push_str("_total"),
        _ if SUFFIXES.iter().any(ends_in) => name.push_str("_value"),
        _ => {}
    }
    name
}

/// Converts the labels of a key to those of its series in an exposition.
pub(super) fn labels(key: &Key) -> Labels {
    let mut given: Vec<(&str, &str)> = key
        .labels()
        .map(|label| (label.key(), label.value()))
        // Leaves out empty labels, which scrapers treat like missing ones.
        .filter(|(_, value)| !value.is_empty())
        .collect();
    // Sorted, so that values of labels that get the same name are joined in a fixed order.
    given.sort_unstable();
    let mut labels: Vec<(String, String)> = Vec::with_capacity(given.len());
    for (name, value) in given {
        let name = label(name);
        match labels.iter_mut().find(|(earlier, _)| *earlier == name) {
            Some((_, values)) => values.extend([";", value]),
            None => labels.push((name, value.to_owned())),
        }
    }
    labels.sort_unstable();
    labels.into()
}

/// Converts the name of a label.
pub(super) fn label(name: &str) -> String {
    let name = sanitize(name, false, "label_");
    match name.as_str() {
        "le" | "quantile" => format!("exported_{name}"),
        _ => name,
    }
}

/// Replaces characters other than ASCII letters, digits, `_` and, if `allows_colon`, `:` by `_`.
///
/// Leading `_` are removed. A name that would be empty or begin with a digit gets `prefix`.
fn sanitize(name: &str, allows_colon: bool, prefix: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || allows_colon && c == ':';
    let replace = |c| if is_allowed(c) { c } else { '_' };
    let name: String = name
        .chars()
        .map(replace)
        .skip_while(|c| *c == '_')
        .collect();
    if name.starts_with(|c: char| !c.is_ascii_digit()) {
        return name;
    }
    iter::once(prefix).chain([name.as_str()]).collect()
}

/// Suffixes with a meaning in the exposition formats.
const SUFFIXES: [&str; 8] = [
    "_total", "_info", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum",
];

#[cfg(test)]
mod tests {
    use metrics::Label;
    use metrics_core::Desc;

    use super::*;

    #[test]
    fn unsupported_characters_of_a_name_are_replaced() {
        for (name, expected) in [
            ("a_b:c9", "a_b:c9"),
            ("http.server.duration", "http_server_duration"),
            ("naïve name", "na_ve_name"),
            ("__private", "private"),
            ("9lives", "metric_9lives"),
            ("_9", "metric_9"),
            ("", "metric_"),
            ("___", "metric_"),
            ("花火", "metric_"),
        ] {
            assert_eq!(metric(Kind::Gauge, name), expected);
        }
    }

    #[test]
    fn the_name_of_a_counter_ends_in_total_exactly_once() {
        for (name, expected) in [
            ("jobs", "jobs_total"),
            ("jobs_total", "jobs_total"),
            ("jobs.total", "jobs_total"),
            ("total", "total_total"),
            ("_total", "total_total"),
        ] {
            assert_eq!(metric(Kind::Counter, name), expected);
        }
    }

    #[test]
    fn a_reserved_suffix_of_a_gauge_or_a_histogram_is_extended() {
        for kind in [Kind::Gauge, Kind::Histogram] {
            assert_eq!(metric(kind, "queue_count"), "queue_count_value");
            assert_eq!(metric(kind, "jobs_total"), "jobs_total_value");
            assert_eq!(metric(kind, "count"), "count");
        }
    }

    #[test]
    fn every_converted_name_is_valid_in_a_declaration() {
        let letters = ["", "_", ":", "1", "a", ".", "é", "_total", "_sum", "total"];
        for kind in [Kind::Counter, Kind::Gauge, Kind::Histogram] {
            for first in letters {
                for second in letters {
                    for third in letters {
                        let name = metric(kind, &format!("{first}{second}{third}"));
                        Desc::dynamic(kind, name, "", "").unwrap();
                    }
                }
            }
        }
    }

    #[test]
    fn labels_are_sorted_by_name() {
        assert_eq!(of(&[("b", "1"), ("a", "2")]), "a=2,b=1");
    }

    #[test]
    fn unsupported_characters_of_a_label_name_are_replaced() {
        let given = [
            ("http.method", "GET"),
            ("a:b", "c"),
            ("1", "d"),
            ("__name__", "e"),
        ];
        assert_eq!(of(&given), "a_b=c,http_method=GET,label_1=d,name__=e");
    }

    #[test]
    fn reserved_label_names_get_a_prefix() {
        let given = [("_le", "1"), ("quantile", "2")];
        assert_eq!(of(&given), "exported_le=1,exported_quantile=2");
    }

    #[test]
    fn values_of_labels_with_the_same_converted_name_are_joined() {
        assert_eq!(of(&[("a.b", "x"), ("a-b", "y"), ("a.b", "w")]), "a_b=y;w;x");
    }

    fn of(given: &[(&'static str, &'static str)]) -> String {
        let given: Vec<Label> = given.iter().map(Label::from).collect();
        let labels = labels(&Key::from_parts("name", given));
        let pairs: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join(",")
    }
}
