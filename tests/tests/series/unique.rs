//! Tests that there is one series for each label set, whatever values a program records.

use metrics_core::{Label, metrics};

use crate::support::{global, values};

#[derive(Label, Clone, Copy)]
enum Why {
    Timeout,
    Overflow,
}

#[test]
fn a_series_with_the_overflow_value_is_exposed_once() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static DROPPED: Counter<(why: Why, user: &str)> = "unique_dropped_total";
    }
    DROPPED.with(Why::Overflow, "overflow").inc();
    DROPPED.with(Why::Timeout, "bob").inc_by(5);
    DROPPED.with(Why::Overflow, "eve").inc_by(7);
    let family = global("unique_dropped_total");
    let values = values(&family);
    assert_eq!(family.metrics.len(), values.len(), "{family:?}");
    assert_eq!(values["why=overflow,user=overflow"], 8.0);
    assert_eq!(values["why=timeout,user=overflow"], 5.0);
}

#[test]
fn a_replacement_called_overflow_is_the_same_series() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static SEEN: Histogram<(
            #[allow_only("a", else = "overflow")] kind: &str,
            user: &str,
        )> = "unique_seen";
    }
    SEEN.with("b", "overflow").observe(1.0);
    SEEN.with("b", "bob").observe(2.0);
    SEEN.with("a", "bob").observe(4.0);
    let family = global("unique_seen");
    let values = values(&family);
    assert_eq!(family.metrics.len(), values.len(), "{family:?}");
    assert_eq!(values["kind=overflow,user=overflow"], 3.0);
    assert_eq!(values["kind=a,user=overflow"], 4.0);
}

#[test]
fn overflow_series_do_not_take_up_the_limit() {
    metrics! {
        /// Recordings.
        #[max_series(2)]
        static ROOM: Gauge<(why: Why, user: &str)> = "unique_room";
    }
    for user in ["a", "b", "c"] {
        ROOM.with(Why::Timeout, user).set(1);
    }
    ROOM.with(Why::Overflow, "d").set(1);
    assert!(ROOM.remove(Why::Timeout, "a"));
    ROOM.with(Why::Overflow, "e").set(1);
    let values = values(&global("unique_room"));
    let labels: Vec<&str> = values.keys().map(String::as_str).collect();
    assert_eq!(
        labels,
        [
            "why=overflow,user=e",
            "why=overflow,user=overflow",
            "why=timeout,user=b",
            "why=timeout,user=overflow",
        ]
    );
}

/// A label whose text differs from the values that the label declares.
#[derive(Clone, Copy)]
struct Careless(usize);

impl Label for Careless {
    const VALUES: Option<&'static [&'static str]> = Some(&["a", "b"]);

    fn index(&self) -> usize {
        self.0
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with("c")
    }
}

#[test]
fn a_closed_label_is_exposed_with_the_declared_value_of_its_index() {
    metrics! {
        /// Recordings.
        static CARELESS: Counter<(kind: Careless, user: &str)> = "unique_careless_total";
    }
    CARELESS.with(Careless(0), "u").inc();
    CARELESS.with(Careless(1), "u").inc_by(2);
    let values = values(&global("unique_careless_total"));
    assert_eq!(values["kind=a,user=u"], 1.0);
    assert_eq!(values["kind=b,user=u"], 2.0);
}
