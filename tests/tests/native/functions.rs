//! Tests functions that are timed into native histograms with `#[timed(buckets(native))]`.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Waker},
    thread,
};

use metrics_core::{
    Format, Metric, MetricValue, NativeHistogramSnapshot, encode_to_string, gather, timed,
};

use crate::support::assert_buckets;

fn metrics(name: &str) -> Vec<Metric> {
    let families = gather();
    let family = families.iter().find(|family| family.name == name);
    family.expect("the family is declared").metrics.clone()
}

/// Returns count, sum and native buckets of a series.
fn state(metric: &Metric) -> (u64, f64, NativeHistogramSnapshot) {
    let MetricValue::Histogram {
        buckets,
        sum,
        native,
        ..
    } = &metric.value
    else {
        panic!("{metric:?}");
    };
    let count = buckets.iter().map(|(_, count)| count).sum();
    (
        count,
        *sum,
        native.clone().expect("the histogram is native"),
    )
}

#[track_caller]
fn assert_counted(native: &NativeHistogramSnapshot, count: u64) {
    let buckets = native.positive.iter().map(|(_, count)| count);
    assert_eq!(native.zero_count + buckets.sum::<u64>(), count);
}

/// Each series has a single call, so its sum is the call's duration.
#[test]
fn a_call_is_counted_in_the_bucket_of_its_duration() {
    #[timed(
        name = "native_spun_seconds",
        buckets(native(growth = 1.005)),
        labels(n)
    )]
    fn spun(n: u64) {
        for at in 0..n * n {
            black_box(at);
        }
    }

    for n in 0..200 {
        spun(n);
    }
    let metrics = metrics("native_spun_seconds");
    assert_eq!(metrics.len(), 200);
    for metric in &metrics {
        let (count, seconds, native) = state(metric);
        assert_eq!((count, native.schema), (1, 8));
        assert_buckets(&native, &[seconds]);
    }
}

#[test]
fn each_outcome_has_buckets_of_its_own() {
    #[timed(name = "native_halved_seconds", buckets(native))]
    fn halved(n: u32) -> Result<u32, String> {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(n.to_string())
        }
    }

    for n in 0..9 {
        let _ = halved(n);
    }
    let metrics = metrics("native_halved_seconds");
    let counts: Vec<u64> = metrics.iter().map(|metric| state(metric).0).collect();
    assert_eq!(counts, [5, 4]);
    for metric in &metrics {
        assert_counted(&state(metric).2, state(metric).0);
    }
}

#[test]
fn no_call_is_lost_when_threads_end() {
    #[timed(
        name = "native_ended_seconds",
        buckets(native(max_buckets = 4)),
        outcome = false
    )]
    fn ended(n: u64) {
        for at in 0..n * n {
            black_box(at);
        }
    }

    ended(1);
    for _ in 0..4 {
        let calls = || (0..200).for_each(ended);
        thread::spawn(calls).join().expect("it calls");
    }
    let (count, _, native) = state(&metrics("native_ended_seconds")[0]);
    assert_eq!(count, 801);
    assert_counted(&native, count);
    assert!(native.positive.len() <= 4, "{native:?}");
}

#[test]
fn native_and_classic_buckets_count_the_same_calls() {
    #[timed(
        name = "native_both_seconds",
        buckets(native(zero_threshold = 3600), 0.25, 3600.0),
        slo(latency = "250ms", objective = 99.0)
    )]
    fn both() {}

    both();
    both();
    let (count, _, native) = state(&metrics("native_both_seconds")[0]);
    assert_eq!(
        (count, native.zero_threshold, native.zero_count),
        (2, 3600.0, 2)
    );
    let text = encode_to_string(Format::Text);
    let line = |le| {
        let labels = r#"function="both",module="native::functions",outcome="ok""#;
        format!("native_both_seconds_bucket{{{labels},le=\"{le}\"}} 2\n")
    };
    assert!(
        text.contains(&line("0.25")) && text.contains(&line("+Inf")),
        "{text}"
    );
}

#[test]
fn async_calls_and_their_busy_time_are_counted_in_native_buckets() {
    #[timed(name = "native_polled_seconds", buckets(native), busy)]
    async fn polled() {}

    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(pin!(polled()).poll(&mut context).is_ready());
    }
    for family in ["native_polled_seconds", "native_polled_busy_seconds"] {
        let (count, _, native) = state(&metrics(family)[0]);
        assert_eq!(count, 3, "{family}");
        assert_counted(&native, 3);
    }
}

#[test]
fn sampled_calls_are_counted_in_native_buckets() {
    #[timed(name = "native_sampled_seconds", buckets(native), sample = 1/1)]
    fn picked() {}

    picked();
    let (count, _, native) = state(&metrics("native_sampled_seconds")[0]);
    assert_eq!(count, 1);
    assert_counted(&native, 1);
}

#[test]
fn a_call_with_native_buckets_has_an_exemplar_if_enabled() {
    use opentelemetry::trace::TracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    #[timed(name = "native_shown_seconds", buckets(native), exemplars)]
    fn shown() {}

    let provider = opentelemetry_sdk::trace::SdkTracerProvider::default();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info_span!("work").in_scope(shown);
    });
    let metric = &metrics("native_shown_seconds")[0];
    let exemplars: Vec<f64> = metric.exemplars.iter().map(|one| one.value).collect();
    assert_eq!(exemplars, [state(metric).1]);
}
