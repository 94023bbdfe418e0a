//! Fuzzes metric options, labels, recordings and collectors, and checks that nothing panics, that
//! every exposition is valid, and that all formats agree.
//!
//! [`strict`] accepts only valid expositions, so invalid input must have been refused or omitted.

#![no_main]

#[path = "../../src/protobuf.rs"]
mod protobuf;
#[path = "../../src/strict.rs"]
mod strict;

mod agreement;
mod input;

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use metrics_core::{Escaping, Format, Registry};

use crate::{agreement::Samples, input::Input, strict::Dialect};

fuzz_target!(|input: Input| {
    if let Some(registry) = input.registry() {
        check(&registry, &input);
    }
});

/// Runs the operations and checks all expositions.
fn check(registry: &Registry, input: &Input) {
    // On a busy machine, a collector could exceed a finite timeout and lose its samples.
    registry.collector_timeout(Duration::MAX);
    input.run(registry);
    for (escaping, quotes) in [
        (Escaping::Underscores, false),
        (Escaping::Dots, false),
        (Escaping::Values, false),
        (Escaping::AllowUtf8, true),
    ] {
        let protobuf = Samples::of_protobuf(&encoded(registry, Format::Protobuf, escaping));
        let openmetrics = text(registry, Format::OpenMetrics, escaping, quotes);
        let openmetrics = Samples::of_openmetrics(openmetrics);
        let new = Samples::of_text(text(registry, Format::TextV1, escaping, quotes));
        assert_eq!(new, protobuf, "protobuf, {escaping:?}");
        openmetrics.agrees_with(&new);
        // Text 0.0.4 has no quoted names.
        let old = Samples::of_text(text(registry, Format::Text, escaping, false));
        if !quotes {
            assert_eq!(old, new, "text, {escaping:?}");
        }
        assert_eq!(old.len(), new.len(), "text, {escaping:?}");
    }
    // Self-metrics come last and are not compared, because each scrape that rejects values changes
    // them.
    registry.write_self_metrics(true);
    registry.write_created(!input.created);
    text(registry, Format::Text, Escaping::Underscores, false);
    text(registry, Format::OpenMetrics, Escaping::Values, false);
    text(registry, Format::OpenMetrics, Escaping::AllowUtf8, true);
    Samples::of_protobuf(&encoded(registry, Format::Protobuf, Escaping::AllowUtf8));
    registry.gather();
}

fn encoded(registry: &Registry, format: Format, escaping: Escaping) -> Vec<u8> {
    let mut out = Vec::new();
    let written = registry.encode(format.with_escaping(escaping), &mut out);
    written.expect("writing to memory does not fail");
    out
}

/// Encodes a text exposition and parses it strictly; panics if it is invalid.
fn text(
    registry: &Registry,
    format: Format,
    escaping: Escaping,
    quotes: bool,
) -> Vec<strict::Family> {
    let dialect = match format {
        Format::OpenMetrics => Dialect::OpenMetrics,
        _ => Dialect::Text,
    };
    let text =
        String::from_utf8(encoded(registry, format, escaping)).expect("the exposition is UTF-8");
    strict::parse(&text, dialect, quotes)
        .unwrap_or_else(|fault| panic!("{format}, {escaping:?}: {fault}\n{text}"))
}
