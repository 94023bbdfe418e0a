//! Tests the use of memory: allocations, resident memory, and static thread-local storage.

#![allow(unsafe_code, reason = "a global allocator that counts")]

mod dropped;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    convert::Infallible,
    fs,
    future::{Future, ready},
    hint::black_box,
    io,
    net::IpAddr,
    num::ParseIntError,
    path::Path,
    pin::pin,
    sync::{
        Barrier,
        atomic::{AtomicIsize, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use http_body_util::{Empty, Full};
use hyper::{Request, Response, body::Body};
use metrics_core::{
    Counter, DynamicFamily, Format, Label, Options, Registry, Summary, counted, encode_to_string,
    metrics, testing::Clock, timed,
};
use metrics_http::layer::{RequestBody, ServerLayer};
use tests::{build_fixture, growth, in_own_process};
use tower::{Layer, Service};

/// An allocator that counts the allocations of each thread and the bytes in use.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    // The type has no destructor, so the count is usable until the thread's last allocation.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    LIVE.fetch_add(bytes, Ordering::Relaxed);
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: every call is forwarded to `System`; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Label, Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Asserts that an operation allocates only in its first three runs.
///
/// The first run creates the thread's storage. With labels whose values are not known at compile
/// time, the next two may allocate until the thread has cached all series.
#[track_caller]
fn allocates_only_at_first(mut act: impl FnMut()) {
    for _ in 0..3 {
        act();
    }
    let before = ALLOCATIONS.get();
    for _ in 0..1_000 {
        act();
    }
    assert_eq!(ALLOCATIONS.get() - before, 0, "allocations");
}

#[test]
fn the_first_recording_of_a_thread_allocates() {
    metrics! {
        /// Recordings.
        static FIRST: Counter = "memory_first_total";
    }
    let before = ALLOCATIONS.get();
    FIRST.inc();
    assert!(ALLOCATIONS.get() > before);
}

#[test]
fn counting_allocates_nothing() {
    metrics! {
        /// Recordings.
        static COUNTER: Counter = "memory_counter_total";
        /// Recordings.
        static FLOAT: FloatCounter = "memory_float_total";
        /// Recordings.
        static CLOSED: Counter<(side: Side, wide: bool)> = "memory_closed_total";
    }
    allocates_only_at_first(|| {
        COUNTER.inc();
        FLOAT.inc_by(0.5);
        CLOSED.with(Side::Left, true).inc();
        CLOSED.with(Side::Right, false).inc_by(2);
    });
}

#[test]
fn formatting_a_label_allocates_nothing() {
    metrics! {
        /// Connections.
        static OPENED: Counter<(
            #[label(display)] peer: IpAddr,
            #[label(display)] proxy: Option<IpAddr>,
            user: Option<&str>,
        )> = "memory_opened_total";
    }
    let longest = IpAddr::from([0xffff_u16; 8]);
    allocates_only_at_first(|| {
        OPENED.with(longest, None, Some("a")).inc();
        OPENED.with(longest, Some(longest), None).inc();
    });
}

#[test]
fn observing_allocates_nothing() {
    metrics! {
        /// Recordings.
        static HISTOGRAM: Histogram = "memory_histogram";
        /// Recordings.
        static WIDE: Histogram<(side: Side, wide: bool)> = "memory_wide";
        /// Recordings.
        static SUMMARY: Summary = "memory_summary";
        /// Recordings.
        #[quantiles(0.5)]
        static QUANTILES: Summary = "memory_quantiles";
    }
    allocates_only_at_first(|| {
        HISTOGRAM.observe(0.5);
        HISTOGRAM.time(|| black_box(1));
        WIDE.with(Side::Left, false).observe(0.25);
        WIDE.with(Side::Right, true).observe(1e9);
        SUMMARY.observe(3.0);
        QUANTILES.observe(0.25);
        QUANTILES.observe(3.0);
    });
}

#[test]
fn setting_and_adding_to_gauges_allocates_nothing() {
    metrics! {
        /// Recordings.
        static GAUGE: Gauge = "memory_gauge";
        /// Recordings.
        static FLOAT_GAUGE: FloatGauge<(side: Side)> = "memory_float_gauge";
        /// Recordings.
        static OPEN_GAUGE: Gauge<(key: &str)> = "memory_open_gauge";
        /// Recordings.
        static UP_DOWN: UpDownCounter = "memory_up_down";
    }
    allocates_only_at_first(|| {
        GAUGE.set(1);
        FLOAT_GAUGE.with(Side::Left).set(0.5);
        FLOAT_GAUGE.with(Side::Right).add(0.5);
        OPEN_GAUGE.with("a").add(1);
        UP_DOWN.inc();
        UP_DOWN.dec();
        drop(UP_DOWN.guard());
    });
}

#[test]
fn finding_a_series_by_two_short_open_labels_allocates_nothing() {
    metrics! {
        /// Recordings.
        static SHORT: Counter<(tenant: &str, route: &str)> = "memory_short_total";
        /// Recordings.
        static OBSERVED: Histogram<(tenant: &str, route: &str)> = "memory_short_seconds";
    }
    allocates_only_at_first(|| {
        SHORT.with("acme", "/a").inc();
        OBSERVED.with("acme", "/a").observe(0.5);
    });
}

#[test]
fn finding_series_by_alternating_open_labels_allocates_nothing() {
    metrics! {
        /// Recordings.
        static TURNS: Counter<(tenant: &str, number: u32)> = "memory_turns_total";
    }
    let tenants: Vec<String> = (0..50).map(|at| format!("tenant {at}")).collect();
    allocates_only_at_first(|| {
        for (tenant, number) in tenants.iter().zip(0..) {
            TURNS.with(tenant, number).inc();
        }
    });
}

#[test]
fn finding_a_series_by_labels_of_200_bytes_allocates_nothing() {
    metrics! {
        /// Recordings.
        static LONG: Counter<(tenant: &str, route: &str)> = "memory_long_total";
    }
    let texts = ["x".repeat(200), "y".repeat(200)];
    allocates_only_at_first(|| {
        LONG.with(&texts[0], &texts[1]).inc();
        LONG.with(&texts[1], &texts[0]).inc();
    });
}

#[test]
fn recording_beyond_the_limit_allocates_nothing() {
    metrics! {
        /// Recordings.
        #[max_series(2)]
        static CAPPED: Counter<(key: &str)> = "memory_capped_total";
    }
    allocates_only_at_first(|| {
        for key in ["a", "b", "c", "d"] {
            CAPPED.with(key).inc();
        }
    });
}

#[test]
fn calling_an_instrumented_function_allocates_nothing() {
    #[timed]
    #[counted]
    fn parsed(text: &str) -> Result<u32, ParseIntError> {
        text.parse()
    }

    #[counted(labels(tenant))]
    fn labelled(tenant: &str) -> usize {
        tenant.len()
    }

    allocates_only_at_first(|| {
        black_box(parsed("7").is_ok());
        black_box(parsed("seven").is_ok());
        black_box(labelled("acme"));
    });
}

metrics! {
    /// Recordings.
    #[max_series(100_000)]
    static MANY: Counter<(tenant: &str, route: &str, status: &str)> = "memory_many_total";
    /// Recordings.
    #[max_series(10_000)]
    static SPREAD: Histogram<(tenant: &str)> = "memory_spread_seconds";
}

const COUNTERS: u32 = 100_000;
const HISTOGRAMS: u32 = 10_000;

/// Limit for the allocated bytes of a counter series in sorted order, including its index entry and
/// the storage of one thread.
const BYTES_OF_A_COUNTER: f64 = 120.0;
/// Limit for the allocated bytes of a counter series in addition to its rendered labels, in any
/// order.
const BYTES_BESIDE_LABELS: f64 = 130.0;

#[test]
fn a_request_with_existing_series_allocates_nothing_in_the_layer() {
    let registry = Registry::new();
    let layer = ServerLayer::builder().registry(registry.clone());
    let layer = layer.route_by(|_| Some("/users/{id}")).build().unwrap();
    let answer = |_: Request<RequestBody<Empty<&[u8]>>>| {
        ready(Ok::<_, Infallible>(Response::new(Full::new(&b"hello"[..]))))
    };
    let mut service = layer.layer(tower::service_fn(answer));
    let mut context = Context::from_waker(Waker::noop());
    allocates_only_at_first(|| {
        let response = pin!(service.call(Request::new(Empty::new())));
        let Poll::Ready(Ok(response)) = response.poll(&mut context) else {
            panic!("it is ready");
        };
        let mut body = pin!(response.into_body());
        while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut context) {}
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("outcome=\"ok\"} 1003\n"), "{text}");
}

/// Limit for the resident bytes of a counter series, which include the allocator's overhead.
const RESIDENT_BYTES_OF_A_COUNTER: f64 = 8.0 + 120.0;
/// Limit for the bytes of a counter series in each further thread: 8 bytes for the value, and a
/// share of the 16 bytes in which the thread stores where its values of 256 series are.
const BYTES_OF_A_FURTHER_THREAD: f64 = 8.0 + 16.0 / 256.0 + 0.05;
/// Limit for the allocated bytes of a histogram series with 14 bounds and one label, including its
/// index entry and the storage of one thread.
const BYTES_OF_A_HISTOGRAM: f64 = 20.0 * 8.0 + 290.0;
/// Limit for the resident bytes of a histogram series, which include the allocator's overhead.
const RESIDENT_BYTES_OF_A_HISTOGRAM: f64 = 20.0 * 8.0 + 320.0;

fn touch_all_counters() {
    for at in 0..COUNTERS {
        let [tenant, route, status] = similar_labels(at);
        MANY.with(&tenant, &route, &status).inc();
    }
}

fn touch_all_histograms() {
    for at in 0..HISTOGRAMS {
        SPREAD.with(&format!("tenant-{at:04}")).observe(0.5);
    }
}

/// Returns allocated and resident bytes per item.
///
/// Records into two other metrics first, because code becomes resident when it first runs.
fn bytes_per_item(number: u32, act: impl FnOnce()) -> (f64, f64) {
    metrics! {
        /// Recordings.
        static WARM: Counter<(tenant: &str, route: &str, status: &str)> = "memory_warm_total";
        /// Recordings.
        static WARM_TIME: Histogram<(tenant: &str)> = "memory_warm_seconds";
    }
    for at in 0..100 {
        WARM.with(&at.to_string(), "", "").inc();
        WARM_TIME.with(&at.to_string()).observe(0.5);
    }
    let before = LIVE.load(Ordering::Relaxed);
    let grown = growth(act);
    let live = LIVE.load(Ordering::Relaxed) - before;
    let each = |bytes: f64| bytes / f64::from(number);
    (each(live as f64), each(grown as f64))
}

#[test]
fn a_hundred_thousand_sorted_counters_take_120_bytes_each() {
    in_own_process(
        "a_hundred_thousand_sorted_counters_take_120_bytes_each",
        || {
            let (live, grown) = bytes_per_item(COUNTERS, touch_all_counters);
            println!("a counter: {live:.1} bytes allocated, {grown:.1} resident");
            assert!(live <= BYTES_OF_A_COUNTER, "{live} bytes allocated");
            assert!(
                grown <= RESIDENT_BYTES_OF_A_COUNTER,
                "{grown} bytes resident"
            );
        },
    );
}

/// The labels of the series at a position: a series shares most label values with its neighbours.
fn similar_labels(at: u32) -> [String; 3] {
    let (tenant, route, status) = (at / 500, at / 5 % 100, 200 + at % 5);
    [
        format!("t{tenant:03}"),
        format!("/r/{route:02}"),
        status.to_string(),
    ]
}

/// The labels of the series at a position: no two series have a label value in common.
fn distinct_labels(at: u32) -> [String; 3] {
    ["a", "b", "c"].map(|prefix| format!("{prefix}{at:05}"))
}

/// Permutes positions, so that neighbours in the new order were not neighbours before.
fn shuffled(at: u32) -> u32 {
    (u64::from(at) * 61_843 % u64::from(COUNTERS)) as u32
}

/// Asserts that counter series, recorded by this many threads which are still running, take few
/// bytes in addition to their rendered labels, also after scrapes in two formats.
#[track_caller]
fn take_few_bytes_beside_labels(threads: u32, labels: impl Fn(u32) -> [String; 3] + Sync) {
    let before = LIVE.load(Ordering::Relaxed);
    let registry = Registry::new();
    let options = Options::new("recorded_total", "Recordings.")
        .labels(["tenant", "route", "status"])
        .max_series(COUNTERS as usize);
    let counters: DynamicFamily<Counter> = registry.create_family(options).expect("valid");
    let all = Barrier::new(threads as usize + 1);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (all, counters, labels) = (&all, &counters, &labels);
            scope.spawn(move || {
                for at in 0..COUNTERS {
                    let at = (at + thread * COUNTERS / threads) % COUNTERS;
                    counters
                        .with(&labels(at).each_ref().map(String::as_str))
                        .inc();
                }
                all.wait();
                all.wait();
            });
        }
        all.wait();
        let exposition = registry.encode_to_string(Format::Text);
        let rendered = exposition.lines().filter_map(|line| {
            let (labels, _) = line.split_once('{')?.1.rsplit_once('}')?;
            Some(labels.len())
        });
        let rendered: usize = rendered.sum();
        drop(exposition);
        for format in [Format::Text, Format::Protobuf, Format::Text] {
            for _ in 0..3 {
                let written = registry.encode(format, &mut io::sink());
                written.expect("writing to a sink does not fail");
            }
            let live = LIVE.load(Ordering::Relaxed) - before - rendered as isize;
            let each = live as f64 / f64::from(COUNTERS);
            println!("{threads} threads, after {format}: {each:.1} bytes beside labels");
            assert!(each <= BYTES_BESIDE_LABELS, "{each} bytes beside labels");
        }
        all.wait();
    });
}

#[test]
fn counters_in_any_order_take_at_most_130_bytes_beside_their_labels() {
    let test = "counters_in_any_order_take_at_most_130_bytes_beside_their_labels";
    in_own_process(test, || {
        for threads in [1, 4] {
            take_few_bytes_beside_labels(threads, similar_labels);
            take_few_bytes_beside_labels(threads, |at| similar_labels(shuffled(at)));
        }
        take_few_bytes_beside_labels(1, distinct_labels);
        take_few_bytes_beside_labels(1, |at| distinct_labels(shuffled(at)));
    });
}

#[test]
fn each_further_thread_takes_eight_bytes_per_counter() {
    in_own_process("each_further_thread_takes_eight_bytes_per_counter", || {
        touch_all_counters();
        let (touched, go) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            let before = LIVE.load(Ordering::Relaxed);
            scope.spawn(|| {
                touch_all_counters();
                touched.wait();
                go.wait();
            });
            touched.wait();
            let live = LIVE.load(Ordering::Relaxed) - before;
            let each = live as f64 / f64::from(COUNTERS);
            go.wait();
            println!("a counter in a further thread: {each:.2} bytes");
            assert!(each <= BYTES_OF_A_FURTHER_THREAD, "{each} bytes");
        });
    });
}

#[test]
fn ten_thousand_histograms_stay_within_their_byte_limit() {
    in_own_process(
        "ten_thousand_histograms_stay_within_their_byte_limit",
        || {
            let (live, grown) = bytes_per_item(HISTOGRAMS, touch_all_histograms);
            println!("a histogram: {live:.1} bytes allocated, {grown:.1} resident");
            assert!(live <= BYTES_OF_A_HISTOGRAM, "{live} bytes allocated");
            assert!(
                grown <= RESIDENT_BYTES_OF_A_HISTOGRAM,
                "{grown} bytes resident"
            );
        },
    );
}

#[test]
fn ten_thousand_ended_threads_leave_no_memory_behind() {
    metrics! {
        /// Recordings.
        static PASSING: Counter<(side: Side)> = "memory_passing_total";
        /// Recordings.
        static PASSING_TIME: Histogram<(side: Side, wide: bool)> = "memory_passing_seconds";
        /// Recordings.
        static PASSING_OPEN: Counter<(key: &str)> = "memory_passing_open_total";
        /// Recordings.
        static PASSING_OPEN_TIME: Histogram<(key: &str)> = "memory_passing_open_seconds";
        /// Recordings.
        #[quantiles(0.5)]
        static PASSING_SIZE: Summary<(key: &str)> = "memory_passing_bytes";
    }

    #[timed]
    #[counted]
    fn passing() {}

    let generation = || {
        let threads = [(); 4].map(|()| {
            thread::spawn(|| {
                PASSING.with(Side::Left).inc();
                PASSING_TIME.with(Side::Right, true).observe(0.5);
                for key in ["a", "b", "c"] {
                    PASSING_OPEN.with(key).inc();
                    PASSING_OPEN_TIME.with(key).observe(0.5);
                    PASSING_SIZE.with(key).observe(0.5);
                }
                passing();
            })
        });
        for thread in threads {
            thread.join().expect("it does not panic");
        }
    };
    in_own_process("ten_thousand_ended_threads_leave_no_memory_behind", || {
        (0..100).for_each(|_| generation());
        let before = LIVE.load(Ordering::Relaxed);
        (0..2_500).for_each(|_| generation());
        assert_eq!(LIVE.load(Ordering::Relaxed) - before, 0, "bytes");
        assert_eq!(PASSING_OPEN.with("c").get(), 4 * 2_600);
    });
}

#[test]
fn a_window_takes_576_bytes_for_each_power_of_two_and_part() {
    in_own_process(
        "a_window_takes_576_bytes_for_each_power_of_two_and_part",
        || {
            let options = Options::new("answer_bytes", "Sizes.").quantiles([0.5]);
            let sizes: Summary = Registry::new().create(options).expect("valid");
            sizes.observe(1.0);
            let clock = Clock::stop();
            let before = LIVE.load(Ordering::Relaxed);
            for _ in 0..50 {
                for power in 0..10 {
                    sizes.observe(f64::from(1 << power));
                }
                clock.advance(Duration::from_mins(2));
            }
            let bytes = LIVE.load(Ordering::Relaxed) - before;
            assert!(bytes <= 10 * 5 * 576, "{bytes} bytes");
        },
    );
}

#[test]
fn a_scrape_leaves_no_memory_behind() {
    in_own_process("a_scrape_leaves_no_memory_behind", || {
        MANY.with("a", "b", "c").inc();
        SPREAD.with("a").observe(0.5);
        let mut grown = Vec::new();
        // Requires one round without growth: a round may allocate memory that later rounds reuse,
        // but memory would grow in every round if there were a leak.
        let is_steady = (0..10).any(|_| {
            let before = LIVE.load(Ordering::Relaxed);
            (0..100).for_each(|_| drop(encode_to_string(Format::Text)));
            grown.push(LIVE.load(Ordering::Relaxed) - before);
            grown.last() == Some(&0)
        });
        assert!(is_steady, "bytes: {grown:?}");
    });
}

#[test]
fn a_thousand_timed_functions_take_at_most_64_kib_per_thread() {
    let folder = build_fixture("tls", false);
    let bytes_per_item =
        static_storage(&folder.join("functions")) - static_storage(&folder.join("none"));
    println!("a thousand timed functions: {bytes_per_item} bytes of each thread's static storage");
    assert!(bytes_per_item <= 64 << 10, "{bytes_per_item} bytes");
    assert!(bytes_per_item > 0, "nothing was measured");
}

#[test]
fn a_thousand_counters_take_at_most_16_kib_per_thread() {
    let folder = build_fixture("tls", false);
    let bytes_per_item =
        static_storage(&folder.join("counters")) - static_storage(&folder.join("none"));
    println!("a thousand counters: {bytes_per_item} bytes of each thread's static storage");
    assert!(bytes_per_item <= 16 << 10, "{bytes_per_item} bytes");
    assert!(bytes_per_item > 0, "nothing was measured");
}

/// Returns the size of the static thread-local storage of a program: the segment `PT_TLS` of a
/// little-endian 64-bit ELF file.
#[track_caller]
fn static_storage(program: &Path) -> u64 {
    const PT_TLS: u64 = 7;
    let file = fs::read(program).expect("it was built");
    let number = |at: usize, bytes: usize| {
        let bytes = file[at..at + bytes].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    assert_eq!(&file[..6], b"\x7fELF\x02\x01", "{}", program.display());
    let (start, size, headers) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    let mut headers = (0..headers).map(|at| (start + at * size) as usize);
    let header = headers.find(|at| number(*at, 4) == PT_TLS);
    header.map_or(0, |at| number(at + 0x28, 8))
}
