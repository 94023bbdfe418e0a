//! Tests of created timestamps, which OpenMetrics writes as samples.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Counter, Desc, Format, Gauge, Histogram, Kind, Options, Registry,
    Summary,
};

use crate::{
    document::compare,
    support::{labelled, unix_seconds},
};

#[test]
fn created_timestamps_are_written_where_openmetrics_requires() {
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
            Some((name, created)) if name.contains("_created") => {
                assert!(!created.contains('e'), "{line}");
                let created: f64 = created.parse().unwrap();
                // Timestamps are written to the millisecond.
                assert!(
                    (before - 0.001..unix_seconds() + 0.001).contains(&created),
                    "{line}"
                );
                format!("{name} <created>\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    compare("created_openmetrics", &masked.concat());
    assert!(!registry.encode_to_string(Format::Text).contains("_created"));
}

#[test]
fn a_removed_series_gets_a_new_created_timestamp() {
    let registry = Registry::new();
    registry.write_created(true);
    let counter = labelled::<Counter>(&registry, Options::new("a_total", "A.").labels(["of"]));
    let created = || {
        let text = registry.encode_to_string(Format::OpenMetrics);
        let line = text
            .lines()
            .find(|line| line.starts_with("a_created"))
            .unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    counter.with(&["x"]).inc();
    let first = created();
    while unix_seconds() < first + 0.002 {
        std::hint::spin_loop();
    }
    counter.remove(&["x"]);
    counter.with(&["x"]).inc();
    assert!(created() > first);
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
fn values_of_a_collector_have_no_created_timestamp_by_default() {
    let registry = Registry::new();
    registry.write_created(true);
    registry.write_self_metrics(true);
    registry.register(Arc::new(Uptime)).unwrap();
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("uptime_ticks_total 3.0\n"), "{text}");
    assert!(!text.contains("_created"), "{text}");
}
