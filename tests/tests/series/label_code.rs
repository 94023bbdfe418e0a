//! Tests the code that a program writes for a label type: when the code runs, and what it may do.

use std::{
    cell::Cell,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use metrics_core::{Format, Label, counted, encode_to_string, metrics};

use crate::support::{global, values};

/// Runs `act` in another thread; fails if `act` does not end in time.
fn finishes(act: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        act();
        done.send(()).expect("the test waits");
    });
    let ended = is_done.recv_timeout(Duration::from_secs(20));
    ended.expect("neither a deadlock nor a panic");
}

thread_local! {
    static IS_NESTED: Cell<bool> = const { Cell::new(false) };
}

/// Calls `record`, except from within itself.
fn record_once(record: impl FnOnce()) {
    if !IS_NESTED.replace(true) {
        record();
        IS_NESTED.set(false);
    }
}

metrics! {
    /// Recordings.
    static COUNTED: Counter<(key: Counting<'_>)> = "label_code_counted_total";
    /// Recordings.
    #[max_series(2)]
    static LIMITED: Gauge<(key: Limiting<'_>)> = "label_code_limited";
    /// The state of the program.
    static STATE: Info<(key: Setting<'_>)> = "label_code_state_info";
}

macro_rules! recording_labels {
    ($($label:ident: $record:expr;)*) => {$(
        struct $label<'a>(&'a str);

        impl Label for $label<'_> {
            const VALUES: Option<&'static [&'static str]> = None;

            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                record_once(|| $record(self.0));
                with(self.0)
            }
        }
    )*};
}

recording_labels! {
    Counting: |key: &str| {
        COUNTED.with(Counting(&format!("{key}, nested"))).inc();
        encode_to_string(Format::Text);
    };
    Limiting: |key: &str| LIMITED.with(Limiting(&format!("{key}, nested"))).inc();
    Setting: |key: &str| STATE.set(Setting(&format!("{key}, nested")));
}

#[test]
fn a_label_may_record_into_its_own_metric_and_encode() {
    finishes(|| {
        for key in ["a", "b", "a"] {
            COUNTED.with(Counting(key)).inc();
        }
    });
    let values = values(&global("label_code_counted_total"));
    assert_eq!(values["key=a"], 2.0);
    assert_eq!(values["key=b"], 1.0);
    assert!(values["key=a, nested"] >= 2.0);
}

#[test]
fn a_label_may_record_into_its_own_metric_beyond_the_limit() {
    finishes(|| {
        for key in ["a", "b", "c", "d"] {
            LIMITED.with(Limiting(key)).inc();
        }
    });
    assert_eq!(values(&global("label_code_limited")).len(), 3);
}

#[test]
fn a_label_may_set_its_own_info() {
    finishes(|| STATE.set(Setting("a")));
    let family = global("label_code_state_info");
    assert_eq!(family.metrics.len(), 1, "{family:?}");
}

/// A label whose text changes at each call.
struct Unstable;

static CALLS: AtomicU64 = AtomicU64::new(0);

impl Label for Unstable {
    const VALUES: Option<&'static [&'static str]> = None;

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        with(["a", "b", "a text of more than sixteen bytes"][call as usize % 3])
    }
}

#[test]
fn a_label_that_changes_its_text_makes_no_duplicate_series() {
    metrics! {
        /// Recordings.
        static CHANGING: Counter<(first: Unstable, second: Unstable)> = "label_code_changing_total";
    }
    for _ in 0..100 {
        CHANGING.with(Unstable, Unstable).inc();
        // An additional call shifts the texts that the next look-up gets.
        CALLS.fetch_add(1, Ordering::Relaxed);
    }
    let family = global("label_code_changing_total");
    let values = values(&family);
    assert_eq!(family.metrics.len(), values.len(), "{family:?}");
    assert_eq!(values.values().sum::<f64>(), 100.0);
}

/// A label that declares two values, and whose index may be larger.
struct Beyond(usize);

impl Label for Beyond {
    const VALUES: Option<&'static [&'static str]> = Some(&["a", "b"]);

    fn index(&self) -> usize {
        self.0
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with("c")
    }
}

#[test]
fn an_index_beyond_the_values_of_a_closed_label_counts_as_the_last_value() {
    metrics! {
        /// Recordings.
        static CLOSED: Counter<(of: Beyond, urgent: bool)> = "label_code_closed_total";
        /// Recordings.
        static OPTIONAL: Counter<(of: Option<Beyond>)> = "label_code_optional_total";
        /// Recordings.
        static MIXED: Counter<(of: Beyond, user: &str)> = "label_code_mixed_total";
        /// The state.
        static STATE: StateSet<Beyond> = "label_code_beyond";
    }
    for index in [2, 3, 1 << 40, usize::MAX] {
        CLOSED.with(Beyond(index), true).inc();
        CLOSED.bind(Beyond(index), true).inc();
        OPTIONAL.with(Some(Beyond(index))).inc();
        MIXED.with(Beyond(index), "x").inc();
        STATE.set(Beyond(index));
        assert_eq!(STATE.get(), "b");
    }
    assert_eq!(CLOSED.with(Beyond(1), true).get(), 8);
    assert_eq!(CLOSED.with(Beyond(0), true).get(), 0);
    assert_eq!(OPTIONAL.with(Some(Beyond(1))).get(), 4);
    assert_eq!(MIXED.with(Beyond(1), "x").get(), 4);
    let family = global("label_code_mixed_total");
    assert_eq!(family.metrics.len(), 1, "{family:?}");
}

#[counted(
    name = "label_code_result_total",
    help = "Calls.",
    outcome = false,
    labels(on_return(of: Beyond = |index| Beyond(*index)))
)]
fn call(index: usize) -> usize {
    index
}

#[test]
fn an_index_beyond_the_values_of_a_result_label_counts_as_the_last_value() {
    for index in [0, 1, 2, usize::MAX] {
        call(index);
    }
    let family = global("label_code_result_total");
    let calls: Vec<_> = values(&family).into_values().collect();
    assert_eq!(calls.iter().sum::<f64>(), 4.0, "{family:?}");
    assert_eq!(calls.into_iter().fold(0.0, f64::max), 3.0, "{family:?}");
}
