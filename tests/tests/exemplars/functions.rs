//! Tests of the exemplars of instrumented functions.

use std::{thread, time::Duration};

use metrics_core::{counted, gather, timed};
use tests::{run, suspend};
use tracing::instrument;

use crate::support::{exemplars, ids, in_span, parsed, sampled, values};

#[test]
fn each_outcome_of_a_counted_function_has_an_exemplar() {
    #[counted(name = "exemplars_halved_total", exemplars)]
    fn halved(n: u32) -> Result<u32, String> {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(format!("{n} is odd"))
        }
    }

    sampled(|| {
        in_span(|| {
            halved(2).expect("it is even");
            halved(3).expect_err("it is odd");
        })
    });
    let shown = exemplars("exemplars_halved_total");
    let shown: Vec<usize> = shown.iter().map(Vec::len).collect();
    // One number for each outcome: ok, error and panic.
    assert_eq!(shown, [1, 1, 0]);
}

#[test]
fn functions_in_the_default_families_have_exemplars_if_their_attribute_enables_them() {
    #[timed(exemplars)]
    #[counted(exemplars)]
    fn exemplary() {}
    #[timed]
    #[counted]
    fn ordinary() {}

    sampled(|| {
        in_span(|| {
            exemplary();
            ordinary();
        })
    });
    for (family, count) in [
        ("function_duration_seconds", 1),
        ("function_calls_total", 1),
    ] {
        let families = gather();
        let family = families.iter().find(|known| known.name == family);
        let of = |function: &str| {
            let function = ("function".to_owned(), function.to_owned());
            let metrics = &family.expect("it is there").metrics;
            let own = metrics
                .iter()
                .filter(|metric| metric.labels.contains(&function));
            own.map(|metric| metric.exemplars.len()).sum::<usize>()
        };
        assert_eq!((of("exemplary"), of("ordinary")), (count, 0));
    }
}

#[test]
fn a_timed_call_has_an_exemplar_in_the_bucket_of_its_duration() {
    #[timed(
        name = "exemplars_slept_seconds",
        exemplars,
        buckets(0.001, 0.02, 60.0)
    )]
    fn slept() {
        thread::sleep(Duration::from_millis(21));
    }

    sampled(|| in_span(slept));
    assert_eq!(values("exemplars_slept_seconds").len(), 1);
    let families = parsed();
    let samples = &families.family("exemplars_slept_seconds").samples;
    let bucket = samples.iter().find(|sample| sample.exemplar.is_some());
    assert!(bucket.expect("one has it").has(&[("le", "60.0")]));
}

#[test]
fn an_async_call_in_a_span_has_an_exemplar_with_the_spans_ids() {
    #[timed(name = "exemplars_awaited_seconds", exemplars)]
    #[counted(name = "exemplars_awaited_total", exemplars)]
    #[instrument]
    async fn awaited() -> (String, String) {
        suspend().await;
        ids()
    }

    let (trace, span) = sampled(|| run(awaited()));
    let ids = |label| {
        let families = ["exemplars_awaited_seconds", "exemplars_awaited_total"];
        families.map(|family| {
            let shown = exemplars(family).concat();
            let found = shown[0].labels.iter().find(|(known, _)| known == label);
            found.expect("it has the label").1.clone()
        })
    };
    assert_eq!(ids("trace_id"), [trace.clone(), trace]);
    assert_eq!(ids("span_id"), [span.clone(), span]);
}

#[test]
fn async_functions_with_sampling_or_busy_time_have_exemplars() {
    #[timed(name = "exemplars_polled_seconds", busy, exemplars)]
    #[instrument]
    async fn polled() {
        suspend().await;
    }
    #[timed(name = "exemplars_picked_seconds", sample = 1/1, exemplars)]
    #[instrument]
    async fn picked() {
        suspend().await;
    }

    sampled(|| {
        run(polled());
        run(picked());
    });
    assert_eq!(values("exemplars_polled_seconds").len(), 1);
    assert_eq!(values("exemplars_picked_seconds").len(), 1);
}

#[test]
fn a_function_with_labels_has_an_exemplar_per_series() {
    #[counted(
        name = "exemplars_labelled_total",
        exemplars,
        outcome = false,
        labels(shop)
    )]
    fn labelled(shop: &str) {
        assert!(!shop.is_empty());
    }

    sampled(|| {
        in_span(|| {
            labelled("a");
            labelled("b");
        })
    });
    let shown = exemplars("exemplars_labelled_total");
    let shown: Vec<usize> = shown.iter().map(Vec::len).collect();
    assert_eq!(shown, [1, 1]);
}
