//! Tests that independent parsers accept expositions with metrics of every type and read the
//! recorded values.

use std::{collections::BTreeMap, sync::Arc};

use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicFamily, DynamicMetric, Escaping, FloatCounter,
    FloatGauge, Format, Gauge, Histogram, Kind, Label, MetricFamily, MetricValue, Options,
    Registry, Summary, UpDownCounter, counted, in_flight, metrics, timed,
};
use tests::{Families, Refusal, promtool_check, python_openmetrics, python_text};

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

metrics! {
    /// Requests \ answered, "all" of them.
    static REQUESTS: Counter<(phase: Phase, host: &str)> = "judged_requests_total";
    /// Time waited.
    #[unit("seconds")]
    static WAITED: FloatCounter = "judged_wait_seconds_total";
    /// Connections open.
    static OPEN: Gauge<(phase: Phase)> = "judged_connections";
    /// Share in use.
    #[unit("ratio")]
    static USED: FloatGauge<(disk: &str)> = "judged_used_ratio";
    /// Uploads in progress.
    static UPLOADS: UpDownCounter = "judged_uploads";
    /// Time taken.
    #[unit("seconds")]
    static TIME: Histogram<(phase: Phase)> = "judged_time_seconds";
    /// Temperature.
    #[unit("celsius")]
    #[buckets(-10.0, 0.0, 10.0)]
    static OUTSIDE: Histogram = "judged_outside_celsius";
    /// Sizes.
    #[unit("bytes")]
    #[quantiles(0.5, 0.99)]
    static SIZES: Summary<(of: &str)> = "judged_size_bytes";
    /// Phase of the program.
    static PHASE: StateSet<Phase> = "judged_phase";
    /// The build that runs.
    static BUILD: Info<(version: &str)> = "judged_build_info";
    /// Waiting jobs.
    #[computed(|| 17.0)]
    static WAITING: Gauge = "judged_waiting";
}

#[counted]
#[timed]
#[in_flight]
fn work(fail: bool) -> Result<(), ()> {
    if fail { Err(()) } else { Ok(()) }
}

fn record_into_all_declared() {
    for host in ["a", "\"\\\n", "🦀 花火", ""] {
        REQUESTS.with(Phase::Starting, host).inc_by(3);
    }
    WAITED.inc_by(0.1);
    OPEN.with(Phase::Running).set(-7);
    for (disk, value) in [
        ("a", 0.5),
        ("b", f64::NAN),
        ("c", f64::INFINITY),
        ("d", 1e-7),
    ] {
        USED.with(disk).set(value);
    }
    UPLOADS.add(3);
    for value in [0.0, 0.003, 0.2, 1e9] {
        TIME.with(Phase::Running).observe(value);
        OUTSIDE.observe(value - 5.0);
        SIZES.with("all").observe(value);
    }
    PHASE.set(Phase::Running);
    BUILD.set("1.0.0");
    let _ = (work(true), work(false), WAITING.get());
}

/// Parts of the style warnings of promtool that the tests of this file ignore.
const STYLE_WARNINGS: [&str; 3] = [
    "counter metrics should have \"_total\" suffix",
    "metric names should not contain abbreviated units",
    "no help text",
];

#[test]
fn every_judge_accepts_everything_that_can_be_declared() -> Result<(), Refusal> {
    record_into_all_declared();
    assert_accepted(Registry::global(), &STYLE_WARNINGS)
}

#[test]
fn every_judge_accepts_dynamic_metrics_with_created_timestamps() -> Result<(), Refusal> {
    assert_accepted(&dynamic(), &STYLE_WARNINGS)
}

#[test]
fn every_judge_accepts_a_registry_without_metrics() -> Result<(), Refusal> {
    assert_accepted(&Registry::new(), &[])
}

fn assert_accepted(registry: &Registry, opinions: &[&str]) -> Result<(), Refusal> {
    for format in [Format::Text, Format::TextV1] {
        let text = registry.encode_to_string(format);
        promtool_check(&text, opinions)?;
        python_text(&text)?;
    }
    python_openmetrics(&registry.encode_to_string(Format::OpenMetrics))?;
    Ok(())
}

#[test]
fn judges_read_utf8_names() -> Result<(), Refusal> {
    let registry = Registry::new();
    let options = Options::new("http.requests_total", "Requests.").utf8();
    let requests = labelled::<Counter>(&registry, options.labels(["http.method"]));
    requests.with(&["GET"]).inc_by(7);
    let options = Options::new("größe \"x\"", "Sizes.").utf8();
    let sizes = labelled::<Histogram>(&registry, options.labels(["of"]).buckets([1.0]));
    sizes.with(&["x"]).observe(0.5);
    let written =
        |format: Format| registry.encode_to_string(format.with_escaping(Escaping::AllowUtf8));
    for families in [
        python_text(&written(Format::TextV1))?,
        python_openmetrics(&written(Format::OpenMetrics))?,
    ] {
        let requests = families.value("http.requests_total", &[("http.method", "GET")]);
        assert_eq!(requests, Some(7.0));
        let all = [("of", "x"), ("le", "+Inf")];
        assert_eq!(families.value("größe \"x\"_bucket", &all), Some(1.0));
    }
    Ok(())
}

#[test]
fn judges_read_the_values_that_were_recorded() -> Result<(), Refusal> {
    let registry = dynamic();
    let expected: Samples = registry.gather().iter().flat_map(samples).collect();
    for (format, read) in [
        (
            Format::Text,
            read(&python_text(&registry.encode_to_string(Format::Text))?),
        ),
        (
            Format::TextV1,
            read(&python_text(&registry.encode_to_string(Format::TextV1))?),
        ),
        (
            Format::OpenMetrics,
            read(&python_openmetrics(
                &registry.encode_to_string(Format::OpenMetrics),
            )?),
        ),
    ] {
        assert_eq!(read, expected, "{format}");
    }
    Ok(())
}

#[test]
fn judges_read_help_type_and_unit_as_they_were_declared() -> Result<(), Refusal> {
    record_into_all_declared();
    let text = Registry::global().encode_to_string(Format::OpenMetrics);
    let families = python_openmetrics(&text)?;
    for family in Registry::global().gather() {
        let name = match family.kind {
            Kind::Counter => family.name.trim_end_matches("_total"),
            Kind::Info => family.name.trim_end_matches("_info"),
            _ => &family.name,
        };
        let read = families.family(name);
        assert_eq!(read.kind, family.kind.name(), "{name}");
        assert_eq!(read.help, family.help, "{name}");
        assert_eq!(read.unit, family.unit.unwrap_or_default(), "{name}");
    }
    Ok(())
}

struct Pool([Desc; 2]);

impl Collector for Pool {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.0[0], &[("db", "main")], 3.5);
        out.gauge(&self.0[0], &[("db", "\\other\"\n")], -0.0);
        out.counter(&self.0[1], &[], 1e15);
    }
}

/// Creates a registry with every dynamic type and a collector.
fn dynamic() -> Registry {
    let builder = Registry::builder().prefix("app_").label("zone", "b \"1\"");
    let registry = builder.build().unwrap();
    registry.write_self_metrics(true);
    registry.write_created(true);
    let options =
        |name: &str| Options::new(name, "A \"quote\", a \\ and a\nnew line.").labels(["of"]);
    let counter = labelled::<Counter>(&registry, options("a_total").max_series(3));
    let float = labelled::<FloatCounter>(&registry, options("b_seconds_total").unit("seconds"));
    let gauge = labelled::<Gauge>(&registry, options("c"));
    let float_gauge = labelled::<FloatGauge>(&registry, options("d_ratio").unit("ratio"));
    let up_down = labelled::<UpDownCounter>(&registry, options("e"));
    let histogram = labelled::<Histogram>(&registry, options("f").buckets([0.5, 1.0, 1e6]));
    let summary = labelled::<Summary>(&registry, options("g"));
    let values = ["x", "", "\r\t", "☃ \u{7f}\u{2028}", "le=\"1\"", "# EOF"];
    for (at, of) in (0_u8..).zip(values) {
        counter.with(&[of]).inc_by(u64::from(at) * 1_000_003);
        float.with(&[of]).inc_by(f64::from(at) / 3.0);
        gauge.with(&[of]).set(-i64::from(at));
        float_gauge.with(&[of]).set(f64::from(at) * 1e-9);
        up_down.with(&[of]).sub(at.into());
        histogram.with(&[of]).observe(f64::from(at) / 4.0);
        summary.with(&[of]).observe(f64::from(at) * 1e20);
    }
    registry
        .register(Arc::new(Pool([
            Desc::new(Kind::Gauge, "pool_open", "Connections open."),
            Desc::new(Kind::Counter, "pool_opened_total", "Connections opened."),
        ])))
        .unwrap();
    registry
}

/// The value of each sample, as the bits of a float, without created timestamps.
type Samples = BTreeMap<Key, u64>;

/// Name and labels of a sample.
type Key = (String, BTreeMap<String, String>);

fn read(families: &Families) -> Samples {
    let samples = families.iter().flat_map(|family| &family.samples);
    samples
        .filter(|sample| !sample.name.ends_with("_created"))
        .map(|sample| {
            let mut labels = sample.labels.clone();
            if let Some(bound) = labels.get_mut("le") {
                *bound = canonical(bound.parse().expect("a bound is a number"));
            }
            ((sample.name.clone(), labels), bits(sample.value))
        })
        .collect()
}

/// Maps equal numbers to equal bits; -0 equals 0.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

fn samples(family: &MetricFamily) -> Vec<(Key, u64)> {
    let mut samples = Vec::new();
    for metric in &family.metrics {
        let mut sample = |suffix: &str, extra: Option<(&str, f64)>, value: f64| {
            let labels = metric
                .labels
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .cloned();
            let extra = extra.map(|(name, bound)| (name.to_owned(), canonical(bound)));
            let key = (
                format!("{}{suffix}", family.name),
                labels.chain(extra).collect(),
            );
            samples.push((key, bits(value)));
        };
        match &metric.value {
            MetricValue::Counter(value) | MetricValue::Gauge(value) => {
                sample("", None, value.as_f64());
            }
            MetricValue::Histogram { buckets, sum, .. } => {
                let mut count = 0;
                for (bound, within) in buckets {
                    count += within;
                    sample("_bucket", Some(("le", *bound)), count as f64);
                }
                sample("_sum", None, *sum);
                sample("_count", None, count as f64);
            }
            MetricValue::Summary { count, sum, .. } => {
                sample("_sum", None, *sum);
                sample("_count", None, *count as f64);
            }
            other => panic!("unexpected metric type: {other:?}"),
        }
    }
    samples
}

/// Formats a bound, so that equal bounds are equal texts however a judge writes them.
fn canonical(bound: f64) -> String {
    if bound.is_infinite() {
        "+Inf".to_owned()
    } else {
        format!("{bound:?}")
    }
}

fn labelled<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}
