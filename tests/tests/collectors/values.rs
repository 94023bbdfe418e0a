//! Tests that a registry exposes the values of every metric type as a collector writes them.

use metrics_core::{
    Format, HistogramSnapshot, Kind, Metric, MetricValue, NativeHistogramSnapshot, Number, Options,
    Registry, SummarySnapshot,
};

use crate::support::{INFINITY, NAN, family, native, value, writing};

#[test]
fn a_counter_is_exposed() {
    let registry = writing(Kind::Counter, |desc, out| _ = out.counter(desc, &[], 2.5));
    assert_eq!(value(&registry), MetricValue::Counter(Number::Float(2.5)));
}

#[test]
fn a_gauge_may_be_any_number() {
    let registry = writing(Kind::Gauge, |desc, out| {
        for (of, value) in [("a", NAN), ("b", INFINITY), ("c", -INFINITY), ("d", -2.5)] {
            out.gauge(desc, &[("of", of)], value);
        }
    });
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "x{of=\"a\"} NaN\n",
        "x{of=\"b\"} +Inf\n",
        "x{of=\"c\"} -Inf\n",
        "x{of=\"d\"} -2.5\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn a_value_of_unknown_type_is_exposed_as_unknown() {
    let registry = writing(Kind::Unknown, |desc, out| {
        out.unknown(desc, &[], 1.0);
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("# TYPE x untyped\nx 1\n"), "{text}");
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("# TYPE x unknown\n"), "{text}");
}

#[test]
fn a_histogram_is_exposed_with_cumulative_buckets() {
    let registry = writing(Kind::Histogram, |desc, out| {
        let buckets = [(0.5, 1), (1.0, 2), (INFINITY, 4)];
        out.histogram(
            desc,
            &[("of", "a")],
            HistogramSnapshot::from_buckets(buckets, 30.0),
        );
    });
    let text = registry.encode_to_string(Format::Text);
    let lines = concat!(
        "x_bucket{of=\"a\",le=\"0.5\"} 1\n",
        "x_bucket{of=\"a\",le=\"1\"} 3\n",
        "x_bucket{of=\"a\",le=\"+Inf\"} 7\n",
        "x_sum{of=\"a\"} 30\n",
        "x_count{of=\"a\"} 7\n",
    );
    assert!(text.contains(lines), "{text}");
}

#[test]
fn a_missing_infinity_bucket_is_added() {
    for (beyond, snapshot) in [
        (0, HistogramSnapshot::from_buckets([(1.0, 2)], 1.0)),
        (0, HistogramSnapshot::from_buckets([], 0.0)),
        (3, {
            let mut snapshot = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
            snapshot.buckets.pop();
            snapshot.count = 5;
            snapshot
        }),
    ] {
        let registry = writing(Kind::Histogram, move |desc, out| {
            out.histogram(desc, &[], snapshot.clone());
        });
        let MetricValue::Histogram { buckets, .. } = value(&registry) else {
            panic!("not a histogram");
        };
        assert_eq!(buckets.last(), Some(&(INFINITY, beyond)));
    }
}

#[test]
fn the_snapshot_of_another_histogram_can_be_written_unchanged() {
    let own = Registry::new();
    let histogram = own
        .create::<metrics_core::Histogram>(Options::new("own", "Its own.").native(1.1))
        .unwrap();
    histogram.observe(3.0);
    let snapshot = histogram.get();
    let expected = (snapshot.buckets.clone(), snapshot.native.clone());
    let registry = writing(Kind::Histogram, move |desc, out| {
        out.histogram(desc, &[], snapshot.clone());
    });
    let MetricValue::Histogram {
        buckets, native, ..
    } = value(&registry)
    else {
        panic!("not a histogram");
    };
    assert_eq!((buckets, native), expected);
}

#[test]
fn a_native_histogram_without_classic_buckets_is_exposed_with_its_count() {
    let registry = writing(Kind::Histogram, |desc, out| {
        out.histogram(desc, &[], HistogramSnapshot::from_native(native(), 6.5));
    });
    let MetricValue::Histogram {
        buckets,
        native: read,
        ..
    } = value(&registry)
    else {
        panic!("not a histogram");
    };
    assert_eq!(buckets, [(INFINITY, 4)]);
    assert_eq!(read, Some(native()));
    assert!(
        registry
            .encode_to_string(Format::Text)
            .contains("x_count 4\n")
    );
}

#[test]
fn a_histogram_may_have_native_and_classic_buckets() {
    let registry = writing(Kind::Histogram, |desc, out| {
        let classic = HistogramSnapshot::from_buckets([(1.0, 1), (4.0, 3)], 6.5);
        out.histogram(desc, &[], classic.with_native(native()));
    });
    let MetricValue::Histogram {
        buckets,
        native: read,
        ..
    } = value(&registry)
    else {
        panic!("not a histogram");
    };
    assert_eq!(buckets, [(1.0, 1), (4.0, 3), (INFINITY, 0)]);
    assert_eq!(read, Some(native()));
}

#[test]
fn empty_native_buckets_are_omitted() {
    let registry = writing(Kind::Histogram, |desc, out| {
        let native = native().positive([(0, 0), (1, 2), (2, 1), (3, 0)]);
        out.histogram(desc, &[], HistogramSnapshot::from_native(native, 6.5));
    });
    let MetricValue::Histogram { native: read, .. } = value(&registry) else {
        panic!("not a histogram");
    };
    assert_eq!(read, Some(native()));
}

#[test]
fn a_histogram_with_negative_observations_has_no_sum_in_openmetrics() {
    let registry = writing(Kind::Histogram, |desc, out| {
        let classic = HistogramSnapshot::from_buckets([(-1.0, 2), (1.0, 1)], -6.5);
        out.histogram(desc, &[("of", "classic")], classic);
        let native = NativeHistogramSnapshot::new(0).negative([(1, 2)]);
        let native = HistogramSnapshot::from_native(native, -3.0);
        out.histogram(desc, &[("of", "native")], native);
    });
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert_eq!(text.matches("le=\"+Inf\"").count(), 2, "{text}");
    assert!(
        !text.contains("x_sum") && !text.contains("x_count"),
        "{text}"
    );
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("x_sum{of=\"classic\"} -6.5\n"), "{text}");
}

#[test]
fn a_gauge_histogram_is_exposed_with_its_own_suffixes() {
    let registry = writing(Kind::GaugeHistogram, |desc, out| {
        let ages = HistogramSnapshot::from_buckets([(-1.0, 1), (60.0, 2), (INFINITY, 1)], -5.0);
        out.gauge_histogram(desc, &[], ages);
    });
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("# TYPE x gaugehistogram\n"), "{text}");
    assert!(text.contains("x_bucket{le=\"60.0\"} 3\n"), "{text}");
    assert!(text.contains("x_gsum -5.0\nx_gcount 4\n"), "{text}");
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("# TYPE x histogram\n"), "{text}");
    assert!(text.contains("x_sum -5\nx_count 4\n"), "{text}");
}

#[test]
fn a_summary_is_exposed_with_its_quantiles() {
    let registry = writing(Kind::Summary, |desc, out| {
        out.summary(
            desc,
            &[],
            SummarySnapshot::new([(0.0, NAN), (0.5, 2.0), (1.0, 8.0)], 3, 11.5),
        );
    });
    let text = registry.encode_to_string(Format::Text);
    let lines = concat!(
        "x{quantile=\"0\"} NaN\n",
        "x{quantile=\"0.5\"} 2\n",
        "x{quantile=\"1\"} 8\n",
        "x_sum 11.5\n",
        "x_count 3\n",
    );
    assert!(text.contains(lines), "{text}");
}

#[test]
fn a_summary_may_have_no_quantiles() {
    let registry = writing(Kind::Summary, |desc, out| {
        out.summary(desc, &[], SummarySnapshot::new([], u64::MAX, 0.0));
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("x_count 18446744073709551615\n"), "{text}");
}

#[test]
fn a_state_set_may_have_none_one_or_several_active_states() {
    let registry = writing(Kind::StateSet, |desc, out| {
        for (of, active) in [
            ("none", [false, false, false]),
            ("one", [false, true, false]),
            ("two", [true, false, true]),
            ("all", [true, true, true]),
        ] {
            let [a, b, c] = active;
            out.state_set(desc, &[("of", of)], &[("a", a), ("b", b), ("c", c)]);
        }
    });
    let family = family(&registry, "x");
    let active = |metric: &Metric| match &metric.value {
        MetricValue::StateSet(states) => {
            assert_eq!(states.len(), 3);
            let active = states.iter().filter(|(_, active)| *active);
            active.map(|(state, _)| state.as_str()).collect::<String>()
        }
        other => panic!("not a state set: {other:?}"),
    };
    let read: Vec<String> = family.metrics.iter().map(active).collect();
    assert_eq!(read, ["", "b", "ac", "abc"]);
    let text = registry.encode_to_string(Format::OpenMetrics);
    let lines = "x{of=\"two\",x=\"a\"} 1\nx{of=\"two\",x=\"b\"} 0\nx{of=\"two\",x=\"c\"} 1\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn an_info_is_exposed() {
    let registry = writing(Kind::Info, |desc, out| {
        out.info(desc, &[("version", "1")]);
    });
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("x_info{version=\"1\"} 1\n"), "{text}");
}
