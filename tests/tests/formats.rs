//! Expositions, letter by letter: golden documents, numbers, and the order of lines.

use std::{
    collections::{HashMap, HashSet},
    env, fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicFamily, DynamicMetric, Escaping, ExpositionFormat,
    FloatCounter, FloatGauge, Format, Gauge, Histogram, HistogramSnapshot, Kind, Label,
    NativeHistogramSnapshot, Options, Registry, Summary, SummarySnapshot, UpDownCounter, metrics,
};
use tests::protobuf::{self, MetricFamily, protobuf};

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
fn a_counter_is_written_as_the_golden_document_has_it() {
    let registry = Registry::new();
    let unlabelled = registry.create::<Counter>(Options::new("a_jobs_total", "Jobs done."));
    unlabelled.unwrap().inc_by(1_234_567);
    let _zero = registry.create::<Counter>(Options::new("b_idle_total", "Never counted."));
    let bytes = Options::new("c_read_bytes_total", "Bytes read.").unit("bytes");
    let bytes = labelled::<Counter>(&registry, bytes.labels(["disk", "by"]));
    bytes.with(&["sda", "alice"]).inc_by(u64::MAX);
    bytes.with(&["sdb", ""]).inc();
    golden("counter", &registry);
}

#[test]
fn a_float_counter_is_written_as_the_golden_document_has_it() {
    let registry = Registry::new();
    let options = Options::new("wait_seconds_total", "Time waited.").unit("seconds");
    let wait = labelled::<FloatCounter>(&registry, options.labels(["for"]));
    wait.with(&["nothing"]);
    wait.with(&["disk"]).inc_by(0.1);
    wait.with(&["net"]).inc_by(3.0);
    wait.with(&["lunch"]).inc_by(1e6);
    golden("float_counter", &registry);
}

#[test]
fn closed_labels_are_written_as_the_golden_document_has_them() {
    REQUESTS.with(Method::Post, true).inc_by(3);
    let _ = Method::Get;
    golden_global("closed_labels", "formats_closed_");
}

#[test]
fn gauges_are_written_as_the_golden_document_has_them() {
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
    golden("gauges", &registry);
}

#[test]
fn a_histogram_is_written_as_the_golden_document_has_it() {
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
    golden("histogram", &registry);
}

/// OpenMetrics forbids the sum where observations may be negative, and the count without a sum.
#[test]
fn a_histogram_with_negative_bounds_is_written_as_the_golden_document_has_it() {
    let registry = Registry::new();
    let degrees = Options::new("outside_celsius", "Temperature.").unit("celsius");
    let degrees = degrees.buckets([-10.0, -0.5, 0.0, 20.0]);
    let degrees = registry.create::<Histogram>(degrees).unwrap();
    for value in [-40.0, -10.0, -0.25, 0.0, 36.5] {
        degrees.observe(value);
    }
    golden("histogram_negative", &registry);
}

#[test]
fn summaries_are_written_as_the_golden_document_has_them() {
    let registry = Registry::new();
    let plain = registry.create::<Summary>(Options::new("a_plain_bytes", "Sizes.").unit("bytes"));
    plain.unwrap().observe(512.5);
    let quantiles = Options::new("b_quantiles", "Sizes.").quantiles([0.0, 0.5, 0.99, 1.0]);
    let quantiles = labelled::<Summary>(&registry, quantiles.labels(["of"]));
    quantiles.with(&["nothing"]);
    (0..100).for_each(|_| quantiles.with(&["zeros"]).observe(0.0));
    golden("summary", &registry);
}

#[test]
fn infos_are_written_as_the_golden_document_has_them() {
    BUILD.set("0.9.0", "first");
    BUILD.set("1.0.0", "a \"quoted\" note");
    golden_global("info", "formats_info_");
    let _ = &UNSET;
}

#[test]
fn state_sets_are_written_as_the_golden_document_has_them() {
    PHASE.set(Phase::Running);
    PARTS.with("a").set(Phase::Stopping);
    PARTS.with("b").set(Phase::Starting);
    golden_global("state_set", "formats_stateset_");
}

#[test]
fn computed_metrics_are_written_as_the_golden_document_has_them() {
    assert!((WAITING.get() - 17.0).abs() < f64::EPSILON);
    golden_global("computed", "formats_computed_");
}

#[test]
fn what_must_be_escaped_is_written_as_the_golden_document_has_it() {
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
    golden("escapes", &registry);
}

#[test]
fn prefix_and_labels_of_a_registry_are_written_as_the_golden_document_has_them() {
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
    golden("prefix", &registry);
}

/// The text formats show count, sum and classic buckets; protobuf alone has native ones.
#[test]
fn native_histograms_are_written_as_the_golden_document_has_them() {
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
    golden("native", &registry);
}

#[test]
fn exemplars_are_written_as_the_golden_document_has_them() {
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
    golden("exemplars", &registry);
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

/// Writes a series of every type, born in 2001 where it says so.
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
fn what_a_collector_writes_is_written_as_the_golden_document_has_it() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    registry.write_created(true);
    registry.register(Arc::new(Everything)).unwrap();
    golden("collected", &registry);
}

/// Names that not every reader takes, in those formats that have a way to write them.
#[test]
fn names_of_any_characters_are_written_as_the_golden_documents_have_them() {
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
            let text = shown(&registry, format.with_escaping(escaping), |_| true);
            compare(&format!("utf8_{scheme}_{format}"), &text);
        }
    }
}

#[test]
fn births_are_written_where_openmetrics_wants_them() {
    let registry = Registry::new();
    registry.write_created(true);
    let before = unix_seconds();
    let counter = labelled::<Counter>(&registry, Options::new("a_total", "A.").labels(["of"]));
    counter.with(&["x"]).inc();
    counter.with(&["y"]).inc();
    registry
        .create::<Gauge>(Options::new("b", "B."))
        .unwrap()
        .set(1);
    let histogram = Options::new("c", "C.").buckets([1.0]);
    registry
        .create::<Histogram>(histogram)
        .unwrap()
        .observe(1.0);
    registry
        .create::<Summary>(Options::new("d", "D."))
        .unwrap()
        .observe(1.0);
    let text = registry.encode_to_string(Format::OpenMetrics);
    let masked: Vec<String> = text
        .lines()
        .map(|line| match line.rsplit_once(' ') {
            Some((name, birth)) if name.contains("_created") => {
                assert!(!birth.contains('e'), "{line}");
                let birth: f64 = birth.parse().unwrap();
                // Written to the millisecond.
                assert!(
                    (before - 0.001..unix_seconds() + 0.001).contains(&birth),
                    "{line}"
                );
                format!("{name} <birth>\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    compare("created_openmetrics", &masked.concat());
    assert!(!registry.encode_to_string(Format::Text).contains("_created"));
}

#[test]
fn a_series_starts_a_new_life_when_it_is_removed() {
    let registry = Registry::new();
    registry.write_created(true);
    let counter = labelled::<Counter>(&registry, Options::new("a_total", "A.").labels(["of"]));
    let birth = || {
        let text = registry.encode_to_string(Format::OpenMetrics);
        let line = text
            .lines()
            .find(|line| line.starts_with("a_created"))
            .unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    counter.with(&["x"]).inc();
    let first = birth();
    while unix_seconds() < first + 0.002 {
        std::hint::spin_loop();
    }
    counter.remove(&["x"]);
    counter.with(&["x"]).inc();
    assert!(birth() > first);
}

static UPTIME: [Desc; 1] = [Desc::new(Kind::Counter, "uptime_ticks_total", "Ticks.")];

struct Uptime;

impl Collector for Uptime {
    fn descs(&self) -> &[Desc] {
        &UPTIME
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.counter(&UPTIME[0], &[], 3.0);
    }
}

#[test]
fn what_a_collector_computes_has_no_birth() {
    let registry = Registry::new();
    registry.write_created(true);
    registry.write_self_metrics(true);
    registry.register(Arc::new(Uptime)).unwrap();
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("uptime_ticks_total 3.0\n"), "{text}");
    assert!(!text.contains("_created"), "{text}");
}

#[test]
fn every_float_is_written_as_the_go_encoder_writes_it() {
    let vectors = include_str!("../data/go_float_vectors.tsv");
    let registry = Registry::new();
    let options = Options::new("v", "Vectors.").labels(["row"]);
    let gauge = labelled::<FloatGauge>(&registry, options);
    let mut expected = HashMap::new();
    for (row, line) in vectors.lines().enumerate() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("three fields").to_owned();
        let bits = u64::from_str_radix(&field(), 16).unwrap();
        gauge.with(&[&row.to_string()]).set(f64::from_bits(bits));
        expected.insert(format!("v{{row=\"{row}\"}}"), [field(), field()]);
    }
    assert_eq!(expected.len(), 8_165);
    for (at, format) in [Format::Text, Format::OpenMetrics].into_iter().enumerate() {
        let text = registry.encode_to_string(format);
        let mut seen = 0;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(value, expected[name][at], "{name} as {format}");
            seen += 1;
        }
        assert_eq!(seen, expected.len());
    }
}

/// Sections "Text format" and "OpenMetrics" of the rules: metadata first, once, in this order;
/// a family's lines together, a series' lines together; no line twice; an end.
#[test]
fn lines_stand_in_the_order_that_the_formats_demand() {
    let registry = everything();
    for (format, order) in [
        (Format::Text, ["HELP", "TYPE", "UNIT"]),
        (Format::OpenMetrics, ["TYPE", "UNIT", "HELP"]),
    ] {
        let text = registry.encode_to_string(format);
        let mut families = HashSet::new();
        let mut lines = HashSet::new();
        let (mut family, mut keyword, mut samples) = (String::new(), 0, false);
        for line in text.lines().filter(|line| *line != "# EOF") {
            assert!(
                lines.insert(line.rsplit_once(' ').unwrap().0.to_owned()),
                "twice: {line}"
            );
            assert_eq!(line, line.trim(), "a space at an end: {line:?}");
            assert!(!line.is_empty() && !line.contains('\r'), "{line:?}");
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (word, name) = (words.next().unwrap(), words.next().unwrap());
                let at = order
                    .iter()
                    .position(|keyword| *keyword == word)
                    .expect(line);
                if name == family {
                    assert!(at > keyword && !samples, "{line}");
                } else {
                    assert_eq!(at, 0, "{line}");
                    assert!(families.insert(name.to_owned()), "again: {line}");
                    name.clone_into(&mut family);
                }
                (keyword, samples) = (at, false);
            } else {
                assert!(line.starts_with(&*family), "{line} in {family}");
                samples = true;
            }
        }
        let end = if format == Format::Text {
            "\n"
        } else {
            "\n# EOF\n"
        };
        assert!(text.ends_with(end) && !text.ends_with("\n\n"));
        assert_eq!(
            text.matches("# EOF\n").count(),
            usize::from(format == Format::OpenMetrics)
        );
    }
}

#[test]
fn buckets_are_cumulative_and_the_last_is_the_count() {
    let text = everything().encode_to_string(Format::Text);
    let buckets: Vec<u64> = text
        .lines()
        .filter(|line| line.starts_with("every_histogram_bucket{of=\"x\""))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert!(buckets.is_sorted(), "{buckets:?}");
    let count = format!(
        "every_histogram_count{{of=\"x\"}} {}\n",
        buckets.last().unwrap()
    );
    assert!(text.contains(&count), "{text}");
}

#[test]
fn values_that_would_spoil_a_series_are_rejected_and_counted() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let float = registry
        .create::<FloatCounter>(Options::new("a_total", "A."))
        .unwrap();
    let histogram = registry
        .create::<Histogram>(Options::new("b", "B.").buckets([1.0]))
        .unwrap();
    let signed = Options::new("c", "C.").buckets([-1.0, 1.0]);
    let signed = registry.create::<Histogram>(signed).unwrap();
    let quantiles = Options::new("d", "D.").quantiles([0.5]);
    let summary = registry.create::<Summary>(quantiles).unwrap();
    for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        float.inc_by(value);
        histogram.observe(value);
        signed.observe(value);
        summary.observe(value);
    }
    for value in [-1.0, -f64::MIN_POSITIVE, -5e-324, f64::MIN] {
        float.inc_by(value);
        histogram.observe(value);
        summary.observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 0\n",
        "b_sum 0\n",
        "b_count 0\n",
        "c_count 0\n",
        "d_count 0\n",
        "metrics_rejected_total{family=\"a_total\",reason=\"value\"} 8\n",
        "metrics_rejected_total{family=\"b\",reason=\"value\"} 8\n",
        "metrics_rejected_total{family=\"c\",reason=\"value\"} 4\n",
        "metrics_rejected_total{family=\"d\",reason=\"value\"} 8\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn the_extremes_of_what_is_accepted_spoil_nothing() {
    let registry = Registry::new();
    let float = registry
        .create::<FloatCounter>(Options::new("a_total", "A."))
        .unwrap();
    let histogram = registry
        .create::<Histogram>(Options::new("b", "B.").buckets([1.0]))
        .unwrap();
    let quantiles = Options::new("d", "D.").quantiles([0.0, 0.5, 1.0]);
    let summary = registry.create::<Summary>(quantiles).unwrap();
    for value in [
        -0.0,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.0,
        f64::MAX,
        f64::MAX,
    ] {
        float.inc_by(value);
        histogram.observe(value);
        summary.observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 1.7976931348623157e+308\n",
        "b_bucket{le=\"1\"} 5\n",
        "b_bucket{le=\"+Inf\"} 7\n",
        "b_sum 1.7976931348623157e+308\n",
        "d_sum 1.7976931348623157e+308\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn sums_that_overflow_to_both_sides_are_still_numbers() {
    let registry = Registry::new();
    let options = Options::new("a", "A.").buckets([-1.0, 1.0]);
    let histogram = registry.create::<Histogram>(options).unwrap();
    for value in [f64::MAX, f64::MIN] {
        let (ours, observe) = (histogram.clone(), move |histogram: &Histogram| {
            histogram.observe(value);
            histogram.observe(value);
        });
        std::thread::spawn(move || observe(&ours)).join().unwrap();
    }
    assert!(histogram.get().sum.is_finite(), "{:?}", histogram.get());
}

/// A registry with every type that can be made at run time, of several series each.
fn everything() -> Registry {
    let registry = Registry::new();
    registry.write_created(true);
    registry.write_self_metrics(true);
    let options = |name: &str| Options::new(name, "What it is.").labels(["of"]);
    let counter = labelled::<Counter>(&registry, options("every_counter_total"));
    let float = options("every_float_seconds_total").unit("seconds");
    let float = labelled::<FloatCounter>(&registry, float);
    let gauge = labelled::<Gauge>(&registry, options("every_gauge"));
    let float_gauge = labelled::<FloatGauge>(&registry, options("every_bytes").unit("bytes"));
    let up_down = labelled::<UpDownCounter>(&registry, options("every_up_down"));
    let histogram = options("every_histogram").buckets([1.0, 2.0, 3.0]);
    let histogram = labelled::<Histogram>(&registry, histogram);
    let summary = labelled::<Summary>(&registry, options("every_summary").quantiles([0.5]));
    for of in ["x", "y", "z"] {
        counter.with(&[of]).inc();
        float.with(&[of]).inc();
        gauge.with(&[of]).inc();
        float_gauge.with(&[of]).inc();
        up_down.with(&[of]).inc();
        (1..6).for_each(|value| histogram.with(&[of]).observe(f64::from(value)));
        summary.with(&[of]).observe(1.0);
    }
    registry
}

/// Compares all formats with their golden documents.
#[track_caller]
fn golden(name: &str, registry: &Registry) {
    golden_of(name, registry, |_| true);
}

/// The same for those of the declared metrics whose names begin so.
#[track_caller]
fn golden_global(name: &str, prefix: &str) {
    golden_of(name, Registry::global(), |sample| {
        sample.starts_with(prefix)
    });
}

#[track_caller]
fn golden_of(name: &str, registry: &Registry, wanted: impl Fn(&str) -> bool + Copy) {
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        compare(
            &format!("{name}_{format}"),
            &shown(registry, format.into(), wanted),
        );
    }
    // What every reader takes is the same in both versions of the text format.
    let [old, new] = [Format::Text, Format::TextV1]
        .map(|format| shown(registry, format.with_escaping(Escaping::AllowUtf8), wanted));
    assert_eq!(old, new);
}

/// An exposition as text, the times of exemplars masked, and those of births in protobuf.
fn shown(
    registry: &Registry,
    exposition: ExpositionFormat,
    wanted: impl Fn(&str) -> bool,
) -> String {
    let mut out = Vec::new();
    registry
        .encode_filtered(exposition, &mut out, wanted)
        .unwrap();
    if exposition.format == Format::Protobuf {
        let families = protobuf(&out).unwrap();
        return families.iter().map(family).collect();
    }
    let text = String::from_utf8(out).unwrap();
    let lines = text.lines().map(|line| match line.split_once(" # {") {
        Some((_, exemplar)) if !line.starts_with("# ") => {
            let time = exemplar.rsplit_once(' ').unwrap().1;
            format!("{}<time>\n", line.strip_suffix(time).unwrap())
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// A message, in a form for reading.
fn family(family: &MetricFamily) -> String {
    let unit = family.unit.iter().map(|unit| format!(" in {unit}"));
    let unit: String = unit.collect();
    let metrics: String = family.metric.iter().map(metric).collect();
    let (name, help, kind) = (family.name(), family.help(), family.r#type());
    format!("{kind:?} {name:?}{unit}: {help:?}\n{metrics}")
}

fn metric(metric: &protobuf::Metric) -> String {
    let mut out = format!("  {{{}}}", pairs(&metric.label));
    let number = metric.gauge.as_ref().or(metric.untyped.as_ref());
    let mut add = |text: &str| out.push_str(text);
    if let Some(number) = number {
        add(&format!(" {:?}\n", number.value()));
    }
    if let Some(counter) = &metric.counter {
        let example = example(counter.exemplar.as_ref());
        let birth = birth(counter.created_timestamp);
        add(&format!(" {:?}{example}{birth}\n", counter.value()));
    }
    if let Some(summary) = &metric.summary {
        let (count, sum) = (summary.sample_count(), summary.sample_sum());
        let birth = birth(summary.created_timestamp);
        add(&format!(" count {count}, sum {sum:?}{birth}\n"));
        for of in &summary.quantile {
            add(&format!(
                "    quantile {:?}: {:?}\n",
                of.quantile(),
                of.value()
            ));
        }
    }
    if let Some(histogram) = &metric.histogram {
        let (count, sum) = (histogram.sample_count(), histogram.sample_sum());
        let birth = birth(histogram.created_timestamp);
        add(&format!(" count {count}, sum {sum:?}{birth}\n"));
        for bucket in &histogram.bucket {
            let (bound, count) = (bucket.upper_bound(), bucket.cumulative_count());
            let example = example(bucket.exemplar.as_ref());
            add(&format!("    up to {bound:?}: {count}{example}\n"));
        }
        if let Some(schema) = histogram.schema {
            let (zero, threshold) = (histogram.zero_count(), histogram.zero_threshold());
            add(&format!(
                "    schema {schema}, within {threshold:e} of zero: {zero}\n"
            ));
        }
        for (side, spans, deltas) in [
            ("above", &histogram.positive_span, &histogram.positive_delta),
            ("below", &histogram.negative_span, &histogram.negative_delta),
        ] {
            if !spans.is_empty() {
                let spans = spans.iter().map(|span| (span.offset(), span.length()));
                let spans: Vec<_> = spans.collect();
                add(&format!(
                    "    {side} zero: spans {spans:?}, deltas {deltas:?}\n"
                ));
            }
        }
        for exemplar in &histogram.exemplars {
            add(&format!("   {}\n", example(Some(exemplar))));
        }
    }
    out
}

fn pairs(labels: &[protobuf::LabelPair]) -> String {
    let labels = labels.iter();
    let labels: Vec<_> = labels
        .map(|label| format!("{:?}: {:?}", label.name(), label.value()))
        .collect();
    labels.join(", ")
}

fn example(exemplar: Option<&protobuf::Exemplar>) -> String {
    let exemplars = exemplar.iter().map(|exemplar| {
        assert!(exemplar.timestamp.is_some());
        let (labels, value) = (pairs(&exemplar.label), exemplar.value());
        format!(" e.g. {value:?} {{{labels}}} at <time>")
    });
    exemplars.collect()
}

/// A birth, masked if it is one of this run.
fn birth(time: Option<protobuf::Timestamp>) -> String {
    match time {
        None => String::new(),
        Some(time) if time.seconds > 1_600_000_000 => ", born <birth>".to_owned(),
        Some(time) => format!(", born {}.{:09}", time.seconds, time.nanos),
    }
}

/// Compares a text with its golden document; `BLESS=1` makes it the golden document.
#[track_caller]
fn compare(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name).with_extension("txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "{name} is to be\n{golden}\nbut is\n{text}\nBLESS=1 accepts it"
    );
}

fn labelled<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}

fn unix_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}
