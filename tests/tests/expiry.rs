//! Tests of the expiry of series: which series expire and when, and that no recording is lost.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    collections::BTreeMap,
    sync::{
        Barrier, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use metrics_core::{
    __private::{advance, end_grace},
    Counter, Format, Gauge, Options, Registry, UpDownCounter, gather, metrics,
};

const HOUR: Duration = Duration::from_hours(1);

/// Lets the tests run one at a time, because they share one clock.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_series_expires_when_it_has_not_changed_for_the_expiry_time() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static IDLE: Counter<(key: &str)> = "expiry_idle_total";
    }
    let _alone = alone();
    let scrape = || scrape_of("expiry_idle_total");
    IDLE.with("a").inc_by(3);
    scrape();
    advance(HOUR / 2);
    IDLE.with("b").inc();
    scrape();
    advance(HOUR / 2);
    assert_eq!(scrape().len(), 2, "its last value is shown once more");
    assert_eq!(scrape().into_keys().collect::<Vec<_>>(), ["key=\"b\""]);
    advance(HOUR);
    scrape();
    assert_eq!(scrape().len(), 0);
}

#[test]
fn a_series_that_changes_does_not_expire() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static BUSY: Histogram<(key: &str)> = "expiry_busy";
    }
    let _alone = alone();
    for at in 1..=10 {
        BUSY.with("a").observe(0.0);
        assert_eq!(scrape_of("expiry_busy")["key=\"a\""].value, f64::from(at));
        advance(2 * HOUR);
    }
}

#[test]
fn idle_time_starts_at_the_scrape_that_saw_the_last_change() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static SEEN: Counter<(key: &str)> = "expiry_seen_total";
    }
    let _alone = alone();
    SEEN.with("a").inc();
    advance(10 * HOUR);
    assert_eq!(scrape_of("expiry_seen_total").len(), 1);
    advance(HOUR / 2);
    assert_eq!(scrape_of("expiry_seen_total").len(), 1);
    advance(HOUR / 2);
    assert_eq!(scrape_of("expiry_seen_total").len(), 1);
    assert_eq!(scrape_of("expiry_seen_total").len(), 0);
}

#[test]
fn a_metric_without_expiry_keeps_its_series() {
    metrics! {
        /// Recordings.
        static KEPT: Counter<(key: &str)> = "expiry_kept_total";
    }
    let _alone = alone();
    KEPT.with("a").inc();
    for _ in 0..3 {
        scrape_of("expiry_kept_total");
        advance(1000 * HOUR);
    }
    assert_eq!(scrape_of("expiry_kept_total").len(), 1);
}

#[test]
fn nothing_expires_without_scrapes() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static UNSEEN: Counter<(key: &str)> = "expiry_unseen_total";
    }
    let _alone = alone();
    UNSEEN.with("a").inc();
    for _ in 0..3 {
        advance(10 * HOUR);
        gather();
        assert_eq!(UNSEEN.with("a").get(), 1);
    }
    assert_eq!(scrape_of("expiry_unseen_total").len(), 1);
}

#[test]
fn a_failed_scrape_expires_nothing() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static FAILED: Counter<(key: &str)> = "expiry_failed_total";
    }
    let _alone = alone();
    FAILED.with("a").inc();
    scrape_of("expiry_failed_total");
    advance(HOUR);
    for _ in 0..3 {
        let wanted = |name: &str| name == "expiry_failed_total";
        let mut nobody: &mut [u8] = &mut [];
        let failed = Registry::global().encode_filtered(Format::Text, &mut nobody, wanted);
        assert!(failed.is_err());
    }
    assert_eq!(scrape_of("expiry_failed_total").len(), 1);
    assert_eq!(scrape_of("expiry_failed_total").len(), 0);
}

#[test]
fn a_scrape_filtered_to_other_families_expires_nothing() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static ELSEWHERE: Counter<(key: &str)> = "expiry_elsewhere_total";
    }
    let _alone = alone();
    ELSEWHERE.with("a").inc();
    scrape_of("expiry_elsewhere_total");
    advance(HOUR);
    scrape_of("expiry_kept_total");
    scrape_of("expiry_kept_total");
    assert_eq!(scrape_of("expiry_elsewhere_total").len(), 1);
}

#[test]
fn an_expired_series_restarts_at_zero_with_a_new_created_timestamp() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static AGAIN: Counter<(key: &str)> = "expiry_again_total";
        /// Recordings.
        #[expire("1h")]
        static AGAIN_FLOAT: FloatCounter<(key: &str)> = "expiry_again_float_total";
        /// Recordings.
        #[expire("1h")]
        static AGAIN_HISTOGRAM: Histogram<(key: &str)> = "expiry_again_histogram";
        /// Recordings.
        #[expire("1h")]
        static AGAIN_SUMMARY: Summary<(key: &str)> = "expiry_again_summary";
    }
    const ALL: [&str; 4] = [
        "expiry_again_total",
        "expiry_again_float_total",
        "expiry_again_histogram",
        "expiry_again_summary",
    ];
    let _alone = alone();
    let record = |n: u32| {
        for _ in 0..n {
            AGAIN.with("a").inc();
            AGAIN_FLOAT.with("a").inc();
            AGAIN_HISTOGRAM.with("a").observe(1.0);
            AGAIN_SUMMARY.with("a").observe(1.0);
        }
    };
    for name in ALL {
        for name in ALL {
            expire_for_good(name);
        }
        record(3);
        let before = scrape_of(name)["key=\"a\""];
        expire_for_good(name);
        record(1);
        let after = scrape_of(name)["key=\"a\""];
        assert!(after.created > before.created + 3600.0, "{name}");
        assert_eq!((before.value, after.value), (3.0, 1.0), "{name}");
    }
}

#[test]
fn a_series_recorded_right_after_expiry_continues_from_its_value() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static BACK: Counter<(key: &str)> = "expiry_back_total";
    }
    let _alone = alone();
    BACK.with("a long value, which takes more than one entry of the index")
        .inc_by(3);
    let before = scrape_of("expiry_back_total");
    advance(HOUR);
    scrape_of("expiry_back_total");
    assert_eq!(scrape_of("expiry_back_total").len(), 0);
    BACK.with("a long value, which takes more than one entry of the index")
        .inc();
    let after = scrape_of("expiry_back_total");
    let (before, after) = (
        before.values().next().unwrap(),
        after.values().next().unwrap(),
    );
    assert_eq!((before.value, after.value), (3.0, 4.0));
    assert_eq!(before.created, after.created);
}

#[test]
fn a_late_recording_restores_the_expired_series() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static LATE: Counter<(key: &str)> = "expiry_late_total";
    }
    let _alone = alone();
    let found = LATE.with("a");
    found.inc_by(3);
    scrape_of("expiry_late_total");
    advance(HOUR);
    scrape_of("expiry_late_total");
    assert_eq!(scrape_of("expiry_late_total").len(), 0);
    found.inc();
    assert_eq!(scrape_of("expiry_late_total")["key=\"a\""].value, 4.0);
}

#[test]
fn a_much_later_recording_into_a_borrowed_dynamic_series_goes_to_the_overflow_series() {
    let _alone = alone();
    let options = Options::new("expiry_borrowed_total", "Recordings.").labels(["key"]);
    let options = options.expire(Duration::from_hours(1));
    let counter = Registry::global()
        .create_family::<Counter>(options)
        .unwrap();
    let found = counter.with(&["a"]);
    found.inc_by(3);
    scrape_of("expiry_borrowed_total");
    expire_for_good("expiry_borrowed_total");
    counter.with(&["b"]).inc();
    found.inc();
    let series = scrape_of("expiry_borrowed_total");
    assert_eq!(series["key=\"b\""].value, 1.0);
    assert_eq!(series["key=\"overflow\""].value, 1.0);
}

#[test]
fn a_much_later_recording_goes_to_the_overflow_series() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static MUCH_LATER: Counter<(key: &str)> = "expiry_much_later_total";
    }
    let _alone = alone();
    let found = MUCH_LATER.with("a");
    found.inc_by(3);
    scrape_of("expiry_much_later_total");
    expire_for_good("expiry_much_later_total");
    MUCH_LATER.with("b").inc();
    found.inc();
    let series = scrape_of("expiry_much_later_total");
    assert_eq!(series["key=\"b\""].value, 1.0);
    assert_eq!(series["key=\"overflow\""].value, 1.0);
}

#[test]
fn a_series_removed_after_its_expiry_restarts_at_zero() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static REMOVED: Counter<(key: &str)> = "expiry_removed_total";
    }
    let _alone = alone();
    for remove in [
        || assert!(!REMOVED.remove("a"), "it was not there any more"),
        || REMOVED.clear(),
    ] {
        REMOVED.with("a").inc_by(3);
        scrape_of("expiry_removed_total");
        advance(HOUR);
        scrape_of("expiry_removed_total");
        remove();
        REMOVED.with("a").inc();
        assert_eq!(scrape_of("expiry_removed_total")["key=\"a\""].value, 1.0);
        REMOVED.clear();
    }
}

#[test]
fn a_series_with_a_handle_does_not_expire() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static HELD: Counter<(key: &str)> = "expiry_held_total";
    }
    let _alone = alone();
    let held = HELD.bind("a");
    let also_held = held.clone();
    held.inc();
    drop(held);
    for _ in 0..3 {
        assert_eq!(scrape_of("expiry_held_total").len(), 1);
        advance(HOUR);
    }
    scrape_of("expiry_held_total");
    drop(also_held);
    scrape_of("expiry_held_total");
    assert_eq!(
        scrape_of("expiry_held_total").len(),
        1,
        "it was held until just now"
    );
    advance(HOUR);
    scrape_of("expiry_held_total");
    assert_eq!(scrape_of("expiry_held_total").len(), 0);
}

#[test]
fn a_gauge_set_to_its_current_value_does_not_expire() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static SAME: Gauge<(key: &str)> = "expiry_same";
        /// Recordings.
        #[expire("1h")]
        static SAME_FLOAT: FloatGauge<(key: &str)> = "expiry_same_float";
    }
    let _alone = alone();
    SAME.with("idle").set(7);
    SAME_FLOAT.with("idle").set(7.0);
    for _ in 0..4 {
        SAME.with("a").set(7);
        SAME_FLOAT.with("a").set(7.0);
        scrape_of("expiry_same");
        scrape_of("expiry_same_float");
        advance(HOUR);
    }
    for name in ["expiry_same", "expiry_same_float"] {
        assert_eq!(
            scrape_of(name).into_keys().collect::<Vec<_>>(),
            ["key=\"a\""]
        );
    }
}

#[test]
fn calls_in_progress_do_not_expire() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static PROGRESS: UpDownCounter<(key: &str)> = "expiry_progress";
    }
    let _alone = alone();
    PROGRESS.with("a").inc();
    PROGRESS.with("b").inc();
    PROGRESS.with("b").dec();
    for _ in 0..3 {
        scrape_of("expiry_progress");
        advance(HOUR);
    }
    assert_eq!(
        scrape_of("expiry_progress").into_keys().collect::<Vec<_>>(),
        ["key=\"a\""]
    );
    PROGRESS.with("a").dec();
    assert_eq!(scrape_of("expiry_progress")["key=\"a\""].value, 0.0);
}

#[test]
fn dynamic_metrics_expire() {
    let _alone = alone();
    let registry = Registry::new();
    let options = |name| Options::new(name, "A.").labels(["key"]).expire(HOUR);
    let counter = registry
        .create_family::<Counter>(options("a_total"))
        .unwrap();
    let gauge = registry.create_family::<Gauge>(options("b")).unwrap();
    counter.with(&["a"]).inc();
    gauge.with(&["a"]).set(1);
    let text = || registry.encode_to_string(Format::Text);
    assert!(text().contains("a_total{key=\"a\"} 1"));
    advance(HOUR);
    assert!(text().contains("b{key=\"a\"} 1"));
    assert!(!text().contains("{key"), "{}", text());
}

#[test]
fn expiry_without_labels_and_expiry_of_zero_are_refused() {
    let registry = Registry::new();
    let options = Options::new("a_total", "A.").expire(HOUR);
    let fault = registry.create::<Counter>(options).unwrap_err();
    assert!(fault.to_string().contains("drop `expire`"), "{fault}");
    let options = Options::new("a", "A.")
        .labels(["key"])
        .expire(Duration::ZERO);
    let fault = registry
        .create_family::<UpDownCounter>(options)
        .unwrap_err();
    assert!(fault.to_string().contains("above zero"), "{fault}");
}

#[test]
fn expiry_makes_room_under_the_limit() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        #[max_series(2)]
        static ROOM: Counter<(key: &str)> = "expiry_room_total";
    }
    let _alone = alone();
    for round in 0..10 {
        let keys = [0, 1].map(|at| format!("{round} {at}"));
        for key in &keys {
            ROOM.with(key).inc();
        }
        assert_eq!(scrape_of("expiry_room_total").len(), 2, "{round}");
        expire_for_good("expiry_room_total");
        assert_eq!(scrape_of("expiry_room_total").len(), 0, "{round}");
    }
}

#[test]
fn expired_series_that_await_removal_are_bounded_by_the_limit() {
    metrics! {
        /// Recordings. More series than have room apart from the limit, as the cells of a native
        /// histogram are many.
        #[expire("1h")]
        #[max_series(100)]
        #[buckets(native)]
        static WAITING: Histogram<(key: &str)> = "expiry_waiting";
    }
    let _alone = alone();
    for round in 0..3 {
        (0..100).for_each(|at| WAITING.with(&format!("{round} {at}")).observe(1.0));
        scrape_of("expiry_waiting");
        advance(HOUR);
        scrape_of("expiry_waiting");
    }
    let series = scrape_of("expiry_waiting");
    assert_eq!(series["key=\"overflow\""].value, 100.0, "{series:?}");
    expire_for_good("expiry_waiting");
    expire_for_good("expiry_waiting");
    assert_eq!(scrape_of("expiry_waiting").len(), 0);
}

/// Recorders race with scrapes that expire all series that have not changed since the previous
/// scrape. After each round the recorders pause, so that expired series are removed.
#[test]
fn a_scraper_that_handles_resets_loses_no_increment() {
    metrics! {
        /// Recordings.
        #[expire("1s")]
        static FOLLOWED: Counter<(key: &str)> = "expiry_followed_total";
        /// Recordings.
        #[expire("1s")]
        static FOLLOWED_HISTOGRAM: Histogram<(key: &str)> = "expiry_followed_histogram";
        /// Recordings.
        #[expire("1s")]
        static FOLLOWED_GAUGE: Gauge<(key: &str)> = "expiry_followed_gauge";
    }
    const THREADS: usize = 4;
    const ROUNDS: usize = 30;
    const KEYS: u64 = 12;
    let _alone = alone();
    let recorded: [AtomicU64; KEYS as usize] = [const { AtomicU64::new(0) }; KEYS as usize];
    let (barrier, resting) = (Barrier::new(THREADS + 1), AtomicU64::new(0));
    let mut counters = Follower::default();
    let mut histograms = Follower::default();
    thread::scope(|scope| {
        for thread in 0..THREADS as u64 {
            let (recorded, barrier, resting) = (&recorded, &barrier, &resting);
            scope.spawn(move || {
                for round in 0..ROUNDS as u64 {
                    barrier.wait();
                    for at in 0..2_000 {
                        // Some keys get many recordings and some few; the last four get recordings
                        // only in every third round.
                        let key = (at * (thread + 1) + round * at / 97) % (KEYS - 4)
                            + if at % 50 == 0 && round % 3 == 0 { 4 } else { 0 };
                        let name = format!("{key}");
                        FOLLOWED.with(&name).inc();
                        FOLLOWED_HISTOGRAM.with(&name).observe(1.0);
                        let gauge = FOLLOWED_GAUGE.with(&name);
                        gauge.inc();
                        gauge.dec();
                        recorded[key as usize].fetch_add(1, Ordering::Relaxed);
                        if at % 100 == 0 {
                            thread::yield_now();
                        }
                    }
                    resting.fetch_add(1, Ordering::Release);
                }
            });
        }
        for round in 1..=ROUNDS {
            barrier.wait();
            while resting.load(Ordering::Acquire) < (round * THREADS) as u64 {
                counters.follow(&scrape_of("expiry_followed_total"));
                histograms.follow(&scrape_of("expiry_followed_histogram"));
                scrape_of("expiry_followed_gauge");
                advance(Duration::from_secs(1));
            }
            for _ in 0..4 {
                counters.follow(&scrape_of("expiry_followed_total"));
                histograms.follow(&scrape_of("expiry_followed_histogram"));
                advance(Duration::from_secs(1));
                end_grace();
            }
        }
    });
    for (key, recorded) in recorded.into_iter().enumerate() {
        let key = format!("key=\"{key}\"");
        let recorded = recorded.into_inner() as f64;
        for (follower, what) in [(&counters, "counter"), (&histograms, "histogram")] {
            assert_eq!(follower.total(&key), recorded, "{what} {key}");
        }
    }
    assert_eq!(counters.faults, [""; 0]);
    assert_eq!(histograms.faults, [""; 0]);
    assert!(counters.resets >= ROUNDS / 2, "{} resets", counters.resets);
    assert!(counters.gaps > 2 * ROUNDS, "{} gaps", counters.gaps);
}

#[test]
fn concurrent_removal_and_expiry_do_not_mix_series() {
    metrics! {
        /// Recordings.
        #[expire("1s")]
        #[max_series(64)]
        static MIXED: Counter<(owner: &str, key: &str)> = "expiry_mixed_total";
    }
    let _alone = alone();
    let done = AtomicBool::new(false);
    let recorded = AtomicU64::new(0);
    let mut follower = Follower::default();
    thread::scope(|scope| {
        let owner = scope.spawn(|| {
            for at in 0..30_000 {
                MIXED.with("owner", ["a", "b", "c"][at % 3]).inc();
                recorded.fetch_add(1, Ordering::Relaxed);
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                for at in 0.. {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    let key = format!("{}, sometimes long: {}", at % 50, "x".repeat(at % 60));
                    MIXED.with("churner", &key).inc_by(1_000_000);
                    if at % 3 != 0 {
                        MIXED.remove("churner", &key);
                    } else if at % 100 == 0 {
                        MIXED.retain(|labels| labels.get("owner").as_deref() != Some("churner"));
                    }
                }
            });
        }
        while !owner.is_finished() {
            follower.follow(&scrape_of("expiry_mixed_total"));
            advance(Duration::from_secs(1));
        }
        done.store(true, Ordering::Relaxed);
    });
    follower.follow(&scrape_of("expiry_mixed_total"));
    let own: f64 = ["a", "b", "c"]
        .map(|key| follower.total(&format!("owner=\"owner\",key=\"{key}\"")))
        .iter()
        .sum();
    // The owner's recordings overflow while the churning threads fill the limit. A churning thread
    // increments by a million, so the remainder is the owner's.
    let overflow = follower.total("owner=\"overflow\",key=\"overflow\"") % 1e6;
    assert_eq!(own + overflow, recorded.into_inner() as f64);
}

/// Follows a family as a scraper does: sums the increments of each series across resets.
#[derive(Default)]
struct Follower {
    last: BTreeMap<String, Sample>,
    totals: BTreeMap<String, f64>,
    resets: usize,
    /// Series that decreased without a reset, or whose created timestamp went back.
    faults: Vec<String>,
    /// Sum, over all scrapes, of the decrease in the number of series since the previous scrape.
    gaps: usize,
    present: usize,
}

impl Follower {
    fn follow(&mut self, series: &Series) {
        for (labels, sample) in series {
            let last = self.last.insert(labels.clone(), *sample);
            let before = match last {
                Some(last) if last.created == sample.created => {
                    if sample.value < last.value {
                        self.faults
                            .push(format!("{labels}: {last:?}, then {sample:?}"));
                    }
                    last.value
                }
                Some(last) => {
                    if sample.created < last.created {
                        self.faults
                            .push(format!("{labels}: {last:?}, then {sample:?}"));
                    }
                    self.resets += 1;
                    0.0
                }
                None => 0.0,
            };
            *self.totals.entry(labels.clone()).or_default() += sample.value - before;
        }
        self.gaps += self.present.saturating_sub(series.len());
        self.present = series.len();
    }

    fn total(&self, labels: &str) -> f64 {
        self.totals.get(labels).copied().unwrap_or(0.0)
    }
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    value: f64,
    /// The created timestamp; 0 if the series has none.
    created: f64,
}

type Series = BTreeMap<String, Sample>;

/// Scrapes one family of the global registry: values of counters and gauges, counts of histograms
/// and summaries.
fn scrape_of(name: &str) -> Series {
    let registry = Registry::global();
    registry.write_created(true);
    let mut out = Vec::new();
    let wanted = |sample: &str| sample == name;
    registry
        .encode_filtered(Format::OpenMetrics, &mut out, wanted)
        .expect("writing to memory does not fail");
    let text = String::from_utf8(out).expect("it is text");
    let mut series = Series::new();
    let sample = |line: &str, suffix: &str| {
        let base = name.strip_suffix("_total").unwrap_or(name);
        let rest = line.strip_prefix(base)?.strip_prefix(suffix)?;
        let (labels, value) = rest.strip_prefix('{')?.rsplit_once("} ")?;
        Some((labels.to_owned(), value.parse::<f64>().ok()?))
    };
    for line in text.lines() {
        for suffix in ["_total", "_count", ""] {
            if let Some((labels, value)) = sample(line, suffix) {
                series.insert(
                    labels,
                    Sample {
                        value,
                        created: 0.0,
                    },
                );
            }
        }
        if let Some((labels, created)) = sample(line, "_created") {
            series
                .get_mut(&labels)
                .expect("the value precedes the created timestamp")
                .created = created;
        }
    }
    series
}

/// Expires the series of a family, and waits until a recording can no longer restore them.
fn expire_for_good(name: &str) {
    scrape_of(name);
    advance(2 * HOUR);
    scrape_of(name);
    end_grace();
    scrape_of(name);
    scrape_of(name);
}
