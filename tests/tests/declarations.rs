//! Tests of metrics declared with `metrics!`, and of labels derived with `Label` and `Labels`.

#![allow(
    clippy::float_cmp,
    reason = "what is read back is what was recorded, to the bit"
)]

use metrics_core::{
    Format, Kind, Label, Labels, MetricFamily, MetricValue, encode_to_string, gather, metrics,
};

fn family(name: &str) -> MetricFamily {
    let found = gather().into_iter().find(|family| family.name == name);
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

/// Returns the lines of the exposition that start with `start`.
fn lines(start: &str) -> Vec<String> {
    let text = encode_to_string(Format::Text);
    let lines = text.lines().filter(|line| line.starts_with(start));
    lines.map(str::to_owned).collect()
}

#[derive(Label, Clone, Copy, Debug, PartialEq)]
enum Cache {
    Hit,
    Miss,
}

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

mod never_touched {
    #![allow(dead_code)]

    use super::{Cache, Phase};

    metrics_core::metrics! {
        /// A counter.
        static A_COUNTER: Counter = "untouched_counter_total";
        /// A sum.
        static A_SUM: FloatCounter = "untouched_sum_total";
        /// A gauge.
        static A_GAUGE: Gauge = "untouched_gauge";
        /// A ratio.
        static A_RATIO: FloatGauge = "untouched_ratio";
        /// A number of things in progress.
        static A_NUMBER: UpDownCounter = "untouched_number";
        /// A histogram.
        #[buckets(0.5)]
        static A_HISTOGRAM: Histogram = "untouched_histogram";
        /// A summary.
        static A_SUMMARY: Summary = "untouched_summary";
        /// A state.
        static A_STATE: StateSet<Phase> = "untouched_state";
        /// Facts.
        static FACTS: Info<(version: &str)> = "untouched_info";
        /// Labels with known values.
        static CLOSED: Counter<(cache: Cache, secure: bool)> = "untouched_closed_total";
        /// Labels with other values.
        static OPEN: Counter<(to: &str)> = "untouched_open_total";
    }
}

#[test]
fn declared_metrics_are_exposed_at_zero_before_the_first_recording() {
    let samples: Vec<String> = lines("untouched_");
    assert_eq!(
        samples,
        [
            r#"untouched_closed_total{cache="hit",secure="false"} 0"#,
            r#"untouched_closed_total{cache="hit",secure="true"} 0"#,
            r#"untouched_closed_total{cache="miss",secure="false"} 0"#,
            r#"untouched_closed_total{cache="miss",secure="true"} 0"#,
            "untouched_counter_total 0",
            "untouched_gauge 0",
            r#"untouched_histogram_bucket{le="0.5"} 0"#,
            r#"untouched_histogram_bucket{le="+Inf"} 0"#,
            "untouched_histogram_sum 0",
            "untouched_histogram_count 0",
            "untouched_number 0",
            "untouched_ratio 0",
            r#"untouched_state{untouched_state="starting"} 1"#,
            r#"untouched_state{untouched_state="running"} 0"#,
            "untouched_sum_total 0",
            "untouched_summary_sum 0",
            "untouched_summary_count 0",
        ]
    );
}

metrics! {
    /// Counted.
    static COUNTED: Counter = "read_counted_total";
    /// Added up.
    static ADDED: FloatCounter = "read_added_total";
    /// Set.
    static SET: Gauge = "read_set";
    /// Set to a fraction.
    static FRACTION: FloatGauge = "read_fraction";
    /// Come and gone.
    static THERE: UpDownCounter = "read_there";
    /// Observed.
    #[buckets(1, 2)]
    static OBSERVED: Histogram = "read_observed";
    /// Observed, too.
    #[quantiles(0.5)]
    static SUMMED: Summary = "read_summed";
}

#[test]
fn recorded_values_are_read_back() {
    COUNTED.inc();
    COUNTED.inc_by(2);
    assert_eq!(COUNTED.get(), 3);
    ADDED.inc_by(0.5);
    assert_eq!(ADDED.get(), 0.5);
    SET.set(3);
    SET.sub(5);
    assert_eq!(SET.get(), -2);
    FRACTION.set(0.25);
    FRACTION.add(0.5);
    assert_eq!(FRACTION.get(), 0.75);
    THERE.add(3);
    THERE.dec();
    assert_eq!(THERE.get(), 2);
    OBSERVED.observe(1.0);
    OBSERVED.observe(5.0);
    let observed = OBSERVED.get();
    assert_eq!((observed.count, observed.sum), (2, 6.0));
    SUMMED.observe(4.0);
    let summed = SUMMED.get();
    assert_eq!((summed.count, summed.sum), (1, 4.0));
    assert!((summed.quantiles[0].1 - 4.0).abs() < 0.1);
}

mod visible {
    metrics_core::metrics! {
        /// Seen in this crate.
        pub(crate) static IN_THE_CRATE: Counter = "visible_in_the_crate_total";
        /// Seen above.
        pub(super) static ABOVE: Counter<(to: &str)> = "visible_above_total";
    }
}

#[test]
fn declarations_honour_their_visibility() {
    visible::IN_THE_CRATE.inc();
    visible::ABOVE.with("a").inc();
    assert_eq!(visible::IN_THE_CRATE.get(), 1);
    assert_eq!(visible::ABOVE.with("a").get(), 1);
}

#[test]
fn metrics_can_be_declared_inside_a_function() {
    fn touch() -> u64 {
        metrics! {
            /// Within a function.
            static WITHIN: Counter = "within_a_function_total";
        }
        WITHIN.inc();
        WITHIN.get()
    }

    assert_eq!((touch(), touch()), (1, 2));
    assert_eq!(lines("within_a"), ["within_a_function_total 2"]);
}

mod prefixed {
    #![allow(dead_code)]

    metrics_core::metrics! {
        prefix = "prefixed";

        /// A counter.
        static JOBS_DONE: Counter;
        /// A counter with a unit.
        #[unit("bytes")]
        static SENT: Counter;
        /// A gauge that ends in its unit.
        #[unit("celsius")]
        static OVEN_CELSIUS: FloatGauge;
        /// A histogram.
        #[unit("seconds")]
        static WAIT: Histogram;
        /// Facts.
        static BUILD: Info<(version: &str)>;
        /// A name of its own.
        static OTHER: Gauge = "unprefixed";
    }
}

#[test]
fn names_are_derived_from_prefix_static_unit_and_type() {
    let names: Vec<_> = gather().into_iter().map(|family| family.name).collect();
    let derived: Vec<_> = names.iter().filter(|n| n.contains("prefixed")).collect();
    assert_eq!(
        derived,
        [
            "prefixed_build_info",
            "prefixed_jobs_done_total",
            "prefixed_oven_celsius",
            "prefixed_sent_bytes_total",
            "prefixed_wait_seconds",
            "unprefixed",
        ]
    );
    assert_eq!(
        family("prefixed_sent_bytes_total").unit.as_deref(),
        Some("bytes")
    );
}

metrics! {
    /// The first line, and
    /// the second one.
    ///
    /// Another paragraph.
    #[allow(dead_code)]
    static DESCRIBED: Histogram = "described_seconds";
}

#[test]
fn a_family_has_its_help_type_and_source_location() {
    let described = family("described_seconds");
    assert_eq!(
        described.help,
        "The first line, and the second one. Another paragraph."
    );
    assert_eq!(described.kind, Kind::Histogram);
    assert!(described.location.file.ends_with("declarations.rs"));
    assert_eq!(described.location.module, module_path!());
    let source = include_str!("declarations.rs").lines();
    let line = source
        .take_while(|line| !line.contains("static DESCRIBED"))
        .count()
        + 1;
    assert_eq!(described.location.line as usize, line);
}

macro_rules! requests_to {
    ($static:ident, $name:literal, $help:expr) => {
        metrics! {
            #[doc = $help]
            ///
            #[doc = concat!("Counted in ", stringify!($static), ".")]
            static $static: Counter = $name;
        }
    };
}

requests_to!(TO_API, "requests_to_api_total", "Requests to the API.");

#[test]
fn a_help_may_be_composed_by_macros() {
    TO_API.inc();
    assert_eq!(
        family("requests_to_api_total").help,
        "Requests to the API. Counted in TO_API."
    );
}

#[derive(Labels)]
struct Request<'a, M> {
    method: M,
    #[label(rename = "path")]
    route: &'a str,
    status: u16,
}

#[derive(Labels)]
#[label(rename_all = "camelCase")]
struct Row {
    r#type: String,
    is_new: bool,
    shard_id: i64,
}

metrics! {
    /// Labels in a struct.
    static REQUESTS: Counter<Request<'_, Cache>> = "struct_requests_total";
    /// Labels in a struct without lifetime.
    static ROWS: Counter<Row> = "struct_rows_total";
}

#[test]
fn a_label_struct_gives_labels_in_field_order() {
    let path = String::from("/a");
    let request = |method, status| Request {
        method,
        route: &path,
        status,
    };
    REQUESTS.with(&request(Cache::Hit, 200)).inc();
    REQUESTS.bind(&request(Cache::Hit, 200)).inc();
    REQUESTS.with(&request(Cache::Miss, 404)).inc();
    let mut samples = lines("struct_requests_total");
    samples.sort();
    assert_eq!(
        samples,
        [
            r#"struct_requests_total{method="hit",path="/a",status="200"} 2"#,
            r#"struct_requests_total{method="miss",path="/a",status="404"} 1"#,
        ]
    );

    ROWS.with(&Row {
        r#type: "x".to_owned(),
        is_new: true,
        shard_id: -1,
    })
    .inc();
    assert_eq!(
        lines("struct_rows_total"),
        [r#"struct_rows_total{type="x",isNew="true",shardId="-1"} 1"#]
    );
}

#[derive(Label)]
#[label(rename_all = "SCREAMING-KEBAB-CASE")]
#[allow(dead_code)]
enum Fault<E> {
    TimedOut,
    #[label(rename = "i/o")]
    Io(E),
    HttpStatus {
        code: u16,
    },
}

metrics! {
    /// Labels of every type.
    static TYPED: Counter<(
        open: bool,
        signed: i8,
        unsigned: u128,
        owned: String,
        borrowed: &str,
        type: &'static str,
        fault: Fault<()>,
    )> = "typed_total";
}

#[test]
fn labels_can_be_bools_integers_strings_and_enums() {
    TYPED
        .with(true, -1, u128::MAX, "a \"b\"", "", "t", Fault::Io(()))
        .inc();
    assert_eq!(
        lines("typed_total"),
        [concat!(
            r#"typed_total{open="true",signed="-1",unsigned="340282366920938463463374607431768211455","#,
            r#"owned="a \"b\"",type="t",fault="i/o"} 1"#,
        )]
    );
    assert_eq!(
        Fault::<()>::VALUES,
        Some(["TIMED-OUT", "i/o", "HTTP-STATUS"].as_slice())
    );
}

metrics! {
    /// Bound series.
    static BOUND: Counter<(to: &str)> = "bound_total";
    /// Bound series of known values.
    static BOUND_CLOSED: UpDownCounter<(cache: Cache)> = "bound_closed";
    /// Bound gauges.
    static BOUND_GAUGE: Gauge<(to: &str)> = "bound_gauge";
}

#[test]
fn bind_and_with_return_the_same_series() {
    let a = BOUND.bind("a");
    a.inc();
    BOUND.with("a").inc();
    a.clone().inc();
    assert_eq!((a.get(), BOUND.with("a").get()), (3, 3));
    assert_eq!(BOUND.with("b").get(), 0);

    let hit = BOUND_CLOSED.bind(Cache::Hit);
    hit.inc();
    let guard = hit.guard();
    BOUND_CLOSED.with(Cache::Hit).inc();
    assert_eq!(hit.get(), 3);
    drop(guard);
    assert_eq!(BOUND_CLOSED.with(Cache::Hit).get(), 2);
    assert_eq!(BOUND_CLOSED.with(Cache::Miss).get(), 0);

    let gauge = BOUND_GAUGE.bind("a");
    gauge.set(4);
    BOUND_GAUGE.with("a").inc();
    assert_eq!(gauge.get(), 5);
}

metrics! {
    /// Removed.
    static REMOVED: Counter<(to: &str, secure: bool)> = "removed_total";
    /// Cleared.
    static CLEARED: Histogram<(to: &str)> = "cleared_seconds";
    /// Retained.
    static RETAINED: Gauge<(to: u8)> = "retained";
    /// Held.
    static HELD: Counter<(to: &str)> = "held_total";
}

#[test]
fn a_removed_series_restarts_at_zero() {
    REMOVED.with("a", true).inc();
    REMOVED.with("b", true).inc();
    assert!(REMOVED.remove("a", true));
    assert!(!REMOVED.remove("a", true));
    assert!(!REMOVED.remove("a", false));
    assert_eq!(
        lines("removed"),
        [r#"removed_total{to="b",secure="true"} 1"#]
    );
    REMOVED.with("a", true).inc();
    assert_eq!(REMOVED.with("a", true).get(), 1);
}

#[test]
fn clear_removes_every_series_and_retain_keeps_the_selected() {
    CLEARED.with("a").observe(1.0);
    CLEARED.with("b").observe(1.0);
    CLEARED.clear();
    assert!(lines("cleared").is_empty());

    for to in 0..4 {
        RETAINED.with(to).set(i64::from(to));
    }
    RETAINED.retain(|labels| labels.get("to").is_some_and(|to| to == "3"));
    assert_eq!(lines("retained"), [r#"retained{to="3"} 3"#]);
}

#[test]
fn a_handle_to_a_removed_series_records_unexposed() {
    let old = HELD.bind("a");
    old.inc();
    assert!(HELD.remove("a"));
    old.inc();
    assert!(lines("held").is_empty());
    HELD.with("a").inc_by(5);
    HELD.with("b").inc_by(7);
    old.inc();
    drop(old);
    HELD.with("c").inc_by(9);
    let mut samples = lines("held");
    samples.sort();
    assert_eq!(
        samples,
        [
            r#"held_total{to="a"} 5"#,
            r#"held_total{to="b"} 7"#,
            r#"held_total{to="c"} 9"#,
        ]
    );
}

metrics! {
    /// Compiled.
    #[cfg(all())]
    static COMPILED: Counter<(to: &str)> = "cfg_compiled_total";
    /// Not compiled.
    #[cfg(any())]
    static LEFT_OUT: Counter<(to: &str)> = "cfg_left_out_total";
    /// Not compiled, either.
    #[cfg(any())]
    #[computed(|| 1.0)]
    static LEFT_OUT_COMPUTED: Gauge = "cfg_left_out";
    /// Left out.
    #[cfg(any())]
    static LEFT_OUT_INFO: Info<(version: &str)> = "cfg_left_out_info";
}

#[test]
fn a_declaration_disabled_by_cfg_is_absent() {
    COMPILED.with("a").inc();
    assert_eq!(lines("cfg_"), [r#"cfg_compiled_total{to="a"} 1"#]);
}

metrics! {
    /// Once upon a time.
    #[deprecated]
    static OLD: Counter<(to: &str)> = "old_total";
}

#[test]
fn attributes_of_the_static_are_kept() {
    #![expect(deprecated)]

    OLD.with("a").inc();
    assert_eq!(lines("old"), [r#"old_total{to="a"} 1"#]);
}

fn threads() -> f64 {
    2.5
}

metrics! {
    /// Computed by a closure.
    #[computed(|| threads() * 2.0)]
    static COMPUTED: Gauge = "computed_threads";
    /// Computed by a function, with a unit.
    #[unit("seconds")]
    #[computed(threads)]
    static COMPUTED_COUNTER: FloatCounter = "computed_seconds_total";
}

#[test]
fn computed_metrics_are_evaluated_at_each_scrape() {
    assert_eq!(
        lines("computed_"),
        ["computed_seconds_total 2.5", "computed_threads 5"]
    );
    assert_eq!(family("computed_seconds_total").kind, Kind::Counter);
    let _ = (&COMPUTED, &COMPUTED_COUNTER);
}

metrics! {
    /// What it does.
    static STATE: StateSet<Phase> = "state_alone";
    /// What each worker does.
    static STATES: StateSet<Phase, (worker: u8)> = "state_of_workers";
    /// What each cache does.
    static CLOSED_STATES: StateSet<Phase, (cache: Cache)> = "state_of_caches";
}

#[test]
fn a_state_set_has_one_active_state() {
    assert_eq!(STATE.get(), "starting");
    STATE.set(Phase::Running);
    assert_eq!(STATE.get(), "running");
    STATES.with(1).set(Phase::Running);
    STATES.bind(2).set(Phase::Starting);
    assert_eq!(
        (STATES.with(1).get(), STATES.with(2).get()),
        ("running", "starting")
    );
    CLOSED_STATES.with(Cache::Miss).set(Phase::Running);
    let caches = family("state_of_caches");
    let active = |at: usize| match &caches.metrics[at].value {
        MetricValue::StateSet(states) => states.iter().position(|(_, active)| *active),
        other => panic!("{other:?}"),
    };
    assert_eq!((active(0), active(1)), (Some(0), Some(1)));
}

metrics! {
    /// Build.
    static BUILD: Info<(version: &str, dirty: bool)> = "facts_build_info";
}

#[test]
fn an_info_exposes_the_labels_set_last() {
    assert!(lines("facts").is_empty());
    BUILD.set("1", true);
    BUILD.set("2", false);
    let expected = r#"facts_build_info{version="2",dirty="false"} 1"#;
    assert_eq!(lines("facts"), [expected]);
}

metrics! {
    /// Time.
    static TIMED: Histogram<(cache: Cache)> = "timer_seconds";
    /// Time, as a summary.
    static TIMED_SUMMARY: Summary = "timer_summary_seconds";
    /// Uploads.
    static UPLOADS: UpDownCounter<(to: &str)> = "guard_uploads";
}

#[test]
fn a_timer_observes_on_stop_and_drop_but_not_on_discard() {
    let hit = TIMED.bind(Cache::Hit);
    let took = hit.start_timer().stop();
    drop(hit.start_timer());
    hit.start_timer().discard();
    assert_eq!(hit.get().count, 2);
    assert!(hit.get().sum >= took.as_secs_f64());
    drop(TIMED_SUMMARY.start_timer());
    assert_eq!(TIMED_SUMMARY.get().count, 1);
}

#[test]
fn a_guard_counts_until_it_is_dropped() {
    let to_a = UPLOADS.with("a");
    let (first, second) = (to_a.guard(), to_a.guard());
    assert_eq!(to_a.get(), 2);
    drop(first);
    assert_eq!(to_a.get(), 1);
    drop(second);
    assert_eq!(to_a.get(), 0);
}

#[derive(Label, Clone, Copy)]
enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

const DAYS: [Day; 7] = [
    Day::Monday,
    Day::Tuesday,
    Day::Wednesday,
    Day::Thursday,
    Day::Friday,
    Day::Saturday,
    Day::Sunday,
];

metrics! {
    /// More series than fit into static thread-local storage.
    static MANY: Counter<(from: Day, to: Day)> = "many_total";
    /// As many histograms.
    #[buckets(linear(10.0, 10.0, 4))]
    static MANY_HISTOGRAMS: Histogram<(from: Day, to: Day)> = "many_histograms";
}

#[test]
fn a_large_product_of_closed_labels_counts_each_series_separately() {
    for (at, (from, to)) in DAYS
        .iter()
        .flat_map(|from| DAYS.map(|to| (*from, to)))
        .enumerate()
    {
        MANY.with(from, to).inc_by(at as u64);
        MANY_HISTOGRAMS.with(from, to).observe(at as f64);
    }
    let counts = family("many_total")
        .metrics
        .into_iter()
        .map(|metric| metric.value);
    for (at, value) in counts.enumerate() {
        let MetricValue::Counter(count) = value else {
            panic!("{value:?}")
        };
        assert_eq!(count.as_f64(), at as f64);
    }
    assert_eq!(MANY.with(Day::Sunday, Day::Sunday).get(), 48);
    assert_eq!(
        MANY_HISTOGRAMS.with(Day::Sunday, Day::Monday).get().sum,
        42.0
    );
    let within = std::thread::spawn(|| MANY.with(Day::Monday, Day::Tuesday).inc());
    within.join().unwrap();
    assert_eq!(MANY.with(Day::Monday, Day::Tuesday).get(), 2);
}

#[test]
fn the_exposition_has_no_clashes() {
    assert_eq!(
        metrics_core::Registry::global()
            .check()
            .map_err(|e| e.to_string()),
        Ok(())
    );
}
