//! Tests that any NaN is exposed as the ordinary NaN, because another NaN, `0x7ff0000000000002`,
//! ends a series in Prometheus.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Desc, FloatGauge, Format, Kind, MetricValue, Options, Registry,
    SummarySnapshot, metrics,
};
use tests::protobuf::{MetricFamily, protobuf};

const STALE: u64 = 0x7ff0_0000_0000_0002;

fn stale() -> f64 {
    f64::from_bits(STALE)
}

fn families(registry: &Registry) -> Vec<MetricFamily> {
    let mut encoded = Vec::new();
    let written = registry.encode(Format::Protobuf, &mut encoded);
    written.expect("a vector can be written to");
    protobuf(&encoded).expect("valid protobuf")
}

#[track_caller]
fn assert_ordinary(value: Option<f64>) {
    assert_eq!(value.map(f64::to_bits), Some(f64::NAN.to_bits()));
}

#[test]
fn a_gauge_set_to_any_nan_is_the_ordinary_nan_in_every_reader() {
    let registry = Registry::new();
    let alone = registry
        .create::<FloatGauge>(Options::new("alone", "A."))
        .unwrap();
    let labelled = Options::new("labelled", "A.").labels(["key"]);
    let labelled = registry
        .create_family::<FloatGauge>(labelled)
        .unwrap()
        .bind(&["a"]);
    for nan in [stale(), -f64::NAN, f64::from_bits(0x7ff8_0000_0000_0005)] {
        alone.set(nan);
        labelled.set(0.0);
        labelled.add(nan);
        assert_ordinary(Some(alone.get()));
        assert_ordinary(Some(labelled.get()));
        for family in &families(&registry) {
            assert_ordinary(
                family.metric[0]
                    .gauge
                    .as_ref()
                    .and_then(|gauge| gauge.value),
            );
        }
        for family in registry.gather() {
            let MetricValue::Gauge(value) = family.metrics[0].value else {
                panic!("{family:?}");
            };
            assert_ordinary(Some(value.as_f64()));
        }
    }
}

#[test]
fn a_collectors_nan_is_the_ordinary_nan() {
    static DESCS: [Desc; 3] = [
        Desc::new(Kind::Gauge, "collected_gauge", "A."),
        Desc::new(Kind::Unknown, "collected_unknown", "A."),
        Desc::new(Kind::Summary, "collected_summary", "A."),
    ];
    struct Nans;
    impl Collector for Nans {
        fn descs(&self) -> &[Desc] {
            &DESCS
        }

        fn collect(&self, out: &mut Collection<'_>) {
            let [gauge, unknown, summary] = &DESCS;
            out.gauge(gauge, &[], stale());
            out.unknown(unknown, &[], stale());
            let _ = out.summary(summary, &[], SummarySnapshot::new([(0.5, stale())], 0, 0.0));
        }
    }
    let registry = Registry::new();
    registry.register(Arc::new(Nans)).unwrap();
    for family in families(&registry) {
        let metric = &family.metric[0];
        let gauge = metric.gauge.as_ref().and_then(|gauge| gauge.value);
        let unknown = metric.untyped.as_ref().and_then(|unknown| unknown.value);
        let quantile = metric
            .summary
            .as_ref()
            .and_then(|summary| summary.quantile[0].value);
        assert_ordinary(gauge.or(unknown).or(quantile));
    }
}

#[test]
fn a_computed_nan_is_the_ordinary_nan() {
    metrics! {
        /// Not a number.
        #[computed(stale)]
        static COMPUTED: Gauge = "nan_computed";
    }
    assert_ne!(COMPUTED.get().to_bits(), 0);
    let families = families(Registry::global());
    let family = families
        .iter()
        .find(|family| family.name() == "nan_computed");
    let gauge = family.expect("it is declared").metric[0].gauge.as_ref();
    assert_ordinary(gauge.and_then(|gauge| gauge.value));
}
