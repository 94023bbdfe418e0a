//! Tests that each label set is exposed once, for values chosen to collide, in every type of metric
//! and every format.

use std::collections::{BTreeMap, BTreeSet};

use metrics_core::{
    Counter, DynamicFamily, FloatCounter, FloatGauge, Format, Gauge, Histogram, Label, MetricValue,
    Options, Registry, Summary, UpDownCounter, counted, metrics,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tests::{
    protobuf::protobuf,
    strict::{self, Dialect},
};

#[derive(Label, Clone, Copy, Debug)]
enum Why {
    Timeout,
    Overflow,
    Other,
}

impl Why {
    const ALL: [Why; 3] = [Why::Timeout, Why::Overflow, Why::Other];
}

/// Label values: that of the overflow series and the usual replacement of an allow-list, the empty
/// value, values that are equal once normalized or once escaped a second time, and the value of the
/// const label.
const TEXTS: [&str; 11] = [
    "overflow",
    "OVERFLOW",
    "other",
    "",
    "b",
    "B",
    "a\"b",
    "a\\\"b",
    "a\nb",
    "a\\nb",
    "a text that is too long for a short key: overflow",
];

fn lower(text: &str) -> String {
    text.to_lowercase()
}

macro_rules! families {
    ($($(#[$attribute:meta])* $static:ident: $metric:ident = $name:literal, $record:expr;)*) => {
        metrics! {$(
            /// Recordings.
            #[max_series(4)]
            $(#[$attribute])*
            static $static: $metric<(
                why: Why,
                user: &str,
                #[allow_only("b", else = "overflow")] kind: &str,
                #[normalize(lower)] host: &str,
                cause: Option<Why>,
                guest: Option<String>,
                #[allow_only("b", else = "overflow")] tier: Option<&str>,
            )> = $name;
        )*}

        /// Families of which some labels have values known at compile time, and others do not.
        const MIXED: &[Recorder] = &[$(Recorder {
            name: $name,
            record: |it| {
                let (cause, guest) = (it.cause(), it.guest());
                $record($static.with(it.why, it.user, it.kind, it.host, cause, guest, it.tier()))
            },
        }),*];
    };
}

families! {
    COUNTER: Counter = "adversarial_a_total", |to: Counter<_>| to.inc();
    FLOAT_COUNTER: FloatCounter = "adversarial_b_total", |to: FloatCounter<_>| to.inc();
    GAUGE: Gauge = "adversarial_c", |to: Gauge<_>| to.add(1);
    FLOAT_GAUGE: FloatGauge = "adversarial_d", |to: FloatGauge<_>| to.add(1.0);
    UP_DOWN: UpDownCounter = "adversarial_e", |to: UpDownCounter<_>| to.inc();
    #[buckets(1.0)]
    HISTOGRAM: Histogram = "adversarial_f", |to: Histogram<_>| to.observe(1.0);
    #[buckets(native)]
    NATIVE: Histogram = "adversarial_g", |to: Histogram<_>| to.observe(1.0);
    SUMMARY: Summary = "adversarial_h", |to: Summary<_>| to.observe(1.0);
    #[expire("1h")]
    EXPIRING: Counter = "adversarial_i_total", |to: Counter<_>| to.inc();
}

metrics! {
    /// Recordings.
    static CLOSED: Counter<(
        why: Why,
        #[allow_only("b", else = "overflow")] kind: &str,
        cause: Option<Why>,
        #[allow_only("b", else = "overflow")] tier: Option<&str>,
    )> = "adversarial_j_total";
    /// Recordings.
    #[max_series(4)]
    static STATE: StateSet<Why, (why: Why, user: &str)> = "adversarial_k";
    /// Recordings.
    #[max_series(1)]
    static INFO: Info<(user: &str, host: &str, guest: Option<&str>)> = "adversarial_l_info";
}

#[counted(
    name = "adversarial_m_total",
    help = "Recordings.",
    labels(why, user, guest, on_return(kind = |kind| *kind, other: Why = |_| Why::Overflow))
)]
fn call<'k>(why: Why, user: &str, guest: Option<&str>, kind: &'k str) -> &'k str {
    kind
}

#[counted(
    name = "adversarial_n_total",
    help = "Recordings.",
    outcome = false,
    labels(why, on_return(cause: Option<Why> = |cause| *cause))
)]
fn closed_call(why: Why, cause: Option<Why>) -> Option<Why> {
    cause
}

const OTHERS: &[Recorder] = &[
    Recorder {
        name: "adversarial_j_total",
        record: |it| CLOSED.with(it.why, it.kind, it.cause(), it.tier()).inc(),
    },
    Recorder {
        name: "adversarial_m_total",
        record: |it| _ = call(it.why, it.user, it.guest(), it.kind),
    },
    Recorder {
        name: "adversarial_n_total",
        record: |it| _ = closed_call(it.why, it.cause()),
    },
];

/// A family, and a function that records the amount 1 into it.
#[derive(Clone, Copy)]
struct Recorder {
    name: &'static str,
    record: fn(&Recording<'_>),
}

/// Label values to record with.
#[derive(Clone, Copy, Debug)]
struct Recording<'a> {
    why: Why,
    user: &'a str,
    kind: &'a str,
    host: &'a str,
}

impl<'a> Recording<'a> {
    fn cause(&self) -> Option<Why> {
        (self.user.len() > 1).then_some(self.why)
    }

    /// The user unless `kind` is `b`. `None` and `Some("")` both occur; they are the same label
    /// value.
    fn guest(&self) -> Option<&'a str> {
        (self.kind != "b").then_some(self.user)
    }

    fn tier(&self) -> Option<&'a str> {
        (self.user != "b").then_some(self.host)
    }
}

fn recordings() -> impl Strategy<Value = Vec<Recording<'static>>> {
    let text = || (0..TEXTS.len()).prop_map(|at| TEXTS[at]);
    let recording = (0..Why::ALL.len(), text(), text(), text());
    let recording = recording.prop_map(|(why, user, kind, host)| Recording {
        why: Why::ALL[why],
        user,
        kind,
        host,
    });
    prop::collection::vec(recording, 1..12)
}

/// A series in a format: labels and value.
type Series = (BTreeMap<String, String>, f64);

/// The series of each family, by the family's name; no label set occurs twice.
type Exposition = BTreeMap<String, Vec<Series>>;

#[test]
fn every_label_set_is_exposed_once_and_no_recording_is_lost() {
    let config = Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    };
    // Sums over all cases, because declared metrics keep their values from one case to the next.
    let mut expected: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    let expected = std::cell::RefCell::new(&mut expected);
    TestRunner::new(config)
        .run(&recordings(), |recordings| {
            let mut expected = expected.borrow_mut();
            for recording in &recordings {
                let why = Why::VALUES.unwrap()[recording.why.index()];
                for to in MIXED.iter().chain(OTHERS) {
                    (to.record)(recording);
                    *expected.entry((to.name, why)).or_default() += 1.0;
                }
                STATE.with(recording.why, recording.user).set(Why::Overflow);
                INFO.set(recording.user, recording.host, recording.guest());
            }
            for (format, exposition) in expositions(Registry::global()) {
                for ((name, why), total) in &**expected {
                    let series = &exposition[*name];
                    let with_why = series.iter().filter(|(labels, _)| labels["why"] == *why);
                    let sum: f64 = with_why.map(|(_, value)| value).sum();
                    prop_assert_eq!(sum, *total, "{} {} in {}", name, why, format);
                }
            }
            dynamic(&recordings);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Records into dynamic metrics of a registry with a const label.
fn dynamic(recordings: &[Recording<'_>]) {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    let options = |name: &str| {
        let options = Options::new(name, "Recordings.").labels(["user", "host"]);
        options.max_series(3)
    };
    macro_rules! family {
        ($metric:ty, $options:expr) => {{
            let family: DynamicFamily<$metric> = registry.create_family($options).unwrap();
            family
        }};
    }
    let counter = family!(Counter, options("adversarial_a_total"));
    let float_counter = family!(FloatCounter, options("adversarial_b_total"));
    let gauge = family!(Gauge, options("adversarial_c"));
    let float_gauge = family!(FloatGauge, options("adversarial_d"));
    let up_down = family!(UpDownCounter, options("adversarial_e"));
    let histogram = family!(Histogram, options("adversarial_f"));
    let native = family!(Histogram, options("adversarial_g").native(1.1));
    let summary = family!(Summary, options("adversarial_h"));
    for it in recordings {
        let labels = [it.user, it.host];
        counter.with(&labels).inc();
        float_counter.with(&labels).inc();
        gauge.with(&labels).add(1);
        float_gauge.with(&labels).add(1.0);
        up_down.with(&labels).inc();
        histogram.with(&labels).observe(1.0);
        native.with(&labels).observe(1.0);
        summary.with(&labels).observe(1.0);
    }
    for (format, exposition) in expositions(&registry) {
        assert_eq!(exposition.len(), 8, "{format}");
        for (name, series) in exposition {
            let sum: f64 = series.iter().map(|(_, value)| value).sum();
            assert_eq!(sum, recordings.len() as f64, "{name} in {format}");
            assert!(series.iter().all(|(labels, _)| labels["zone"] == "b"));
        }
    }
}

/// The families of this test in every format and in `gather`.
fn expositions(registry: &Registry) -> [(&'static str, Exposition); 4] {
    let text = |format, dialect| {
        let mut text = Vec::new();
        let filter = |name: &str| name.starts_with("adversarial_");
        registry.encode_filtered(format, &mut text, filter).unwrap();
        let text = String::from_utf8(text).unwrap();
        let families = strict::parse(&text, dialect, false).unwrap();
        let samples = families.into_iter().flat_map(|family| family.samples);
        unique(samples.map(|sample| (sample.name, sample.labels, sample.value)))
    };
    [
        ("gather", gathered(registry)),
        ("text", text(Format::Text, Dialect::Text)),
        (
            "OpenMetrics",
            text(Format::OpenMetrics, Dialect::OpenMetrics),
        ),
        ("protobuf", decoded(registry)),
    ]
}

fn gathered(registry: &Registry) -> Exposition {
    fn sum(counts: impl Iterator<Item = u64>) -> f64 {
        counts.sum::<u64>() as f64
    }

    let families = registry.gather().into_iter();
    let families = families.filter(|family| family.name.starts_with("adversarial_"));
    let samples = families.flat_map(|family| {
        let name = family.name;
        family.metrics.into_iter().map(move |metric| {
            let value = match metric.value {
                MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
                MetricValue::Histogram {
                    native: Some(native),
                    ..
                } => sum(native.positive.iter().map(|(_, count)| *count)),
                MetricValue::Histogram { buckets, .. } => {
                    sum(buckets.iter().map(|(_, count)| *count))
                }
                MetricValue::Summary { count, .. } => count as f64,
                _ => 0.0,
            };
            (name.clone(), metric.labels.into_iter().collect(), value)
        })
    });
    unique(samples)
}

fn decoded(registry: &Registry) -> Exposition {
    let mut bytes = Vec::new();
    let filter = |name: &str| name.starts_with("adversarial_");
    registry
        .encode_filtered(Format::Protobuf, &mut bytes, filter)
        .unwrap();
    let families = protobuf(&bytes).unwrap().into_iter();
    let samples = families.flat_map(|family| {
        let name = family.name.unwrap();
        family.metric.into_iter().map(move |metric| {
            let labels = metric.label.into_iter();
            let labels = labels.map(|label| (label.name.unwrap(), label.value.unwrap()));
            let number = metric.gauge.and_then(|gauge| gauge.value);
            let number = number.or(metric.counter.and_then(|counter| counter.value));
            let count = metric.histogram.and_then(|it| it.sample_count);
            let count = count.or(metric.summary.and_then(|it| it.sample_count));
            let value = number.or(count.map(|count| count as f64));
            (name.clone(), labels.collect(), value.unwrap_or_default())
        })
    });
    unique(samples)
}

/// Collects the samples by family, without those of buckets and sums.
///
/// # Panics
///
/// If a sample occurs twice.
fn unique(samples: impl Iterator<Item = (String, BTreeMap<String, String>, f64)>) -> Exposition {
    let mut seen = BTreeSet::new();
    let mut families = Exposition::new();
    for (name, labels, value) in samples {
        let is_new = seen.insert((name.clone(), labels.clone()));
        assert!(is_new, "{name} {labels:?} occurs twice");
        let skipped = ["_bucket", "_sum"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
        if !skipped {
            let family = name.strip_suffix("_count").unwrap_or(&name).to_owned();
            families.entry(family).or_default().push((labels, value));
        }
    }
    families
}
