//! Tests that totals stay exact while threads start, record and end, and others scrape and remove
//! series.

use std::{
    collections::BTreeMap,
    num::ParseIntError,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Instant,
};

use metrics_core::{
    Format, Label, Metric, MetricFamily, MetricValue, counted, encode_to_string, gather, in_flight,
    metrics, timed,
};

#[derive(Label, Clone, Copy)]
enum Side {
    Left,
    Right,
}

metrics! {
    /// Recordings.
    static PLAIN: Counter = "soak_plain_total";
    /// Recordings.
    static CLOSED: Counter<(side: Side, odd: bool)> = "soak_closed_total";
    /// Recordings.
    static OPEN: Counter<(key: u32)> = "soak_open_total";
    /// Observations of 1.
    static TIMES: Histogram = "soak_times";
    /// Observations of 1.
    static OPEN_TIMES: Histogram<(key: u32)> = "soak_open_times";
    /// Increments minus decrements.
    static LEVEL: UpDownCounter = "soak_level";
    /// Increments.
    static OPEN_LEVEL: UpDownCounter<(key: u32)> = "soak_open_level";
    /// Recordings into series that are removed all the time.
    static REMOVED: Counter<(key: u32)> = "soak_removed_total";
    /// Recordings into series that are cleared all the time.
    static CLEARED: Counter<(key: u32)> = "soak_cleared_total";
    /// Observations of 1, in series of which some are retained.
    static RETAINED: Histogram<(key: u32)> = "soak_retained";
}

/// Calls, by outcome.
#[timed]
#[counted]
#[in_flight]
fn soaked(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

const KEYS: u32 = 40;
const WORKERS: u32 = 3;
const RECORDINGS: u32 = 300;

/// Numbers of recordings into `REMOVED`, `CLEARED` and `RETAINED`, incremented before recording.
static ISSUED: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];

/// Makes all recordings of one short-lived thread.
fn record_all(seed: u32) {
    for at in 0..RECORDINGS {
        let key = seed.wrapping_mul(31).wrapping_add(at) % KEYS;
        PLAIN.inc();
        let side = if key < 7 { Side::Left } else { Side::Right };
        CLOSED.with(side, at % 2 == 1).inc_by(2);
        OPEN.with(key).inc();
        TIMES.observe(1.0);
        OPEN_TIMES.with(key).observe(1.0);
        LEVEL.add(2);
        OPEN_LEVEL.with(key).inc();
        _ = soaked(if at % 3 == 0 { "none" } else { "1" });
        LEVEL.dec();
        for issued in &ISSUED {
            issued.fetch_add(1, Ordering::SeqCst);
        }
        REMOVED.with(key).inc();
        CLEARED.with(key).inc();
        RETAINED.with(key).observe(1.0);
    }
}

/// Starts short-lived threads until the deadline, and returns their number.
fn work(worker: u32, deadline: Instant) -> u64 {
    let mut lived = 0;
    while Instant::now() < deadline {
        let seed = worker + 1_000 * lived;
        let threads = [seed, seed + 500].map(|seed| thread::spawn(move || record_all(seed)));
        for thread in threads {
            thread.join().expect("it does not panic");
            lived += 1;
        }
    }
    u64::from(lived)
}

/// Returns the families of this test.
fn soaked_families() -> Vec<MetricFamily> {
    let is_ours = |family: &MetricFamily| {
        family.name.starts_with("soak_") || family.name.starts_with("function_")
    };
    gather().into_iter().filter(is_ours).collect()
}

/// Returns the value of a series; for histograms, the count.
fn number(metric: &Metric) -> f64 {
    match &metric.value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { buckets, .. } => {
            buckets.iter().map(|(_, count)| *count).sum::<u64>() as f64
        }
        other => panic!("{other:?}"),
    }
}

/// Checks scrapes until the flag is set, and returns their number.
fn check_scrapes(done: &AtomicBool) -> u64 {
    let mut highest = BTreeMap::new();
    let mut scrapes = 0;
    while !done.load(Ordering::Relaxed) {
        for family in soaked_families() {
            check_family(&family, &mut highest);
        }
        assert!(encode_to_string(Format::OpenMetrics).ends_with("# EOF\n"));
        scrapes += 1;
    }
    scrapes
}

fn check_family(family: &MetricFamily, highest: &mut BTreeMap<String, f64>) {
    let name = family.name.as_str();
    let of_removed = ["soak_removed_total", "soak_cleared_total", "soak_retained"];
    let issued = of_removed.iter().position(|removed| *removed == name);
    // The number of recordings is loaded after the scrape, so it is at least the number that the
    // scrape contains.
    let issued = issued.map(|at| ISSUED[at].load(Ordering::SeqCst) as f64);
    let mut sum = 0.0;
    for metric in &family.metrics {
        let value = number(metric);
        sum += value;
        if let MetricValue::Histogram { sum, .. } = &metric.value
            && name.starts_with("soak_")
        {
            assert_eq!(*sum, value, "{name}: {metric:?}");
        }
        let is_level = name.ends_with("_level") || name.ends_with("_in_flight");
        if is_level {
            assert!(value >= 0.0, "{name}: {metric:?}");
        } else if issued.is_none() {
            let before = highest.entry(format!("{name} {:?}", metric.labels));
            let before = before.or_insert(0.0);
            assert!(*before <= value, "{name}: {value} after {before}");
            *before = value;
        }
    }
    if let Some(issued) = issued {
        assert!(sum <= issued, "{name}: {sum} of {issued}");
    }
}

/// Removes series until the flag is set.
fn remove(done: &AtomicBool) {
    let mut round = 0_u32;
    while !done.load(Ordering::Relaxed) {
        round = round.wrapping_add(1);
        REMOVED.remove(round % KEYS);
        let digit = (round % 10).to_string();
        RETAINED.retain(|labels| labels.get("key").is_none_or(|key| !key.ends_with(&digit)));
        if round.is_multiple_of(16) {
            CLEARED.clear();
        }
        thread::yield_now();
    }
}

#[track_caller]
fn total(name: &str) -> f64 {
    let families = soaked_families();
    let family = families.iter().find(|family| family.name == name);
    let family = family.unwrap_or_else(|| panic!("no family `{name}`"));
    family.metrics.iter().map(number).sum()
}

#[test]
fn totals_stay_exact_while_series_are_removed() {
    let deadline = Instant::now() + crate::duration();
    let done = AtomicBool::new(false);
    let (threads, scrapes) = thread::scope(|scope| {
        let looks = scope.spawn(|| check_scrapes(&done));
        scope.spawn(|| remove(&done));
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| scope.spawn(move || work(worker, deadline)))
            .collect();
        let threads = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let threads: Result<u64, _> = threads.sum();
        done.store(true, Ordering::Relaxed);
        (threads.expect("none panics"), looks.join())
    });
    let scrapes = scrapes.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let all = threads * u64::from(RECORDINGS);
    println!("{threads} threads made {all} rounds of recordings during {scrapes} scrapes");
    assert!(scrapes > 0);

    assert_eq!(PLAIN.get(), all);
    assert_eq!(TIMES.get().count, all);
    assert_eq!(TIMES.get().sum, all as f64);
    assert_eq!(LEVEL.get(), all as i64);
    assert_eq!(total("soak_closed_total"), 2.0 * all as f64);
    for name in [
        "soak_open_total",
        "soak_open_times",
        "soak_open_level",
        "function_calls_total",
        "function_duration_seconds",
    ] {
        assert_eq!(total(name), all as f64, "{name}");
    }
    assert_eq!(total("function_calls_in_flight"), 0.0);
    assert_eq!(
        tests::calls("soaked"),
        format!("ok {}, error {}, panic 0", all / 3 * 2, all / 3)
    );
}
