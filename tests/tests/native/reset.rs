//! Tests that the reset of a native histogram restores its resolution, and that no observation is
//! lost or counted twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use metrics_core::{
    __private::advance, Format, Histogram, Metric, MetricValue, Options, Recipient, Registry,
    metrics, testing::Clock, timed,
};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);
/// Ten seconds less than a day.
const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 3600 - 10);

/// The number of observations of [`observe_burst`].
const BURST: u64 = 240;

/// Observes values in more buckets than the limit, so that the histogram merges buckets.
fn observe_burst(histogram: &Histogram) {
    for at in 0..BURST {
        histogram.observe((at as f64 / 2.0 - 60.0).exp2());
    }
}

/// Schema, count and created timestamp of the only series, as `gather` returns them.
fn gathered(registry: &Registry) -> (i32, u64, f64) {
    let family = &registry.gather()[0];
    read(&family.metrics[0])
}

fn read(metric: &Metric) -> (i32, u64, f64) {
    let MetricValue::Histogram {
        buckets, native, ..
    } = &metric.value
    else {
        panic!("{metric:?}");
    };
    let native = native.as_ref().unwrap();
    let in_native = native.positive.iter().chain(&native.negative);
    let in_native = in_native.map(|(_, count)| count).sum::<u64>() + native.zero_count;
    let count = buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(in_native, count, "{metric:?}");
    (native.schema, count, metric.created.unwrap())
}

fn histogram(options: impl FnOnce(Options) -> Options) -> (Registry, Histogram) {
    let registry = Registry::new();
    let histogram = registry.create(options(Options::new("burst", "Values.").native(1.1)));
    (registry, histogram.unwrap())
}

/// Scrapes three times, with enough time in between for a reset that is due.
fn scrape(registry: &Registry, clock: &Clock) {
    for _ in 0..3 {
        registry.encode_to_string(Format::Text);
        clock.advance(SECOND);
    }
}

#[test]
fn merged_buckets_are_reset_after_a_day() {
    let (registry, values) = histogram(|options| options);
    let clock = Clock::stop();
    observe_burst(&values);
    scrape(&registry, &clock);
    let (schema, count, created) = gathered(&registry);
    assert!(schema < 3, "{schema}");
    assert_eq!(count, BURST);
    clock.advance(ALMOST_A_DAY);
    scrape(&registry, &clock);
    assert_eq!(gathered(&registry), (schema, BURST, created));
    clock.advance(10 * SECOND);
    scrape(&registry, &clock);
    for value in [0.25, 0.25, 0.375, 0.25] {
        values.observe(value);
    }
    let (schema, count, later) = gathered(&registry);
    assert_eq!((schema, count), (3, 4));
    assert!(later > created + DAY.as_secs_f64());
    let snapshot = values.get();
    assert_eq!((snapshot.count, snapshot.sum), (4, 1.125));
    assert_eq!(snapshot.native.unwrap().positive, [(-16, 3), (-11, 1)]);
}

#[test]
fn the_last_exposition_before_a_reset_has_all_observations() {
    let (registry, values) = histogram(|options| options.native_reset(SECOND).buckets([1.0]));
    let clock = Clock::stop();
    observe_burst(&values);
    let mut counts = Vec::new();
    for _ in 0..4 {
        values.observe(1.0);
        let text = registry.encode_to_string(Format::Text);
        let line = text.lines().find(|line| line.starts_with("burst_count"));
        counts.push(line.unwrap().to_owned());
        clock.advance(SECOND);
    }
    let expected = [
        "burst_count 241",
        "burst_count 242",
        "burst_count 243",
        "burst_count 1",
    ];
    assert_eq!(counts, expected);
}

#[test]
fn gathering_without_a_recipient_resets_nothing() {
    let (registry, values) = histogram(|options| options.native_reset(SECOND));
    let clock = Clock::stop();
    observe_burst(&values);
    for _ in 0..5 {
        assert_eq!(gathered(&registry).1, BURST);
        clock.advance(DAY);
    }
}

#[test]
fn a_histogram_without_resets_keeps_its_observations() {
    let (registry, values) = histogram(|options| options.native_reset(Duration::ZERO));
    let clock = Clock::stop();
    observe_burst(&values);
    for _ in 0..5 {
        scrape(&registry, &clock);
        assert_eq!(gathered(&registry).1, BURST);
        clock.advance(400 * DAY);
    }
}

#[test]
fn histograms_of_full_resolution_are_not_reset() {
    let (registry, values) = histogram(|options| options.native_reset(SECOND));
    let clock = Clock::stop();
    values.observe(1.0);
    for _ in 0..3 {
        scrape(&registry, &clock);
        assert_eq!(gathered(&registry).1, 1);
    }
}

#[test]
fn a_thread_that_was_idle_during_a_reset_counts_from_zero() {
    let (registry, values) = histogram(|options| options.native_reset(SECOND));
    let clock = Clock::stop();
    thread::scope(|scope| {
        let (go_on, goes_on) = std::sync::mpsc::channel();
        let (done, is_done) = std::sync::mpsc::channel();
        let values = &values;
        scope.spawn(move || {
            for () in goes_on {
                observe_burst(values);
                done.send(()).unwrap();
            }
        });
        for _ in 0..3 {
            go_on.send(()).unwrap();
            is_done.recv().unwrap();
            values.observe(1.0);
            assert_eq!(gathered(&registry).1, BURST + 1);
            scrape(&registry, &clock);
            clock.advance(SECOND);
            scrape(&registry, &clock);
            assert_eq!(gathered(&registry).1, 0);
        }
    });
    // The thread has ended; its observations before the last reset are not counted again.
    assert_eq!(gathered(&registry).1, 0);
}

#[test]
fn the_calls_of_a_function_are_reset() {
    #[timed(
        name = "reset_call_seconds",
        buckets(native(growth = 1.002, max_buckets = 1, reset_after = "1s"))
    )]
    fn call(nanos: u64) {
        let start = std::time::Instant::now();
        while start.elapsed().as_nanos() < nanos.into() {
            std::hint::spin_loop();
        }
    }

    let scrape = || {
        let mut out = Vec::new();
        let filter = |name: &str| name == "reset_call_seconds";
        let registry = Registry::global();
        registry
            .encode_filtered(Format::Text, &mut out, filter)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let line = text
            .lines()
            .find(|line| line.contains("_count") && line.contains("ok"));
        line.unwrap().rsplit_once(' ').unwrap().1.to_owned()
    };
    for nanos in [1, 1_000_000] {
        call(nanos);
    }
    for count in ["2", "2", "2", "0"] {
        assert_eq!(scrape(), count);
        advance(SECOND);
    }
    call(1);
    assert_eq!(scrape(), "1");
}

/// Adds up the counts and sums of a histogram over the periods between its resets.
#[derive(Default)]
struct Periods {
    ended: (u64, f64),
    number: u64,
    last: (u64, f64, f64),
}

impl Periods {
    fn see(&mut self, metric: &Metric) {
        let (_, count, created) = read(metric);
        let MetricValue::Histogram { sum, .. } = metric.value else {
            panic!("{metric:?}");
        };
        let (before, sum_before, created_before) = self.last;
        if created > created_before {
            self.ended.0 += before;
            self.ended.1 += sum_before;
            self.number += 1;
        } else {
            assert!(count >= before && sum >= sum_before, "within one period");
        }
        self.last = (count, sum, created);
    }

    fn total(&self) -> (u64, f64) {
        (self.ended.0 + self.last.0, self.ended.1 + self.last.1)
    }
}

#[test]
fn observations_during_resets_are_in_one_period() {
    metrics! {
        /// Values.
        #[buckets(native(max_buckets = 4, reset_after = "1us"))]
        static CLOSED: Histogram = "reset_closed";
        /// Values.
        #[buckets(native(max_buckets = 4, reset_after = "1us"), 2.0, 100.0)]
        static OPEN: Histogram<(key: &str)> = "reset_open";
    }
    let is_done = Arc::new(AtomicBool::new(false));
    let observed = Arc::new(AtomicU64::new(0));
    let recorder = |lives: u64| {
        let (is_done, observed) = (Arc::clone(&is_done), Arc::clone(&observed));
        move || {
            let mut at = 0_u64;
            while at < lives && !is_done.load(Ordering::Relaxed) {
                let value = (1_u64 << (at % 20)) as f64;
                CLOSED.observe(value);
                OPEN.with("a").observe(value);
                at += 1;
            }
            observed.fetch_add(at, Ordering::Relaxed);
        }
    };
    let recipient = Recipient::new("resets");
    let [mut closed, mut open] = [Periods::default(), Periods::default()];
    let mut see = || {
        let (families, delivery) = Registry::global().gather_for(recipient);
        delivery.confirm(recipient);
        for family in &families {
            let periods = match family.name.as_str() {
                "reset_closed" => &mut closed,
                "reset_open" => &mut open,
                _ => continue,
            };
            family.metrics.iter().for_each(|metric| periods.see(metric));
        }
        advance(SECOND);
        closed.number.min(open.number)
    };
    let steady: Vec<_> = (0..2).map(|_| thread::spawn(recorder(u64::MAX))).collect();
    while see() < 40 {
        // Starts and ends a thread between two expositions.
        thread::spawn(recorder(100)).join().unwrap();
    }
    is_done.store(true, Ordering::Relaxed);
    for thread in steady {
        thread.join().unwrap();
    }
    for _ in 0..5 {
        see();
    }
    let count = observed.load(Ordering::Relaxed);
    assert_eq!(closed.total().0, count);
    assert_eq!(open.total().0, count);
    assert_eq!(closed.total().1, open.total().1);
}
