//! Tests the cardinality limit, the overflow series that counts recordings beyond it, and memory
//! use at the limit.

use std::ops::Range;

use metrics_core::{Counter, Format, Registry, metrics};
use tests::{growth, in_own_process};

use crate::support::{global, values, with_limit};

#[test]
fn label_sets_beyond_the_limit_are_recorded_as_overflow() {
    let (registry, counter) = with_limit::<Counter>("a_total", 3);
    for key in ["a", "b", "c", "d", "e"] {
        counter.with(&[key]).inc_by(2);
    }
    counter.with(&["a"]).inc();
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total{key=\"a\"} 3\n",
        "a_total{key=\"b\"} 2\n",
        "a_total{key=\"c\"} 2\n",
        "a_total{key=\"overflow\"} 4\n",
        "metrics_overflowed_total{family=\"a_total\"} 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("key=\"d\""), "{text}");
}

#[test]
fn every_type_has_its_own_overflow_series() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static OVER_GAUGE: Gauge<(key: &str)> = "series_over_gauge";
        /// Recordings.
        #[max_series(1)]
        static OVER_HISTOGRAM: Histogram<(key: &str, closed: bool)> = "series_over_histogram";
        /// Recordings.
        #[max_series(1)]
        static OVER_SUMMARY: Summary<(key: &str)> = "series_over_summary";
    }
    for key in ["a", "b", "c"] {
        OVER_GAUGE.with(key).add(1);
        OVER_HISTOGRAM.with(key, true).observe(1.0);
        OVER_SUMMARY.with(key).observe(1.0);
    }
    for name in [
        "series_over_gauge",
        "series_over_histogram",
        "series_over_summary",
    ] {
        let values = values(&global(name));
        let overflow = values
            .iter()
            .find(|(labels, _)| labels.starts_with("key=overflow"));
        assert_eq!(values.len(), 2, "{name}: {values:?}");
        assert_eq!(
            overflow.map(|(_, value)| *value),
            Some(2.0),
            "{name}: {values:?}"
        );
    }
}

#[test]
fn an_info_with_closed_labels_has_no_overflow_counter() {
    metrics! {
        /// Recordings.
        static CLOSED: Info<(urgent: bool)> = "series_closed_info";
    }
    CLOSED.set(true);
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(
        text.contains("series_closed_info{urgent=\"true\"} 1\n"),
        "{text}"
    );
    let overflowed = "metrics_overflowed_total{family=\"series_closed_info\"}";
    assert!(!text.contains(overflowed), "{text}");
}

#[test]
fn removal_makes_room_under_the_limit() {
    let (registry, counter) = with_limit::<Counter>("a_total", 2);
    counter.with(&["a"]).inc();
    counter.with(&["b"]).inc();
    assert!(counter.remove(&["a"]));
    assert!(!counter.remove(&["a"]), "the series is already removed");
    counter.with(&["c"]).inc();
    let values = values(&registry.gather()[0]);
    assert_eq!(values.keys().collect::<Vec<_>>(), ["key=b", "key=c"]);
}

#[test]
fn the_limit_may_be_the_largest_integer() {
    let (_registry, counter) = with_limit::<Counter>("a_total", usize::MAX);
    counter.with(&["a"]).inc();
    assert_eq!(counter.with(&["a"]).get(), 1);
}

#[test]
fn a_million_values_under_the_limit_use_no_more_memory_than_the_limit() {
    metrics! {
        /// Recordings.
        #[max_series(1000)]
        static CHURN: Counter<(key: &str)> = "series_churn_total";
    }
    let churn = |range: Range<u32>| {
        for at in range {
            let key = |at| format!("a value of more than forty bytes, number {at}");
            CHURN.with(&key(at)).inc();
            if at >= 999 {
                assert!(CHURN.remove(&key(at - 999)), "{at}");
            }
        }
    };
    in_own_process(
        "limit::a_million_values_under_the_limit_use_no_more_memory_than_the_limit",
        || {
            churn(0..10_000);
            let grown = growth(|| churn(10_000..1_000_000));
            assert!(grown < 4 << 20, "grew by {grown} bytes");
            assert_eq!(values(&global("series_churn_total")).len(), 999);
        },
    );
}

#[test]
fn quantile_windows_of_removed_summaries_are_freed() {
    metrics! {
        /// Recordings.
        #[max_series(10)]
        #[quantiles(0.5)]
        static WINDOWS: Summary<(key: &str)> = "series_windows";
    }
    let churn = |range: Range<u32>| {
        for at in range {
            let key = at.to_string();
            WINDOWS.with(&key).observe(1.0);
            WINDOWS.remove(&key);
        }
    };
    in_own_process(
        "limit::quantile_windows_of_removed_summaries_are_freed",
        || {
            churn(0..100);
            let grown = growth(|| churn(100..5_000));
            assert!(grown < 4 << 20, "grew by {grown} bytes");
        },
    );
}
