//! What is recorded is kept exactly, however threads come and go and whoever looks on.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{
        Barrier, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use metrics_core::{
    Counter, DynamicFamily, DynamicMetric, FloatCounter, FloatGauge, Format, Gauge, Histogram,
    HistogramSnapshot, Label, MetricValue, Number, Options, Registry, Summary, UpDownCounter,
    metrics,
};
use proptest::prelude::*;

#[derive(Label, Clone, Copy)]
enum Digit {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
}

const DIGITS: [Digit; 7] = [
    Digit::Zero,
    Digit::One,
    Digit::Two,
    Digit::Three,
    Digit::Four,
    Digit::Five,
    Digit::Six,
];

#[test]
fn an_unlabelled_counter_is_exact_and_never_goes_back() {
    metrics! {
        /// Recordings.
        static PLAIN: Counter = "storage_plain_total";
    }
    let _turn = shared_machine();
    let mut rising = Rising::default();
    generations(|_, _| PLAIN.inc_by(3), || rising.see(PLAIN.get()));
    assert_eq!(PLAIN.get(), 3 * ALL);
}

#[test]
fn a_counter_with_few_closed_series_is_exact_and_never_goes_back() {
    metrics! {
        /// Recordings.
        static CLOSED: Counter<(odd: bool)> = "storage_closed_total";
    }
    let _turn = shared_machine();
    let mut rising = Rising::default();
    generations(
        |_, at| CLOSED.with(at % 2 == 1).inc(),
        || rising.see(CLOSED.with(true).get()),
    );
    assert_eq!(CLOSED.with(true).get(), ALL / 2);
    assert_eq!(CLOSED.with(false).get(), ALL / 2);
}

#[test]
fn a_counter_with_many_closed_series_is_exact_and_never_goes_back() {
    metrics! {
        /// Recordings.
        static WIDE: Counter<(tens: Digit, ones: Digit)> = "storage_wide_total";
    }
    let _turn = shared_machine();
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
fn a_counter_with_an_open_label_is_exact_and_never_goes_back() {
    metrics! {
        /// Recordings.
        static OPEN: Counter<(host: &str)> = "storage_open_total";
    }
    let _turn = shared_machine();
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
fn handles_to_open_and_closed_series_are_exact_and_never_go_back() {
    metrics! {
        /// Recordings.
        static BOUND: Counter<(host: &str)> = "storage_bound_total";
        /// Recordings.
        static BOUND_CLOSED: Counter<(odd: bool)> = "storage_bound_closed_total";
    }
    let _turn = shared_machine();
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
fn counters_made_at_run_time_are_exact_and_never_go_back() {
    let _turn = shared_machine();
    let made = labelled::<Counter>("made_total");
    let mut rising = Rising::default();
    generations(
        |_, _| made.with(&["a"]).inc(),
        || rising.see(made.with(&["a"]).get()),
    );
    assert_eq!(made.with(&["a"]).get(), ALL);
}

#[test]
fn a_float_counter_is_exact_where_its_amounts_are() {
    metrics! {
        /// Recordings.
        static QUARTERS: FloatCounter = "storage_quarters_total";
    }
    let _turn = shared_machine();
    generations(|_, _| QUARTERS.inc_by(0.25), || {});
    assert_eq!(QUARTERS.get(), 0.25 * ALL as f64);
}

/// A scraper takes the smallest step back for a restart, and adds the whole value again.
#[test]
fn a_float_counter_never_goes_back_by_a_rounding_error() {
    metrics! {
        /// Recordings.
        static TENTHS: FloatCounter = "storage_tenths_total";
    }
    let _turn = shared_machine();
    never_back_as_threads_end(|amount| TENTHS.inc_by(amount), || TENTHS.get());
}

#[test]
fn the_sum_of_a_histogram_never_goes_back_by_a_rounding_error() {
    metrics! {
        /// Recordings.
        static PARTS: Histogram = "storage_parts_seconds";
    }
    let _turn = shared_machine();
    never_back_as_threads_end(|amount| PARTS.observe(amount), || PARTS.get().sum);
}

#[test]
fn the_sum_of_a_labelled_histogram_never_goes_back_from_scrape_to_scrape() {
    const SUM: &str = "storage_shares_sum{owner=\"all\"} ";
    let registry = Registry::new();
    let options = Options::new("storage_shares", "Recordings.").labels(["owner"]);
    let shares = registry.create_family::<Histogram>(options.buckets([1.0]));
    let shares = shares.expect("valid");
    let sum = || {
        let text = registry.encode_to_string(Format::Text);
        let sum = text.lines().find_map(|line| line.strip_prefix(SUM));
        sum.map_or(0.0, |sum| sum.parse().expect("a float"))
    };
    let _turn = shared_machine();
    never_back_as_threads_end(|amount| shares.with(&["all"]).observe(amount), sum);
}

#[test]
fn an_up_down_counter_is_never_below_zero_when_ups_precede_downs() {
    metrics! {
        /// Recordings.
        static UNDER_WAY: UpDownCounter = "storage_under_way";
    }
    let _turn = shared_machine();
    let below_zero = || assert!(UNDER_WAY.get() >= 0, "{}", UNDER_WAY.get());
    looked_at(below_zero, || {
        for _ in 0..GENERATIONS {
            thread::scope(|scope| {
                for _ in 0..THREADS / 2 {
                    let (came, goes) = mpsc::sync_channel(16);
                    scope.spawn(move || {
                        for _ in 0..RECORDINGS {
                            UNDER_WAY.inc();
                            came.send(()).expect("the other end is there");
                        }
                    });
                    scope.spawn(move || goes.iter().for_each(|()| UNDER_WAY.dec()));
                }
            });
        }
    });
    assert_eq!(UNDER_WAY.get(), 0);
}

#[test]
fn threads_that_run_add_up_whichever_series_each_has_seen() {
    for knows_less_begins in [true, false] {
        let registry = Registry::new();
        let options = Options::new("jobs_total", "Jobs.").labels(["of"]);
        let jobs: DynamicFamily<Counter> = registry.create_family(options).unwrap();
        let work = |of: &str, count| jobs.with(&[of]).inc_by(count);
        let end = |of: &str| jobs.remove(&[of]);
        let (once, twice) = shown_of_two_threads(&registry, work, end, knows_less_begins);
        let lines = |a, b| {
            [
                format!("jobs_total{{of=\"a\"}} {a}"),
                format!("jobs_total{{of=\"b\"}} {b}"),
            ]
        };
        assert_eq!(once, lines(11, 10));
        assert_eq!(twice, lines(11, 110));
    }
}

#[test]
fn histograms_of_threads_that_run_add_up_whichever_series_each_has_seen() {
    for knows_less_begins in [true, false] {
        let registry = Registry::new();
        let options = Options::new("jobs", "Jobs.").labels(["of"]).buckets([2.0]);
        let jobs: DynamicFamily<Histogram> = registry.create_family(options).unwrap();
        let work = |of: &str, count| (0..count).for_each(|_| jobs.with(&[of]).observe(1.0));
        let end = |of: &str| jobs.remove(&[of]);
        let (once, twice) = shown_of_two_threads(&registry, work, end, knows_less_begins);
        let lines = |a, b| {
            [("a", a), ("b", b)].map(|(of, count)| {
                [
                    format!("jobs_bucket{{of=\"{of}\",le=\"2\"}} {count}"),
                    format!("jobs_bucket{{of=\"{of}\",le=\"+Inf\"}} {count}"),
                    format!("jobs_sum{{of=\"{of}\"}} {count}"),
                    format!("jobs_count{{of=\"{of}\"}} {count}"),
                ]
            })
        };
        assert_eq!(once, lines(11, 10).concat());
        assert_eq!(twice, lines(11, 110).concat());
    }
}

/// What is shown while two threads `work` of which one knows one of two series, and when it knows
/// both.
fn shown_of_two_threads(
    registry: &Registry,
    work: impl Fn(&str, u64) + Sync,
    end: impl Fn(&str) -> bool,
    knows_less_begins: bool,
) -> (Vec<String>, Vec<String>) {
    let begun = Registry::new();
    let begun: Counter<_> = begun.create(Options::new("begun_total", "Begun.")).unwrap();
    let shown = || {
        let text = registry.encode_to_string(Format::Text);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let turn = Barrier::new(3);
    let turns = |count| {
        (0..count).for_each(|_| {
            turn.wait();
        });
    };
    // Nothing fails in here, where others wait.
    thread::scope(|scope| {
        scope.spawn(|| {
            if knows_less_begins {
                begun.inc();
            }
            turns(1);
            work("a", 1);
            work("gone", 1_000);
            turns(4);
            work("b", 100);
            turns(2);
        });
        scope.spawn(|| {
            if !knows_less_begins {
                begun.inc();
            }
            turns(3);
            work("b", 10);
            work("a", 10);
            turns(4);
        });
        turns(2);
        // Another takes its place.
        end("gone");
        turns(2);
        let once = shown();
        turns(2);
        let twice = shown();
        turns(1);
        (once, twice)
    })
}

#[test]
fn histograms_are_whole_in_every_look_while_threads_come_and_go() {
    metrics! {
        /// Recordings.
        #[buckets(0.5, 1.0, 2.0)]
        static WHOLE: Histogram = "storage_whole";
        /// Recordings.
        #[buckets(0.5, 1.0, 2.0)]
        static WHOLE_OPEN: Histogram<(host: &str)> = "storage_whole_open";
    }
    let _turn = shared_machine();
    generations(
        |_, _| {
            WHOLE.observe(1.0);
            WHOLE_OPEN.with("a").observe(1.0);
        },
        || {
            assert_whole(&WHOLE.get());
            assert_whole(&WHOLE_OPEN.with("a").get());
        },
    );
    assert_eq!(WHOLE.get().count, ALL);
    assert_eq!(WHOLE_OPEN.with("a").get().count, ALL);
}

#[test]
fn histograms_and_summaries_are_whole_in_every_scrape() {
    metrics! {
        /// Recordings.
        #[buckets(1.0)]
        static SCRAPED: Histogram<(odd: bool)> = "storage_scraped";
        /// Recordings.
        static SCRAPED_SUMMARY: Summary = "storage_scraped_summary";
    }
    let _turn = shared_machine();
    generations(
        |_, at| {
            SCRAPED.with(at % 2 == 1).observe(1.0);
            SCRAPED_SUMMARY.observe(1.0);
        },
        || {
            let families = Registry::global().gather();
            let ours = families
                .iter()
                .filter(|family| family.name.starts_with("storage_scraped"));
            for metric in ours.flat_map(|family| &family.metrics) {
                match &metric.value {
                    MetricValue::Histogram { buckets, sum, .. } => {
                        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
                        assert_eq!(*sum, count as f64, "{metric:?}");
                    }
                    MetricValue::Summary { count, sum, .. } => {
                        assert_eq!(*sum, *count as f64, "{metric:?}");
                    }
                    other => panic!("neither a histogram nor a summary: {other:?}"),
                }
            }
        },
    );
    assert_eq!(SCRAPED_SUMMARY.get().count, ALL);
}

/// So many buckets take longer to read than an observation takes: copies are handed over.
#[test]
fn a_histogram_that_a_busy_thread_hands_over_is_whole() {
    let _turn = shared_machine();
    let bounds: Vec<f64> = (1..=200).map(f64::from).collect();
    let registry = Registry::new();
    let wide = Options::new("wide", "Recordings.").buckets(bounds);
    let wide = registry.create::<Histogram>(wide).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                wide.observe(1.0);
            }
        });
        let _stop = Stop(&stop);
        for _ in 0..20_000 {
            assert_whole(&wide.get());
        }
    });
}

#[test]
fn a_thread_that_ended_has_left_all_its_values() {
    metrics! {
        /// Recordings.
        static LEFT: Counter = "storage_left_total";
        /// Recordings.
        static LEFT_FLOAT: FloatCounter<(odd: bool)> = "storage_left_float_total";
        /// Recordings.
        static LEFT_OPEN: Counter<(host: &str)> = "storage_left_open_total";
        /// Recordings.
        static LEFT_GAUGE: Gauge<(host: &str)> = "storage_left_gauge";
        /// Recordings.
        static LEFT_UP_DOWN: UpDownCounter = "storage_left_up_down";
        /// Recordings.
        static LEFT_HISTOGRAM: Histogram = "storage_left_histogram";
    }
    let _turn = shared_machine();
    thread::spawn(|| {
        LEFT.inc_by(7);
        LEFT_FLOAT.with(true).inc_by(0.5);
        LEFT_OPEN.with("a").inc_by(7);
        LEFT_GAUGE.with("a").set(-7);
        LEFT_UP_DOWN.add(7);
        LEFT_HISTOGRAM.observe(7.0);
    })
    .join()
    .unwrap();
    assert_eq!(LEFT.get(), 7);
    assert_eq!(LEFT_FLOAT.with(true).get(), 0.5);
    assert_eq!(LEFT_OPEN.with("a").get(), 7);
    assert_eq!(LEFT_GAUGE.with("a").get(), -7);
    assert_eq!(LEFT_UP_DOWN.get(), 7);
    assert_eq!(LEFT_HISTOGRAM.get().sum, 7.0);
}

#[test]
fn a_thread_may_record_into_any_number_of_metrics() {
    let _turn = shared_machine();
    let registry = Registry::new();
    let metrics: Vec<_> = (0..300)
        .map(|at| {
            let name = format!("m{at}_total");
            let options = Options::new(name, "Recordings.");
            registry.create::<Counter>(options).unwrap()
        })
        .collect();
    let record = || metrics.iter().for_each(Counter::inc);
    thread::scope(|scope| {
        scope.spawn(|| {
            record();
            record();
        });
        record();
    });
    assert!(metrics.iter().all(|metric| metric.get() == 3));
}

metrics! {
    /// Recordings.
    static LATE: Counter = "storage_late_total";
    /// Recordings.
    static LATE_WIDE: Counter<(tens: Digit, ones: Digit)> = "storage_late_wide_total";
    /// Recordings.
    static LATE_OPEN: Counter<(host: &str)> = "storage_late_open_total";
    /// Recordings.
    static LATE_HISTOGRAM: Histogram = "storage_late_histogram";
}

/// Records when its thread's local values are destroyed.
struct RecordsLate;

impl RecordsLate {
    fn record() {
        LATE.inc();
        LATE_WIDE.with(Digit::Four, Digit::Two).inc();
        LATE_OPEN.with("a").inc();
        LATE_HISTOGRAM.observe(1.0);
    }
}

impl Drop for RecordsLate {
    fn drop(&mut self) {
        Self::record();
    }
}

thread_local! {
    static BEFORE: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
    static ALONE: RefCell<Option<RecordsLate>> = const { RefCell::new(None) };
}

#[test]
fn destructors_that_record_when_their_thread_has_ended_are_heard() {
    let _turn = shared_machine();
    // Destroyed after our own locals, before them, and where nothing was recorded before.
    thread::spawn(|| {
        BEFORE.set(Some(RecordsLate));
        RecordsLate::record();
        AFTER.set(Some(RecordsLate));
    })
    .join()
    .unwrap();
    thread::spawn(|| ALONE.set(Some(RecordsLate)))
        .join()
        .unwrap();
    assert_eq!(LATE.get(), 4);
    assert_eq!(LATE_WIDE.with(Digit::Four, Digit::Two).get(), 4);
    assert_eq!(LATE_OPEN.with("a").get(), 4);
    assert_whole(&LATE_HISTOGRAM.get());
    assert_eq!(LATE_HISTOGRAM.get().count, 4);
}

/// With a plain sequence lock a recorder that is stopped halfway makes a scrape wait for its next
/// turn: seconds, on few processors.
#[test]
fn no_scrape_waits_for_a_recorder_that_is_stopped_halfway() {
    metrics! {
        /// Recordings.
        static HAMMERED: Histogram = "storage_hammered_seconds";
    }
    let _turn = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    let stop = AtomicBool::new(false);
    let slowest = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    HAMMERED.observe(0.25);
                }
            });
        }
        let _stop = Stop(&stop);
        // The machine may stop the reader as well, which is nobody's fault: best of six.
        let mut best = Duration::MAX;
        for _ in 0..6 {
            if best >= BEARABLE {
                best = best.min(slowest_of_a_thousand(|| HAMMERED.get()));
            }
        }
        best
    });
    assert!(slowest < BEARABLE, "a snapshot took {slowest:?}");
}

const BEARABLE: Duration = Duration::from_millis(50);

fn slowest_of_a_thousand<T>(mut look: impl FnMut() -> T) -> Duration {
    let time = |_| {
        // A reader that never rests uses up its turn and is stopped itself. One that wakes takes
        // a processor from a recorder, wherever that is.
        thread::sleep(Duration::from_micros(50));
        let start = Instant::now();
        look();
        start.elapsed()
    };
    (0..1_000).map(time).max().expect("a thousand is not none")
}

#[test]
fn a_count_that_has_reached_the_end_stays_there() {
    metrics! {
        /// Recordings.
        static FULL: Counter = "storage_full_total";
    }
    let _turn = shared_machine();
    FULL.inc_by(u64::MAX - 1);
    thread::spawn(|| FULL.inc_by(5)).join().unwrap();
    assert_eq!(FULL.get(), u64::MAX);
    FULL.inc_by(7);
    assert_eq!(FULL.get(), u64::MAX);
}

#[test]
fn one_more_than_the_most_is_the_most() {
    metrics! {
        /// Recordings.
        static BRIM: Counter = "storage_brim_total";
    }
    let _turn = shared_machine();
    BRIM.inc_by(u64::MAX);
    BRIM.inc();
    assert_eq!(BRIM.get(), u64::MAX);
}

/// What a test does to a metric of every type.
#[derive(Clone, Debug)]
enum Step {
    Record {
        key: u8,
        amount: u8,
    },
    Lower {
        key: u8,
        amount: u8,
    },
    Remove {
        key: u8,
    },
    Clear,
    KeepBelow {
        key: u8,
    },
    /// The steps so far were those of a thread that ends here.
    ChangeThread,
}

fn steps(keys: std::ops::Range<u8>) -> impl Strategy<Value = Step> {
    let key = move || keys.clone();
    prop_oneof![
        8 => (key(), any::<u8>()).prop_map(|(key, amount)| Step::Record { key, amount }),
        4 => (key(), any::<u8>()).prop_map(|(key, amount)| Step::Lower { key, amount }),
        3 => key().prop_map(|key| Step::Remove { key }),
        1 => Just(Step::Clear),
        1 => key().prop_map(|key| Step::KeepBelow { key }),
        1 => Just(Step::ChangeThread),
    ]
}

/// A metric of every type.
#[derive(Clone)]
struct Metrics {
    registry: Registry,
    counter: DynamicFamily<Counter>,
    float_counter: DynamicFamily<FloatCounter>,
    gauge: DynamicFamily<Gauge>,
    float_gauge: DynamicFamily<FloatGauge>,
    up_down: DynamicFamily<UpDownCounter>,
    histogram: DynamicFamily<Histogram>,
    summary: DynamicFamily<Summary>,
}

impl Metrics {
    fn new() -> Self {
        let registry = Registry::new();
        let bounds = [-10.0, 0.0, 10.0, 100.0];
        Metrics {
            counter: labelled_in(&registry, options("a_total")),
            float_counter: labelled_in(&registry, options("b_total")),
            gauge: labelled_in(&registry, options("c")),
            float_gauge: labelled_in(&registry, options("d")),
            up_down: labelled_in(&registry, options("e")),
            histogram: labelled_in(&registry, options("f").buckets(bounds)),
            summary: labelled_in(&registry, options("g")),
            registry,
        }
    }

    fn take(&self, step: &Step) {
        match *step {
            Step::Record { key, amount } => {
                let key = &[&*key.to_string()];
                self.counter.with(key).inc_by(amount.into());
                self.float_counter.with(key).inc_by(quarters(amount));
                self.gauge.with(key).add(amount.into());
                self.float_gauge.with(key).add(quarters(amount));
                self.up_down.with(key).add(amount.into());
                self.histogram.with(key).observe(quarters(amount));
                self.summary.with(key).observe(quarters(amount));
            }
            Step::Lower { key, amount } => {
                let key = &[&*key.to_string()];
                self.gauge.with(key).sub(amount.into());
                self.float_gauge.with(key).set(-quarters(amount));
                self.up_down.with(key).sub(amount.into());
                self.histogram.with(key).observe(-quarters(amount));
            }
            Step::Remove { key } => {
                let key = &[&*key.to_string()];
                for metric in self.all() {
                    metric.remove(key);
                }
            }
            Step::Clear => self.all().iter().for_each(|metric| metric.clear()),
            Step::KeepBelow { key } => self.all().iter().for_each(|metric| metric.keep_below(key)),
            Step::ChangeThread => {}
        }
    }

    fn all(&self) -> [&dyn Removable; 7] {
        [
            &self.counter,
            &self.float_counter,
            &self.gauge,
            &self.float_gauge,
            &self.up_down,
            &self.histogram,
            &self.summary,
        ]
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for family in self.registry.gather() {
            for metric in family.metrics {
                let key = metric.labels[0].1.parse().expect("keys are numbers");
                state.insert((family.name.clone(), key), Value::from(metric.value));
            }
        }
        state
    }
}

/// What a metric can do whatever its type.
trait Removable {
    fn remove(&self, key: &[&str]) -> bool;
    fn clear(&self);
    fn keep_below(&self, key: u8);
}

impl<M: DynamicMetric> Removable for DynamicFamily<M> {
    fn remove(&self, key: &[&str]) -> bool {
        DynamicFamily::remove(self, key)
    }

    fn clear(&self) {
        DynamicFamily::clear(self);
    }

    fn keep_below(&self, key: u8) {
        self.retain(|labels| {
            let own = labels.get("key").and_then(|own| own.parse::<u8>().ok());
            own.is_some_and(|own| own < key)
        });
    }
}

/// All series: those of the metrics, and those of the model that takes no thought.
type State = BTreeMap<(String, u8), Value>;

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Observations { counts: Vec<u64>, sum: f64 },
}

impl From<MetricValue> for Value {
    fn from(value: MetricValue) -> Self {
        match value {
            MetricValue::Counter(number) | MetricValue::Gauge(number) => {
                Value::Number(Number::as_f64(number))
            }
            MetricValue::Histogram { buckets, sum, .. } => Value::Observations {
                counts: buckets.into_iter().map(|(_, count)| count).collect(),
                sum,
            },
            MetricValue::Summary { count, sum, .. } => Value::Observations {
                counts: vec![count],
                sum,
            },
            other => panic!("no such metric here: {other:?}"),
        }
    }
}

fn quarters(amount: u8) -> f64 {
    f64::from(amount) / 4.0
}

/// Takes a step as a reader of the documentation would expect it.
fn naive(state: &mut State, step: &Step) {
    let mut change = |metric: &str, key: u8, change: &dyn Fn(f64) -> f64| {
        let value = state
            .entry((metric.to_owned(), key))
            .or_insert(Value::Number(0.0));
        if let Value::Number(number) = value {
            *number = change(*number);
        }
    };
    match *step {
        Step::Record { key, amount } => {
            for metric in ["a_total", "c", "e"] {
                change(metric, key, &|value| value + f64::from(amount));
            }
            for metric in ["b_total", "d"] {
                change(metric, key, &|value| value + quarters(amount));
            }
            naive_observe(state, "f", key, quarters(amount));
            naive_observe(state, "g", key, quarters(amount));
        }
        Step::Lower { key, amount } => {
            for metric in ["c", "e"] {
                change(metric, key, &|value| value - f64::from(amount));
            }
            change("d", key, &|_| -quarters(amount));
            naive_observe(state, "f", key, -quarters(amount));
        }
        Step::Remove { key } => state.retain(|(_, own), _| *own != key),
        Step::Clear => state.clear(),
        Step::KeepBelow { key } => state.retain(|(_, own), _| *own < key),
        Step::ChangeThread => {}
    }
}

fn naive_observe(state: &mut State, metric: &str, key: u8, value: f64) {
    let bounds: &[f64] = match metric {
        "f" => &[-10.0, 0.0, 10.0, 100.0],
        _ => &[],
    };
    let none = Value::Observations {
        counts: vec![0; bounds.len() + 1],
        sum: 0.0,
    };
    let series = state.entry((metric.to_owned(), key)).or_insert(none);
    if let Value::Observations { counts, sum } = series {
        counts[bounds.iter().filter(|bound| **bound < value).count()] += 1;
        *sum += value;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_steps_of_one_thread_after_the_other_lead_where_a_naive_model_does(
        steps in prop::collection::vec(steps(0..5), 0..80),
    ) {
        let _turn = shared_machine();
        let metrics = Metrics::new();
        let mut model = State::new();
        for steps in steps.split(|step| matches!(step, Step::ChangeThread)) {
            thread::scope(|scope| {
                let steps = || steps.iter().for_each(|step| metrics.take(step));
                scope.spawn(steps).join().unwrap();
            });
            for step in steps {
                naive(&mut model, step);
            }
            prop_assert_eq!(metrics.state(), model.clone());
        }
    }

    #[test]
    fn any_steps_of_threads_with_keys_of_their_own_lead_where_a_naive_model_does(
        plans in prop::collection::vec(prop::collection::vec(steps(0..5), 0..60), 4),
    ) {
        let _turn = shared_machine();
        let metrics = Metrics::new();
        let mut model = State::new();
        let plans: Vec<Vec<Step>> = (0..).zip(plans).map(|(of, plan)| own_keys(of, plan)).collect();
        thread::scope(|scope| {
            for plan in &plans {
                scope.spawn(|| plan.iter().for_each(|step| metrics.take(step)));
            }
        });
        for step in plans.iter().flatten() {
            naive(&mut model, step);
        }
        prop_assert_eq!(metrics.state(), model);
    }
}

/// Moves a thread's steps to keys that no other has, and leaves out what concerns all.
fn own_keys(of: u8, plan: Vec<Step>) -> Vec<Step> {
    let own = |step| match step {
        Step::Record { key, amount } => Some(Step::Record {
            key: key + 10 * of,
            amount,
        }),
        Step::Lower { key, amount } => Some(Step::Lower {
            key: key + 10 * of,
            amount,
        }),
        Step::Remove { key } => Some(Step::Remove { key: key + 10 * of }),
        Step::Clear | Step::KeepBelow { .. } | Step::ChangeThread => None,
    };
    plan.into_iter().filter_map(own).collect()
}

const GENERATIONS: usize = 4;
const THREADS: usize = 64;
const RECORDINGS: usize = 1_000;
const ALL: u64 = (GENERATIONS * THREADS * RECORDINGS) as u64;

/// Runs generations of threads that record, while another thread looks on.
fn generations(record: impl Fn(usize, usize) + Sync, look: impl FnMut() + Send) {
    looked_at(look, || {
        for _ in 0..GENERATIONS {
            let start = Barrier::new(THREADS);
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let (record, start) = (&record, &start);
                    scope.spawn(move || {
                        start.wait();
                        (0..RECORDINGS).for_each(|at| record(thread, at));
                    });
                }
            });
        }
    });
}

/// Looks again and again while something is done, and once more after it.
fn looked_at(mut look: impl FnMut() + Send, act: impl FnOnce()) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                look();
            }
            look();
        });
        let _done = Stop(&done);
        act();
    });
}

/// Lets threads record amounts that binary fractions only come near, and end one by one.
fn never_back_as_threads_end(record: impl Fn(f64) + Sync, total: impl Fn() -> f64) {
    let mut before = total();
    for round in 0..20_u32 {
        thread::scope(|scope| {
            let threads: Vec<_> = (1..=10_u32)
                .map(|thread| {
                    let (end, ends) = mpsc::channel::<()>();
                    let (recorded, is_recorded) = mpsc::channel::<()>();
                    let record = &record;
                    let thread = scope.spawn(move || {
                        record(f64::from(thread * 7 + round) / 10.0);
                        drop(recorded);
                        // Until the other end goes away.
                        _ = ends.recv();
                    });
                    _ = is_recorded.recv();
                    (end, thread)
                })
                .collect();
            let mut look = || {
                let now = total();
                assert!(before <= now, "{now} after {before}");
                before = now;
            };
            look();
            for (end, thread) in threads {
                drop(end);
                thread.join().unwrap();
                look();
            }
        });
    }
}

#[track_caller]
fn assert_whole(state: &HistogramSnapshot) {
    let buckets: u64 = state.buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(state.count, buckets, "{state:?}");
    assert_eq!(state.sum, state.count as f64, "{state:?}");
}

/// What may only rise.
#[derive(Default)]
struct Rising(u64);

impl Rising {
    #[track_caller]
    fn see(&mut self, now: u64) {
        let before = std::mem::replace(&mut self.0, now);
        assert!(before <= now, "{now} after {before}");
    }
}

/// Ends a loop, also when the test has failed.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn options(name: &str) -> Options {
    Options::new(name, "Recordings.").labels(["key"])
}

fn labelled_in<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry
        .create_family(options)
        .expect("it is declared well")
}

fn labelled<M: DynamicMetric>(name: &str) -> DynamicFamily<M> {
    labelled_in(&Registry::new(), options(name))
}

/// One test measures, and wants the machine for itself.
static MACHINE: RwLock<()> = RwLock::new(());

fn shared_machine() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}
