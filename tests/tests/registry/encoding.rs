//! Tests the encoding of a registry: its data equals that of `gather`, a filter selects families,
//! the error of a writer is returned, and several threads can encode at once.

use std::{io, thread};

use metrics_core::{
    Counter, FloatCounter, FloatGauge, Format, Gauge, Histogram, MetricFamily, MetricValue, Number,
    Registry, Summary, UpDownCounter,
};

use crate::{
    collectors::{Pool, write_valid},
    support::{labelled, options},
};

#[test]
fn gathered_data_equals_the_text_exposition() {
    let registry = Registry::builder()
        .prefix("app_")
        .label("zone", "b")
        .build()
        .unwrap();
    let labels = |name: &str| options(name).labels(["x", "y"]);
    let counter = labelled::<Counter>(&registry, labels("a_total"));
    counter.with(&["1", "\"\\\n"]).inc_by(7);
    counter.with(&["", ""]).inc_by(8);
    labelled::<FloatGauge>(&registry, labels("b"))
        .with(&["1", ""])
        .set(-2.5);
    labelled::<UpDownCounter>(&registry, labels("c"))
        .with(&["1", ""])
        .sub(3);
    let histogram = labelled::<Histogram>(&registry, labels("d").buckets([1.0, 2.5]));
    for value in [0.5, 2.0, 9.0] {
        histogram.with(&["1", ""]).observe(value);
    }
    let summary = labelled::<Summary>(&registry, labels("e"));
    summary.with(&["1", ""]).observe(0.25);
    registry.register(Pool::new(write_valid)).unwrap();
    let text = registry.encode_to_string(Format::Text);
    let written: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let gathered: Vec<String> = registry.gather().iter().flat_map(lines).collect();
    assert_eq!(written, gathered);
    assert_eq!(gathered.len(), 13);
}

/// Writes the lines of a family, independently of the encoder under test.
fn lines(family: &MetricFamily) -> Vec<String> {
    let name = &family.name;
    let mut lines = Vec::new();
    for metric in &family.metrics {
        let mut line = |suffix: &str, extra: Option<(&str, String)>, value: String| {
            let pairs = metric
                .labels
                .iter()
                .map(|(name, value)| (&**name, value.clone()));
            let pairs: Vec<String> = pairs
                .chain(extra)
                .map(|(name, value)| {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("{name}=\"{}\"", value.replace('\n', "\\n"))
                })
                .collect();
            lines.push(format!("{name}{suffix}{{{}}} {value}", pairs.join(",")));
        };
        match &metric.value {
            MetricValue::Counter(value) | MetricValue::Gauge(value) => line("", None, text(*value)),
            MetricValue::Histogram { buckets, sum, .. } => {
                let mut count = 0;
                for (bound, within) in buckets {
                    count += within;
                    let le = if bound.is_infinite() {
                        "+Inf".to_owned()
                    } else {
                        bound.to_string()
                    };
                    line("_bucket", Some(("le", le)), count.to_string());
                }
                line("_sum", None, sum.to_string());
                line("_count", None, count.to_string());
            }
            MetricValue::Summary { count, sum, .. } => {
                line("_sum", None, sum.to_string());
                line("_count", None, count.to_string());
            }
            other => panic!("unexpected metric type: {other:?}"),
        }
    }
    lines
}

fn text(number: Number) -> String {
    match number {
        Number::Unsigned(number) => number.to_string(),
        Number::Signed(number) => number.to_string(),
        number => number.as_f64().to_string(),
    }
}

#[test]
fn a_filter_matches_sample_names_and_family_names() {
    let registry = Registry::builder().prefix("app_").build().unwrap();
    registry.create::<Histogram>(options("a")).unwrap();
    registry.create::<Counter>(options("b_total")).unwrap();
    registry.create::<Gauge>(options("c")).unwrap();
    let families = |wanted: &str, format| {
        let mut out = Vec::new();
        registry
            .encode_filtered(format, &mut out, |name| name == wanted)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["app_a", "app_a_bucket", "app_a_sum", "app_a_count"] {
        assert_eq!(families(name, Format::Text), ["app_a histogram"], "{name}");
    }
    assert_eq!(
        families("app_b_total", Format::Text),
        ["app_b_total counter"]
    );
    assert_eq!(
        families("app_b_total", Format::OpenMetrics),
        ["app_b counter"]
    );
    assert_eq!(families("app_c", Format::Text), ["app_c gauge"]);
    assert!(families("c", Format::Text).is_empty());
}

/// A writer that accepts this many bytes and then fails.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "full"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_error_is_returned() {
    let registry = Registry::new();
    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
    (0..5_000).for_each(|at| counter.with(&[&at.to_string()]).inc());
    for format in [Format::Text, Format::OpenMetrics] {
        let len = registry.encode_to_string(format).len();
        assert!(len > 64 * 1024, "the exposition should need several writes");
        for room in [0, 1, 40_000, len - 1] {
            let error = registry.encode(format, &mut Full(room)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
        }
        registry.encode(format, &mut Full(len)).unwrap();
    }
}

#[test]
fn sums_saturate_at_the_maximum() {
    let registry = Registry::new();
    let count = registry.create::<Counter>(options("a_total")).unwrap();
    let float = registry.create::<FloatCounter>(options("b_total")).unwrap();
    let sizes = options("c").buckets([1.0]);
    let sizes = registry.create::<Histogram>(sizes).unwrap();
    let signed = options("d").buckets([-1.0]);
    let signed = registry.create::<Histogram>(signed).unwrap();
    let summary = registry.create::<Summary>(options("e")).unwrap();
    for _ in 0..2 {
        count.inc_by(u64::MAX);
        float.inc_by(f64::MAX);
        sizes.observe(f64::MAX);
        signed.observe(f64::MIN);
        summary.observe(f64::MAX);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 18446744073709551615\n",
        "b_total 1.7976931348623157e+308\n",
        "c_sum 1.7976931348623157e+308\nc_count 2\n",
        "d_sum -1.7976931348623157e+308\nd_count 2\n",
        "e_sum 1.7976931348623157e+308\ne_count 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn concurrent_scrapes_are_complete() {
    let registry = Registry::new();
    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
    (0..2_000).for_each(|at| counter.with(&[&at.to_string()]).inc());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let text = registry.encode_to_string(Format::OpenMetrics);
                    assert_eq!(text.lines().count(), 2 + 2_000 + 1);
                    assert!(text.ends_with("# EOF\n"));
                }
            });
        }
    });
}

#[test]
fn protobuf_is_never_returned_as_text() {
    // Short names and few values, so that all bytes of the exposition are ASCII, and the result is
    // not empty merely because the bytes are not UTF-8.
    let registry = Registry::new();
    let counter: Counter = registry.create(options("a_total")).unwrap();
    counter.inc();
    assert_eq!(registry.encode_to_string(Format::Protobuf), "");
}
