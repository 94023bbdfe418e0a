//! Tests the protobuf format with an independent decoder.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use metrics_core::{
    Counter, DynamicFamily, DynamicMetric, Escaping, FloatGauge, Format, Gauge, Histogram, Label,
    MetricValue, Options, Registry, Summary, metrics,
};
use tests::protobuf::{Metric, MetricFamily, MetricType, protobuf};

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

metrics! {
    /// Phase of a part of the program.
    static PHASE: StateSet<Phase, (part: &str)> = "protobuf_phase";
    /// Phase of a part of the program whose name needs escapes.
    static PARTS: StateSet<Phase, (part: &str)> = "protobuf_escaped_phase";
    /// All combinations of ten booleans.
    static TRUTHS: Counter<(
        a_long_name_of_the_first: bool,
        a_long_name_of_the_second: bool,
        c: bool, d: bool, e: bool, f: bool, g: bool, h: bool, i: bool, j: bool,
    )> = "protobuf_truths_total";
    /// The build that runs.
    static BUILD: Info<(version: &str)> = "protobuf_build_info";
}

#[test]
fn a_counter_has_its_name_help_unit_and_created_timestamp() {
    let registry = Registry::new();
    let before = unix_seconds();
    let options = Options::new("read_bytes_total", "Bytes\nread.").unit("bytes");
    let bytes = labelled::<Counter>(&registry, options.labels(["disk", "by"]));
    bytes.with(&["sda", "alice"]).inc_by(7);
    bytes.with(&["sdb", ""]);
    let [family] = &decoded(&registry)[..] else {
        panic!("one family");
    };
    assert_eq!(family.name(), "read_bytes_total");
    assert_eq!(family.help(), "Bytes\nread.");
    assert_eq!(family.unit(), "bytes");
    assert_eq!(family.r#type(), MetricType::Counter);
    let [first, second] = &family.metric[..] else {
        panic!("two series");
    };
    assert_eq!(labels(first), [("disk", "sda"), ("by", "alice")]);
    assert_eq!(labels(second), [("disk", "sdb")]);
    let counter = first.counter.as_ref().unwrap();
    assert_eq!(counter.value, Some(7.0));
    let created = counter.created_timestamp.unwrap();
    let created = created.seconds as f64 + f64::from(created.nanos) / 1e9;
    assert!(
        (before - 0.001..=unix_seconds()).contains(&created),
        "{created}"
    );
}

#[test]
fn infos_and_state_sets_are_written_as_gauges() {
    BUILD.set("1.0.0");
    PHASE.with("a").set(Phase::Running);
    let _ = Phase::Starting;
    let mut out = Vec::new();
    let wanted = |name: &str| name == "protobuf_build_info" || name == "protobuf_phase";
    let global = Registry::global();
    global
        .encode_filtered(Format::Protobuf, &mut out, wanted)
        .unwrap();
    let families = protobuf(&out).unwrap();
    let seen: Vec<_> = families
        .iter()
        .flat_map(|family| family.metric.iter().map(move |metric| (family, metric)))
        .map(|(family, metric)| {
            assert_eq!(family.r#type(), MetricType::Gauge);
            let value = metric.gauge.as_ref().and_then(|gauge| gauge.value);
            (family.name(), labels(metric), value)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("protobuf_build_info", vec![("version", "1.0.0")], Some(1.0)),
            (
                "protobuf_phase",
                vec![("part", "a"), ("protobuf_phase", "starting")],
                Some(0.0)
            ),
            (
                "protobuf_phase",
                vec![("part", "a"), ("protobuf_phase", "running")],
                Some(1.0)
            ),
        ]
    );
}

#[test]
fn a_state_set_has_its_state_beside_escaped_labels() {
    PARTS.with("a \"quoted\" \\\n one").set(Phase::Running);
    let mut out = Vec::new();
    let wanted = |name: &str| name == "protobuf_escaped_phase";
    Registry::global()
        .encode_filtered(Format::Protobuf, &mut out, wanted)
        .unwrap();
    let families = protobuf(&out).unwrap();
    let series = &families[0].metric[1];
    assert_eq!(
        labels(series),
        [
            ("part", "a \"quoted\" \\\n one"),
            ("protobuf_escaped_phase", "running")
        ]
    );
}

#[test]
fn utf8_names_are_written_verbatim_or_escaped() {
    let registry = Registry::new();
    let options = Options::new("http.requests_total", "Requests.").utf8();
    let requests = labelled::<Counter>(&registry, options.labels(["http.method", "plain"]));
    requests.with(&["GET", "x"]).inc();
    for n in 0..2000 {
        requests.with(&[&n.to_string(), "\"y\""]).inc();
    }
    for (escaping, name, label) in [
        (Escaping::AllowUtf8, "http.requests_total", "http.method"),
        (Escaping::Underscores, "http_requests_total", "http_method"),
        (
            Escaping::Dots,
            "http_dot_requests__total",
            "http_dot_method",
        ),
        (
            Escaping::Values,
            "U__http_2e_requests__total",
            "U__http_2e_method",
        ),
    ] {
        let mut out = Vec::new();
        let exposition = Format::Protobuf.with_escaping(escaping);
        registry.encode(exposition, &mut out).unwrap();
        let families = protobuf(&out).unwrap();
        let [family] = &families[..] else {
            panic!("{} families", families.len());
        };
        assert_eq!(family.name(), name);
        assert_eq!(family.metric.len(), 2001);
        assert_eq!(labels(&family.metric[0]), [(label, "GET"), ("plain", "x")]);
        assert_eq!(
            labels(&family.metric[2000]),
            [(label, "1999"), ("plain", "\"y\"")]
        );
    }
}

#[test]
fn a_classic_histogram_has_buckets_and_no_schema() {
    let registry = Registry::new();
    let sizes = Options::new("sizes", "Sizes.").buckets([0.5, 1.0]);
    let sizes = registry.create::<Histogram>(sizes).unwrap();
    for value in [0.25, 0.75, 0.75, 9.0] {
        sizes.observe(value);
    }
    let families = decoded(&registry);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.sample_count, Some(4));
    assert_eq!(histogram.sample_sum, Some(10.75));
    assert_eq!(histogram.schema, None);
    let buckets = histogram.bucket.iter();
    let buckets: Vec<_> = buckets
        .map(|bucket| {
            (
                bucket.upper_bound.unwrap(),
                bucket.cumulative_count.unwrap(),
            )
        })
        .collect();
    assert_eq!(buckets, [(0.5, 1), (1.0, 3)]);
}

#[test]
fn a_native_histogram_has_its_populated_buckets() {
    let registry = Registry::new();
    let options = Options::new("times_seconds", "Times.").native(1.1);
    let times = registry.create::<Histogram>(options).unwrap();
    for n in 0..1000_u32 {
        times.observe(f64::from(n * n) * 1e-4);
    }
    let read = times.get();
    let native = read.native.unwrap();
    let families = decoded(&registry);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.sample_count, Some(1000));
    assert_eq!(histogram.sample_sum, Some(read.sum));
    assert_eq!(histogram.schema, Some(native.schema));
    assert_eq!(histogram.zero_threshold, Some(native.zero_threshold));
    assert_eq!(histogram.zero_count, Some(native.zero_count));
    assert_eq!(histogram.positive(), native.positive);
    assert_eq!(histogram.negative(), []);
    assert_eq!(histogram.bucket, []);
}

#[test]
fn an_empty_native_histogram_is_marked_by_an_empty_span() {
    let registry = Registry::new();
    let options = Options::new("times_seconds", "Times.").native(1.1);
    let _times = registry.create::<Histogram>(options).unwrap();
    let families = decoded(&registry);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.schema, Some(3));
    let span = histogram.positive_span.first().unwrap();
    assert_eq!((span.offset, span.length), (Some(0), Some(0)));
}

#[test]
fn a_histogram_can_have_classic_and_native_buckets() {
    let registry = Registry::new();
    let options = Options::new("sizes", "Sizes.").native(2.0).buckets([1.0]);
    let sizes = registry.create::<Histogram>(options).unwrap();
    sizes.observe(0.75);
    sizes.observe(3.0);
    let families = decoded(&registry);
    let histogram = families[0].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.bucket.len(), 1);
    assert_eq!(histogram.positive(), [(0, 1), (2, 1)]);
}

#[test]
fn a_summary_has_quantiles_count_and_sum() {
    let registry = Registry::new();
    let options = Options::new("sizes", "Sizes.").quantiles([0.5, 1.0]);
    let sizes = registry.create::<Summary>(options).unwrap();
    (0..9).for_each(|_| sizes.observe(0.0));
    let families = decoded(&registry);
    let summary = families[0].metric[0].summary.as_ref().unwrap();
    assert_eq!(
        (summary.sample_count, summary.sample_sum),
        (Some(9), Some(0.0))
    );
    let quantiles = summary.quantile.iter();
    let quantiles: Vec<_> = quantiles
        .map(|q| (q.quantile.unwrap(), q.value.unwrap()))
        .collect();
    assert_eq!(quantiles, [(0.5, 0.0), (1.0, 0.0)]);
}

#[test]
fn labels_and_help_are_not_changed() {
    let registry = Registry::builder().label("zone", "b\"1\"").build().unwrap();
    let options = Options::new("escaped_total", "A \"quote\", a \\ and\na line.");
    let escaped = labelled::<Counter>(&registry, options.labels(["value", "other"]));
    let long = "x\"".repeat(300);
    let values = [
        "",
        "a",
        "back\\slash",
        "\"quoted\"",
        "new\nline",
        "\\n",
        "\\\\\"",
        "{a=\"b\",}",
        "🦀 ü 花火",
        "\\",
        "\"",
        "seven77",
        "eight888",
        "nine99999",
        &long,
    ];
    for value in values {
        escaped.with(&[value, "last"]).inc();
    }
    let families = decoded(&registry);
    assert_eq!(families[0].help(), "A \"quote\", a \\ and\na line.");
    let seen: Vec<_> = families[0].metric.iter().map(labels).collect();
    let expected: Vec<_> = values
        .iter()
        .map(|value| {
            let mut labels = vec![("zone", "b\"1\"")];
            labels.extend((!value.is_empty()).then_some(("value", *value)));
            labels.push(("other", "last"));
            labels
        })
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn labels_stay_the_same_when_formats_alternate() {
    for common in [0, 1, 20, 50, 70] {
        let registry = Registry::builder();
        let registry = registry.label("zone", "z".repeat(common)).build().unwrap();
        let jobs = labelled::<Counter>(
            &registry,
            Options::new("jobs_total", "Jobs.").labels(["queue", "of", "quoted"]),
        );
        let tasks = labelled::<Counter>(
            &registry,
            Options::new("tasks_total", "Tasks.").labels(["of", "queue"]),
        );
        for len in 0..300_usize {
            let total = 1_u64 << (len % 64);
            let queue = "q".repeat(len);
            jobs.with(&[&queue, ["", "a"][len % 2], "\"\n"])
                .inc_by(total);
            tasks.with(&[["a", "b"][len % 2], &queue]).inc_by(total);
        }
        // Compares lines as a set: a new series takes the slot of a removed one, which changes the
        // order.
        let lines = || {
            let text = registry.encode_to_string(Format::Text);
            text.lines().map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let before = lines();
        let both = ["jobs_total", "tasks_total"];
        for _ in 0..2 {
            assert_complete(&registry, &both);
            assert_complete(&registry, &both);
            // Creates and removes series while the registry caches labels in the encoding of
            // protobuf.
            for len in [10, 100, 1_000] {
                jobs.with(&[&"n".repeat(len), "", ""]).inc();
            }
            jobs.with(&["", "", ""]).inc();
            jobs.remove(&["q", "a", "\"\n"]);
            assert_complete(&registry, &both);
            for len in [10, 100, 1_000] {
                jobs.remove(&[&"n".repeat(len), "", ""]);
            }
            jobs.remove(&["", "", ""]);
            jobs.with(&["q", "a", "\"\n"]).inc_by(2);
            assert!(lines() == before);
        }
    }
}

#[test]
fn const_labels_are_escaped_as_each_scraper_requests() {
    let registry = Registry::builder().utf8().label("cloud.region", "eu");
    let registry = registry.build().unwrap();
    let options = Options::new("jobs_total", "Jobs.").labels(["queue"]);
    labelled::<Counter>(&registry, options).with(&["a"]).inc();
    let name = |escaping| {
        let mut out = Vec::new();
        let exposition = Format::Protobuf.with_escaping(escaping);
        registry.encode(exposition, &mut out).unwrap();
        let families = protobuf(&out).unwrap();
        let [(common, "eu"), ("queue", "a")] = labels(&families[0].metric[0])[..] else {
            panic!("{families:?}");
        };
        common.to_owned()
    };
    // The second scraper must not get labels that were cached for the first.
    for _ in 0..3 {
        assert_eq!(name(Escaping::AllowUtf8), "cloud.region");
    }
    for _ in 0..3 {
        assert_eq!(name(Escaping::Underscores), "cloud_region");
    }
}

#[test]
fn a_large_family_is_one_message_with_all_its_series() {
    for label in ["a", &"long ".repeat(50)] {
        let registry = Registry::builder().label("zone", "b").build().unwrap();
        registry.max_series(100_000);
        let jobs = labelled::<Counter>(
            &registry,
            Options::new("jobs_total", "Jobs.").labels(["queue", "of"]),
        );
        let level =
            labelled::<FloatGauge>(&registry, Options::new("level", "Level.").labels(["of"]));
        for n in 0..3000_u32 {
            jobs.with(&[&n.to_string(), label]).inc_by(u64::from(n));
            level.with(&[&n.to_string()]).set(f64::from(n) / 7.0);
        }
        assert_complete(&registry, &["jobs_total", "level"]);
    }
}

#[test]
fn a_large_family_of_short_metrics_has_the_right_length_prefix() {
    let registry = Registry::new();
    registry.max_series(100_000);
    let options = Options::new("jobs_total", "Jobs.").labels(["queue", "of"]);
    let jobs = labelled::<Counter>(&registry, options);
    for n in 0..3000_u32 {
        jobs.with(&[&n.to_string(), "a"]).inc_by(u64::from(n));
    }
    // Encodes twice, so that labels are cached in this format and their length is exact.
    assert_complete(&registry, &["jobs_total"]);
    let mut out = Vec::new();
    registry.encode(Format::Protobuf, &mut out).unwrap();
    // A message that is shorter than its length prefix, because created timestamps are shorter than
    // estimated, is filled with zeros.
    let zeros = out.split(|byte| *byte != 0).map(<[u8]>::len).max();
    assert!(zeros < Some(out.len() / 1_000), "{zeros:?}");
}

#[test]
fn a_large_family_of_closed_labels_is_one_message() {
    let [yes, no] = [true, false];
    TRUTHS.with(yes, no, no, no, no, no, no, no, no, no).inc();
    let families = decoded(Registry::global());
    let truths = families
        .iter()
        .filter(|family| family.name() == "protobuf_truths_total");
    let series: Vec<usize> = truths.map(|family| family.metric.len()).collect();
    assert_eq!(series, [1024]);
}

#[test]
fn a_large_family_of_histograms_is_one_message_with_all_its_series() {
    let registry = Registry::new();
    let sizes = Options::new("a_sizes", "Sizes.").labels(["of"]);
    let sizes = labelled::<Histogram>(&registry, sizes);
    let times = Options::new("b_times", "Times.").labels(["of"]).native(1.5);
    let times = labelled::<Histogram>(&registry, times);
    for n in 0..2000_u32 {
        for _ in 0..n % 7 {
            sizes.with(&[&n.to_string()]).observe(f64::from(n));
            times
                .with(&[&n.to_string()])
                .observe(f64::from(n * n) + 0.1);
        }
    }
    assert_complete(&registry, &["a_sizes", "b_times"]);
}

#[test]
fn a_series_created_while_a_large_family_is_written_is_in_the_next_exposition() {
    let registry = Registry::new();
    registry.max_series(1 << 20);
    let jobs = labelled::<Counter>(
        &registry,
        Options::new("jobs_total", "Jobs.").labels(["queue"]),
    );
    for n in 0..2000_u32 {
        jobs.with(&[&n.to_string()]).inc();
    }
    let mut out = CreatesSeries(Vec::new(), &jobs, 2000);
    registry.encode(Format::Protobuf, &mut out).unwrap();
    let created = out.2;
    assert!(created > 2000, "{created}");
    let written = protobuf(&out.0).unwrap();
    for (families, series) in [(written, 2000), (decoded(&registry), created)] {
        assert!(families.iter().all(|family| family.name() == "jobs_total"));
        let labels = families.iter().flat_map(|family| &family.metric);
        let mut labels: Vec<_> = labels.map(|metric| metric.label[0].value()).collect();
        assert_eq!(labels.len(), series as usize);
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), series as usize);
    }
}

/// A writer that creates a thousand series on each write until there are 10,000.
struct CreatesSeries<'a>(Vec<u8>, &'a DynamicFamily<Counter>, u32);

impl std::io::Write for CreatesSeries<'_> {
    fn write(&mut self, some: &[u8]) -> std::io::Result<usize> {
        if self.2 < 10_000 {
            for n in self.2..self.2 + 1000 {
                self.1.with(&[&n.to_string()]).inc();
            }
            self.2 += 1000;
        }
        self.0.write(some)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_family_without_series_is_omitted() {
    let registry = Registry::new();
    let gauge = labelled::<Gauge>(&registry, Options::new("a", "A.").labels(["of"]));
    assert_eq!(decoded(&registry), []);
    gauge.with(&["x"]).set(-3);
    assert_eq!(decoded(&registry).len(), 1);
}

/// Asserts that expositions consist of the families `names`, with the values that `gather` returns.
#[track_caller]
fn assert_complete(registry: &Registry, names: &[&str]) {
    // The first exposition converts labels from text, the second uses the cached encoding.
    let first = decoded(registry);
    let families = decoded(registry);
    assert_eq!(first, families);
    let seen: Vec<&str> = families.iter().map(MetricFamily::name).collect();
    assert_eq!(seen, names);
    for (family, gathered) in families.iter().zip(registry.gather()) {
        assert_eq!(family.metric.len(), gathered.metrics.len());
        for (metric, expected) in family.metric.iter().zip(&gathered.metrics) {
            let expected_labels = expected.labels.iter();
            let expected_labels: Vec<_> = expected_labels
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(labels(metric), expected_labels);
            match &expected.value {
                MetricValue::Counter(number) => {
                    let counter = metric.counter.as_ref().unwrap();
                    assert_eq!(counter.value, Some(number.as_f64()));
                    let millis = |seconds: f64| (seconds * 1e3).round();
                    let created = counter
                        .created_timestamp
                        .map(|created| created.seconds as f64 + f64::from(created.nanos) / 1e9);
                    assert_eq!(created.map(millis), expected.created.map(millis));
                }
                MetricValue::Gauge(number) => {
                    assert_eq!(metric.gauge.as_ref().unwrap().value, Some(number.as_f64()));
                }
                MetricValue::Histogram {
                    buckets,
                    sum,
                    native,
                } => {
                    let histogram = metric.histogram.as_ref().unwrap();
                    let count = buckets.iter().map(|(_, count)| count).sum();
                    assert_eq!(histogram.sample_count, Some(count));
                    assert_eq!(histogram.sample_sum, Some(*sum));
                    if let Some(native) = native {
                        assert_eq!(histogram.positive(), native.positive);
                    } else {
                        let mut total = 0;
                        let cumulative = buckets.iter().map(|(bound, count)| {
                            total += count;
                            (*bound, total)
                        });
                        // The last bucket, of all observations, is left out.
                        let expected: Vec<_> = cumulative.take(buckets.len() - 1).collect();
                        let buckets = histogram.bucket.iter();
                        let buckets =
                            buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()));
                        assert_eq!(buckets.collect::<Vec<_>>(), expected);
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn decoded(registry: &Registry) -> Vec<MetricFamily> {
    let mut out = Vec::new();
    registry.encode(Format::Protobuf, &mut out).unwrap();
    protobuf(&out).unwrap()
}

fn labels(metric: &Metric) -> Vec<(&str, &str)> {
    let labels = metric.label.iter();
    let labels: Vec<_> = labels.map(|label| (label.name(), label.value())).collect();
    let names: BTreeMap<_, _> = labels.iter().copied().collect();
    assert_eq!(names.len(), labels.len(), "a name twice");
    labels
}

fn labelled<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}

fn unix_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}
