//! Tests exemplars that the program passes to a recording.

use std::{
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use metrics_core::{
    Counter, FloatCounter, Format, Histogram, Label, Options, Registry, encode_to_string, metrics,
};

use crate::support::{ID, by_name, exemplars, labels, of_single_series, parsed, rejected, values};

#[test]
fn a_counter_has_the_last_exemplar_and_its_increment() {
    metrics! {
        /// Recordings.
        static COUNTED: Counter = "exemplars_counted_total";
    }
    COUNTED.inc_with_exemplar(&[("trace_id", "1")]);
    COUNTED.inc_by_with_exemplar(41, &[("trace_id", "2")]);
    assert_eq!(COUNTED.get(), 42);
    assert_eq!(values("exemplars_counted_total"), [41.0]);
    assert_eq!(labels("exemplars_counted_total", "trace_id"), ["2"]);
}

#[test]
fn a_float_counter_has_an_exemplar() {
    metrics! {
        /// Recordings.
        static AMOUNT: FloatCounter = "exemplars_amount_total";
    }
    AMOUNT.inc_with_exemplar(ID);
    assert_eq!(values("exemplars_amount_total"), [1.0]);
    AMOUNT.inc_by_with_exemplar(0.25, ID);
    assert_eq!(values("exemplars_amount_total"), [0.25]);
    AMOUNT.inc_by_with_exemplar(-1.0, ID);
    assert_eq!(values("exemplars_amount_total"), [0.25]);
    assert_eq!(AMOUNT.get(), 1.25);
}

#[test]
fn each_bucket_has_its_last_exemplar() {
    metrics! {
        /// Observations.
        #[buckets(1, 2, 3)]
        static BUCKETS: Histogram = "exemplars_buckets";
    }
    for value in [1.5, 0.5, 2.5, 1.75, 9.0, 1.0] {
        let id = value.to_string();
        BUCKETS.observe_with_exemplar(value, &[("id", &id)]);
    }
    assert_eq!(values("exemplars_buckets"), [1.0, 1.75, 2.5, 9.0]);
    let families = parsed();
    for (le, value) in [("1.0", 1.0), ("2.0", 1.75), ("3.0", 2.5), ("+Inf", 9.0)] {
        let samples = &families.family("exemplars_buckets").samples;
        let bucket = samples.iter().find(|sample| sample.has(&[("le", le)]));
        let exemplar = bucket.and_then(|bucket| bucket.exemplar.as_ref());
        let exemplar = exemplar.unwrap_or_else(|| panic!("{le} has one"));
        assert_eq!(exemplar.value, value);
        assert_eq!(exemplar.labels["id"], value.to_string());
    }
}

#[test]
fn a_rejected_observation_has_no_exemplar() {
    metrics! {
        /// Observations.
        static ONLY_NUMBERS: Histogram = "exemplars_only_numbers";
    }
    for value in [f64::NAN, f64::INFINITY, -1.0] {
        ONLY_NUMBERS.observe_with_exemplar(value, ID);
    }
    assert!(values("exemplars_only_numbers").is_empty());
}

#[test]
fn a_native_histogram_has_one_exemplar_per_power_of_two_and_at_most_ten() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static NATIVE: Histogram = "exemplars_native";
    }
    for power in 0..12 {
        for factor in [1.5, 1.25] {
            NATIVE.observe_with_exemplar(factor * 2_f64.powi(power), ID);
        }
    }
    let shown = values("exemplars_native");
    let last: Vec<f64> = (2..12).map(|power| 1.25 * 2_f64.powi(power)).collect();
    assert_eq!(shown, last);
}

#[test]
fn a_histogram_with_classic_and_native_buckets_has_an_exemplar_per_classic_bucket() {
    metrics! {
        /// Observations.
        #[buckets(native, 1, 10)]
        static BOTH: Histogram = "exemplars_both";
    }
    for value in [0.25, 0.5, 4.0, 8.0] {
        BOTH.observe_with_exemplar(value, ID);
    }
    assert_eq!(values("exemplars_both"), [0.5, 8.0]);
}

#[test]
fn exemplars_belong_to_one_series() {
    #[derive(Label, Clone, Copy)]
    enum Side {
        Left,
        Right,
    }
    metrics! {
        /// Recordings.
        static CLOSED: Counter<(side: Side)> = "exemplars_closed_total";
        /// Observations.
        static OPEN: Histogram<(name: &str)> = "exemplars_open";
    }
    CLOSED.with(Side::Right).inc_with_exemplar(ID);
    let by_side = exemplars("exemplars_closed_total");
    assert_eq!((by_side[0].len(), by_side[1].len()), (0, 1));
    CLOSED.bind(Side::Left).inc_by_with_exemplar(7, ID);
    assert_eq!(exemplars("exemplars_closed_total")[0][0].value, 7.0);
    OPEN.with("a").observe(1.0);
    OPEN.with("b").observe_with_exemplar(2.0, ID);
    OPEN.bind("c").observe_with_exemplar(3.0, ID);
    let by_name = exemplars("exemplars_open").concat();
    let by_name: Vec<f64> = by_name.iter().map(|one| one.value).collect();
    assert_eq!(by_name, [2.0, 3.0]);
}

#[test]
fn dynamic_metrics_have_exemplars() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("counted_total", "Recordings."))
        .expect("the name is free");
    counter.inc_by_with_exemplar(3, ID);
    let amount: FloatCounter = registry
        .create(Options::new("amount_total", "Recordings."))
        .expect("the name is free");
    amount.inc_by_with_exemplar(0.5, ID);
    let observed = registry
        .create_family::<Histogram>(
            Options::new("observed", "Observations.")
                .labels(["name"])
                .native(1.1),
        )
        .expect("the name is free");
    observed.with(&["a"]).observe_with_exemplar(2.0, ID);
    let families = registry.gather();
    for (family, value) in [
        ("counted_total", 3.0),
        ("amount_total", 0.5),
        ("observed", 2.0),
    ] {
        assert_eq!(by_name(&families, family)[0][0].value, value, "{family}");
    }
}

#[test]
fn an_exemplar_has_the_time_of_its_recording() {
    metrics! {
        /// Recordings.
        static DATED: Counter = "exemplars_dated_total";
    }
    let before = SystemTime::now();
    DATED.inc_with_exemplar(ID);
    let before = before
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64();
    let time = of_single_series("exemplars_dated_total")[0].time;
    assert!((before..before + 60.0).contains(&time), "{time}");
    let families = parsed();
    let sample = &families.family("exemplars_dated").samples[0];
    let shown = sample
        .exemplar
        .as_ref()
        .and_then(|exemplar| exemplar.timestamp);
    assert!(shown.is_some_and(|shown| (shown - time).abs() < 0.001));
}

#[test]
fn the_exemplar_limit_of_128_counts_characters_and_not_bytes() {
    metrics! {
        /// Recordings.
        static LONG: Counter = "exemplars_long_total";
    }
    let long = "☃".repeat(128 - "trace_id".len());
    LONG.inc_with_exemplar(&[("trace_id", &long)]);
    assert_eq!(labels("exemplars_long_total", "trace_id"), [long]);
    assert_eq!(rejected("exemplars_long_total"), None);
}

#[test]
fn an_exemplar_of_more_than_128_characters_is_rejected_and_counted() {
    metrics! {
        /// Observations.
        static TOO_LONG: Histogram = "exemplars_too_long";
    }
    let long = "x".repeat(60);
    TOO_LONG.observe_with_exemplar(1.0, &[("a", &long), ("b", &long), ("c", "123456")]);
    assert!(values("exemplars_too_long").is_empty());
    assert_eq!(TOO_LONG.get().count, 1);
    assert_eq!(rejected("exemplars_too_long"), Some(1.0));
}

#[test]
fn an_exemplar_with_an_invalid_label_name_is_rejected_and_counted() {
    metrics! {
        /// Recordings.
        static MISNAMED: Counter = "exemplars_misnamed_total";
    }
    MISNAMED.inc_with_exemplar(&[("trace-id", "1")]);
    MISNAMED.inc_with_exemplar(&[("a", "1"), ("a", "2")]);
    assert_eq!(MISNAMED.get(), 2);
    assert!(values("exemplars_misnamed_total").is_empty());
    assert_eq!(rejected("exemplars_misnamed_total"), Some(2.0));
}

#[test]
fn a_family_without_exemplars_has_no_rejection_counter() {
    metrics! {
        /// Recordings.
        static PLAIN: Counter = "exemplars_plain_total";
    }
    PLAIN.inc();
    assert_eq!(rejected("exemplars_plain_total"), None);
}

/// Uses its own registry, because other tests pass the exposition of the global one to the official
/// Python parser, which fails on the quotation mark.
#[test]
fn exemplar_labels_are_escaped() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("escaped_total", "Recordings."))
        .expect("the name is free");
    counter.inc_with_exemplar(&[("path", "a\\b\nc\"")]);
    let shown = by_name(&registry.gather(), "escaped_total");
    assert_eq!(shown[0][0].labels[0].1, "a\\b\nc\"");
    let line = r#"escaped_total 1 # {path="a\\b\nc\""} 1.0 "#;
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_text_format_has_no_exemplars() {
    metrics! {
        /// Recordings.
        static TEXT: Counter = "exemplars_text_total";
    }
    TEXT.inc_with_exemplar(ID);
    let text = encode_to_string(Format::Text);
    assert!(text.contains("exemplars_text_total 1\n"));
}

#[test]
fn a_series_that_is_removed_loses_its_exemplar() {
    metrics! {
        /// Recordings.
        static REMOVED: Counter<(name: &str)> = "exemplars_removed_total";
    }
    REMOVED.with("a").inc_with_exemplar(ID);
    assert!(REMOVED.remove("a"));
    // `b` gets the storage of the removed `a` before a scrape, and `a` that of the removed `b`
    // after a scrape.
    REMOVED.with("b").inc();
    assert_eq!(of_single_series("exemplars_removed_total"), []);
    assert!(REMOVED.remove("b"));
    REMOVED.with("a").inc();
    assert_eq!(of_single_series("exemplars_removed_total"), []);
    REMOVED.with("a").inc_with_exemplar(ID);
    assert_eq!(of_single_series("exemplars_removed_total").len(), 1);
}

#[test]
fn exemplars_can_be_recorded_during_a_scrape() {
    metrics! {
        /// Observations.
        static BUSY: Histogram = "exemplars_busy";
    }
    thread::scope(|scope| {
        for at in 0..4 {
            scope.spawn(move || {
                for n in 0..500 {
                    let value = f64::from(at * 500 + n) / 100.0;
                    BUSY.observe_with_exemplar(value, &[("n", &n.to_string())]);
                }
            });
        }
        for _ in 0..5 {
            let shown = values("exemplars_busy");
            assert!(shown.is_sorted(), "{shown:?}");
        }
    });
    assert_eq!(BUSY.get().count, 2000);
}
