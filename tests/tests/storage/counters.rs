//! Tests the totals of counters: with many threads, and at the end of the range.

use std::{sync::mpsc, thread};

use metrics_core::{Counter, metrics};

use crate::support::{
    ALL, DIGITS, Digit, GENERATIONS, RECORDINGS, Rising, THREADS, generations, labelled,
    share_machine, while_reading,
};

#[test]
fn an_unlabelled_counter_is_exact_and_never_decreases() {
    metrics! {
        /// Recordings.
        static PLAIN: Counter = "storage_plain_total";
    }
    let _turn = share_machine();
    let mut rising = Rising::default();
    generations(|_, _| PLAIN.inc_by(3), || rising.see(PLAIN.get()));
    assert_eq!(PLAIN.get(), 3 * ALL);
}

#[test]
fn a_counter_with_few_closed_series_is_exact_and_never_decreases() {
    metrics! {
        /// Recordings.
        static CLOSED: Counter<(odd: bool)> = "storage_closed_total";
    }
    let _turn = share_machine();
    let mut rising = Rising::default();
    generations(
        |_, at| CLOSED.with(at % 2 == 1).inc(),
        || rising.see(CLOSED.with(true).get()),
    );
    assert_eq!(CLOSED.with(true).get(), ALL / 2);
    assert_eq!(CLOSED.with(false).get(), ALL / 2);
}

#[test]
fn a_counter_with_many_closed_series_is_exact_and_never_decreases() {
    metrics! {
        /// Recordings.
        static WIDE: Counter<(tens: Digit, ones: Digit)> = "storage_wide_total";
    }
    let _turn = share_machine();
    let total = || {
        let pairs = DIGITS.iter().flat_map(|a| DIGITS.map(|b| (*a, b)));
        pairs.map(|(a, b)| WIDE.with(a, b).get()).sum::<u64>()
    };
    let mut rising = Rising::default();
    generations(
        |thread, at| WIDE.with(DIGITS[thread % 7], DIGITS[at % 7]).inc(),
        || rising.see(total()),
    );
    assert_eq!(total(), ALL);
}

#[test]
fn a_counter_with_an_open_label_is_exact_and_never_decreases() {
    metrics! {
        /// Recordings.
        static OPEN: Counter<(host: &str)> = "storage_open_total";
    }
    let _turn = share_machine();
    let hosts = ["a", "b", "c", "d"];
    let mut rising = Rising::default();
    generations(
        |_, at| OPEN.with(hosts[at % 4]).inc(),
        || rising.see(OPEN.with("a").get()),
    );
    for host in hosts {
        assert_eq!(OPEN.with(host).get(), ALL / 4, "{host}");
    }
}

#[test]
fn handles_to_open_and_closed_series_are_exact_and_never_decrease() {
    metrics! {
        /// Recordings.
        static BOUND: Counter<(host: &str)> = "storage_bound_total";
        /// Recordings.
        static BOUND_CLOSED: Counter<(odd: bool)> = "storage_bound_closed_total";
    }
    let _turn = share_machine();
    let (open, closed) = (BOUND.bind("a"), BOUND_CLOSED.bind(true));
    let (mut opens, mut closeds) = (Rising::default(), Rising::default());
    generations(
        |_, _| {
            open.inc();
            closed.inc();
        },
        || {
            opens.see(BOUND.with("a").get());
            closeds.see(BOUND_CLOSED.with(true).get());
        },
    );
    assert_eq!((open.get(), closed.get()), (ALL, ALL));
}

#[test]
fn dynamic_counters_are_exact_and_never_decrease() {
    let _turn = share_machine();
    let made = labelled::<Counter>("made_total");
    let mut rising = Rising::default();
    generations(
        |_, _| made.with(&["a"]).inc(),
        || rising.see(made.with(&["a"]).get()),
    );
    assert_eq!(made.with(&["a"]).get(), ALL);
}

#[test]
fn a_float_counter_is_exact_for_exact_amounts() {
    metrics! {
        /// Recordings.
        static QUARTERS: FloatCounter = "storage_quarters_total";
    }
    let _turn = share_machine();
    generations(|_, _| QUARTERS.inc_by(0.25), || {});
    assert_eq!(QUARTERS.get(), 0.25 * ALL as f64);
}

#[test]
fn an_up_down_counter_is_never_below_zero_when_ups_precede_downs() {
    metrics! {
        /// Recordings.
        static UNDER_WAY: UpDownCounter = "storage_under_way";
    }
    let _turn = share_machine();
    let below_zero = || assert!(UNDER_WAY.get() >= 0, "{}", UNDER_WAY.get());
    while_reading(below_zero, || {
        for _ in 0..GENERATIONS {
            thread::scope(|scope| {
                for _ in 0..THREADS / 2 {
                    let (up, down) = mpsc::sync_channel(16);
                    scope.spawn(move || {
                        for _ in 0..RECORDINGS {
                            UNDER_WAY.inc();
                            up.send(()).expect("the receiver lives");
                        }
                    });
                    scope.spawn(move || down.iter().for_each(|()| UNDER_WAY.dec()));
                }
            });
        }
    });
    assert_eq!(UNDER_WAY.get(), 0);
}

#[test]
fn a_saturated_counter_stays_at_the_maximum() {
    metrics! {
        /// Recordings.
        static FULL: Counter = "storage_full_total";
    }
    let _turn = share_machine();
    FULL.inc_by(u64::MAX - 1);
    thread::spawn(|| FULL.inc_by(5)).join().unwrap();
    assert_eq!(FULL.get(), u64::MAX);
    FULL.inc_by(7);
    assert_eq!(FULL.get(), u64::MAX);
}

#[test]
fn incrementing_the_maximum_saturates() {
    metrics! {
        /// Recordings.
        static BRIM: Counter = "storage_brim_total";
    }
    let _turn = share_machine();
    BRIM.inc_by(u64::MAX);
    BRIM.inc();
    assert_eq!(BRIM.get(), u64::MAX);
}
