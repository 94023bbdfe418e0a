//! Tests families of native histograms: options, rejected values, text formats, and several metrics
//! in one family.

use metrics_core::{
    DynamicFamily, Format, Histogram, MetricValue, Options, Registry, encode_to_string, metrics,
};

use crate::support::native;

#[test]
fn values_that_would_spoil_the_sum_are_rejected_and_counted() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static REJECTS: Histogram = "native_rejects";
        /// Observations.
        #[buckets(native(negative), 1.0, 2.0)]
        static ACCEPTS: Histogram = "native_accepts";
    }
    for value in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0] {
        REJECTS.observe(value);
        ACCEPTS.observe(value);
    }
    assert_eq!((REJECTS.get().count, REJECTS.get().sum), (1, 1.0));
    let state = ACCEPTS.get();
    assert_eq!((state.count, state.sum), (2, 0.0));
    assert_eq!(state.buckets[0], (1.0, 2));
    assert_eq!(native(&state).negative, [(0, 1)]);
    let text = encode_to_string(Format::Text);
    for (family, rejected) in [("native_rejects", 4), ("native_accepts", 3)] {
        let line =
            format!("metrics_rejected_total{{family=\"{family}\",reason=\"value\"}} {rejected}\n");
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn text_formats_have_count_sum_and_classic_buckets() {
    let registry = Registry::new();
    let options = |name: &str| Options::new(name, "Observations.").labels(["host"]);
    let only: DynamicFamily<Histogram> = registry
        .create_family(options("only").native(1.1))
        .expect("valid options");
    let both: DynamicFamily<Histogram> = registry
        .create_family(options("both").native(1.1).buckets([1.0, 2.0]))
        .expect("valid options");
    for value in [0.5, 1.5, 4.0] {
        only.with(&["a"]).observe(value);
        both.with(&["a"]).observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    let expected = concat!(
        "# HELP both Observations.\n",
        "# TYPE both histogram\n",
        "both_bucket{host=\"a\",le=\"1\"} 1\n",
        "both_bucket{host=\"a\",le=\"2\"} 2\n",
        "both_bucket{host=\"a\",le=\"+Inf\"} 3\n",
        "both_sum{host=\"a\"} 6\n",
        "both_count{host=\"a\"} 3\n",
        "# HELP only Observations.\n",
        "# TYPE only histogram\n",
        "only_bucket{host=\"a\",le=\"+Inf\"} 3\n",
        "only_sum{host=\"a\"} 6\n",
        "only_count{host=\"a\"} 3\n",
    );
    assert!(text.contains(expected), "{text}");
    let open_metrics = registry.encode_to_string(Format::OpenMetrics);
    let lines = "only_bucket{host=\"a\",le=\"+Inf\"} 3\nonly_sum{host=\"a\"} 6.0\n";
    assert!(open_metrics.contains(lines), "{open_metrics}");
    let families = registry.gather();
    let only = families.iter().find(|family| family.name == "only");
    let MetricValue::Histogram { native, .. } =
        &only.expect("the family is exposed").metrics[0].value
    else {
        panic!("not a histogram");
    };
    let native = native.as_ref().expect("the histogram is native");
    assert_eq!(native.positive, [(-8, 1), (5, 1), (16, 1)]);
}

/// OpenMetrics forbids a sum that may decrease, and a count without a sum.
#[test]
fn openmetrics_has_no_sum_if_observations_may_be_negative() {
    metrics! {
        /// Observations.
        #[buckets(native(negative))]
        static FALLS: Histogram = "native_falls";
    }
    FALLS.observe(-1.0);
    let text = encode_to_string(Format::OpenMetrics);
    assert!(text.contains("native_falls_bucket{le=\"+Inf\"} 1\n"));
    assert!(!text.contains("native_falls_sum"));
    assert!(!text.contains("native_falls_count"));
    let text = encode_to_string(Format::Text);
    assert!(text.contains("native_falls_sum -1\n"));
}

#[test]
fn invalid_options_of_dynamic_metrics_are_errors() {
    let registry = Registry::new();
    let histogram = |growth| {
        let options = Options::new("a", "Observations.").native(growth);
        registry.create::<Histogram>(options)
    };
    for growth in [1.0, 0.5, f64::NAN, f64::INFINITY] {
        let error = histogram(growth).unwrap_err().to_string();
        assert!(
            error.contains("a growth factor is a number above 1"),
            "{error}"
        );
    }
    let options = Options::new("a", "Observations.").native(1.1);
    let error = registry.create::<metrics_core::Gauge>(options).unwrap_err();
    assert!(error.to_string().contains("only histograms are native"));
}

#[test]
fn members_of_a_family_must_agree_in_native_buckets() {
    let registry = Registry::new();
    let options = || Options::new("a", "Observations.");
    let _first = registry
        .create::<Histogram>(options().native(1.1))
        .expect("valid options");
    for other in [options().native(2.0), options().buckets([])] {
        let error = registry.create::<Histogram>(other).unwrap_err().to_string();
        assert!(error.contains("different native buckets"), "{error}");
    }
}

/// Two metrics with the same name and labels are members of one family and form one series.
#[test]
fn members_with_equal_labels_are_summed() {
    let registry = Registry::new();
    let made = || {
        let options = Options::new("a", "Observations.").native(1.1);
        registry
            .create::<Histogram>(options)
            .expect("valid options")
    };
    let (first, second) = (made(), made());
    first.observe(1.0);
    second.observe(1.0);
    second.observe(3.0);
    let MetricValue::Histogram { native, sum, .. } = &registry.gather()[0].metrics[0].value else {
        panic!("not a histogram");
    };
    let native = native.as_ref().expect("the histogram is native");
    assert_eq!(
        (native.positive.as_slice(), *sum),
        ([(0, 2), (13, 1)].as_slice(), 5.0)
    );
}
