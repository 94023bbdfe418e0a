//! Tests of exemplars that a recording takes from the current span.

use metrics_core::{Counter, Gauge, Histogram, Options, Registry, metrics};
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use crate::support::{by_name, exemplars, in_span, labels, sampled, traced, values};

#[test]
fn a_recording_in_a_sampled_span_has_an_exemplar_with_the_spans_ids() {
    metrics! {
        /// Observations.
        #[exemplars]
        static SPAN: Histogram = "exemplars_span";
    }
    let (trace, span) = sampled(|| in_span(|| SPAN.observe(0.3)));
    assert_eq!(values("exemplars_span"), [0.3]);
    assert_eq!(labels("exemplars_span", "trace_id"), [trace]);
    assert_eq!(labels("exemplars_span", "span_id"), [span]);
}

#[test]
fn an_opentelemetry_span_without_tracing_is_found() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static ALONE: Counter = "exemplars_alone_total";
    }
    let provider = SdkTracerProvider::builder().build();
    let trace = provider.tracer("tests").in_span("work", |context| {
        ALONE.inc();
        context.span().span_context().trace_id().to_string()
    });
    assert_eq!(labels("exemplars_alone_total", "trace_id"), [trace]);
}

#[test]
fn every_type_with_exemplars_takes_them_from_the_span() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static FOUND_COUNT: Counter = "exemplars_found_events_total";
        /// Recordings.
        #[exemplars]
        static FOUND_AMOUNT: FloatCounter = "exemplars_found_amount_total";
        /// Observations.
        #[exemplars]
        #[buckets(native)]
        static FOUND_NATIVE: Histogram = "exemplars_found_native";
        /// Observations.
        #[exemplars]
        #[buckets(native, 1, 2)]
        static FOUND_BOTH: Histogram<(name: &str)> = "exemplars_found_both";
    }
    sampled(|| {
        in_span(|| {
            FOUND_COUNT.inc_by(3);
            FOUND_AMOUNT.inc();
            FOUND_NATIVE.observe(5.0);
            FOUND_BOTH.with("a").observe(1.5);
        })
    });
    assert_eq!(values("exemplars_found_events_total"), [3.0]);
    assert_eq!(values("exemplars_found_amount_total"), [1.0]);
    assert_eq!(values("exemplars_found_native"), [5.0]);
    assert_eq!(values("exemplars_found_both"), [1.5]);
}

#[test]
fn handles_take_exemplars_from_the_span() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static HELD_COUNT: Counter<(name: &str)> = "exemplars_held_events_total";
        /// Observations.
        #[exemplars]
        static HELD: Histogram<(side: bool)> = "exemplars_held";
        /// Observations.
        #[exemplars]
        #[buckets(native)]
        static HELD_NATIVE: Histogram<(name: &str)> = "exemplars_held_native";
    }
    let (count, held) = (HELD_COUNT.bind("a"), HELD.bind(true));
    let native = HELD_NATIVE.bind("a");
    sampled(|| {
        in_span(|| {
            count.inc();
            held.observe(2.0);
            native.observe(3.0);
        })
    });
    assert_eq!(values("exemplars_held_events_total"), [1.0]);
    assert_eq!(exemplars("exemplars_held")[1][0].value, 2.0);
    assert_eq!(values("exemplars_held_native"), [3.0]);
}

#[test]
fn dynamic_metrics_take_exemplars_from_the_span_if_enabled() {
    let registry = Registry::new();
    let make = |options: Options| registry.create::<Counter>(options);
    let asked = make(Options::new("asked_total", "Recordings.").exemplars());
    let plain = make(Options::new("plain_total", "Recordings."));
    let observed: Histogram = registry
        .create(Options::new("observed", "Observations.").exemplars())
        .expect("the name is free");
    sampled(|| {
        in_span(|| {
            asked.expect("the name is free").inc();
            plain.expect("the name is free").inc();
            observed.observe(0.5);
        })
    });
    let families = registry.gather();
    assert_eq!(by_name(&families, "asked_total")[0].len(), 1);
    assert_eq!(by_name(&families, "plain_total")[0].len(), 0);
    assert_eq!(by_name(&families, "observed")[0][0].value, 0.5);
}

#[test]
fn a_dynamic_gauge_with_exemplars_is_refused() {
    let registry = Registry::new();
    let options = Options::new("gauge", "Level.").exemplars();
    let error = registry.create::<Gauge>(options).expect_err("it has none");
    assert!(error.to_string().contains("only counters and histograms"));
}

#[test]
fn a_metric_without_the_attribute_takes_no_exemplar() {
    metrics! {
        /// Recordings.
        static UNASKED: Counter = "exemplars_unasked_total";
    }
    sampled(|| in_span(|| UNASKED.inc()));
    assert!(values("exemplars_unasked_total").is_empty());
}

#[test]
fn an_unsampled_span_gives_no_exemplar() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static UNSAMPLED: Counter = "exemplars_unsampled_total";
    }
    traced(Sampler::AlwaysOff, || in_span(|| UNSAMPLED.inc()));
    assert!(values("exemplars_unsampled_total").is_empty());
}

#[test]
fn a_recording_outside_a_span_has_no_exemplar() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static NOWHERE: Counter = "exemplars_nowhere_total";
    }
    NOWHERE.inc();
    sampled(|| NOWHERE.inc());
    assert!(values("exemplars_nowhere_total").is_empty());
}
