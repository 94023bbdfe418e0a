//! Tests clashes: metrics that cannot share a name, and metrics whose sample names collide.

#![allow(dead_code, reason = "most of the metrics are only exposed")]

use std::collections::BTreeSet;

use metrics_core::{
    Counter, DynamicMetric, FloatCounter, FloatGauge, Format, Gauge, Histogram, Options, Registry,
    Summary, UpDownCounter, metrics,
};

use crate::support::{Phase, options};

const CLASHES_FROM: u32 = line!();

metrics! {
    /// A metric.
    static KIND: Gauge = "clash_kind";
    /// A metric.
    static KIND_AGAIN: Histogram = "clash_kind";

    /// A gauge.
    static SET: Gauge = "clash_set";
    /// A gauge.
    static SET_AGAIN: Gauge = "clash_set";

    /// A computed gauge.
    #[computed(|| 1.0)]
    static COMPUTED: Gauge = "clash_computed";
    /// A computed gauge.
    #[computed(|| 2.0)]
    static COMPUTED_AGAIN: Gauge = "clash_computed";

    /// Bytes.
    #[unit("bytes")]
    static UNIT: Gauge = "clash_bytes";
    /// Bytes.
    static UNIT_AGAIN: Gauge = "clash_bytes";

    /// A histogram.
    #[buckets(1.0, 2.0)]
    static BUCKETS: Histogram = "clash_buckets";
    /// A histogram.
    #[buckets(1.0, 3.0)]
    static BUCKETS_AGAIN: Histogram = "clash_buckets";

    /// A counter.
    static LABELS: Counter<(a: bool)> = "clash_labels_total";
    /// A counter.
    static LABELS_AGAIN: Counter<(b: bool)> = "clash_labels_total";

    /// Sizes.
    static SUFFIX: Histogram = "clash_suffix";
    /// Sizes.
    static SUFFIX_AGAIN: Counter = "clash_suffix_total";

    /// Items.
    static TYPES: UpDownCounter<(x: &str)> = "clash_types";
    /// Items.
    static TYPES_AGAIN: Gauge<(x: &str)> = "clash_types";

    /// The phase.
    static STATE: StateSet<Phase, (clash_state: &str)> = "clash_state";
}

const CLASHES_TO: u32 = line!();

#[test]
fn check_names_both_locations_of_every_declared_clash() {
    let error = Registry::global().check().unwrap_err().to_string();
    for name in [
        "clash_kind",
        "clash_set",
        "clash_computed",
        "clash_bytes",
        "clash_buckets",
        "clash_labels_total",
        "clash_suffix",
        "clash_types",
    ] {
        let quoted = format!("`{name}`");
        let line = error.lines().find(|line| line.contains(&quoted));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {error}"));
        let places: BTreeSet<u32> = line.split("clashes.rs:").skip(1).map(number).collect();
        assert_eq!(places.len(), 2, "{line}");
        assert!(
            places
                .iter()
                .all(|at| (CLASHES_FROM..CLASHES_TO).contains(at)),
            "{line}"
        );
    }
}

/// Parses the number at the start of a text.
fn number(text: &str) -> u32 {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().unwrap_or_default()
}

#[test]
fn of_two_clashing_metrics_the_first_is_exposed_and_the_second_counted() {
    KIND.set(1);
    KIND_AGAIN.observe(1.0);
    SUFFIX.observe(2.0);
    SUFFIX_AGAIN.inc();
    let text = Registry::global().encode_to_string(Format::Text);
    for line in [
        "# TYPE clash_kind gauge\n",
        "clash_kind 1\n",
        "# TYPE clash_suffix histogram\n",
        "metrics_rejected_total{family=\"clash_kind\",reason=\"clash\"} 1\n",
        "metrics_rejected_total{family=\"clash_suffix_total\",reason=\"clash\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert!(!text.contains("clash_kind_bucket"));
    assert!(!text.contains("\nclash_suffix_total"));
}

#[test]
fn a_state_set_with_a_label_of_its_own_name_is_a_clash() {
    STATE.with("a").set(Phase::Running);
    let _ = Phase::Starting;
    let error = Registry::global().check().unwrap_err().to_string();
    assert!(error.contains("`clash_state`"), "{error}");
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(
        !text.contains("\nclash_state{"),
        "the label occurs twice in a series"
    );
}

#[test]
fn every_disagreement_of_dynamic_metrics_is_an_error_with_both_locations() {
    let (a, b) = (options("a"), options("a"));
    assert_clash::<Gauge, Histogram>("types", a, b);
    let (a, b) = (options("a_bytes"), options("a_bytes").unit("bytes"));
    assert_clash::<Gauge, Gauge>("units", a, b);
    let (a, b) = (options("a").buckets([1.0]), options("a").buckets([2.0]));
    assert_clash::<Histogram, Histogram>("buckets", a, b);
    let (a, b) = (options("a").labels(["x"]), options("a").labels(["y"]));
    assert_clash::<Gauge, Gauge>("labels", a, b);
    let (a, b) = (
        options("a").labels(["x", "y"]),
        options("a").labels(["y", "x"]),
    );
    assert_clash::<Gauge, Gauge>("labels", a, b);
}

#[test]
fn metrics_with_colliding_sample_names_are_refused_with_both_locations() {
    assert_clash::<Histogram, Counter>("`a`", options("a"), options("a_total"));
    assert_clash::<Gauge, Counter>("`a`", options("a"), options("a_total"));
    assert_clash::<Summary, Counter>("`a`", options("a"), options("a_total"));
    assert_clash::<Counter, Counter>(
        "`a_created`",
        options("a_total"),
        options("a_created_total"),
    );
    assert_clash::<Histogram, Counter>("`a_sum`", options("a"), options("a_sum_total"));
    assert_clash::<Counter, Summary>("`a_count`", options("a_count_total"), options("a"));
}

#[test]
fn a_value_that_is_set_has_one_owner() {
    assert_clash::<Gauge, Gauge>("one owner", options("a"), options("a"));
    assert_clash::<FloatGauge, FloatGauge>("one owner", options("a"), options("a"));
    let labelled = || options("a").labels(["x"]);
    assert_clash::<Gauge, Gauge>("one owner", labelled(), labelled());
}

#[test]
fn metrics_that_are_added_to_may_be_declared_twice() {
    let registry = Registry::new();
    let mut both = Vec::new();
    for amount in [20, 22] {
        let counter: UpDownCounter = registry.create(options("a")).unwrap();
        counter.add(amount);
        both.push(counter);
    }
    assert!(registry.encode_to_string(Format::Text).contains("\na 42\n"));
}

#[test]
fn the_same_options_give_the_same_gauge_whatever_the_help_text_is() {
    let registry = Registry::new();
    let first = registry
        .get_or_create_family::<Gauge>(options("a").labels(["x"]))
        .unwrap();
    let again = Options::new("a", "What it is").labels(["x"]);
    let second = registry.get_or_create_family::<Gauge>(again).unwrap();
    first.with(&["b"]).set(20);
    second.with(&["b"]).set(22);
    assert_eq!(first.with(&["b"]).get(), 22);
}

#[test]
fn of_two_help_texts_the_first_is_exposed_and_the_other_counted() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let first: Counter = registry
        .create(Options::new("a_total", "Jobs done."))
        .unwrap();
    let second: Counter = registry
        .create(Options::new("a_total", "Jobs done"))
        .unwrap();
    first.inc_by(2);
    second.inc_by(3);
    registry.check().unwrap();
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "# HELP a_total Jobs done.\n",
        "a_total 5\n",
        "metrics_rejected_total{family=\"a_total\",reason=\"help\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

/// Metrics of different types store different values, such as integers and floats, which cannot be
/// summed.
#[test]
fn metrics_of_one_name_and_different_rust_types_are_refused() {
    assert_clash::<Counter, FloatCounter>("types", options("a_total"), options("a_total"));
    assert_clash::<Gauge, FloatGauge>("types", options("a"), options("a"));
    assert_clash::<Gauge, UpDownCounter>("types", options("a"), options("a"));
}

#[test]
fn of_declared_metrics_of_one_name_and_different_rust_types_the_first_is_exposed() {
    TYPES.with("u").inc();
    TYPES_AGAIN.with("g").set(7);
    let text = Registry::global().encode_to_string(Format::Text);
    let lines = text.lines().filter(|line| line.starts_with("clash_types"));
    assert_eq!(lines.collect::<Vec<_>>(), ["clash_types{x=\"u\"} 1"]);
    let rejected = "metrics_rejected_total{family=\"clash_types\",reason=\"clash\"} 1\n";
    assert!(text.contains(rejected), "{text}");
}

/// Asserts that the registry refuses the second metric, and that the error contains `message` and
/// the source locations of both metrics.
#[track_caller]
fn assert_clash<A: DynamicMetric, B: DynamicMetric>(
    message: &str,
    first: Options,
    second: Options,
) {
    let registry = Registry::new();
    let kept = registry.create_family::<A>(first).unwrap();
    let error = registry.create_family::<B>(second);
    let error = error
        .err()
        .map_or_else(|| panic!("accepted: {message}"), |error| error.to_string());
    assert!(error.contains(message), "{error}");
    assert_eq!(error.matches(".rs:").count(), 2, "{error}");
    drop(kept);
}
