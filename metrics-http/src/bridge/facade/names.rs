//! Names that every scraper takes, made of those that the facade lets through: any text.

use std::{iter, sync::Arc};

use metrics::Key;
use metrics_core::Kind;

/// The labels of a series, in the order of their names.
pub(super) type Labels = Arc<[(String, String)]>;

/// The name that a metric of this kind has in an exposition.
pub(super) fn metric(kind: Kind, name: &str) -> String {
    let mut name = plain(name, true, "metric_");
    let ends_in = |suffix: &&str| name.ends_with(suffix);
    match kind {
        Kind::Counter if name.ends_with("_total") => {}
        Kind::Counter => name.push_str("_total"),
        _ if SUFFIXES.iter().any(ends_in) => name.push_str("_value"),
        _ => {}
    }
    name
}

/// The labels that the series of a key has in an exposition.
pub(super) fn labels(key: &Key) -> Labels {
    let mut given: Vec<(&str, &str)> = key
        .labels()
        .map(|label| (label.key(), label.value()))
        // To a scraper, a label without value is none.
        .filter(|(_, value)| !value.is_empty())
        .collect();
    // Where several become one, their values are joined in the order of the names given.
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

fn label(name: &str) -> String {
    let name = plain(name, false, "label_");
    match name.as_str() {
        "le" | "quantile" => format!("exported_{name}"),
        _ => name,
    }
}

/// A name of letters, digits, `_` and perhaps `:`, that begins with none of the first two; `front`
/// goes before one that would begin with a digit or be empty.
fn plain(name: &str, colon: bool, front: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || colon && c == ':';
    let only = |c| if is_plain(c) { c } else { '_' };
    let name: String = name.chars().map(only).skip_while(|c| *c == '_').collect();
    if name.starts_with(|c: char| !c.is_ascii_digit()) {
        return name;
    }
    iter::once(front).chain([name.as_str()]).collect()
}

/// What the formats put behind the names of families.
const SUFFIXES: [&str; 8] = [
    "_total", "_info", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum",
];

#[cfg(test)]
mod tests {
    use metrics::Label;
    use metrics_core::Desc;

    use super::*;

    #[test]
    fn a_name_keeps_what_every_scraper_takes() {
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
    fn a_counter_ends_in_total_once() {
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
    fn a_suffix_of_the_formats_ends_no_gauge_and_no_histogram() {
        for kind in [Kind::Gauge, Kind::Histogram] {
            assert_eq!(metric(kind, "queue_count"), "queue_count_value");
            assert_eq!(metric(kind, "jobs_total"), "jobs_total_value");
            assert_eq!(metric(kind, "count"), "count");
        }
    }

    #[test]
    fn every_name_that_comes_out_is_one_that_a_declaration_takes() {
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
    fn labels_stand_in_the_order_of_their_names() {
        assert_eq!(of(&[("b", "1"), ("a", "2")]), "a=2,b=1");
    }

    #[test]
    fn labels_keep_what_every_scraper_takes() {
        let given = [
            ("http.method", "GET"),
            ("a:b", "c"),
            ("1", "d"),
            ("__name__", "e"),
        ];
        assert_eq!(of(&given), "a_b=c,http_method=GET,label_1=d,name__=e");
    }

    #[test]
    fn labels_of_the_formats_are_renamed() {
        let given = [("_le", "1"), ("quantile", "2")];
        assert_eq!(of(&given), "exported_le=1,exported_quantile=2");
    }

    #[test]
    fn labels_that_come_to_one_name_are_joined() {
        assert_eq!(of(&[("a.b", "x"), ("a-b", "y"), ("a.b", "w")]), "a_b=y;w;x");
    }

    fn of(given: &[(&'static str, &'static str)]) -> String {
        let given: Vec<Label> = given.iter().map(Label::from).collect();
        let labels = labels(&Key::from_parts("name", given));
        let pairs: Vec<_> = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join(",")
    }
}
