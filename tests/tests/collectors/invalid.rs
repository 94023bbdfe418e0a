//! Tests of invalid values, labels and families of collectors, which a registry omits and counts.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use metrics_core::{
    Collection, Collector, Desc, Format, Gauge, HistogramSnapshot, Kind, NativeHistogramSnapshot,
    Options, Registry, SummarySnapshot,
};

use crate::support::{
    INFINITY, KINDS, NAN, Scripted, family, name, native, number, rejected, write_valid, writing,
};

#[test]
fn negative_and_non_finite_counters_are_omitted() {
    for value in [NAN, INFINITY, -INFINITY, -1.0, -f64::MIN_POSITIVE] {
        assert_omitted(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], value);
        });
    }
}

#[test]
fn bounds_that_do_not_increase_are_omitted() {
    for bounds in [
        vec![2.0, 1.0],
        vec![1.0, 1.0],
        vec![0.0, -0.0],
        vec![INFINITY, 1.0],
        vec![INFINITY, INFINITY],
    ] {
        assert_buckets_omitted(bounds.into_iter().map(|bound| (bound, 1)).collect(), 1.0);
    }
}

#[test]
fn bounds_that_are_nan_or_negative_infinity_are_omitted() {
    for bounds in [
        vec![NAN],
        vec![1.0, NAN, 2.0],
        vec![-INFINITY, 1.0],
        vec![-INFINITY],
    ] {
        assert_buckets_omitted(bounds.into_iter().map(|bound| (bound, 1)).collect(), 1.0);
    }
}

/// Pairs of label names that some escaping scheme turns into the same name.
const ALIKE: [[&str; 2]; 3] = [["a.b", "a_b"], ["a.b", "a/b"], ["a.b", "U__a_2e_b"]];

#[test]
fn a_series_with_the_labels_of_another_after_escaping_is_omitted() {
    for names in ALIKE {
        let desc = Desc::utf8(Kind::Gauge, "x", "What it is.");
        let collector = Scripted {
            descs: [desc],
            write: move |desc: &Desc, out: &mut Collection<'_>| {
                for name in names {
                    out.gauge(desc, &[(name, "1"), ("c.d", "2")], 1.0);
                    out.gauge(desc, &[("c.d", "3"), (name, "1")], 1.0);
                }
            },
        };
        let registry = Registry::new();
        registry.write_self_metrics(true);
        registry.register(Arc::new(collector)).unwrap();
        assert_eq!(family(&registry, "x").metrics.len(), 2, "{names:?}");
        assert_eq!(rejected(&registry, "x"), 4, "{names:?}");
    }
}

#[test]
fn a_series_with_the_labels_of_another_collectors_after_escaping_is_omitted() {
    for names in ALIKE {
        let registry = Registry::new();
        registry.write_self_metrics(true);
        for name in names {
            let collector = Scripted {
                descs: [Desc::utf8(Kind::Gauge, "x", "What it is.")],
                write: move |desc: &Desc, out: &mut Collection<'_>| {
                    out.gauge(desc, &[(name, "1"), ("c.d", "2")], 1.0);
                },
            };
            registry.register(Arc::new(collector)).unwrap();
        }
        assert_eq!(family(&registry, "x").metrics.len(), 1, "{names:?}");
        // The exposition above has rejected a series, and so has the exposition of this call of
        // `rejected`.
        assert_eq!(rejected(&registry, "x"), 2, "{names:?}");
    }
}

#[test]
fn histograms_with_too_many_buckets_are_omitted() {
    let bounds = |count: u16| (0..count).map(|bound| (f64::from(bound), 1)).collect();
    assert_buckets_omitted(bounds(256), 1.0);
    let registry = writing(Kind::Histogram, move |desc, out| {
        let buckets: Vec<(f64, u64)> = bounds(255);
        out.histogram(desc, &[], HistogramSnapshot::from_buckets(buckets, 1.0));
    });
    assert_eq!(rejected(&registry, "x"), 0);
}

#[test]
fn histograms_whose_count_overflows_are_omitted() {
    assert_buckets_omitted(vec![(1.0, u64::MAX), (2.0, 1)], 1.0);
    for native in [
        NativeHistogramSnapshot::new(0).positive([(0, u64::MAX), (1, 1)]),
        NativeHistogramSnapshot::new(0)
            .zero_bucket(0.0, u64::MAX)
            .positive([(1, 1)]),
    ] {
        assert_histogram_omitted(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn histograms_whose_counts_disagree_are_omitted() {
    let mut more = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    more.count = 3;
    assert_histogram_omitted(more);
    let mut fewer = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    fewer.count = 1;
    assert_histogram_omitted(fewer.clone());
    fewer.buckets.pop();
    assert_histogram_omitted(fewer);
    let classic = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    assert_histogram_omitted(classic.with_native(native()));
}

#[test]
fn non_finite_sums_are_omitted() {
    for sum in [NAN, INFINITY, -INFINITY] {
        assert_buckets_omitted(vec![(1.0, 1)], sum);
        assert_buckets_omitted(vec![(-1.0, 1)], sum);
        assert_omitted(Kind::Summary, move |desc, out| {
            out.summary(desc, &[], SummarySnapshot::new([], 1, sum));
        });
    }
}

#[test]
fn a_negative_sum_without_negative_observations_is_omitted() {
    assert_buckets_omitted(vec![(0.0, 1), (1.0, 1)], -1.0);
    assert_histogram_omitted(HistogramSnapshot::from_native(native(), -1.0));
    assert_omitted(Kind::Summary, |desc, out| {
        out.summary(desc, &[], SummarySnapshot::new([], 1, -1.0));
    });
}

/// The official Python parser requires a negative bound in a gauge histogram with a negative sum.
#[test]
fn a_gauge_histogram_with_negative_sum_and_no_negative_bound_is_omitted() {
    assert_omitted(Kind::GaugeHistogram, |desc, out| {
        let native = NativeHistogramSnapshot::new(0).negative([(1, 2)]);
        out.gauge_histogram(desc, &[], HistogramSnapshot::from_native(native, -3.0));
    });
}

#[test]
fn unknown_native_schemas_are_omitted() {
    for schema in [-5, 9, -53, i32::MIN, i32::MAX] {
        let native = NativeHistogramSnapshot::new(schema).positive([(1, 1)]);
        assert_histogram_omitted(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn native_buckets_beyond_the_range_of_floats_are_omitted() {
    for (schema, first, last) in [
        (8, -1074 * 256, 1024 * 256),
        (0, -1074, 1024),
        (-1, -537, 512),
        (-4, -67, 64),
    ] {
        let of = |index| NativeHistogramSnapshot::new(schema).positive([(index, 1)]);
        for index in [first - 1, last + 1, i32::MIN, i32::MAX] {
            assert_histogram_omitted(HistogramSnapshot::from_native(of(index), 1.0));
        }
        for index in [first, last] {
            let snapshot = HistogramSnapshot::from_native(of(index), 1.0);
            let registry = writing(Kind::Histogram, move |desc, out| {
                out.histogram(desc, &[], snapshot.clone());
            });
            assert_eq!(rejected(&registry, "x"), 0, "{schema} {index}");
        }
    }
}

#[test]
fn native_buckets_out_of_order_are_omitted() {
    for buckets in [[(2, 1), (1, 1)], [(1, 1), (1, 1)]] {
        let positive = NativeHistogramSnapshot::new(0).positive(buckets);
        assert_histogram_omitted(HistogramSnapshot::from_native(positive, 1.0));
        let negative = NativeHistogramSnapshot::new(0).negative(buckets);
        assert_histogram_omitted(HistogramSnapshot::from_native(negative, 1.0));
    }
}

#[test]
fn negative_and_non_finite_zero_thresholds_are_omitted() {
    for threshold in [NAN, INFINITY, -1.0] {
        let native = NativeHistogramSnapshot::new(0).zero_bucket(threshold, 1);
        assert_histogram_omitted(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn quantiles_out_of_range_or_order_are_omitted() {
    for quantiles in [
        vec![-0.1],
        vec![1.1],
        vec![NAN],
        vec![0.9, 0.5],
        vec![0.5, 0.5],
        (0..256).map(|at| f64::from(at) / 256.0).collect(),
    ] {
        assert_omitted(Kind::Summary, move |desc, out| {
            let quantiles = quantiles.iter().map(|quantile| (*quantile, 1.0));
            out.summary(desc, &[], SummarySnapshot::new(quantiles, 1, 1.0));
        });
    }
}

#[test]
fn negative_and_infinite_quantile_values_are_omitted() {
    for value in [-1.0, INFINITY, -INFINITY] {
        assert_omitted(Kind::Summary, move |desc, out| {
            out.summary(desc, &[], SummarySnapshot::new([(0.5, value)], 1, 1.0));
        });
    }
}

#[test]
fn state_sets_with_unnamed_or_duplicate_states_are_omitted() {
    let states: [&[(&str, bool)]; 3] = [
        &[],
        &[("", true)],
        &[("a", true), ("b", false), ("a", false)],
    ];
    for states in states {
        assert_omitted(Kind::StateSet, move |desc, out| {
            out.state_set(desc, &[], states);
        });
    }
}

#[test]
fn a_state_set_with_a_label_of_its_own_name_is_omitted() {
    let registry = Registry::builder().prefix("app_").build().unwrap();
    registry.write_self_metrics(true);
    registry
        .register(Scripted::shared(Kind::StateSet, "x", |desc, out| {
            out.state_set(desc, &[("app_x", "1")], &[("a", true)]);
            out.state_set(desc, &[("x", "1")], &[("a", true)]);
        }))
        .unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("app_x{x=\"1\",app_x=\"a\"} 1\n"), "{text}");
    let line = "app_metrics_rejected_total{family=\"app_x\",reason=\"value\"} 1\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_state_set_with_a_label_that_is_escaped_like_its_name_is_omitted() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let write = |desc: &Desc, out: &mut Collection<'_>| {
        out.state_set(desc, &[("a_b", "1")], &[("on", true)]);
        out.state_set(desc, &[("c", "1")], &[("on", true)]);
    };
    let collector = utf8(Kind::StateSet, "a.b", write);
    registry.register(collector).unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert_eq!(text.matches("\na_b{").count(), 1, "{text}");
    assert_eq!(rejected(&registry, "a.b"), 2);
}

#[test]
fn labels_are_escaped_although_another_collector_of_the_family_has_plain_names() {
    let registry = Registry::new();
    let write = |name: &'static str| {
        move |desc: &Desc, out: &mut Collection<'_>| {
            out.gauge(desc, &[(name, "1")], 1.0);
        }
    };
    registry.register(Scripted::named("x", write("a"))).unwrap();
    let collector = utf8(Kind::Gauge, "x", write("b.c"));
    registry.register(collector).unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.ends_with("\nx{a=\"1\"} 1\nx{b_c=\"1\"} 1\n"), "{text}");
}

/// Creates a collector whose labels may have names with any characters.
fn utf8(
    kind: Kind,
    name: &'static str,
    write: impl Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static,
) -> Arc<dyn Collector> {
    Arc::new(Scripted {
        descs: [Desc::utf8(kind, name, "What it is.")],
        write,
    })
}

#[test]
fn series_with_invalid_or_duplicate_label_names_are_omitted() {
    for kind in KINDS {
        let own = if kind == Kind::Summary {
            "quantile"
        } else {
            "le"
        };
        for name in ["", "1", "a-b", "é", "__name__", own] {
            assert_omitted(kind, move |desc, out| {
                write_valid(kind, desc, &[(name, "1")], out);
            });
        }
        assert_omitted(kind, move |desc, out| {
            write_valid(kind, desc, &[("a", "1"), ("a", "2")], out);
        });
    }
}

#[test]
fn a_series_written_twice_is_exposed_once() {
    for kind in KINDS {
        let registry = writing(kind, move |desc, out| {
            write_valid(kind, desc, &[("a", "1"), ("b", "2")], out);
            write_valid(kind, desc, &[("b", "2"), ("a", "1"), ("c", "")], out);
        });
        let name = name(kind);
        assert_eq!(family(&registry, name).metrics.len(), 1, "{kind}");
        assert_eq!(rejected(&registry, name), 2, "{kind}: once in each scrape");
    }
}

#[test]
fn values_of_another_type_are_omitted() {
    for described in KINDS {
        for written in KINDS.into_iter().filter(|written| *written != described) {
            assert_omitted(described, move |desc, out| {
                write_valid(written, desc, &[], out);
            });
        }
    }
}

/// The description given at registration decides the type, not the one passed with the value.
#[test]
fn a_value_with_a_description_of_another_type_is_omitted() {
    assert_omitted(Kind::Gauge, |_, out| {
        let other = Desc::new(Kind::Histogram, "x", "What it is.");
        write_valid(Kind::Histogram, &other, &[], out);
    });
}

#[test]
fn an_undescribed_family_is_omitted_and_counted() {
    let registry = writing(Kind::Gauge, |desc, out| {
        out.gauge(desc, &[], 1.0);
        let undescribed = Desc::new(Kind::Gauge, "undescribed", "What?");
        out.gauge(&undescribed, &[], 1.0);
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\nx 1\n"), "{text}");
    assert!(!text.contains("\nundescribed"), "{text}");
    assert_eq!(rejected(&registry, "undescribed"), 2, "once in each scrape");
}

#[test]
fn undescribed_families_use_bounded_memory() {
    let scrapes = AtomicUsize::new(0);
    let registry = writing(Kind::Gauge, move |_, out| {
        for at in 0..100 {
            let name = format!("x{}", scrapes.fetch_add(1, Ordering::Relaxed) * 100 + at);
            let name = Box::leak(name.into_boxed_str());
            out.gauge(&Desc::new(Kind::Gauge, name, "What?"), &[], 1.0);
        }
    });
    registry.gather();
    let families = family(&registry, "metrics_rejected_total").metrics;
    assert!(families.len() < 20, "{}", families.len());
    let sum: f64 = families.iter().map(|metric| number(&metric.value)).sum();
    assert_eq!(sum, 200.0);
}

#[test]
fn values_written_to_a_foreign_family_count_as_that_familys_rejections() {
    let registry = writing(Kind::Gauge, |_, out| {
        let elsewhere = Desc::new(Kind::Gauge, "elsewhere", "What?");
        out.gauge(&elsewhere, &[], 1.0);
    });
    registry
        .create::<Gauge>(Options::new("elsewhere", "Its own."))
        .unwrap();
    let text = registry.encode_to_string(Format::Text);
    let line = "metrics_rejected_total{family=\"elsewhere\",reason=\"value\"}";
    assert_eq!(text.matches(line).count(), 1, "{text}");
}

/// Asserts that both text formats omit a value, and that each scrape counts it once as rejected.
#[track_caller]
fn assert_omitted(kind: Kind, write: impl Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static) {
    let registry = writing(kind, write);
    for format in [Format::Text, Format::OpenMetrics] {
        let text = registry.encode_to_string(format);
        let ours = text
            .lines()
            .find(|line| line.starts_with('x') || line.contains(" x"));
        assert_eq!(ours, None, "{kind}: {text}");
    }
    assert_eq!(rejected(&registry, name(kind)), 3, "{kind}");
}

#[track_caller]
fn assert_histogram_omitted(snapshot: HistogramSnapshot) {
    let of_gauges = snapshot.clone();
    assert_omitted(Kind::Histogram, move |desc, out| {
        out.histogram(desc, &[], snapshot.clone());
    });
    assert_omitted(Kind::GaugeHistogram, move |desc, out| {
        out.gauge_histogram(desc, &[], of_gauges.clone());
    });
}

#[track_caller]
fn assert_buckets_omitted(buckets: Vec<(f64, u64)>, sum: f64) {
    assert_histogram_omitted(HistogramSnapshot::from_buckets(buckets, sum));
}
