//! Negotiates the exposition format from an `Accept` header (RFC 9110, section 12.5.1).

use metrics_core::{Escaping, ExpositionFormat, Format};

use super::header;

/// The exposition format for an `Accept` header: the best acceptable one of `formats`.
///
/// `formats` is in order of preference: of equally preferred formats, the first is served. A header
/// that accepts none of them gets the first one instead of a 406, because a scraper gains more from
/// an exposition than from an error. Names are escaped as the chosen media range requests, with
/// underscores if it has no `escaping` parameter or an unknown one.
pub(super) fn negotiate(accept: Option<&str>, formats: &[Format]) -> ExpositionFormat {
    let ranges: Vec<MediaRange<'_>> = accept
        .into_iter()
        .flat_map(header::elements)
        .filter_map(MediaRange::parse)
        .collect();
    let offers = formats.iter().filter_map(|format| Offer::of(*format));
    let mut best = None;
    for offer in offers {
        let Some(preference) = Preference::of(offer, &ranges) else {
            continue;
        };
        if best.is_none_or(|(_, other)| preference.is_above(other)) {
            best = Some((offer.format, preference));
        }
    }
    let Some((format, preference)) = best else {
        return formats.first().copied().unwrap_or(Format::Text).into();
    };
    let escaping = match ranges[preference.position].escaping() {
        // Text 0.0.4 has no quoted names.
        Escaping::AllowUtf8 if format == Format::Text => Escaping::Underscores,
        escaping => escaping,
    };
    format.with_escaping(escaping)
}

/// A format that can be served, and its media type.
struct Offer {
    format: Format,
    main_type: &'static str,
    subtype: &'static str,
    /// Parameters that identify the format; other parameters of a range are ignored.
    parameters: &'static [(&'static str, &'static str)],
    /// The specificities at which a media range is answered with this format.
    answers: &'static [Specificity],
}

impl Offer {
    fn of(format: Format) -> Option<&'static Offer> {
        OFFERS.iter().find(|offer| offer.format == format)
    }
}

/// How specifically a media range names a format; the most specific range decides the quality.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Specificity {
    /// `*/*`
    AnyType,
    /// A type with any subtype, such as `text/*`.
    AnySubtype,
    /// The type with a different parameter, such as an unsupported version.
    OtherParameter,
    /// The type without some of the parameters.
    TypeOnly,
    /// The type and all parameters.
    Exact,
}

/// How much a header prefers one format.
#[derive(Clone, Copy)]
struct Preference {
    quality: f32,
    specificity: Specificity,
    /// Index of the media range that decided.
    position: usize,
}

impl Preference {
    /// `None` if the header does not accept the format.
    fn of(offer: &Offer, ranges: &[MediaRange<'_>]) -> Option<Preference> {
        let mut best: Option<Preference> = None;
        for (position, range) in ranges.iter().enumerate() {
            let Some(specificity) = range.specificity(offer) else {
                continue;
            };
            let quality = range.quality;
            // Refusing an unsupported version does not refuse the supported one.
            if specificity == Specificity::OtherParameter && quality == 0.0 {
                continue;
            }
            if best.is_none_or(|best| (specificity, quality) > (best.specificity, best.quality)) {
                best = Some(Preference {
                    quality,
                    specificity,
                    position,
                });
            }
        }
        best.filter(|best| best.quality > 0.0)
    }

    /// Compares by quality, then by specificity, then by order in the header.
    fn is_above(self, other: Preference) -> bool {
        let rank = |it: Preference| (it.quality, it.specificity);
        rank(self) > rank(other) || rank(self) == rank(other) && self.position < other.position
    }
}

/// One element of an `Accept` header.
struct MediaRange<'a> {
    main_type: &'a str,
    subtype: &'a str,
    parameters: Vec<&'a str>,
    quality: f32,
}

impl<'a> MediaRange<'a> {
    /// `None` for a malformed element, so that the rest of the header still counts.
    fn parse(element: &'a str) -> Option<MediaRange<'a>> {
        let mut parts = header::split(element, ';');
        let (main_type, subtype) = parts.next()?.trim().split_once('/')?;
        let parameters: Vec<&str> = parts.collect();
        Some(MediaRange {
            main_type,
            subtype,
            quality: header::quality(parameters.iter().copied())?,
            parameters,
        })
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters.iter();
        parameters
            .find_map(|text| header::parameter(text, name))
            .map(header::unquoted)
    }

    fn escaping(&self) -> Escaping {
        let name = self.parameter("escaping");
        name.and_then(|name| Escaping::from_name(&name))
            .unwrap_or_default()
    }

    /// How specifically this range names a format; `None` if it is not answered with the format.
    fn specificity(&self, offer: &Offer) -> Option<Specificity> {
        let specificity = match (self.main_type, self.subtype) {
            ("*", "*") => Specificity::AnyType,
            (main_type, _) if !main_type.eq_ignore_ascii_case(offer.main_type) => return None,
            (_, "*") => Specificity::AnySubtype,
            (_, subtype) if !subtype.eq_ignore_ascii_case(offer.subtype) => return None,
            _ => {
                let mut specificity = Specificity::Exact;
                for (name, value) in offer.parameters {
                    match self.parameter(name) {
                        Some(found) if found == *value => {}
                        Some(_) => specificity = Specificity::OtherParameter,
                        None if specificity == Specificity::Exact => {
                            specificity = Specificity::TypeOnly;
                        }
                        None => {}
                    }
                }
                specificity
            }
        };
        offer.answers.contains(&specificity).then_some(specificity)
    }
}

static OFFERS: [Offer; 4] = [
    Offer {
        format: Format::Text,
        main_type: "text",
        subtype: "plain",
        parameters: &[("version", "0.0.4")],
        answers: ANY_SPECIFICITY,
    },
    Offer {
        format: Format::OpenMetrics,
        main_type: "application",
        subtype: "openmetrics-text",
        parameters: &[("version", "1.0.0")],
        // Answers version 0.0.1 too, which is the draft of 1.0.0, and later versions, to which
        // 1.0.0 is the closest one.
        answers: ANY_SPECIFICITY,
    },
    Offer {
        format: Format::TextV1,
        main_type: "text",
        subtype: "plain",
        parameters: &[("version", "1.0.0")],
        // Answers only ranges that name this version, because other scrapers may not parse quoted
        // names.
        answers: &[Specificity::Exact],
    },
    Offer {
        format: Format::Protobuf,
        main_type: "application",
        subtype: "vnd.google.protobuf",
        parameters: &[
            ("proto", "io.prometheus.client.MetricFamily"),
            ("encoding", "delimited"),
        ],
        // Does not answer a range of this type without both parameters, because it may mean any
        // message in any encoding. Prometheus' client library does not answer it with this format
        // either.
        answers: &[
            Specificity::AnyType,
            Specificity::AnySubtype,
            Specificity::Exact,
        ],
    },
];

const ANY_SPECIFICITY: &[Specificity] = &[
    Specificity::AnyType,
    Specificity::AnySubtype,
    Specificity::OtherParameter,
    Specificity::TypeOnly,
    Specificity::Exact,
];

#[cfg(test)]
mod tests {
    use super::{super::settings::ScrapeSettings, *};

    #[track_caller]
    fn gets(accept: &str, expected: impl Into<ExpositionFormat>) {
        let found = negotiate(Some(accept), &ScrapeSettings::default().formats);
        assert_eq!(found, expected.into(), "Accept: {accept}");
    }

    #[test]
    fn a_missing_header_gets_text() {
        let formats = ScrapeSettings::default().formats;
        assert_eq!(negotiate(None, &formats), Format::Text.into());
    }

    #[test]
    fn each_scraper_gets_its_preferred_format() {
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
    fn equal_qualities_are_ordered_by_specificity_then_position() {
        gets(
            "application/openmetrics-text, text/plain",
            Format::OpenMetrics,
        );
        gets("text/plain, application/openmetrics-text", Format::Text);
        gets("*/*, application/openmetrics-text", Format::OpenMetrics);
    }

    #[test]
    fn quality_zero_refuses_a_format() {
        gets("application/openmetrics-text;q=0, */*;q=0.1", Format::Text);
        gets("text/plain;q=0, */*", Format::OpenMetrics);
        gets(
            "text/plain;q=0.000, application/*;q=0.001",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn the_most_specific_range_decides_in_any_order() {
        gets("*/*, text/*;q=0.1", Format::OpenMetrics);
        gets("application/*;q=0.5, */*;q=0.6", Format::Text);
        gets(
            "application/openmetrics-text;version=1.0.0;q=0.1, application/openmetrics-text, text/plain;q=0.5",
            Format::Text,
        );
    }

    #[test]
    fn any_openmetrics_version_gets_version_1() {
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
    fn the_supported_version_takes_precedence_over_an_unsupported_one() {
        gets(
            "application/openmetrics-text;version=2.0.0, application/openmetrics-text;version=1.0.0;q=0.2, text/plain;q=0.5",
            Format::Text,
        );
    }

    #[test]
    fn refusing_an_unsupported_version_does_not_refuse_the_supported_one() {
        gets(
            "application/openmetrics-text;version=2.0.0;q=0, */*;q=0.5, text/plain;q=0.4",
            Format::OpenMetrics,
        );
    }

    #[test]
    fn an_unknown_text_version_gets_version_0_0_4() {
        for version in ["0.0.1", "1.0.1", "2.0.0", "next", ""] {
            gets(
                &format!("text/plain;version={version}, application/openmetrics-text;q=0.9"),
                Format::Text,
            );
        }
    }

    #[test]
    fn text_version_1_requires_an_exact_match() {
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
    fn protobuf_requires_the_message_and_its_encoding() {
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
    fn the_deciding_range_chooses_the_escaping() {
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
    fn text_version_0_0_4_never_allows_utf8_names() {
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
    fn a_malformed_header_gets_text() {
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
    fn a_malformed_element_does_not_affect_the_others() {
        gets(
            "text/plain;q=x, ,, application/openmetrics-text;q=0.1",
            Format::OpenMetrics,
        );
    }

    /// `Accept` headers of real scrapers, and the format and escaping that each receives.
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
            // Prometheus 2.42 with native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                PROTOBUF,
            ),
            // Prometheus 2.53.
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS,
            ),
            // Prometheus 2.53 with native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                PROTOBUF,
            ),
            // Prometheus 3.0 to 3.2.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
                OPEN_METRICS_UTF8,
            ),
            // Prometheus 3.0 to 3.2 with native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.2,*/*;q=0.1",
                Format::Protobuf.with_escaping(Escaping::AllowUtf8),
            ),
            // Prometheus 3.0 to 3.2 with `scrape_protocols` set to the text formats.
            (
                "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.4",
                Format::TextV1.with_escaping(Escaping::AllowUtf8),
            ),
            // Prometheus 3.9.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS_UTF8,
            ),
            // Prometheus 3.9 with native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                PROTOBUF,
            ),
            // Prometheus 3.9 with legacy name validation.
            (
                "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OPEN_METRICS,
            ),
            // Prometheus 3.9 with `scrape_protocols` set to OpenMetrics 0.0.1.
            (
                "application/openmetrics-text;version=0.0.1;q=0.6,*/*;q=0.5",
                OPEN_METRICS,
            ),
            // Prometheus 3.9 with `scrape_protocols` set to text 0.0.4.
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
