//! Tests that a registry refuses invalid names, labels, units and buckets.

use metrics_core::{Counter, DynamicMetric, Format, Gauge, Histogram, Options, Registry, Summary};

use crate::support::options;

#[test]
fn names_with_reserved_suffixes_are_refused() {
    for suffix in [
        "total", "created", "bucket", "count", "sum", "gcount", "gsum", "info",
    ] {
        let name = format!("a_{suffix}");
        let error = refusal::<Gauge>(options(&name));
        assert!(
            error.contains(suffix) && error.contains("support.rs:"),
            "{error}"
        );
    }
    assert!(refusal::<Counter>(options("a")).contains("_total"));
}

#[test]
fn invalid_names_labels_units_and_buckets_are_refused() {
    for name in ["", "1a", "_a", "a-b", "a b", "é", "a\n", "a{", "a.b"] {
        refusal::<Gauge>(options(name));
        refusal::<Gauge>(options("a").labels([name]));
    }
    refusal::<Histogram>(options("a").labels(["le"]));
    refusal::<Summary>(options("a").labels(["quantile"]));
    refusal::<Gauge>(options("a").labels(["x", "x"]));
    refusal::<Gauge>(options("a_seconds").unit("bytes"));
    refusal::<Gauge>(options("a").buckets([1.0]));
    for bounds in [
        vec![2.0, 1.0],
        vec![1.0, 1.0],
        vec![f64::NAN],
        vec![f64::INFINITY],
    ] {
        refusal::<Histogram>(options("a").buckets(bounds));
    }
    refusal::<Histogram>(options("a").buckets((0..256).map(f64::from).collect::<Vec<_>>()));
    for quantiles in [vec![-0.1], vec![1.1], vec![0.5, 0.5], vec![f64::NAN]] {
        refusal::<Summary>(options("a").quantiles(quantiles));
    }
}

#[test]
fn a_refused_metric_does_not_change_the_registry() {
    let registry = Registry::new();
    registry.create::<Gauge>(options("a")).unwrap().set(3);
    registry.create::<Histogram>(options("a")).unwrap_err();
    registry.check().unwrap();
    assert!(registry.encode_to_string(Format::Text).ends_with("a 3\n"));
    registry.create::<Histogram>(options("b")).unwrap();
}

#[test]
fn a_metric_with_a_const_label_of_its_registry_is_refused() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    let error = registry
        .create_family::<Gauge>(options("a").labels(["zone"]))
        .unwrap_err();
    assert!(error.to_string().contains("`zone`"), "{error}");
}

#[test]
fn a_metric_named_like_a_self_metric_is_refused() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    for name in ["metrics_series", "metrics_rejected", "metrics_overflowed"] {
        let created = registry.create::<Gauge>(options(name));
        assert!(created.is_err(), "{name} is written by the registry, too");
    }
}

#[test]
fn invalid_prefixes_and_const_labels_are_refused() {
    for prefix in ["1", "_", "a-", "é", "a b"] {
        assert!(
            Registry::builder().prefix(prefix).build().is_err(),
            "{prefix}"
        );
    }
    for label in ["", "le", "quantile", "__name__", "a-b", "1"] {
        assert!(
            Registry::builder().label(label, "x").build().is_err(),
            "{label}"
        );
    }
    // A registry cannot have a label that self-metrics, such as `metrics_rejected_total`, have.
    for label in ["family", "reason", "collector"] {
        let refused = Registry::builder().label(label, "x").build().unwrap_err();
        let message = refused.to_string();
        assert!(message.contains("self-metrics"), "{message}");
    }
    let twice = Registry::builder().label("a", "x").label("a", "y").build();
    assert!(twice.is_err());
}

#[track_caller]
fn refusal<M: DynamicMetric>(options: Options) -> String {
    let taken = format!("accepted: {options:?}");
    let refused = Registry::new().create_family::<M>(options);
    refused.map(drop).expect_err(&taken).to_string()
}
