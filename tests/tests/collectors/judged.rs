//! Tests that independent parsers accept the exposition when a collector writes invalid values.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Desc, Format, HistogramSnapshot, Kind, NativeHistogramSnapshot,
    Registry, SummarySnapshot,
};
use tests::{Refusal, promtool_check, python_openmetrics, python_text};

use crate::support::{INFINITY, KINDS, NAN, write_valid};

#[test]
fn every_judge_accepts_valid_and_invalid_output_of_a_collector() -> Result<(), Refusal> {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    registry.write_self_metrics(true);
    registry.write_created(true);
    registry.register(Arc::new(Everything::new())).unwrap();
    let text = registry.encode_to_string(Format::Text);
    promtool_check(&text, &["metric name should not include type"])?;
    python_text(&text)?;
    let families = python_openmetrics(&registry.encode_to_string(Format::OpenMetrics))?;
    for (kind, sample) in [
        (Kind::Counter, "all_counter_total"),
        (Kind::Gauge, "all_gauge"),
        (Kind::Histogram, "all_histogram_count"),
        (Kind::GaugeHistogram, "all_gaugehistogram_gcount"),
        (Kind::Summary, "all_summary_count"),
        (Kind::Info, "all_info"),
        (Kind::StateSet, "all_stateset"),
        (Kind::Unknown, "all_unknown"),
    ] {
        let name = sample
            .trim_end_matches("_total")
            .trim_end_matches("_gcount")
            .trim_end_matches("_count")
            .trim_end_matches("_info");
        let family = families.family(name);
        assert_eq!(family.kind, kind.name());
        assert!(
            family.samples.iter().any(|read| read.name == sample),
            "{sample}"
        );
    }
    Ok(())
}

/// A collector that writes valid and invalid series of every type.
struct Everything(Vec<Desc>);

impl Everything {
    fn new() -> Self {
        Everything(vec![
            Desc::new(Kind::Counter, "all_counter_total", "All."),
            Desc::new(Kind::Gauge, "all_gauge", "All."),
            Desc::new(Kind::Histogram, "all_histogram", "All."),
            Desc::new(Kind::GaugeHistogram, "all_gaugehistogram", "All."),
            Desc::new(Kind::Summary, "all_summary", "All."),
            Desc::new(Kind::Info, "all_info", "All."),
            Desc::new(Kind::StateSet, "all_stateset", "All."),
            Desc::new(Kind::Unknown, "all_unknown", "All."),
        ])
    }
}

impl Collector for Everything {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        for desc in &self.0 {
            for kind in KINDS {
                write_valid(kind, desc, &[("of", "\"\\\n")], out);
                write_valid(kind, desc, &[("zone", "twice")], out);
                write_valid(kind, desc, &[("a b", "name")], out);
            }
            for value in [NAN, INFINITY, -INFINITY, -1.0] {
                let labels = [("value", &*value.to_string())];
                out.counter(desc, &labels, value).created(value);
                out.gauge(desc, &labels, value);
                out.unknown(desc, &labels, value);
                let quantiles = [(0.5, value), (0.9, 1.0)];
                out.summary(desc, &labels, SummarySnapshot::new(quantiles, 1, 1.0));
                for (bound, sum) in [(value, 1.0), (1.0, value), (value, value)] {
                    let of = [labels[0], ("sum", &*sum.to_string())];
                    let classic = HistogramSnapshot::from_buckets([(bound, 1)], sum);
                    let native = NativeHistogramSnapshot::new(0).zero_bucket(bound, 1);
                    let both = classic.clone().with_native(native.clone());
                    out.histogram(desc, &of, classic.clone()).created(bound);
                    out.gauge_histogram(desc, &of, classic);
                    let of = [of[0], of[1], ("native", "both")];
                    out.histogram(desc, &of, both.clone());
                    out.gauge_histogram(desc, &of, both);
                    let of = [of[0], of[1], ("native", "alone")];
                    let native = native.negative([(1, 3)]);
                    out.histogram(
                        desc,
                        &of,
                        HistogramSnapshot::from_native(native.clone(), sum),
                    );
                    out.gauge_histogram(desc, &of, HistogramSnapshot::from_native(native, sum));
                }
            }
        }
    }
}
