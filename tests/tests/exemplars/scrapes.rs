//! Tests of which exemplar a series keeps between two scrapes.

use metrics_core::{Counter, Format, Histogram, Options, Registry};
use opentelemetry_sdk::trace::Sampler;

use crate::support::{ID, by_name, in_span, sampled, traced};

#[test]
fn between_two_scrapes_the_first_exemplar_of_a_bucket_is_kept() {
    // Uses its own registry, which no other test scrapes.
    let registry = Registry::new();
    let rated: Histogram = registry
        .create(
            Options::new("rated", "Observations.")
                .buckets([1.0, 2.0])
                .exemplars(),
        )
        .expect("the name is free");
    let exposed = || -> Vec<f64> {
        let all = by_name(&registry.gather(), "rated").concat();
        all.iter().map(|one| one.value).collect()
    };
    let observe = |value| sampled(|| in_span(|| rated.observe(value)));
    observe(1.25);
    observe(1.5);
    observe(0.5);
    assert_eq!(exposed(), [0.5, 1.25]);
    // Neither gathering nor encoding in a format without exemplars lets a new exemplar replace one.
    registry.encode_to_string(Format::Text);
    observe(1.75);
    assert_eq!(exposed(), [0.5, 1.25]);
    registry.encode_to_string(Format::OpenMetrics);
    assert_eq!(exposed(), [0.5, 1.25]);
    observe(1.5);
    observe(1.75);
    assert_eq!(exposed(), [0.5, 1.5]);
}

#[test]
fn a_given_exemplar_is_not_replaced_before_a_scrape() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("given_total", "Recordings.").exemplars())
        .expect("the name is free");
    let exposed = || by_name(&registry.gather(), "given_total")[0][0].value;
    counter.inc_by_with_exemplar(7, ID);
    sampled(|| in_span(|| counter.inc_by(8)));
    assert_eq!(exposed(), 7.0);
    registry.encode_to_string(Format::OpenMetrics);
    sampled(|| in_span(|| counter.inc_by(9)));
    assert_eq!(exposed(), 9.0);
}

#[test]
fn unsampled_spans_do_not_use_up_the_exemplar() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("seldom_total", "Recordings.").exemplars())
        .expect("the name is free");
    traced(Sampler::AlwaysOff, || {
        for _ in 0..100 {
            in_span(|| counter.inc());
        }
    });
    sampled(|| in_span(|| counter.inc_by(5)));
    let exposed = by_name(&registry.gather(), "seldom_total");
    assert_eq!(exposed[0][0].value, 5.0);
}

#[test]
fn after_many_recordings_without_a_span_the_search_pauses_until_the_next_scrape() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("vain_total", "Recordings.").exemplars())
        .expect("the name is free");
    let exposed = || by_name(&registry.gather(), "vain_total")[0].len();
    for _ in 0..1000 {
        counter.inc();
    }
    sampled(|| in_span(|| counter.inc()));
    assert_eq!(exposed(), 0);
    registry.encode_to_string(Format::OpenMetrics);
    sampled(|| in_span(|| counter.inc()));
    assert_eq!(exposed(), 1);
}
