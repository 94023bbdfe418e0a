//! Which format and which content coding a request asks for (RFC 9110, sections 12.4 and 12.5).

use metrics_core::Format;

/// The format for an `Accept` header: the best one that is acceptable, else text 0.0.4.
///
/// A scrape is worth more to its reader than a 406, so a header that accepts nothing
/// we speak gets the format that every scraper reads.
pub(crate) fn format(accept: Option<&str>) -> Format {
    let Some(accept) = accept else {
        return Format::Text;
    };
    let ranges: Vec<Range<'_>> = list(accept).filter_map(Range::parse).collect();
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
    best.map_or(Format::Text, |(format, _)| format)
}

/// Whether the `Accept-Encoding` header prefers gzip to the plain body.
#[cfg(feature = "gzip")]
pub(crate) fn gzip(accept_encoding: Option<&str>) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    for item in accept_encoding.into_iter().flat_map(list) {
        let mut parts = split(item, ';');
        let coding = parts.next().unwrap_or_default().trim();
        let Some(quality) = quality(parts) else {
            continue;
        };
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(quality);
        } else if coding.eq_ignore_ascii_case("identity") {
            identity = Some(quality);
        } else if coding == "*" {
            any = Some(quality);
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // Not listed, the plain body is acceptable still, but less than what is listed.
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// A format that can be served, as media ranges see it.
struct Offered {
    format: Format,
    main: &'static str,
    sub: &'static str,
    version: &'static str,
}

/// How well a range fits an offered format; the best fit decides the quality.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Fit {
    /// `*/*`
    Anything,
    /// `text/*`
    MainType,
    /// The right type in a version we do not speak; ours is close enough to be understood.
    OtherVersion,
    /// The type without a version.
    Bare,
    /// Type and version.
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
            if fit == Fit::OtherVersion && quality == 0.0 {
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
    version: Option<String>,
    quality: f32,
}

impl<'a> Range<'a> {
    /// `None` for an element that is no media range: the rest of the header still counts.
    fn parse(element: &'a str) -> Option<Range<'a>> {
        let mut parts = split(element, ';');
        let (main, sub) = parts.next()?.trim().split_once('/')?;
        let version = parts
            .clone()
            .find_map(|part| parameter(part, "version"))
            .map(unquoted);
        Some(Range {
            main,
            sub,
            version,
            quality: quality(parts)?,
        })
    }

    fn fit(&self, offered: &Offered) -> Option<Fit> {
        match (self.main, self.sub) {
            ("*", "*") => Some(Fit::Anything),
            (main, _) if !main.eq_ignore_ascii_case(offered.main) => None,
            (_, "*") => Some(Fit::MainType),
            (_, sub) if !sub.eq_ignore_ascii_case(offered.sub) => None,
            _ => Some(match self.version.as_deref() {
                None => Fit::Bare,
                Some(version) if version == offered.version => Fit::Exact,
                Some(_) => Fit::OtherVersion,
            }),
        }
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

const OFFERED: [Offered; 2] = [
    Offered {
        format: Format::Text,
        main: "text",
        sub: "plain",
        version: "0.0.4",
    },
    Offered {
        format: Format::OpenMetrics,
        main: "application",
        sub: "openmetrics-text",
        version: "1.0.0",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn gets(accept: &str, expected: Format) {
        assert_eq!(format(Some(accept)), expected, "Accept: {accept}");
    }

    #[test]
    fn no_header_gets_text() {
        assert_eq!(format(None), Format::Text);
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
    fn text_of_any_version_gets_ours() {
        gets(
            "text/plain;version=1.0.0;escaping=allow-utf-8, application/openmetrics-text;q=0.9",
            Format::Text,
        );
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

    #[cfg(feature = "gzip")]
    #[test]
    fn gzip_only_where_it_is_wanted() {
        for (accept_encoding, expected) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("GZip"), true),
            (Some("x-gzip"), true),
            (Some("gzip, deflate, br"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip;q=0.0, *"), false),
            (Some("gzip;q=0.5"), true),
            (Some("gzip;q=0.5, identity"), false),
            (Some("identity;q=0.5, gzip;q=1.0"), true),
            (Some("*"), true),
            (Some("*;q=0"), false),
            (Some("br, identity"), false),
            (Some("gzip;q=high"), false),
        ] {
            assert_eq!(
                gzip(accept_encoding),
                expected,
                "Accept-Encoding: {accept_encoding:?}"
            );
        }
    }

    const SCRAPERS: [(&str, Format); 6] = [
        // Prometheus 2.42
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Format::OpenMetrics,
        ),
        // Prometheus 2.53
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        ),
        // Prometheus 3
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        ),
        // Prometheus 3 with native histograms
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        ),
        // VictoriaMetrics
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Format::Text),
        // Telegraf
        (
            "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.9,*/*;q=0.1",
            Format::Text,
        ),
    ];
}
