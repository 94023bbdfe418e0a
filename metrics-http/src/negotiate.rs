//! Which format and which content coding a request asks for (RFC 9110, sections 12.4 and 12.5).

use metrics_core::{Escaping, ExpositionFormat, Format};

/// The exposition for an `Accept` header: the best one that is acceptable, else text 0.0.4.
///
/// A scrape is worth more to its reader than a 406, so a header that accepts nothing
/// we speak gets the format that every scraper reads. Names are escaped as the range says that
/// was decisive, and with underscores when it says nothing, or nothing that we know.
pub(crate) fn exposition(accept: Option<&str>) -> ExpositionFormat {
    let ranges: Vec<Range<'_>> = accept
        .into_iter()
        .flat_map(list)
        .filter_map(Range::parse)
        .collect();
    // Text stands first: of two formats wanted alike, the earlier one is served.
    let mut best = None;
    for offered in &OFFERED {
        let Some(preference) = Preference::of(offered, &ranges) else {
            continue;
        };
        if best.is_none_or(|(_, least)| preference.beats(least)) {
            best = Some((offered.format, preference));
        }
    }
    let Some((format, preference)) = best else {
        return Format::Text.into();
    };
    let escaping = match ranges[preference.position].escaping() {
        // It has no quotes to put names in.
        Escaping::AllowUtf8 if format == Format::Text => Escaping::Underscores,
        escaping => escaping,
    };
    format.with_escaping(escaping)
}

/// How much the `Accept-Encoding` header wants a coding that goes by these names, from 0 to 1;
/// `None` where it says nothing of it.
#[cfg(any(feature = "gzip", feature = "zstd"))]
pub(crate) fn coding(accept_encoding: Option<&str>, names: &[&str]) -> Option<f32> {
    let (mut listed, mut any) = (None, None);
    for item in accept_encoding.into_iter().flat_map(list) {
        let mut parts = split(item, ';');
        let coding = parts.next().unwrap_or_default().trim();
        let Some(quality) = quality(parts) else {
            continue;
        };
        if names.iter().any(|name| coding.eq_ignore_ascii_case(name)) {
            listed = Some(quality);
        } else if coding == "*" {
            any = Some(quality);
        }
    }
    listed.or(any)
}

/// A format that can be served, as media ranges see it.
struct Offered {
    format: Format,
    main: &'static str,
    sub: &'static str,
    /// The parameters that make it this format; others say nothing about it.
    parameters: &'static [(&'static str, &'static str)],
    /// Which ranges it is an answer to.
    answers: &'static [Fit],
}

/// How well a range fits an offered format; the best fit decides the quality.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Fit {
    /// `*/*`
    Anything,
    /// `text/*`
    MainType,
    /// The right type with another parameter, such as a version that we do not speak.
    Other,
    /// The type, without all of the parameters.
    Bare,
    /// Type and parameters.
    Exact,
}

/// What a header says about one format.
#[derive(Clone, Copy)]
struct Preference {
    quality: f32,
    fit: Fit,
    position: usize,
}

impl Preference {
    fn of(offered: &Offered, ranges: &[Range<'_>]) -> Option<Preference> {
        let mut best: Option<Preference> = None;
        for (position, range) in ranges.iter().enumerate() {
            let Some(fit) = range.fit(offered) else {
                continue;
            };
            let quality = range.quality;
            // To refuse a version that we do not speak says nothing about ours.
            if fit == Fit::Other && quality == 0.0 {
                continue;
            }
            if best.is_none_or(|best| (fit, quality) > (best.fit, best.quality)) {
                best = Some(Preference {
                    quality,
                    fit,
                    position,
                });
            }
        }
        best.filter(|best| best.quality > 0.0)
    }

    /// Quality first; between equals the one that is named more closely, then the one named first.
    fn beats(self, other: Preference) -> bool {
        let rank = |it: Preference| (it.quality, it.fit);
        rank(self) > rank(other) || rank(self) == rank(other) && self.position < other.position
    }
}

/// One element of an `Accept` header.
struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    /// What follows the type.
    parameters: Vec<&'a str>,
    quality: f32,
}

impl<'a> Range<'a> {
    /// `None` for an element that is no media range: the rest of the header still counts.
    fn parse(element: &'a str) -> Option<Range<'a>> {
        let mut parts = split(element, ';');
        let (main, sub) = parts.next()?.trim().split_once('/')?;
        let parameters: Vec<&str> = parts.collect();
        Some(Range {
            main,
            sub,
            quality: quality(parameters.iter().copied())?,
            parameters,
        })
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters.iter();
        parameters
            .find_map(|part| parameter(part, name))
            .map(unquoted)
    }

    /// How names are to be escaped.
    fn escaping(&self) -> Escaping {
        let name = self.parameter("escaping");
        name.and_then(|name| Escaping::from_name(&name))
            .unwrap_or_default()
    }

    /// How well this fits a format, if that is an answer to it.
    fn fit(&self, offered: &Offered) -> Option<Fit> {
        let fit = match (self.main, self.sub) {
            ("*", "*") => Fit::Anything,
            (main, _) if !main.eq_ignore_ascii_case(offered.main) => return None,
            (_, "*") => Fit::MainType,
            (_, sub) if !sub.eq_ignore_ascii_case(offered.sub) => return None,
            _ => {
                let (mut fit, wanted) = (Fit::Exact, offered.parameters);
                for (name, value) in wanted {
                    match self.parameter(name) {
                        Some(found) if found == *value => {}
                        Some(_) => fit = Fit::Other,
                        None if fit == Fit::Exact => fit = Fit::Bare,
                        None => {}
                    }
                }
                fit
            }
        };
        offered.answers.contains(&fit).then_some(fit)
    }
}

/// The elements of a comma-separated header that are not empty.
fn list(header: &str) -> impl Iterator<Item = &str> {
    split(header, ',').filter(|element| !element.trim().is_empty())
}

/// Splits at a delimiter, but not inside a quoted string.
fn split(text: &str, delimiter: char) -> impl Iterator<Item = &str> + Clone {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted => escaped = !was_escaped,
            '"' if !was_escaped => quoted = !quoted,
            _ => {}
        }
        c == delimiter && !quoted
    })
}

/// The quality among an element's parameters: 1 when there is none, `None` when it is no quality.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<f32> {
    let Some(value) = parameters.find_map(|part| parameter(part, "q")) else {
        return Some(1.0);
    };
    let quality = value.parse().ok()?;
    (0.0..=1.0).contains(&quality).then_some(quality)
}

/// The value of a `name=value` parameter, if it bears this name.
fn parameter<'a>(part: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = part.split_once('=')?;
    found
        .trim()
        .eq_ignore_ascii_case(name)
        .then(|| value.trim())
}

/// A parameter's value without quotes and the backslashes inside them.
fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

const OFFERED: [Offered; 4] = [
    Offered {
        format: Format::Text,
        main: "text",
        sub: "plain",
        parameters: &[("version", "0.0.4")],
        answers: &[
            Fit::Anything,
            Fit::MainType,
            Fit::Other,
            Fit::Bare,
            Fit::Exact,
        ],
    },
    Offered {
        format: Format::OpenMetrics,
        main: "application",
        sub: "openmetrics-text",
        parameters: &[("version", "1.0.0")],
        // Version 0.0.1 is what became 1.0.0; who asks for a later one is best served with what
        // is nearest to it.
        answers: &[
            Fit::Anything,
            Fit::MainType,
            Fit::Other,
            Fit::Bare,
            Fit::Exact,
        ],
    },
    Offered {
        format: Format::TextV1,
        main: "text",
        sub: "plain",
        parameters: &[("version", "1.0.0")],
        // Who does not ask for it may not know its quotes.
        answers: &[Fit::Exact],
    },
    Offered {
        format: Format::Protobuf,
        main: "application",
        sub: "vnd.google.protobuf",
        parameters: &[
            ("proto", "io.prometheus.client.MetricFamily"),
            ("encoding", "delimited"),
        ],
        // Without both parameters it may be any message in any encoding: Prometheus' own library
        // does not take that for a request for this format either.
        answers: &[Fit::Anything, Fit::MainType, Fit::Exact],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn gets(accept: &str, expected: impl Into<ExpositionFormat>) {
        assert_eq!(
            exposition(Some(accept)),
            expected.into(),
            "Accept: {accept}"
        );
    }

    #[test]
    fn no_header_gets_text() {
        assert_eq!(exposition(None), Format::Text.into());
    }

    #[test]
    fn scrapers_get_what_they_prefer() {
        for (accept, expected) in SCRAPERS {
            gets(accept, expected);
        }
    }

    #[test]
    fn browsers_and_curl_get_text() {
        gets("*/*", Format::Text);
        gets(
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            Format::Text,
        );
    }

    #[test]
    fn the_highest_quality_wins() {
        gets(
            "text/plain;q=0.9, application/openmetrics-text;q=0.8",
            Format::Text,
        );
        gets(
            "text/plain;q=0.8, application/openmetrics-text;q=0.9",
            Format::OpenMetrics,
        );
        gets(
            "text/plain;q=0.123, application/openmetrics-text;q=0.124",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn of_equal_qualities_the_closer_name_wins_then_the_first() {
        gets(
            "application/openmetrics-text, text/plain",
            Format::OpenMetrics,
        );
        gets("text/plain, application/openmetrics-text", Format::Text);
        gets("*/*, application/openmetrics-text", Format::OpenMetrics);
    }

    #[test]
    fn quality_zero_refuses() {
        gets("application/openmetrics-text;q=0, */*;q=0.1", Format::Text);
        gets("text/plain;q=0, */*", Format::OpenMetrics);
        gets(
            "text/plain;q=0.000, application/*;q=0.001",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn the_closest_range_decides_whatever_the_order() {
        gets("*/*, text/*;q=0.1", Format::OpenMetrics);
        gets("application/*;q=0.5, */*;q=0.6", Format::Text);
        gets(
            "application/openmetrics-text;version=1.0.0;q=0.1, application/openmetrics-text, text/plain;q=0.5",
            Format::Text,
        );
    }

    #[test]
    fn openmetrics_of_any_version_gets_ours() {
        gets("application/openmetrics-text", Format::OpenMetrics);
        gets(
            "application/openmetrics-text;version=0.0.1",
            Format::OpenMetrics,
        );
        gets(
            "application/openmetrics-text; version=2.0.0",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn our_version_counts_more_than_one_we_do_not_speak() {
        gets(
            "application/openmetrics-text;version=2.0.0, application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.5",
            Format::Text,
        );
    }

    #[test]
    fn refusing_another_version_does_not_refuse_ours() {
        gets(
            "application/openmetrics-text;version=2.0.0;q=0, */*;q=0.5, text/plain;q=0.4",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn text_of_an_unknown_version_gets_the_old_one() {
        for version in ["0.0.1", "1.0.1", "2.0.0", "next", ""] {
            gets(
                &format!("text/plain;version={version}, application/openmetrics-text;q=0.9"),
                Format::Text,
            );
        }
    }

    #[test]
    fn text_of_version_1_is_for_those_who_ask_for_it() {
        gets("text/plain;version=1.0.0", Format::TextV1);
        gets("text/plain;version=1.0.0, text/plain;q=0.9", Format::TextV1);
        gets("text/plain;version=1.0.0;q=0.8, text/plain", Format::Text);
        gets(
            "text/plain;version=0.0.4, text/plain;version=1.0.0",
            Format::Text,
        );
        gets("text/plain;version=1.0.0;q=0, text/plain", Format::Text);
        gets("text/plain;version=1.0.0;q=0, */*;q=0.1", Format::Text);
        gets(
            "text/plain;version=0.0.4;q=0, text/plain;version=1.0.0;q=0.1",
            Format::TextV1,
        );
    }

    #[test]
    fn protobuf_is_for_those_who_name_the_message_and_its_encoding() {
        const TYPE: &str = "application/vnd.google.protobuf";
        const PROTO: &str = "proto=io.prometheus.client.MetricFamily";
        gets(
            &format!("{TYPE};{PROTO};encoding=delimited"),
            Format::Protobuf,
        );
        gets(
            &format!("{TYPE}; encoding=\"delimited\" ; {PROTO};q=0.7, text/plain;q=0.6"),
            Format::Protobuf,
        );
        for other in [
            "",
            ";encoding=delimited",
            ";proto=io.prometheus.client.MetricFamily",
            ";proto=io.prometheus.client.MetricFamily;encoding=text",
            ";proto=io.prometheus.write.v2.Request;encoding=delimited",
            ";proto=io.prometheus.write.v2.Request",
        ] {
            gets(&format!("{TYPE}{other}, text/plain;q=0.1"), Format::Text);
        }
        gets(
            &format!("{TYPE};{PROTO};encoding=delimited;q=0, application/*"),
            Format::OpenMetrics,
        );
        gets(
            &format!("{TYPE};{PROTO};encoding=delimited;escaping=allow-utf-8"),
            Format::Protobuf.with_escaping(Escaping::AllowUtf8),
        );
    }

    #[test]
    fn names_are_escaped_as_the_decisive_range_says() {
        for (name, escaping) in [
            ("underscores", Escaping::Underscores),
            ("dots", Escaping::Dots),
            ("values", Escaping::Values),
            ("allow-utf-8", Escaping::AllowUtf8),
            ("\"values\"", Escaping::Values),
            ("hieroglyphs", Escaping::Underscores),
            ("", Escaping::Underscores),
        ] {
            gets(
                &format!("text/plain;version=1.0.0;escaping={name}"),
                Format::TextV1.with_escaping(escaping),
            );
            gets(
                &format!("application/openmetrics-text; escaping={name} ; q=0.5"),
                Format::OpenMetrics.with_escaping(escaping),
            );
        }
        gets(
            "text/plain;version=1.0.0;escaping=dots;q=0.1, application/openmetrics-text;q=0.2",
            Format::OpenMetrics,
        );
        gets(
            "application/openmetrics-text;escaping=dots;q=0.2, text/plain;escaping=values",
            Format::Text.with_escaping(Escaping::Values),
        );
    }

    #[test]
    fn the_old_text_has_no_quotes_for_names() {
        gets("text/plain;escaping=allow-utf-8", Format::Text);
        gets("*/*;escaping=allow-utf-8", Format::Text);
    }

    #[test]
    fn parameters_may_be_quoted_and_spaced() {
        gets(
            "application/openmetrics-text ; version=\"1.0.0\" ; q=0.9, text/plain;q=0.8",
            Format::OpenMetrics,
        );
        gets(
            "application/openmetrics-text;note=\"a,b;q=0\\\"\";q=0.9, text/plain;q=0.8",
            Format::OpenMetrics,
        );
        gets(
            "Application/OpenMetrics-Text;Version=1.0.0;Q=0.9, text/plain;q=0.8",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn garbage_gets_text() {
        for accept in [
            "",
            ",",
            ";;;",
            "text",
            "/",
            "\"",
            "q=1",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=NaN",
            "application/openmetrics-text;q=",
            "image/png",
            "*/*;q=0",
        ] {
            gets(accept, Format::Text);
        }
    }

    #[test]
    fn a_faulty_element_leaves_the_others_standing() {
        gets(
            "text/plain;q=x, ,, application/openmetrics-text;q=0.1",
            Format::OpenMetrics,
        );
    }

    /// What scrapers send, and the format and the escaping that they get.
    const SCRAPERS: [(&str, ExpositionFormat); 14] = {
        const OPEN_METRICS: ExpositionFormat =
            Format::OpenMetrics.with_escaping(Escaping::Underscores);
        const PROTOBUF: ExpositionFormat = Format::Protobuf.with_escaping(Escaping::Underscores);
        const OPEN_METRICS_UTF8: ExpositionFormat =
            Format::OpenMetrics.with_escaping(Escaping::AllowUtf8);
        const TEXT: ExpositionFormat = Format::Text.with_escaping(Escaping::Underscores);
        [
            // Prometheus 2.42.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OPEN_METRICS,
            ),
            // With native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                PROTOBUF,
            ),
            // Prometheus 2.53.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS,
            ),
            // With native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                PROTOBUF,
            ),
            // Prometheus 3.0 to 3.2.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
                OPEN_METRICS_UTF8,
            ),
            // With native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,*/*;q=0.1",
                Format::Protobuf.with_escaping(Escaping::AllowUtf8),
            ),
            // Told to take text alone.
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.4",
                Format::TextV1.with_escaping(Escaping::AllowUtf8),
            ),
            // Prometheus 3.9.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS_UTF8,
            ),
            // With native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                PROTOBUF,
            ),
            // Told to take legacy names.
            (
                "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS,
            ),
            // Told to take the old OpenMetrics alone.
            (
                "application/openmetrics-text;version=0.0.1;q=0.6,*/*;q=0.5",
                OPEN_METRICS,
            ),
            // Told to take the old text alone.
            ("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", TEXT),
            // VictoriaMetrics 1.79.
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT),
            // Telegraf.
            (
                "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.9,*/*;q=0.1",
                TEXT,
            ),
        ]
    };
}
