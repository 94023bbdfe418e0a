//! Tests that compare expositions with golden documents, by metric type, escape and format.

use std::{sync::Arc, time::Duration};

use metrics_core::{
    Collection, Collector, Counter, Desc, Escaping, FloatCounter, FloatGauge, Format, Gauge,
    Histogram, HistogramSnapshot, Kind, Label, NativeHistogramSnapshot, Options, Registry, Summary,
    SummarySnapshot, UpDownCounter, metrics,
};

use crate::{
    document::{assert_golden, assert_golden_declared, compare, print},
    support::labelled,
};

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
    Stopping,
}

metrics! {
    /// Requests answered.
    static REQUESTS: Counter<(method: Method, odd: bool)> = "formats_closed_requests_total";
    /// What the program does.
    static PHASE: StateSet<Phase> = "formats_stateset_phase";
    /// What each part of the program does.
    static PARTS: StateSet<Phase, (part: &str)> = "formats_stateset_part_phase";
    /// The build that runs.
    static BUILD: Info<(version: &str, note: &str)> = "formats_info_build_info";
    /// An info that nobody has set.
    static UNSET: Info<(version: &str)> = "formats_info_unset_info";
    /// Waiting jobs.
    #[computed(|| 17.0)]
    static WAITING: Gauge = "formats_computed_waiting";
}

#[derive(Label, Clone, Copy)]
#[label(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
}

#[test]
fn a_counter_matches_its_golden_document() {
    let registry = Registry::new();
    let unlabelled = registry.create::<Counter>(Options::new("a_jobs_total", "Jobs done."));
    unlabelled.unwrap().inc_by(1_234_567);
    let _zero = registry.create::<Counter>(Options::new("b_idle_total", "Never counted."));
    let bytes = Options::new("c_read_bytes_total", "Bytes read.").unit("bytes");
    let bytes = labelled::<Counter>(&registry, bytes.labels(["disk", "by"]));
    bytes.with(&["sda", "alice"]).inc_by(u64::MAX);
    bytes.with(&["sdb", ""]).inc();
    assert_golden("counter", &registry);
}

#[test]
fn a_float_counter_matches_its_golden_document() {
    let registry = Registry::new();
    let options = Options::new("wait_seconds_total", "Time waited.").unit("seconds");
    let wait = labelled::<FloatCounter>(&registry, options.labels(["for"]));
    wait.with(&["nothing"]);
    wait.with(&["disk"]).inc_by(0.1);
    wait.with(&["net"]).inc_by(3.0);
    wait.with(&["lunch"]).inc_by(1e6);
    assert_golden("float_counter", &registry);
}

#[test]
fn closed_labels_match_their_golden_document() {
    REQUESTS.with(Method::Post, true).inc_by(3);
    let _ = Method::Get;
    assert_golden_declared("closed_labels", "formats_closed_");
}

#[test]
fn gauges_match_their_golden_document() {
    let registry = Registry::new();
    registry
        .create::<Gauge>(Options::new("a_connections", "Connections open."))
        .unwrap()
        .set(-3);
    let options = Options::new("b_used_ratio", "Share in use.").unit("ratio");
    let used = labelled::<FloatGauge>(&registry, options.labels(["disk"]));
    let values = [
        0.75,
        1.0,
        -0.0,
        -1.5,
        1e21,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    for (disk, value) in ["a", "b", "c", "d", "e", "f", "g", "h"]
        .into_iter()
        .zip(values)
    {
        used.with(&[disk]).set(value);
    }
    let uploads = Options::new("c_uploads", "Uploads in progress.");
    let uploads = registry.create::<UpDownCounter>(uploads).unwrap();
    uploads.add(5);
    uploads.sub(2);
    assert_golden("gauges", &registry);
}

#[test]
fn a_histogram_matches_its_golden_document() {
    let registry = Registry::new();
    let bounds = [0.001, 0.5, 1.0, 10.0, 100_000.0, 1e6, 1e10];
    let sizes = Options::new("b_sizes", "Sizes.")
        .buckets(bounds)
        .labels(["of"]);
    let sizes = labelled::<Histogram>(&registry, sizes);
    for value in [0.0, 0.001, 0.75, 1.0, 1.5, 99.0, 1e6, 1e300] {
        sizes.with(&["all"]).observe(value);
    }
    sizes.with(&["none"]);
    let times = Options::new("a_time_seconds", "Time taken.").unit("seconds");
    let times = registry.create::<Histogram>(times).unwrap();
    times.observe(0.25);
    times.observe_duration(Duration::from_micros(50));
    let only = Options::new("c_without_bounds", "Just counted.").buckets([]);
    registry.create::<Histogram>(only).unwrap().observe(2.5);
    assert_golden("histogram", &registry);
}

/// OpenMetrics forbids the sum where observations may be negative, and the count without a sum.
#[test]
fn a_histogram_with_negative_bounds_matches_its_golden_document() {
    let registry = Registry::new();
    let degrees = Options::new("outside_celsius", "Temperature.").unit("celsius");
    let degrees = degrees.buckets([-10.0, -0.5, 0.0, 20.0]);
    let degrees = registry.create::<Histogram>(degrees).unwrap();
    for value in [-40.0, -10.0, -0.25, 0.0, 36.5] {
        degrees.observe(value);
    }
    assert_golden("histogram_negative", &registry);
}

#[test]
fn summaries_match_their_golden_document() {
    let registry = Registry::new();
    let plain = registry.create::<Summary>(Options::new("a_plain_bytes", "Sizes.").unit("bytes"));
    plain.unwrap().observe(512.5);
    let quantiles = Options::new("b_quantiles", "Sizes.").quantiles([0.0, 0.5, 0.99, 1.0]);
    let quantiles = labelled::<Summary>(&registry, quantiles.labels(["of"]));
    quantiles.with(&["nothing"]);
    (0..100).for_each(|_| quantiles.with(&["zeros"]).observe(0.0));
    assert_golden("summary", &registry);
}

#[test]
fn infos_match_their_golden_document() {
    BUILD.set("0.9.0", "first");
    BUILD.set("1.0.0", "a \"quoted\" note");
    assert_golden_declared("info", "formats_info_");
    let _ = &UNSET;
}

#[test]
fn state_sets_match_their_golden_document() {
    PHASE.set(Phase::Running);
    PARTS.with("a").set(Phase::Stopping);
    PARTS.with("b").set(Phase::Starting);
    assert_golden_declared("state_set", "formats_stateset_");
}

#[test]
fn computed_metrics_match_their_golden_document() {
    assert!((WAITING.get() - 17.0).abs() < f64::EPSILON);
    assert_golden_declared("computed", "formats_computed_");
}

#[test]
fn escaped_text_matches_its_golden_document() {
    let registry = Registry::new();
    let help = "A \\ backslash, a \"quote\",\na new line, a \ttab and a ☃.";
    let options = Options::new("escaped_total", help).labels(["value"]);
    let escaped = labelled::<Counter>(&registry, options);
    for value in [
        "back\\slash",
        "\"quoted\"",
        "new\nline",
        "\\n",
        "\\\\\"",
        "{a=\"b\",}",
        "# EOF",
        "🦀 ü 花火",
        " space ",
        "\ttab",
        "\r",
        "\u{7f}\u{2028}\u{feff}",
    ] {
        escaped.with(&[value]).inc();
    }
    assert_golden("escapes", &registry);
}

#[test]
fn prefix_and_const_labels_match_their_golden_document() {
    let builder = Registry::builder()
        .prefix("app_")
        .label("zone", "b\"1\"")
        .label("empty", "");
    let registry = builder.build().unwrap();
    registry.write_self_metrics(true);
    let jobs = Options::new("jobs_total", "Jobs.")
        .labels(["queue"])
        .max_series(1);
    let jobs = labelled::<Counter>(&registry, jobs);
    jobs.with(&["a"]).inc();
    jobs.with(&["b"]).inc();
    let sizes = Options::new("size_bytes", "Sizes.")
        .unit("bytes")
        .buckets([1.0]);
    let sizes = registry.create::<Histogram>(sizes).unwrap();
    sizes.observe(f64::NAN);
    sizes.observe(-1.0);
    assert_golden("prefix", &registry);
}

/// The text formats have count, sum and classic buckets; only protobuf has native buckets.
#[test]
fn native_histograms_match_their_golden_document() {
    let registry = Registry::new();
    let times = Options::new("a_native_seconds", "Times.").unit("seconds");
    let times = labelled::<Histogram>(&registry, times.native(1.1).labels(["of"]));
    for value in [0.0, 1e-3, 0.25, 0.26, 0.27, 4.0, 1e9] {
        times.with(&["all"]).observe(value);
    }
    times.with(&["none"]);
    let both = Options::new("b_both", "Both kinds.").native(2.0);
    let both = registry.create::<Histogram>(both.buckets([-1.0, 0.5, 2.0]));
    let both = both.unwrap();
    for value in [-3.0, -0.75, 0.0, 0.5, 1.5, 1.75, 100.0] {
        both.observe(value);
    }
    assert_golden("native", &registry);
}

#[test]
fn exemplars_match_their_golden_document() {
    let registry = Registry::new();
    let jobs = registry.create::<Counter>(Options::new("a_jobs_total", "Jobs."));
    let jobs = jobs.unwrap();
    jobs.inc_by_with_exemplar(
        3,
        &[("trace_id", "4bf92f3577b34da6"), ("note", "a \\ and ☃")],
    );
    let waits = registry.create::<FloatCounter>(Options::new("b_waits_total", "Waits."));
    waits.unwrap().inc_by_with_exemplar(0.5, &[]);
    let sizes = Options::new("c_sizes", "Sizes.").buckets([1.0, 10.0, 100.0]);
    let sizes = registry.create::<Histogram>(sizes).unwrap();
    sizes.observe_with_exemplar(0.5, &[("trace_id", "first")]);
    sizes.observe_with_exemplar(1.0, &[("trace_id", "second")]);
    sizes.observe(50.0);
    sizes.observe_with_exemplar(1e6, &[("trace_id", "last")]);
    let times = Options::new("d_times", "Times.").native(2.0);
    let times = registry.create::<Histogram>(times).unwrap();
    times.observe_with_exemplar(0.3, &[("trace_id", "a")]);
    times.observe_with_exemplar(40.0, &[("trace_id", "b")]);
    assert_golden("exemplars", &registry);
}

static COLLECTED: [Desc; 9] = [
    Desc::new(Kind::Counter, "a_sent_bytes_total", "Sent.").unit("bytes"),
    Desc::new(Kind::Gauge, "b_level", "Level."),
    Desc::new(Kind::Histogram, "c_wait_seconds", "Waits.").unit("seconds"),
    Desc::new(Kind::Histogram, "d_native", "Native buckets."),
    Desc::new(Kind::GaugeHistogram, "e_ages", "Ages."),
    Desc::new(Kind::Summary, "f_sizes", "Sizes."),
    Desc::new(Kind::Info, "g_build_info", "The build."),
    Desc::new(Kind::StateSet, "h_features", "Features."),
    Desc::new(Kind::Unknown, "i_unknown", "Nobody knows."),
];

/// A collector that writes a series of every type; the created timestamps are in 2001.
struct Everything;

impl Collector for Everything {
    fn descs(&self) -> &[Desc] {
        &COLLECTED
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [
            sent,
            level,
            wait,
            native,
            ages,
            sizes,
            build,
            features,
            unknown,
        ] = &COLLECTED;
        let labels = [("of", "x\\y"), ("none", "")];
        out.counter(sent, &labels, 1.5).created(1e9 + 0.25);
        out.gauge(level, &labels, -0.0);
        let snapshot = [(0.1, 3), (2.5, 0), (f64::INFINITY, 1)];
        let snapshot = HistogramSnapshot::from_buckets(snapshot, 9.5);
        out.histogram(wait, &labels, snapshot).created(1e9);
        let snapshot = NativeHistogramSnapshot::new(-1)
            .zero_bucket(0.5, 2)
            .positive([(0, 1), (2, 4), (9, 1)])
            .negative([(1, 3)]);
        let snapshot = HistogramSnapshot::from_native(snapshot, -4.5);
        out.histogram(native, &labels, snapshot).created(1e9);
        let snapshot = HistogramSnapshot::from_buckets([(-1.0, 2), (60.0, 1)], -7.0);
        out.gauge_histogram(ages, &labels, snapshot);
        let snapshot = SummarySnapshot::new([(0.5, 120.0), (0.99, f64::NAN)], 8, 1024.0);
        out.summary(sizes, &labels, snapshot).created(1e9);
        out.info(build, &labels);
        let states = [("on", true), ("off", false), ("\"odd\"", true)];
        out.state_set(features, &labels, &states);
        out.unknown(unknown, &labels, f64::NEG_INFINITY);
    }
}

#[test]
fn the_output_of_a_collector_matches_its_golden_document() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    registry.write_created(true);
    registry.register(Arc::new(Everything)).unwrap();
    assert_golden("collected", &registry);
}

/// UTF-8 names, in the formats that can write them.
#[test]
fn utf8_names_match_their_golden_documents() {
    let builder = Registry::builder()
        .prefix("my.app/")
        .label("cloud.region", "eu");
    let registry = builder.utf8().build().unwrap();
    let options = |name: &str| Options::new(name, "A \"quote\", a \\.").utf8();
    let counter = options("a_\"quoted\"_seconds_total").unit("seconds");
    let counter = labelled::<Counter>(&registry, counter.labels(["http.method", "plain"]));
    counter.with(&["GET", "1"]).inc();
    counter.with(&["", ""]).inc();
    registry
        .create::<FloatGauge>(options("b 花火"))
        .unwrap()
        .set(0.5);
    let histogram = options("c.d").buckets([1.0]).labels(["le.2"]);
    labelled::<Histogram>(&registry, histogram)
        .with(&["x"])
        .observe(0.5);
    registry
        .create::<Summary>(options("d\\e"))
        .unwrap()
        .observe(2.0);
    for (scheme, escaping) in [
        ("underscores", Escaping::Underscores),
        ("dots", Escaping::Dots),
        ("values", Escaping::Values),
        ("allow-utf-8", Escaping::AllowUtf8),
    ] {
        for format in [Format::TextV1, Format::OpenMetrics, Format::Protobuf] {
            let text = print(&registry, format.with_escaping(escaping), |_| true);
            compare(&format!("utf8_{scheme}_{format}"), &text);
        }
    }
}
