//! Collectors: what they may write, what is left out of it, and what one of them can do to a
//! scrape.

#![allow(
    clippy::float_cmp,
    reason = "values are read back as they were written"
)]

use std::{
    collections::HashSet,
    panic::panic_any,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use metrics_core::{
    Collection, Collector, Counter, Desc, Format, Gauge, HistogramSnapshot, Kind, Metric,
    MetricFamily, MetricValue, NativeHistogramSnapshot, Number, Options, Registry, SummarySnapshot,
};
use tests::{Refusal, promtool_check, protobuf::protobuf, python_openmetrics, python_text};

const NAN: f64 = f64::NAN;
const INFINITY: f64 = f64::INFINITY;

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
fn a_value_of_unknown_type_is_exposed_as_such() {
    let registry = writing(Kind::Unknown, |desc, out| out.unknown(desc, &[], 1.0));
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
fn a_bucket_for_all_that_is_larger_is_added_where_it_is_missing() {
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
            panic!("it is a histogram");
        };
        assert_eq!(buckets.last(), Some(&(INFINITY, beyond)));
    }
}

#[test]
fn the_state_of_a_histogram_of_the_program_can_be_written_as_it_is() {
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
        panic!("it is a histogram");
    };
    assert_eq!((buckets, native), expected);
}

#[test]
fn a_native_histogram_alone_is_exposed_with_its_count() {
    let registry = writing(Kind::Histogram, |desc, out| {
        out.histogram(desc, &[], HistogramSnapshot::from_native(native(), 6.5));
    });
    let MetricValue::Histogram {
        buckets,
        native: read,
        ..
    } = value(&registry)
    else {
        panic!("it is a histogram");
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
        panic!("it is a histogram");
    };
    assert_eq!(buckets, [(1.0, 1), (4.0, 3), (INFINITY, 0)]);
    assert_eq!(read, Some(native()));
}

#[test]
fn native_buckets_in_which_there_is_nothing_are_left_out() {
    let registry = writing(Kind::Histogram, |desc, out| {
        let native = native().positive([(0, 0), (1, 2), (2, 1), (3, 0)]);
        out.histogram(desc, &[], HistogramSnapshot::from_native(native, 6.5));
    });
    let MetricValue::Histogram { native: read, .. } = value(&registry) else {
        panic!("it is a histogram");
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
fn a_gauge_histogram_is_exposed_with_names_of_its_own() {
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
        other => panic!("no state set: {other:?}"),
    };
    let read: Vec<String> = family.metrics.iter().map(active).collect();
    assert_eq!(read, ["", "b", "ac", "abc"]);
    let text = registry.encode_to_string(Format::OpenMetrics);
    let lines = "x{of=\"two\",x=\"a\"} 1\nx{of=\"two\",x=\"b\"} 0\nx{of=\"two\",x=\"c\"} 1\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn an_info_is_exposed() {
    let registry = writing(Kind::Info, |desc, out| out.info(desc, &[("version", "1")]));
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains("x_info{version=\"1\"} 1\n"), "{text}");
}

#[test]
fn births_are_exposed_where_they_are_known() {
    for kind in [Kind::Counter, Kind::Histogram, Kind::Summary] {
        let registry = writing(kind, move |desc, out| {
            for (of, time) in [("known", Some(1_700_000_000.25)), ("unknown", None)] {
                let labels = [("of", of)];
                let birth = match kind {
                    Kind::Counter => out.counter(desc, &labels, 1.0),
                    Kind::Histogram => {
                        out.histogram(desc, &labels, HistogramSnapshot::from_buckets([], 0.0))
                    }
                    _ => out.summary(desc, &labels, SummarySnapshot::new([], 1, 1.0)),
                };
                if let Some(time) = time {
                    birth.created(time);
                }
            }
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        let line = "x_created{of=\"known\"} 1700000000.250\n";
        assert!(text.contains(line), "{kind}: {text}");
        assert!(
            !text.contains("x_created{of=\"unknown\"}"),
            "{kind}: {text}"
        );
        let families = registry.gather();
        let births: Vec<_> = families[0].metrics.iter().map(|one| one.created).collect();
        assert_eq!(births, [Some(1_700_000_000.25), None], "{kind}");
    }
}

#[test]
fn the_first_and_the_last_moment_that_are_times_are_births_in_every_format() {
    for (time, written) in [(0.25, "0.250"), (253_402_300_799.0, "253402300799.000")] {
        let registry = writing(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], 1.0).created(time);
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        assert!(text.contains(&format!("x_created {written}\n")), "{text}");
        let mut out = Vec::new();
        registry.encode(Format::Protobuf, &mut out).unwrap();
        let families = protobuf(&out).unwrap();
        let mut counters = families.iter().flat_map(|family| &family.metric);
        let counter = counters.find_map(|metric| metric.counter.as_ref()).unwrap();
        let birth = counter.created_timestamp.unwrap();
        let birth = birth.seconds as f64 + f64::from(birth.nanos) / 1e9;
        assert!((birth - time).abs() < 1e-5, "{birth}");
    }
}

#[test]
fn a_birth_that_is_no_time_is_left_out_and_the_series_stays() {
    for time in [NAN, INFINITY, -INFINITY, -1.0, 1e300] {
        let registry = writing(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], 1.0).created(time);
        });
        registry.write_created(true);
        let text = registry.encode_to_string(Format::OpenMetrics);
        assert!(text.contains("x_total 1.0\n"), "{time}: {text}");
        assert!(!text.contains("x_created"), "{time}: {text}");
        assert_eq!(rejected(&registry, "x_total"), 2, "{time}");
    }
}

#[test]
fn counters_that_are_negative_or_not_finite_are_left_out() {
    for value in [NAN, INFINITY, -INFINITY, -1.0, -f64::MIN_POSITIVE] {
        refused(Kind::Counter, move |desc, out| {
            out.counter(desc, &[], value);
        });
    }
}

#[test]
fn bounds_that_do_not_ascend_are_left_out() {
    for bounds in [
        vec![2.0, 1.0],
        vec![1.0, 1.0],
        vec![0.0, -0.0],
        vec![INFINITY, 1.0],
        vec![INFINITY, INFINITY],
    ] {
        refused_buckets(bounds.into_iter().map(|bound| (bound, 1)).collect(), 1.0);
    }
}

#[test]
fn bounds_that_are_no_numbers_are_left_out() {
    for bounds in [
        vec![NAN],
        vec![1.0, NAN, 2.0],
        vec![-INFINITY, 1.0],
        vec![-INFINITY],
    ] {
        refused_buckets(bounds.into_iter().map(|bound| (bound, 1)).collect(), 1.0);
    }
}

#[test]
fn more_buckets_than_a_histogram_may_have_are_left_out() {
    let bounds = |count: u16| (0..count).map(|bound| (f64::from(bound), 1)).collect();
    refused_buckets(bounds(256), 1.0);
    let registry = writing(Kind::Histogram, move |desc, out| {
        let buckets: Vec<(f64, u64)> = bounds(255);
        out.histogram(desc, &[], HistogramSnapshot::from_buckets(buckets, 1.0));
    });
    assert_eq!(rejected(&registry, "x"), 0);
}

#[test]
fn more_observations_than_can_be_counted_are_left_out() {
    refused_buckets(vec![(1.0, u64::MAX), (2.0, 1)], 1.0);
    for native in [
        NativeHistogramSnapshot::new(0).positive([(0, u64::MAX), (1, 1)]),
        NativeHistogramSnapshot::new(0)
            .zero_bucket(0.0, u64::MAX)
            .positive([(1, 1)]),
    ] {
        refused_histogram(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn counts_that_do_not_add_up_are_left_out() {
    let mut more = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    more.count = 3;
    refused_histogram(more);
    let mut fewer = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    fewer.count = 1;
    refused_histogram(fewer.clone());
    fewer.buckets.pop();
    refused_histogram(fewer);
    let classic = HistogramSnapshot::from_buckets([(1.0, 2)], 1.0);
    refused_histogram(classic.with_native(native()));
}

#[test]
fn sums_that_are_not_finite_are_left_out() {
    for sum in [NAN, INFINITY, -INFINITY] {
        refused_buckets(vec![(1.0, 1)], sum);
        refused_buckets(vec![(-1.0, 1)], sum);
        refused(Kind::Summary, move |desc, out| {
            out.summary(desc, &[], SummarySnapshot::new([], 1, sum));
        });
    }
}

#[test]
fn a_negative_sum_of_what_cannot_be_negative_is_left_out() {
    refused_buckets(vec![(0.0, 1), (1.0, 1)], -1.0);
    refused_histogram(HistogramSnapshot::from_native(native(), -1.0));
    refused(Kind::Summary, |desc, out| {
        out.summary(desc, &[], SummarySnapshot::new([], 1, -1.0));
    });
}

/// The official parser demands a negative bound of a gauge histogram with a negative sum.
#[test]
fn a_negative_sum_of_a_gauge_histogram_without_negative_bound_is_left_out() {
    refused(Kind::GaugeHistogram, |desc, out| {
        let native = NativeHistogramSnapshot::new(0).negative([(1, 2)]);
        out.gauge_histogram(desc, &[], HistogramSnapshot::from_native(native, -3.0));
    });
}

#[test]
fn schemas_that_do_not_exist_are_left_out() {
    for schema in [-5, 9, -53, i32::MIN, i32::MAX] {
        let native = NativeHistogramSnapshot::new(schema).positive([(1, 1)]);
        refused_histogram(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn native_buckets_beyond_the_range_of_floats_are_left_out() {
    for (schema, first, last) in [
        (8, -1074 * 256, 1024 * 256),
        (0, -1074, 1024),
        (-1, -537, 512),
        (-4, -67, 64),
    ] {
        let of = |index| NativeHistogramSnapshot::new(schema).positive([(index, 1)]);
        for index in [first - 1, last + 1, i32::MIN, i32::MAX] {
            refused_histogram(HistogramSnapshot::from_native(of(index), 1.0));
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
fn native_buckets_out_of_order_are_left_out() {
    for buckets in [[(2, 1), (1, 1)], [(1, 1), (1, 1)]] {
        let positive = NativeHistogramSnapshot::new(0).positive(buckets);
        refused_histogram(HistogramSnapshot::from_native(positive, 1.0));
        let negative = NativeHistogramSnapshot::new(0).negative(buckets);
        refused_histogram(HistogramSnapshot::from_native(negative, 1.0));
    }
}

#[test]
fn zero_thresholds_that_are_negative_or_not_finite_are_left_out() {
    for threshold in [NAN, INFINITY, -1.0] {
        let native = NativeHistogramSnapshot::new(0).zero_bucket(threshold, 1);
        refused_histogram(HistogramSnapshot::from_native(native, 1.0));
    }
}

#[test]
fn quantiles_out_of_range_or_order_are_left_out() {
    for quantiles in [
        vec![-0.1],
        vec![1.1],
        vec![NAN],
        vec![0.9, 0.5],
        vec![0.5, 0.5],
        (0..256).map(|at| f64::from(at) / 256.0).collect(),
    ] {
        refused(Kind::Summary, move |desc, out| {
            let quantiles = quantiles.iter().map(|quantile| (*quantile, 1.0));
            out.summary(desc, &[], SummarySnapshot::new(quantiles, 1, 1.0));
        });
    }
}

#[test]
fn values_of_quantiles_that_are_negative_or_infinite_are_left_out() {
    for value in [-1.0, INFINITY, -INFINITY] {
        refused(Kind::Summary, move |desc, out| {
            out.summary(desc, &[], SummarySnapshot::new([(0.5, value)], 1, 1.0));
        });
    }
}

#[test]
fn states_without_names_or_with_equal_ones_are_left_out() {
    let states: [&[(&str, bool)]; 3] = [
        &[],
        &[("", true)],
        &[("a", true), ("b", false), ("a", false)],
    ];
    for states in states {
        refused(Kind::StateSet, move |desc, out| {
            out.state_set(desc, &[], states);
        });
    }
}

#[test]
fn a_state_set_with_a_label_of_its_own_name_is_left_out() {
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
fn labels_with_wrong_names_are_left_out() {
    for kind in KINDS {
        let own = if kind == Kind::Summary {
            "quantile"
        } else {
            "le"
        };
        for name in ["", "1", "a-b", "é", "__name__", own] {
            refused(kind, move |desc, out| {
                write_properly(kind, desc, &[(name, "1")], out);
            });
        }
        refused(kind, move |desc, out| {
            write_properly(kind, desc, &[("a", "1"), ("a", "2")], out);
        });
    }
}

#[test]
fn a_series_written_twice_is_exposed_once() {
    for kind in KINDS {
        let registry = writing(kind, move |desc, out| {
            write_properly(kind, desc, &[("a", "1"), ("b", "2")], out);
            write_properly(kind, desc, &[("b", "2"), ("a", "1"), ("c", "")], out);
        });
        let name = name(kind);
        assert_eq!(family(&registry, name).metrics.len(), 1, "{kind}");
        assert_eq!(rejected(&registry, name), 2, "{kind}: once in each scrape");
    }
}

#[test]
fn values_of_another_type_are_left_out() {
    for described in KINDS {
        for written in KINDS.into_iter().filter(|written| *written != described) {
            refused(described, move |desc, out| {
                write_properly(written, desc, &[], out);
            });
        }
    }
}

/// The type that counts is the one that was announced.
#[test]
fn a_description_of_the_same_name_and_another_type_is_left_out() {
    refused(Kind::Gauge, |_, out| {
        let other = Desc::new(Kind::Histogram, "x", "What it is.");
        write_properly(Kind::Histogram, &other, &[], out);
    });
}

#[test]
fn a_family_that_was_not_described_is_left_out_and_counted() {
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
fn families_that_were_not_described_do_not_fill_the_memory() {
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
fn what_is_left_out_of_a_family_that_is_not_the_collectors_is_counted_with_the_rest() {
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

#[test]
fn every_judge_accepts_what_a_collector_writes_properly_and_improperly() -> Result<(), Refusal> {
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

/// Writes every type, with series that are right and series that are wrong.
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
                write_properly(kind, desc, &[("of", "\"\\\n")], out);
                write_properly(kind, desc, &[("zone", "twice")], out);
                write_properly(kind, desc, &[("a b", "name")], out);
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

#[test]
fn a_collector_that_does_not_answer_costs_its_own_families_only() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    registry
        .create::<Counter>(Options::new("a_total", "A counter."))
        .unwrap();
    let (hanging, gate) = Gate::new("b");
    registry.register(hanging).unwrap();
    registry.register(one("c")).unwrap();
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 0\n",
        "\nc 1\n",
        &errors("b", "timeout", 1),
        &errors("c", "timeout", 0),
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("\nb 1\n"), "{text}");
    gate.open();
}

#[test]
fn several_collectors_that_do_not_answer_cost_their_own_families_only() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    let gates = ["a", "b", "c"].map(|name| {
        let (hanging, gate) = Gate::new(name);
        registry.register(hanging).unwrap();
        gate
    });
    registry.register(one("d")).unwrap();
    assert_eq!(number(&family(&registry, "d").metrics[0].value), 1.0);
    gates.into_iter().for_each(Gate::open);
}

#[test]
fn a_collector_that_hangs_is_not_started_again_before_it_comes_back() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    for scrape in 1..=10 {
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains(&errors("a", "timeout", scrape)), "{text}");
    }
    assert_eq!(gate.entered.try_iter().count(), 1);
    gate.open();
}

#[test]
fn a_collector_that_comes_back_is_asked_again() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    assert_eq!(registry.gather(), []);
    gate.open();
    // It is on its way back.
    while registry.gather().is_empty() {
        thread::yield_now();
    }
}

#[test]
fn a_scrape_does_not_wait_for_a_collector_that_hangs_in_another_one() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    registry.register(one("b")).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        let names = |families: Vec<MetricFamily>| -> Vec<String> {
            families.into_iter().map(|family| family.name).collect()
        };
        assert_eq!(names(registry.gather()), ["b"]);
        assert_eq!(names(other.join().unwrap()), ["b"]);
    });
    gate.open();
}

#[test]
fn a_scrape_that_does_not_want_a_collector_does_not_run_it() {
    let registry = Registry::new();
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    registry.register(one("b")).unwrap();
    let mut out = Vec::new();
    registry
        .encode_filtered(Format::Text, &mut out, |name| name == "b")
        .unwrap();
    assert!(String::from_utf8(out).unwrap().ends_with("b 1\n"));
    assert_eq!(gate.entered.try_iter().count(), 0);
}

#[test]
fn a_collector_that_hangs_can_be_unregistered() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(Arc::clone(&hanging)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        assert!(registry.unregister(&hanging));
        assert_eq!(registry.gather(), []);
    });
    gate.open();
}

#[test]
fn a_scrape_may_wait_for_its_collectors_for_ever() {
    let registry = Registry::new();
    registry.collector_timeout(Duration::MAX);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    thread::scope(|scope| {
        let scrape = scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        gate.open();
        assert_eq!(scrape.join().unwrap().len(), 1);
    });
}

#[test]
fn quick_collectors_share_a_thread_with_a_name() {
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let registry = Registry::new();
    for name in ["a", "b", "c"] {
        let threads = Arc::clone(&threads);
        registry
            .register(Scripted::named(name, move |desc, out| {
                let thread = thread::current();
                assert_eq!(thread.name(), Some("metrics-collect"));
                threads.lock().unwrap().insert(thread.id());
                out.gauge(desc, &[], 1.0);
            }))
            .unwrap();
    }
    for _ in 0..50 {
        assert_eq!(registry.gather().len(), 3);
    }
    // A machine that is busy elsewhere may make it seem that one hangs.
    assert!(threads.lock().unwrap().len() < 10);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("again");
    }
}

#[test]
fn a_panic_does_not_end_the_thread_of_the_collectors() {
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let noted = Arc::clone(&threads);
    registry
        .register(Scripted::named("a", move |_, _| {
            noted.lock().unwrap().insert(thread::current().id());
            panic_any(Bomb);
        }))
        .unwrap();
    registry.register(one("b")).unwrap();
    for scrape in 1..=50 {
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains(&errors("a", "panic", scrape)), "{text}");
        assert!(text.contains("\nb 1\n"), "{text}");
    }
    assert!(threads.lock().unwrap().len() < 10);
}

#[test]
fn the_thread_of_the_collectors_ends_with_the_registry() {
    struct Leaving(Sender<()>);

    impl Drop for Leaving {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    thread_local!(static LEAVING: OnceLock<Leaving> = const { OnceLock::new() });

    let (sender, left) = mpsc::channel();
    let sender = Mutex::new(sender);
    let registry = writing(Kind::Gauge, move |desc, out| {
        let sender = sender.lock().unwrap().clone();
        LEAVING.with(|leaving| _ = leaving.set(Leaving(sender)));
        out.gauge(desc, &[], 1.0);
    });
    assert!(!registry.gather().is_empty());
    drop(registry);
    left.recv().unwrap();
}

/// A registry for collectors that use it.
fn with_itself(of: impl Fn(&Arc<OnceLock<Registry>>) -> Vec<Arc<dyn Collector>>) -> Registry {
    let itself: Arc<OnceLock<Registry>> = Arc::default();
    let registry = Registry::new();
    registry.write_self_metrics(true);
    // A deadlock would be a failure.
    registry.collector_timeout(Duration::from_mins(1));
    for collector in of(&itself) {
        registry.register(collector).unwrap();
    }
    itself.set(registry.clone()).unwrap();
    registry
}

#[test]
fn a_collector_may_expose_its_own_registry_without_itself() {
    let registry = with_itself(|itself| {
        let itself = Arc::clone(itself);
        let within = Scripted::named("a", move |desc, out| {
            let registry = itself.get().unwrap();
            let text = registry.encode_to_string(Format::Text);
            assert!(text.contains("\nb 1\n") && !text.contains("\na "), "{text}");
            let names: Vec<_> = registry.gather().into_iter().map(|it| it.name).collect();
            assert_eq!(names[0], "b");
            out.gauge(desc, &[], 1.0);
        });
        vec![within, one("b")]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\nb 1\n") && text.contains("a 1\n"), "{text}");
    for error in [errors("a", "panic", 0), errors("a", "timeout", 0)] {
        assert!(text.contains(&error), "{text}");
    }
}

#[test]
fn collectors_may_expose_each_other() {
    let registry = with_itself(|itself| {
        let named = |name: &'static str, other: &'static str| {
            let itself = Arc::clone(itself);
            Scripted::named(name, move |desc, out| {
                let text = itself.get().unwrap().encode_to_string(Format::Text);
                assert!(!text.contains(&format!("\n{name} ")), "{text}");
                out.gauge(desc, &[("other", other)], 1.0);
            })
        };
        vec![named("a", "b"), named("b", "a")]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\na{other=\"b\"} 1\n"), "{text}");
    assert!(text.contains("\nb{other=\"a\"} 1\n"), "{text}");
}

#[test]
fn a_collector_may_register_and_unregister() {
    let registry = with_itself(|itself| {
        let itself = Arc::clone(itself);
        let within = Scripted::named("a", move |desc, out| {
            let registry = itself.get().unwrap();
            let other: Arc<dyn Collector> = one("b");
            registry.register(Arc::clone(&other)).unwrap();
            registry.register(one("a")).unwrap_err();
            assert!(registry.unregister(&other));
            registry.check().unwrap();
            registry.max_series(100);
            let made = registry.create::<Gauge>(Options::new("made", "Made in a scrape."));
            made.unwrap().set(1);
            out.gauge(desc, &[], 1.0);
        });
        vec![within]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains(&errors("a", "panic", 0)), "{text}");
    let error = registry
        .create::<Counter>(Options::new("made", "Elsewhere."))
        .unwrap_err();
    assert!(error.to_string().contains("`made`"), "{error}");
}

#[test]
fn a_collector_is_asked_for_its_families_once() {
    struct Asked(AtomicUsize, [Desc; 1]);

    impl Collector for Asked {
        fn descs(&self) -> &[Desc] {
            self.0.fetch_add(1, Ordering::Relaxed);
            &self.1
        }

        fn collect(&self, out: &mut Collection<'_>) {
            out.gauge(&self.1[0], &[], 1.0);
        }
    }

    let registry = Registry::new();
    let desc = Desc::new(Kind::Gauge, "a", "A.");
    let asked = Arc::new(Asked(AtomicUsize::new(0), [desc]));
    registry
        .register(Arc::clone(&asked) as Arc<dyn Collector>)
        .unwrap();
    registry.create::<Gauge>(Options::new("b", "B.")).unwrap();
    assert_eq!(registry.gather().len(), 2);
    assert_eq!(asked.0.load(Ordering::Relaxed), 1);
}

#[test]
fn scrapes_at_once_have_all_that_quick_collectors_write() {
    let registry = Registry::new();
    registry.collector_timeout(Duration::MAX);
    for name in ["a", "b", "c"] {
        registry.register(one(name)).unwrap();
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(registry.gather().len(), 3);
                }
            });
        }
    });
}

/// Long enough for a collector that is quick, on a machine that is not.
const SHORT: Duration = Duration::from_secs(1);

const KINDS: [Kind; 8] = [
    Kind::Counter,
    Kind::Gauge,
    Kind::Histogram,
    Kind::GaugeHistogram,
    Kind::Summary,
    Kind::Info,
    Kind::StateSet,
    Kind::Unknown,
];

/// Writes one family as a test tells it.
struct Scripted<W> {
    descs: [Desc; 1],
    write: W,
}

impl<W: Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static> Scripted<W> {
    fn shared(kind: Kind, name: &'static str, write: W) -> Arc<dyn Collector> {
        Arc::new(Scripted {
            descs: [Desc::new(kind, name, "What it is.")],
            write,
        })
    }

    /// Writes a gauge of this name.
    fn named(name: &'static str, write: W) -> Arc<dyn Collector> {
        Scripted::shared(Kind::Gauge, name, write)
    }
}

impl<W: Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static> Collector for Scripted<W> {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        (self.write)(&self.descs[0], out);
    }
}

/// Writes 1 to a gauge of this name.
fn one(name: &'static str) -> Arc<dyn Collector> {
    Scripted::named(name, |desc, out| out.gauge(desc, &[], 1.0))
}

/// Lets a collector go on that waits for it.
struct Gate {
    /// Hears of each time that it was entered.
    entered: Receiver<()>,
    open: Sender<()>,
}

impl Gate {
    /// A collector that hangs until the gate is opened, and goes through it from then on.
    fn new(name: &'static str) -> (Arc<dyn Collector>, Self) {
        let (enter, entered) = mpsc::channel();
        let (open, opened) = mpsc::channel::<()>();
        let ends = Mutex::new((enter, opened));
        let hanging = Scripted::named(name, move |desc, out| {
            let (enter, opened) = &*ends.lock().unwrap();
            let _ = enter.send(());
            // An error when the gate is open.
            let _ = opened.recv();
            out.gauge(desc, &[], 1.0);
        });
        (hanging, Gate { entered, open })
    }

    fn open(self) {
        drop(self.open);
    }
}

/// A registry with a collector that writes a family of this type, called `x`.
fn writing(
    kind: Kind,
    write: impl Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static,
) -> Registry {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let collector = Scripted::shared(kind, name(kind), write);
    registry.register(collector).unwrap();
    registry
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "x_total",
        Kind::Info => "x_info",
        _ => "x",
    }
}

/// Writes a value that is right for this type.
fn write_properly(kind: Kind, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
    let classic = || HistogramSnapshot::from_buckets([(1.0, 2), (INFINITY, 1)], 7.5);
    match kind {
        Kind::Counter => out.counter(desc, labels, 1.5).created(1e9),
        Kind::Gauge => out.gauge(desc, labels, -1.5),
        Kind::Histogram => out.histogram(desc, labels, classic()).created(1e9),
        Kind::GaugeHistogram => out.gauge_histogram(desc, labels, classic()),
        Kind::Summary => {
            let snapshot = SummarySnapshot::new([(0.5, 1.0), (0.99, 2.0)], 3, 4.0);
            out.summary(desc, labels, snapshot).created(1e9);
        }
        Kind::Info => out.info(desc, labels),
        Kind::StateSet => out.state_set(desc, labels, &[("a", true), ("b", true), ("c", false)]),
        _ => out.unknown(desc, labels, -1.5),
    }
}

/// Four observations: one of 0, two above 1 and up to 2, one above that and up to 4.
fn native() -> NativeHistogramSnapshot {
    NativeHistogramSnapshot::new(0)
        .zero_bucket(1e-9, 1)
        .positive([(1, 2), (2, 1)])
}

/// Demands that what is written is in no exposition, and counted once for each.
#[track_caller]
fn refused(kind: Kind, write: impl Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static) {
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
fn refused_histogram(snapshot: HistogramSnapshot) {
    let of_gauges = snapshot.clone();
    refused(Kind::Histogram, move |desc, out| {
        out.histogram(desc, &[], snapshot.clone());
    });
    refused(Kind::GaugeHistogram, move |desc, out| {
        out.gauge_histogram(desc, &[], of_gauges.clone());
    });
}

#[track_caller]
fn refused_buckets(buckets: Vec<(f64, u64)>, sum: f64) {
    refused_histogram(HistogramSnapshot::from_buckets(buckets, sum));
}

/// How many values of a family were left out, a scrape for this question included.
fn rejected(registry: &Registry, name: &str) -> u64 {
    let families = family(registry, "metrics_rejected_total").metrics;
    let label = ("family".to_owned(), name.to_owned());
    let of_family = families
        .iter()
        .filter(|metric| metric.labels.contains(&label));
    of_family.map(|metric| number(&metric.value) as u64).sum()
}

#[track_caller]
fn family(registry: &Registry, name: &str) -> MetricFamily {
    let families = registry.gather();
    let found = families.iter().find(|family| family.name == name);
    found
        .unwrap_or_else(|| panic!("no `{name}` in {families:?}"))
        .clone()
}

/// The value of the only series of `x`.
#[track_caller]
fn value(registry: &Registry) -> MetricValue {
    let families = registry.gather();
    let [Metric { value, .. }] = &families[0].metrics[..] else {
        panic!("one series in {families:?}");
    };
    value.clone()
}

fn number(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        other => panic!("no number: {other:?}"),
    }
}

fn errors(collector: &str, reason: &str, count: u64) -> String {
    format!(
        "metrics_collector_errors_total{{collector=\"{collector}\",reason=\"{reason}\"}} {count}\n"
    )
}
