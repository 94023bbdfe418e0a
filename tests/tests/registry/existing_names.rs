//! Tests of names that exist already and break the naming rules.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicFamily, Format, Gauge, Histogram, Kind, Options,
    Registry, metrics,
};
use tests::{Refusal, promtool_check, protobuf::protobuf, python_openmetrics, python_text};

metrics! {
    /// Queries.
    #[existing_name]
    static DECLARED: Counter<(le: &str)> = "declared_select_count";
}

const GAUGES: [&str; 5] = [
    "kube_pod_created",
    "pg_stat_activity_count",
    "container_fs_inodes_total",
    "envoy_cluster_membership_total",
    "node_os_info",
];

const COUNTERS: [&str; 2] = ["sql_select_count", "etcd_server_health_success"];

fn registry() -> Registry {
    let registry = Registry::new();
    for name in GAUGES {
        let options = Options::new(name, "A gauge.").existing_name();
        let labelled = options.labels(["quantile", "le"]);
        let gauge: DynamicFamily<Gauge> = registry.create_family(labelled).unwrap();
        gauge.with(&["0.5", "1"]).set(3);
    }
    for name in COUNTERS {
        let options = Options::new(name, "A counter.").existing_name();
        let counter: Counter = registry.create(options).unwrap();
        counter.inc_by_with_exemplar(2, &[("trace_id", "1")]);
    }
    registry
}

#[test]
fn every_format_has_the_names_as_they_are() -> Result<(), Refusal> {
    let registry = registry();
    registry.write_created(true);
    let text = registry.encode_to_string(Format::Text);
    let lints = [
        "non-histogram and non-summary",
        "counter metrics should have",
        "should not end",
    ];
    let lints = [&lints[..], &["should not have"], &["non-counter metrics"]].concat();
    promtool_check(&text, &lints)?;
    python_text(&text)?;
    let open_metrics = registry.encode_to_string(Format::OpenMetrics);
    python_openmetrics(&open_metrics)?;
    for name in COUNTERS {
        assert!(
            text.contains(&format!("# TYPE {name} counter\n{name} 2\n")),
            "{text}"
        );
        let unknown = format!("# TYPE {name} unknown\n# HELP {name} A counter.\n{name} 2\n");
        assert!(open_metrics.contains(&unknown), "{open_metrics}");
    }
    for name in GAUGES {
        let line = format!("\n{name}{{quantile=\"0.5\",le=\"1\"}} 3\n");
        assert!(
            text.contains(&line) && open_metrics.contains(&line),
            "{text}"
        );
    }
    let mut out = Vec::new();
    registry.encode(Format::Protobuf, &mut out).unwrap();
    let families = protobuf(&out).unwrap();
    for name in GAUGES.iter().chain(&COUNTERS) {
        assert!(
            families.iter().any(|family| family.name() == *name),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn a_declared_metric_keeps_its_name() {
    DECLARED.with("1").inc();
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(
        text.contains("\ndeclared_select_count{le=\"1\"} 1\n"),
        "{text}"
    );
}

/// A collector of one family, which writes a series with the label `quantile`.
struct Foreign([Desc; 1]);

impl Collector for Foreign {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.counter(&self.0[0], &[("quantile", "0.5")], 1.0)
            .created(1e9);
    }
}

#[test]
fn a_collector_writes_existing_names_and_labels() -> Result<(), Refusal> {
    const CONST: Desc = Desc::existing(Kind::Counter, "a_created", "A counter.");
    let dynamic = Desc::dynamic_existing(Kind::Counter, "b_count", "A counter.", "").unwrap();
    let registry = Registry::new();
    registry.write_created(true);
    for desc in [CONST, dynamic] {
        registry.register(Arc::new(Foreign([desc]))).unwrap();
    }
    let text = registry.encode_to_string(Format::OpenMetrics);
    for name in ["a_created", "b_count"] {
        assert!(
            text.contains(&format!("\n{name}{{quantile=\"0.5\"}} 1.0\n")),
            "{text}"
        );
    }
    python_openmetrics(&text)?;
    Ok(())
}

#[test]
fn names_are_strict_without_permission_and_for_histograms() {
    let registry = Registry::new();
    for name in GAUGES {
        registry
            .create::<Gauge>(Options::new(name, "A gauge."))
            .unwrap_err();
        let options = Options::new(name, "A histogram.").existing_name();
        registry.create::<Histogram>(options).unwrap_err();
    }
    let options = Options::new("a b", "A gauge.").existing_name();
    registry.create::<Gauge>(options).unwrap_err();
}

#[test]
fn an_existing_name_clashes_with_a_sample_of_another_family() {
    let registry = registry();
    for name in ["kube_pod_total", "sql_select_count_total"] {
        let error = registry
            .create::<Counter>(Options::new(name, "Another."))
            .unwrap_err();
        assert!(error.to_string().contains("both write samples"), "{error}");
    }
}
