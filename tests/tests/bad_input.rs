//! Tests that invalid values at run time are rejected and counted, and do not change the
//! exposition. Invalid bounds, quantiles and growth factors of dynamic metrics are errors.
//!
//! Other test programs cover other invalid input: `collectors` the values of collectors, `registry`
//! names, and `ui` declarations.

use metrics_core::{
    DynamicMetric, FloatCounter, Format, Gauge, Histogram, MetricValue, Options, Registry, Summary,
    UpDownCounter,
};

const NAN: f64 = f64::NAN;
const INFINITY: f64 = f64::INFINITY;

/// NaN and infinities, which would make a sum non-finite.
const NEVER: [f64; 4] = [NAN, -NAN, INFINITY, -INFINITY];
/// Negative finite values, among them those of the smallest and the largest magnitude.
const NEGATIVE: [f64; 4] = [-1.0, -f64::MIN_POSITIVE, -5e-324, f64::MIN];

#[test]
fn a_counter_rejects_negative_values_and_nan() {
    let all = [NEVER, NEGATIVE].concat();
    assert_rejected(options("a_total"), &all, FloatCounter::inc_by);
    assert_rejected(options("a_total"), &all, |counter: &FloatCounter, value| {
        counter.inc_by_with_exemplar(value, &[("trace_id", "x")]);
    });
}

#[test]
fn an_up_down_counter_stays_exact_after_any_number_of_recordings() {
    let registry = Registry::new();
    let bytes = registry.create::<UpDownCounter>(options("a")).unwrap();
    for _ in 0..5 {
        for rest in 0..3 {
            bytes.add(1 << 62);
            assert_eq!(bytes.get(), (1 << 62) + rest);
            // When the thread ends, the library adds its decrements to those of other threads.
            std::thread::scope(|scope| {
                scope.spawn(|| bytes.sub((1 << 62) - 1));
            });
        }
        bytes.sub(3);
        assert_eq!(bytes.get(), 0);
    }
}

#[test]
fn a_single_step_of_an_up_down_counter_is_limited_to_the_range_of_its_type() {
    let registry = Registry::new();
    let up = registry.create::<UpDownCounter>(options("a")).unwrap();
    up.add(u64::MAX);
    assert_eq!(up.get(), i64::MAX);
    let down = registry.create::<UpDownCounter>(options("b")).unwrap();
    down.sub(u64::MAX);
    assert_eq!(down.get(), -i64::MAX);
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains(&format!("\na {}\n", i64::MAX)), "{text}");
    assert!(text.contains(&format!("\nb -{}\n", i64::MAX)), "{text}");
}

#[test]
fn a_histogram_rejects_values_that_would_invalidate_its_sum() {
    let all = [NEVER, NEGATIVE].concat();
    for options in [
        || options("a"),
        || options("a").buckets([]),
        || options("a").buckets([0.0, 1.0]),
        || options("a").native(1.1),
        || options("a").native(2.0).buckets([0.5]),
    ] {
        assert_rejected(options(), &all, Histogram::observe);
        assert_rejected(options(), &all, |histogram: &Histogram, value| {
            histogram.observe_with_exemplar(value, &[("trace_id", "x")]);
        });
    }
}

#[test]
fn a_histogram_with_a_negative_bound_accepts_negative_values() {
    for options in [
        || options("a").buckets([-1.0, 1.0]),
        || options("a").native(1.1).buckets([-1.0]),
    ] {
        assert_rejected(options(), &NEVER, Histogram::observe);
        let registry = Registry::new();
        let histogram = registry.create::<Histogram>(options()).unwrap();
        for value in NEGATIVE {
            histogram.observe(value);
        }
        assert_eq!(histogram.get().count, 4);
    }
}

#[test]
fn a_summary_rejects_values_that_would_invalidate_its_sum() {
    let all = [NEVER, NEGATIVE].concat();
    assert_rejected(options("a"), &all, Summary::observe);
    assert_rejected(options("a").quantiles([0.5, 1.0]), &all, Summary::observe);
}

#[test]
fn invalid_bucket_bounds_are_refused() {
    for bounds in [
        vec![2.0, 1.0],
        vec![1.0, 1.0],
        // -0 and 0 are equal, so these bounds do not increase.
        vec![-0.0, 0.0],
        vec![0.0, -0.0],
        vec![-1.0, -2.0],
        vec![NAN],
        vec![1.0, NAN],
        vec![NAN, 1.0],
        vec![-INFINITY],
        vec![1.0, INFINITY],
        vec![1.0; 300],
    ] {
        assert_refused::<Histogram>(options("a").buckets(bounds.clone()));
        assert_refused::<Histogram>(options("a").buckets(bounds.clone()).native(2.0));
        assert_refused::<Gauge>(options("a").buckets(bounds));
    }
}

#[test]
fn invalid_quantiles_are_refused() {
    for quantiles in [
        vec![-f64::MIN_POSITIVE],
        vec![1.0 + f64::EPSILON],
        vec![0.9, 0.5],
        vec![0.5, 0.5],
        vec![-0.0, 0.0],
        vec![NAN],
        vec![0.5, NAN],
        vec![INFINITY],
    ] {
        assert_refused::<Summary>(options("a").quantiles(quantiles));
    }
}

#[test]
fn invalid_growth_factors_are_refused() {
    for growth in [1.0, 0.0, -2.0, NAN, INFINITY, -INFINITY] {
        assert_refused::<Histogram>(options("a").native(growth));
    }
    assert_refused::<Summary>(options("a").native(1.1));
}

/// Asserts that `values` are rejected and counted, and do not change the exposition.
#[track_caller]
fn assert_rejected<M: DynamicMetric>(options: Options, values: &[f64], record: impl Fn(&M, f64)) {
    let registry = Registry::new();
    let metric = registry.create::<M>(options).unwrap();
    let expositions = || {
        let formats = [Format::Text, Format::OpenMetrics, Format::Protobuf];
        formats.map(|format| {
            let mut out = Vec::new();
            registry.encode(format, &mut out).unwrap();
            out
        })
    };
    let before = expositions();
    for value in values {
        record(&metric, *value);
    }
    assert_eq!(expositions(), before);
    registry.write_self_metrics(true);
    let families = registry.gather();
    let rejected = families
        .iter()
        .find(|family| family.name == "metrics_rejected_total");
    let rejected = rejected.unwrap().metrics.iter();
    let counts = rejected.map(|metric| match metric.value {
        MetricValue::Counter(count) => count.as_f64() as usize,
        ref other => panic!("{other:?}"),
    });
    assert_eq!(counts.sum::<usize>(), values.len());
}

#[track_caller]
fn assert_refused<M: DynamicMetric>(options: Options) {
    let registry = Registry::new();
    assert!(registry.create::<M>(options).is_err());
    assert!(registry.gather().is_empty());
}

#[track_caller]
fn options(name: &str) -> Options {
    Options::new(name, "Of a test.")
}
