//! Tests round trips: random registries are encoded in every format, read by independent parsers,
//! and compared with a plain model of what was recorded.

mod compare;
mod generate;
mod model;
mod record;

use std::cell::RefCell;

use metrics_core::{Escaping, Format};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestCaseError, TestRunner},
};
use tests::{
    Python, promtool_check,
    protobuf::protobuf,
    strict::{self, Dialect},
};

use crate::{compare::Document, model::Plan, record::Recorded};

const ESCAPINGS: [Escaping; 4] = [
    Escaping::Underscores,
    Escaping::Dots,
    Escaping::Values,
    Escaping::AllowUtf8,
];

#[test]
fn every_format_contains_what_was_recorded() {
    let judges = RefCell::new(Judges {
        text: Python::text(),
        openmetrics: Python::openmetrics(),
    });
    let config = Config {
        // Failures are printed and not written to a file.
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    runner
        .run(&generate::plan(), |plan| {
            let judges = &mut *judges.borrow_mut();
            check_all_formats(&plan, judges).map_err(TestCaseError::fail)
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// The official Python parsers of both text formats.
struct Judges {
    text: Python,
    openmetrics: Python,
}

fn check_all_formats(plan: &Plan, judges: &mut Judges) -> Result<(), String> {
    let recorded = record::record(plan);
    for created in [false, true] {
        recorded.registry.write_created(created);
        for escaping in ESCAPINGS {
            text(&recorded, Format::OpenMetrics, escaping, created, judges)?;
        }
    }
    for escaping in ESCAPINGS {
        text(&recorded, Format::TextV1, escaping, false, judges)?;
        check_protobuf(&recorded, escaping)?;
        text(&recorded, Format::Text, escaping, false, judges)?;
    }
    Ok(())
}

fn text(
    recorded: &Recorded,
    format: Format,
    escaping: Escaping,
    created: bool,
    judges: &mut Judges,
) -> Result<(), String> {
    let exposition = recorded
        .registry
        .encode_to_string(format.with_escaping(escaping));
    let mut streamed = Vec::new();
    let written = recorded
        .registry
        .encode(format.with_escaping(escaping), &mut streamed);
    written.map_err(|error| error.to_string())?;
    if streamed != exposition.as_bytes() {
        return Err(format!("a writer gets something else than\n{exposition}"));
    }
    // Text 0.0.4 has no quoted names.
    let quotes = escaping == Escaping::AllowUtf8 && format != Format::Text;
    let scheme = if quotes || escaping != Escaping::AllowUtf8 {
        escaping
    } else {
        Escaping::Underscores
    };
    let open_metrics = format == Format::OpenMetrics;
    let dialect = if open_metrics {
        Dialect::OpenMetrics
    } else {
        Dialect::Text
    };
    let expected = model::document(recorded, dialect, scheme, created);
    let shown = |reader: &str, fault: String| {
        format!("{format} with {escaping:?}, as {reader} reads it: {fault}\n{exposition}")
    };

    let read = strict::parse(&exposition, dialect, quotes).map_err(|fault| shown("ours", fault))?;
    let ours = Document::from(read);
    compare::compare(&expected, &ours).map_err(|fault| shown("ours", fault))?;

    let judge = if open_metrics {
        &mut judges.openmetrics
    } else {
        &mut judges.text
    };
    if let Some(expected) = compare::as_python_reads(expected, dialect) {
        let read = judge.read(&exposition);
        let read = read.map_err(|refusal| shown("Python", refusal.to_string()))?;
        compare::compare(&expected, &Document::from(read))
            .map_err(|fault| shown("Python", fault))?;
    }
    Ok(())
}

fn check_protobuf(recorded: &Recorded, escaping: Escaping) -> Result<(), String> {
    let exposition = Format::Protobuf.with_escaping(escaping);
    let expected = model::messages(recorded, escaping);
    // From the second exposition on, labels are cached in this encoding.
    for _ in 0..2 {
        let mut out = Vec::new();
        recorded
            .registry
            .encode(exposition, &mut out)
            .map_err(|error| error.to_string())?;
        let read = protobuf(&out).map_err(|error| error.to_string())?;
        compare::compare_messages(&expected, read, &recorded.during)
            .map_err(|fault| format!("protobuf with {escaping:?}: {fault}"))?;
    }
    Ok(())
}

/// Checks only a few expositions, because each one starts a promtool process.
#[test]
fn promtool_accepts_the_text_of_any_registry() {
    // Style warnings about names, help and cardinality, which do not apply to random registries.
    const STYLE_WARNINGS: [&str; 12] = [
        "no help text",
        "metric names should not contain",
        "metric name should not",
        "should have \"_total\" suffix",
        "should not have \"_total\" suffix",
        "should be written in 'snake_case'",
        "use base unit",
        "metric name should not include type",
        "non-histogram and non-summary",
        "counter metrics should",
        "label names should be written in",
        "metric names should be written in",
    ];
    let mut runner = TestRunner::deterministic();
    for _ in 0..8 {
        let tree = generate::plan()
            .new_tree(&mut runner)
            .expect("it generates");
        let plan = tree.current();
        let registry = record::record(&plan).registry;
        promtool_check(&registry.encode_to_string(Format::Text), &STYLE_WARNINGS)
            .unwrap_or_else(|refusal| panic!("{refusal}\n{plan:#?}"));
    }
}

/// The vectors are numbers as Go prints them. Where two shortest decimals are equally close to a
/// float, Rust prints the larger and Go the even one.
#[test]
fn the_float_rule_matches_go() {
    let vectors = include_str!("../../data/go_float_vectors.tsv");
    let mut seen = 0;
    for line in vectors.lines() {
        let mut fields = line.split('\t');
        let bits = u64::from_str_radix(fields.next().unwrap(), 16).unwrap();
        for dialect in [Dialect::Text, Dialect::OpenMetrics] {
            let expected = fields.next().unwrap();
            assert_eq!(strict::canonical(f64::from_bits(bits), dialect), expected);
        }
        seen += 1;
    }
    assert_eq!(seen, 8_165);
    let middle = 4_543_028_960_000_890.0 / 8.0;
    assert_eq!(
        strict::canonical(middle, Dialect::Text),
        "5.678786200001112e+14"
    );
}

#[test]
fn every_float_is_written_by_the_rule() {
    use metrics_core::{FloatGauge, Options, Registry};

    let registry = Registry::new();
    let gauge = registry
        .create_family::<FloatGauge>(
            Options::new("v", "Floats.")
                .labels(["row"])
                .max_series(20_000),
        )
        .unwrap();
    let mut runner = TestRunner::new(Config::default());
    let mut values = Vec::new();
    for class in generate::float_classes() {
        for _ in 0..800 {
            values.push(class.new_tree(&mut runner).expect("it generates").current());
        }
    }
    for (row, value) in values.iter().enumerate() {
        gauge.with(&[&row.to_string()]).set(*value);
    }
    for (format, dialect) in [
        (Format::Text, Dialect::Text),
        (Format::OpenMetrics, Dialect::OpenMetrics),
    ] {
        let text = registry.encode_to_string(format);
        let mut seen = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (row, written) = line
                .strip_prefix("v{row=\"")
                .and_then(|rest| rest.split_once("\"} "))
                .unwrap();
            let value = values[row.parse::<usize>().unwrap()];
            assert_eq!(written, strict::canonical(value, dialect), "{value:e}");
            seen += 1;
        }
        assert_eq!(seen, values.len());
    }
}
