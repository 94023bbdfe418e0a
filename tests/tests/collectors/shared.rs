//! Tests of collectors that write series of the same family.

use std::sync::Arc;

use metrics_core::{Collector, Desc, Format, Kind, Registry, metrics};
use tests::{Refusal, promtool_check, protobuf::protobuf, python_openmetrics};

use crate::support::{Gate, KINDS, SHORT, Scripted, family, name, rejected, write_valid};

metrics! {
    /// A gauge that is computed.
    #[computed(|| 1.0)]
    static COMPUTED: Gauge = "shared_computed";
}

/// Creates a collector that writes one series per value of the label `pool`.
fn pools(kind: Kind, pools: &'static [&'static str]) -> Arc<dyn Collector> {
    Scripted::shared(kind, name(kind), move |desc, out| {
        for pool in pools {
            write_valid(kind, desc, &[("pool", pool)], out);
        }
    })
}

fn registry_with(kind: Kind, collectors: &[&'static [&'static str]]) -> Registry {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    for labels in collectors {
        registry.register(pools(kind, labels)).unwrap();
    }
    registry
}

#[test]
fn collectors_share_a_family_of_any_type() -> Result<(), Refusal> {
    for kind in KINDS {
        let registry = registry_with(kind, &[&["main"], &["replica"]]);
        registry.check().unwrap();
        assert_eq!(family(&registry, name(kind)).metrics.len(), 2, "{kind}");
        let text = registry.encode_to_string(Format::Text);
        promtool_check(&text, &[])?;
        assert_eq!(text.matches("# TYPE x").count(), 1, "{text}");
        python_openmetrics(&registry.encode_to_string(Format::OpenMetrics))?;
        let mut out = Vec::new();
        registry.encode(Format::Protobuf, &mut out).unwrap();
        let families = protobuf(&out).unwrap();
        let shared = families
            .iter()
            .filter(|family| family.name().starts_with('x'));
        let series: Vec<_> = shared.map(|family| family.metric.len()).collect();
        let expected = if kind == Kind::StateSet { 6 } else { 2 };
        assert_eq!(series, [expected], "{kind}");
    }
    Ok(())
}

#[test]
fn the_series_of_the_first_collector_is_kept_and_the_duplicate_is_counted() {
    for kind in KINDS {
        let registry = registry_with(kind, &[&["main", "a"], &["main", "b"], &["a"]]);
        assert_eq!(family(&registry, name(kind)).metrics.len(), 3, "{kind}");
        assert_eq!(
            rejected(&registry, name(kind)),
            4,
            "{kind}: two in each of two scrapes"
        );
    }
}

#[test]
fn the_order_of_labels_does_not_distinguish_series_of_two_collectors() {
    let registry = Registry::new();
    for (labels, value) in [
        ([("a", "1"), ("b", "2")], 1.0),
        ([("b", "2"), ("a", "1")], 2.0),
    ] {
        let collector = Scripted::named("x", move |desc, out| {
            out.gauge(desc, &labels, value);
        });
        registry.register(collector).unwrap();
    }
    let text = registry.encode_to_string(Format::Text);
    assert!(text.ends_with("\nx{a=\"1\",b=\"2\"} 1\n"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn collectors_that_describe_a_family_differently_clash() {
    let registry = registry_with(Kind::Gauge, &[&["main"]]);
    let other = Scripted::shared(Kind::Unknown, "x", |_, _| {});
    let error = registry.register(other).unwrap_err().to_string();
    assert!(error.contains("different types"), "{error}");
}

#[test]
fn a_collector_and_a_computed_metric_clash() {
    let collector: Arc<dyn Collector> = Scripted::shared(Kind::Gauge, "shared_computed", |_, _| {});
    let error = Registry::global().register(collector).unwrap_err();
    assert!(error.to_string().contains("`shared_computed`"), "{error}");
    assert!(COMPUTED.get() > 0.0);
}

#[test]
fn a_family_stays_while_one_of_its_collectors_is_registered() {
    let registry = Registry::new();
    let [main, replica] = [
        pools(Kind::Gauge, &["main"]),
        pools(Kind::Gauge, &["replica"]),
    ];
    registry.register(Arc::clone(&main)).unwrap();
    registry.register(Arc::clone(&replica)).unwrap();
    assert!(registry.unregister(&main));
    let text = registry.encode_to_string(Format::Text);
    assert!(text.ends_with("\nx{pool=\"replica\"} -1.5\n"), "{text}");
    assert!(registry.unregister(&replica));
    assert_eq!(registry.encode_to_string(Format::Text), "");
}

#[test]
fn a_collector_that_hangs_does_not_take_the_series_of_the_others() {
    let registry = registry_with(Kind::Gauge, &[&["main"]]);
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("x");
    registry.register(hanging).unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\nx{pool=\"main\"} -1.5\n"), "{text}");
    // The label `collector` is the name of a collector's first family, which is the same for both,
    // so that the errors of both are in one series.
    let errors = "metrics_collector_errors_total{collector=\"x\",reason=\"timeout\"}";
    assert_eq!(text.matches(errors).count(), 1, "{text}");
    gate.open();
}

#[test]
fn a_filtered_scrape_runs_every_collector_of_a_selected_family() {
    let registry = registry_with(Kind::Gauge, &[&["main"], &["replica"]]);
    let mut out = Vec::new();
    let filter = |name: &str| name == "x";
    registry
        .encode_filtered(Format::Text, &mut out, filter)
        .unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("x{pool=").count(), 2, "{text}");
}

#[test]
fn descriptions_made_in_several_places_are_one_family() {
    let registry = Registry::new();
    for pool in ["main", "replica"] {
        let desc = Desc::dynamic(Kind::Gauge, "x", "What it is.", "").unwrap();
        let collector = Scripted {
            descs: [desc],
            write: move |desc: &Desc, out: &mut metrics_core::Collection<'_>| {
                out.gauge(desc, &[("pool", pool)], 1.0);
            },
        };
        registry.register(Arc::new(collector)).unwrap();
    }
    assert_eq!(family(&registry, "x").metrics.len(), 2);
}
