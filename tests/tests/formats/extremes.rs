//! Tests of recorded values at the ends of their range, and of values that are rejected.

use metrics_core::{FloatCounter, Format, Histogram, Options, Registry, Summary};

#[test]
fn values_that_would_invalidate_a_series_are_rejected_and_counted() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let float = registry
        .create::<FloatCounter>(Options::new("a_total", "A."))
        .unwrap();
    let histogram = registry
        .create::<Histogram>(Options::new("b", "B.").buckets([1.0]))
        .unwrap();
    let signed = Options::new("c", "C.").buckets([-1.0, 1.0]);
    let signed = registry.create::<Histogram>(signed).unwrap();
    let quantiles = Options::new("d", "D.").quantiles([0.5]);
    let summary = registry.create::<Summary>(quantiles).unwrap();
    for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        float.inc_by(value);
        histogram.observe(value);
        signed.observe(value);
        summary.observe(value);
    }
    for value in [-1.0, -f64::MIN_POSITIVE, -5e-324, f64::MIN] {
        float.inc_by(value);
        histogram.observe(value);
        summary.observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 0\n",
        "b_sum 0\n",
        "b_count 0\n",
        "c_count 0\n",
        "d_count 0\n",
        "metrics_rejected_total{family=\"a_total\",reason=\"value\"} 8\n",
        "metrics_rejected_total{family=\"b\",reason=\"value\"} 8\n",
        "metrics_rejected_total{family=\"c\",reason=\"value\"} 4\n",
        "metrics_rejected_total{family=\"d\",reason=\"value\"} 8\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn extreme_accepted_values_keep_the_exposition_valid() {
    let registry = Registry::new();
    let float = registry
        .create::<FloatCounter>(Options::new("a_total", "A."))
        .unwrap();
    let histogram = registry
        .create::<Histogram>(Options::new("b", "B.").buckets([1.0]))
        .unwrap();
    let quantiles = Options::new("d", "D.").quantiles([0.0, 0.5, 1.0]);
    let summary = registry.create::<Summary>(quantiles).unwrap();
    for value in [
        -0.0,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.0,
        f64::MAX,
        f64::MAX,
    ] {
        float.inc_by(value);
        histogram.observe(value);
        summary.observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 1.7976931348623157e+308\n",
        "b_bucket{le=\"1\"} 5\n",
        "b_bucket{le=\"+Inf\"} 7\n",
        "b_sum 1.7976931348623157e+308\n",
        "d_sum 1.7976931348623157e+308\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn a_sum_that_overflows_in_both_directions_stays_finite() {
    let registry = Registry::new();
    let options = Options::new("a", "A.").buckets([-1.0, 1.0]);
    let histogram = registry.create::<Histogram>(options).unwrap();
    for value in [f64::MAX, f64::MIN] {
        let (ours, observe) = (histogram.clone(), move |histogram: &Histogram| {
            histogram.observe(value);
            histogram.observe(value);
        });
        std::thread::spawn(move || observe(&ours)).join().unwrap();
    }
    assert!(histogram.get().sum.is_finite(), "{:?}", histogram.get());
}
