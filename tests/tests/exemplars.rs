//! Exemplars: given by hand, found in spans, shown by expositions.

#![allow(clippy::float_cmp, reason = "the amounts are shown as they were given")]

use std::{
    future::poll_fn,
    net::Ipv4Addr,
    pin::pin,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use metrics_core::{
    Counter, Exemplar, FloatCounter, Format, Gauge, Histogram, Label, Options, Registry, counted,
    encode_to_string, gather, metrics, timed,
};
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tests::{Families, Prometheus, python_openmetrics, wait_until};
use tracing::{Span, info_span, instrument};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

const ID: &[(&str, &str)] = &[("trace_id", "4bf92f35")];

fn by_name(families: &[metrics_core::MetricFamily], family: &str) -> Vec<Vec<Exemplar>> {
    let found = families.iter().find(|known| known.name == family);
    let metrics = &found.expect("it is declared").metrics;
    metrics
        .iter()
        .map(|metric| metric.exemplars.clone())
        .collect()
}

/// The exemplars of each series of a family.
fn exemplars(family: &str) -> Vec<Vec<Exemplar>> {
    by_name(&gather(), family)
}

/// The exemplars of a family of one series.
#[track_caller]
fn of_only(family: &str) -> Vec<Exemplar> {
    let mut all = exemplars(family);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[track_caller]
fn values(family: &str) -> Vec<f64> {
    of_only(family).iter().map(|one| one.value).collect()
}

/// What the label of this name says in each exemplar of a family of one series.
#[track_caller]
fn labels(family: &str, name: &str) -> Vec<String> {
    let label = |one: &Exemplar| {
        let found = one.labels.iter().find(|(known, _)| known == name);
        found.expect("it has the label").1.clone()
    };
    of_only(family).iter().map(label).collect()
}

/// An exposition that writes exemplars.
fn scrape() -> String {
    encode_to_string(Format::OpenMetrics)
}

/// `metrics_rejected_total{reason="exemplar"}` of a family.
fn rejected(family: &str) -> Option<f64> {
    let labels = [("family", family), ("reason", "exemplar")];
    judged().value("metrics_rejected_total", &labels)
}

#[track_caller]
fn judged() -> Families {
    python_openmetrics(&scrape()).expect("the exposition is valid")
}

/// Within a subscriber of this thread's own that samples like this.
fn traced<R>(sampler: Sampler, act: impl FnOnce() -> R) -> R {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act)
}

fn sampled<R>(act: impl FnOnce() -> R) -> R {
    traced(Sampler::AlwaysOn, act)
}

/// Identifiers of the trace and the span of this moment.
fn ids() -> (String, String) {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    (span.trace_id().to_string(), span.span_id().to_string())
}

/// Within a span of its own; its identifiers.
fn in_span(act: impl FnOnce()) -> (String, String) {
    info_span!("work").in_scope(|| {
        act();
        ids()
    })
}

/// Runs a future that waits for nothing but itself.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Suspends once.
async fn suspend() {
    let mut suspended = false;
    poll_fn(|_| {
        if suspended {
            return Poll::Ready(());
        }
        suspended = true;
        Poll::Pending
    })
    .await;
}

#[test]
fn a_counter_has_the_exemplar_that_was_given_last_with_the_increment() {
    metrics! {
        /// Recordings.
        static COUNTED: Counter = "exemplars_counted_total";
    }
    COUNTED.inc_with_exemplar(&[("trace_id", "1")]);
    COUNTED.inc_by_with_exemplar(41, &[("trace_id", "2")]);
    assert_eq!(COUNTED.get(), 42);
    assert_eq!(values("exemplars_counted_total"), [41.0]);
    assert_eq!(labels("exemplars_counted_total", "trace_id"), ["2"]);
}

#[test]
fn a_counter_of_amounts_has_an_exemplar() {
    metrics! {
        /// Recordings.
        static AMOUNT: FloatCounter = "exemplars_amount_total";
    }
    AMOUNT.inc_with_exemplar(ID);
    assert_eq!(values("exemplars_amount_total"), [1.0]);
    AMOUNT.inc_by_with_exemplar(0.25, ID);
    assert_eq!(values("exemplars_amount_total"), [0.25]);
    AMOUNT.inc_by_with_exemplar(-1.0, ID);
    assert_eq!(values("exemplars_amount_total"), [0.25]);
    assert_eq!(AMOUNT.get(), 1.25);
}

#[test]
fn each_bucket_has_the_exemplar_that_was_given_last_in_it() {
    metrics! {
        /// Observations.
        #[buckets(1, 2, 3)]
        static BUCKETS: Histogram = "exemplars_buckets";
    }
    for value in [1.5, 0.5, 2.5, 1.75, 9.0, 1.0] {
        let id = value.to_string();
        BUCKETS.observe_with_exemplar(value, &[("id", &id)]);
    }
    assert_eq!(values("exemplars_buckets"), [1.0, 1.75, 2.5, 9.0]);
    let families = judged();
    for (le, value) in [("1.0", 1.0), ("2.0", 1.75), ("3.0", 2.5), ("+Inf", 9.0)] {
        let samples = &families.family("exemplars_buckets").samples;
        let bucket = samples.iter().find(|sample| sample.has(&[("le", le)]));
        let exemplar = bucket.and_then(|bucket| bucket.exemplar.as_ref());
        let exemplar = exemplar.unwrap_or_else(|| panic!("{le} has one"));
        assert_eq!(exemplar.value, value);
        assert_eq!(exemplar.labels["id"], value.to_string());
    }
}

#[test]
fn what_is_rejected_has_no_exemplar() {
    metrics! {
        /// Observations.
        static ONLY_NUMBERS: Histogram = "exemplars_only_numbers";
    }
    for value in [f64::NAN, f64::INFINITY, -1.0] {
        ONLY_NUMBERS.observe_with_exemplar(value, ID);
    }
    assert!(values("exemplars_only_numbers").is_empty());
}

#[test]
fn a_native_histogram_has_one_exemplar_to_a_power_of_two_and_ten_at_most() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static NATIVE: Histogram = "exemplars_native";
    }
    for power in 0..12 {
        for factor in [1.5, 1.25] {
            NATIVE.observe_with_exemplar(factor * 2_f64.powi(power), ID);
        }
    }
    let shown = values("exemplars_native");
    let last: Vec<f64> = (2..12).map(|power| 1.25 * 2_f64.powi(power)).collect();
    assert_eq!(shown, last);
}

#[test]
fn a_histogram_of_both_kinds_has_an_exemplar_to_each_classic_bucket() {
    metrics! {
        /// Observations.
        #[buckets(native, 1, 10)]
        static BOTH: Histogram = "exemplars_both";
    }
    for value in [0.25, 0.5, 4.0, 8.0] {
        BOTH.observe_with_exemplar(value, ID);
    }
    assert_eq!(values("exemplars_both"), [0.5, 8.0]);
}

#[test]
fn series_and_handles_have_exemplars_of_their_own() {
    #[derive(Label, Clone, Copy)]
    enum Side {
        Left,
        Right,
    }
    metrics! {
        /// Recordings.
        static CLOSED: Counter<(side: Side)> = "exemplars_closed_total";
        /// Observations.
        static OPEN: Histogram<(name: &str)> = "exemplars_open";
    }
    CLOSED.with(Side::Right).inc_with_exemplar(ID);
    let by_side = exemplars("exemplars_closed_total");
    assert_eq!((by_side[0].len(), by_side[1].len()), (0, 1));
    CLOSED.bind(Side::Left).inc_by_with_exemplar(7, ID);
    assert_eq!(exemplars("exemplars_closed_total")[0][0].value, 7.0);
    OPEN.with("a").observe(1.0);
    OPEN.with("b").observe_with_exemplar(2.0, ID);
    OPEN.bind("c").observe_with_exemplar(3.0, ID);
    let by_name = exemplars("exemplars_open").concat();
    let by_name: Vec<f64> = by_name.iter().map(|one| one.value).collect();
    assert_eq!(by_name, [2.0, 3.0]);
}

#[test]
fn metrics_made_at_run_time_have_exemplars() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("counted_total", "Recordings."))
        .expect("the name is free");
    counter.inc_by_with_exemplar(3, ID);
    let amount: FloatCounter = registry
        .create(Options::new("amount_total", "Recordings."))
        .expect("the name is free");
    amount.inc_by_with_exemplar(0.5, ID);
    let observed = registry
        .create_family::<Histogram>(
            Options::new("observed", "Observations.")
                .labels(["name"])
                .native(1.1),
        )
        .expect("the name is free");
    observed.with(&["a"]).observe_with_exemplar(2.0, ID);
    let families = registry.gather();
    for (family, value) in [
        ("counted_total", 3.0),
        ("amount_total", 0.5),
        ("observed", 2.0),
    ] {
        assert_eq!(by_name(&families, family)[0][0].value, value, "{family}");
    }
}

#[test]
fn an_exemplar_says_when_it_was_recorded() {
    metrics! {
        /// Recordings.
        static DATED: Counter = "exemplars_dated_total";
    }
    let before = SystemTime::now();
    DATED.inc_with_exemplar(ID);
    let before = before
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64();
    let time = of_only("exemplars_dated_total")[0].time;
    assert!((before..before + 60.0).contains(&time), "{time}");
    let families = judged();
    let sample = &families.family("exemplars_dated").samples[0];
    let shown = sample
        .exemplar
        .as_ref()
        .and_then(|exemplar| exemplar.timestamp);
    assert!(shown.is_some_and(|shown| (shown - time).abs() < 0.001));
}

#[test]
fn an_exemplar_of_128_characters_is_kept_whatever_its_bytes() {
    metrics! {
        /// Recordings.
        static LONG: Counter = "exemplars_long_total";
    }
    let long = "☃".repeat(128 - "trace_id".len());
    LONG.inc_with_exemplar(&[("trace_id", &long)]);
    assert_eq!(labels("exemplars_long_total", "trace_id"), [long]);
    assert_eq!(rejected("exemplars_long_total"), Some(0.0));
}

#[test]
fn an_exemplar_of_more_than_128_characters_is_left_out_and_counted() {
    metrics! {
        /// Observations.
        static TOO_LONG: Histogram = "exemplars_too_long";
    }
    let long = "x".repeat(60);
    TOO_LONG.observe_with_exemplar(1.0, &[("a", &long), ("b", &long), ("c", "123456")]);
    assert!(values("exemplars_too_long").is_empty());
    assert_eq!(TOO_LONG.get().count, 1);
    assert_eq!(rejected("exemplars_too_long"), Some(1.0));
}

#[test]
fn an_exemplar_with_a_wrong_name_is_left_out_and_counted() {
    metrics! {
        /// Recordings.
        static MISNAMED: Counter = "exemplars_misnamed_total";
    }
    MISNAMED.inc_with_exemplar(&[("trace-id", "1")]);
    MISNAMED.inc_with_exemplar(&[("a", "1"), ("a", "2")]);
    assert_eq!(MISNAMED.get(), 2);
    assert!(values("exemplars_misnamed_total").is_empty());
    assert_eq!(rejected("exemplars_misnamed_total"), Some(2.0));
}

#[test]
fn a_family_without_exemplars_says_nothing_of_rejected_ones() {
    metrics! {
        /// Recordings.
        static PLAIN: Counter = "exemplars_plain_total";
    }
    PLAIN.inc();
    assert_eq!(rejected("exemplars_plain_total"), None);
}

/// In a registry of its own, as the judge stumbles over the quotation mark.
#[test]
fn values_of_labels_are_escaped() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("escaped_total", "Recordings."))
        .expect("the name is free");
    counter.inc_with_exemplar(&[("path", "a\\b\nc\"")]);
    let shown = by_name(&registry.gather(), "escaped_total");
    assert_eq!(shown[0][0].labels[0].1, "a\\b\nc\"");
    let line = r#"escaped_total 1 # {path="a\\b\nc\""} 1.0 "#;
    let text = registry.encode_to_string(Format::OpenMetrics);
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_text_format_has_no_exemplars() {
    metrics! {
        /// Recordings.
        static TEXT: Counter = "exemplars_text_total";
    }
    TEXT.inc_with_exemplar(ID);
    let text = encode_to_string(Format::Text);
    assert!(text.contains("exemplars_text_total 1\n"));
}

#[test]
fn a_series_that_is_removed_loses_its_exemplar() {
    metrics! {
        /// Recordings.
        static REMOVED: Counter<(name: &str)> = "exemplars_removed_total";
    }
    REMOVED.with("a").inc_with_exemplar(ID);
    assert!(REMOVED.remove("a"));
    // Of two series in its place, the one comes before a scrape and the other after it.
    REMOVED.with("b").inc();
    assert_eq!(of_only("exemplars_removed_total"), []);
    assert!(REMOVED.remove("b"));
    REMOVED.with("a").inc();
    assert_eq!(of_only("exemplars_removed_total"), []);
    REMOVED.with("a").inc_with_exemplar(ID);
    assert_eq!(of_only("exemplars_removed_total").len(), 1);
}

#[test]
fn exemplars_can_be_given_while_others_are_shown() {
    metrics! {
        /// Observations.
        static BUSY: Histogram = "exemplars_busy";
    }
    thread::scope(|scope| {
        for at in 0..4 {
            scope.spawn(move || {
                for n in 0..500 {
                    let value = f64::from(at * 500 + n) / 100.0;
                    BUSY.observe_with_exemplar(value, &[("n", &n.to_string())]);
                }
            });
        }
        for _ in 0..5 {
            let shown = values("exemplars_busy");
            assert!(shown.is_sorted(), "{shown:?}");
        }
    });
    assert_eq!(BUSY.get().count, 2000);
}

#[test]
fn a_recording_in_a_sampled_span_has_the_identifiers_of_the_span() {
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
fn a_span_of_opentelemetry_alone_is_found_as_well() {
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
fn every_kind_that_may_ask_for_exemplars_finds_them() {
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
fn handles_find_exemplars() {
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
fn metrics_made_at_run_time_find_exemplars_if_they_are_to() {
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
fn a_gauge_made_at_run_time_cannot_ask_for_exemplars() {
    let registry = Registry::new();
    let options = Options::new("gauge", "Level.").exemplars();
    let error = registry.create::<Gauge>(options).expect_err("it has none");
    assert!(error.to_string().contains("only counters and histograms"));
}

#[test]
fn a_metric_that_does_not_ask_finds_no_exemplar() {
    metrics! {
        /// Recordings.
        static UNASKED: Counter = "exemplars_unasked_total";
    }
    sampled(|| in_span(|| UNASKED.inc()));
    assert!(values("exemplars_unasked_total").is_empty());
}

#[test]
fn a_span_that_is_not_sampled_makes_no_exemplar() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static UNSAMPLED: Counter = "exemplars_unsampled_total";
    }
    traced(Sampler::AlwaysOff, || in_span(|| UNSAMPLED.inc()));
    assert!(values("exemplars_unsampled_total").is_empty());
}

#[test]
fn a_recording_outside_of_spans_makes_no_exemplar() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static NOWHERE: Counter = "exemplars_nowhere_total";
    }
    NOWHERE.inc();
    sampled(|| NOWHERE.inc());
    assert!(values("exemplars_nowhere_total").is_empty());
}

#[test]
fn between_two_scrapes_the_first_exemplar_of_a_bucket_is_kept() {
    // In a registry of its own, where no other test scrapes.
    let registry = Registry::new();
    let rated: Histogram = registry
        .create(
            Options::new("rated", "Observations.")
                .buckets([1.0, 2.0])
                .exemplars(),
        )
        .expect("the name is free");
    let shown = || -> Vec<f64> {
        let all = by_name(&registry.gather(), "rated").concat();
        all.iter().map(|one| one.value).collect()
    };
    let observe = |value| sampled(|| in_span(|| rated.observe(value)));
    observe(1.25);
    observe(1.5);
    observe(0.5);
    assert_eq!(shown(), [0.5, 1.25]);
    // Neither reading as data nor a format without exemplars makes room for others.
    registry.encode_to_string(Format::Text);
    observe(1.75);
    assert_eq!(shown(), [0.5, 1.25]);
    registry.encode_to_string(Format::OpenMetrics);
    assert_eq!(shown(), [0.5, 1.25]);
    observe(1.5);
    observe(1.75);
    assert_eq!(shown(), [0.5, 1.5]);
}

#[test]
fn one_that_is_given_by_hand_is_not_replaced_before_it_was_shown() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("given_total", "Recordings.").exemplars())
        .expect("the name is free");
    let shown = || by_name(&registry.gather(), "given_total")[0][0].value;
    counter.inc_by_with_exemplar(7, ID);
    sampled(|| in_span(|| counter.inc_by(8)));
    assert_eq!(shown(), 7.0);
    registry.encode_to_string(Format::OpenMetrics);
    sampled(|| in_span(|| counter.inc_by(9)));
    assert_eq!(shown(), 9.0);
}

#[test]
fn spans_that_are_not_sampled_leave_the_place_to_one_that_is() {
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
    let shown = by_name(&registry.gather(), "seldom_total");
    assert_eq!(shown[0][0].value, 5.0);
}

#[test]
fn after_many_attempts_in_vain_none_is_made_before_the_next_scrape() {
    let registry = Registry::new();
    let counter: Counter = registry
        .create(Options::new("vain_total", "Recordings.").exemplars())
        .expect("the name is free");
    let shown = || by_name(&registry.gather(), "vain_total")[0].len();
    for _ in 0..1000 {
        counter.inc();
    }
    sampled(|| in_span(|| counter.inc()));
    assert_eq!(shown(), 0);
    registry.encode_to_string(Format::OpenMetrics);
    sampled(|| in_span(|| counter.inc()));
    assert_eq!(shown(), 1);
}

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
    // Ok, error and panic.
    assert_eq!(shown, [1, 1, 0]);
}

#[test]
fn functions_of_the_common_families_have_exemplars_where_they_ask_for_them() {
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
fn a_timed_call_has_an_exemplar_in_the_bucket_of_its_time() {
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
    let families = judged();
    let samples = &families.family("exemplars_slept_seconds").samples;
    let bucket = samples.iter().find(|sample| sample.exemplar.is_some());
    assert!(bucket.expect("one has it").has(&[("le", "60.0")]));
}

#[test]
fn an_async_function_within_a_span_has_the_identifiers_of_the_span() {
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
fn an_async_function_that_is_sampled_or_looked_into_has_exemplars() {
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
fn a_function_with_labels_has_an_exemplar_for_each_series() {
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

#[test]
fn the_judge_accepts_exemplars_of_spans_and_shows_them() {
    metrics! {
        /// Recordings.
        #[exemplars]
        static JUDGED: Counter = "exemplars_judged_total";
    }
    let (trace, span) = sampled(|| in_span(|| JUDGED.inc()));
    let families = judged();
    let sample = &families.family("exemplars_judged").samples[0];
    let exemplar = sample.exemplar.as_ref().expect("it has one");
    assert_eq!(exemplar.value, 1.0);
    assert_eq!(exemplar.labels["trace_id"], trace);
    assert_eq!(exemplar.labels["span_id"], span);
    assert!(exemplar.timestamp.is_some());
}

#[test]
fn a_real_prometheus_stores_exemplars() {
    metrics! {
        /// Observations.
        #[exemplars]
        #[buckets(0.1, 1.0)]
        static STORED: Histogram = "exemplars_stored_seconds";
    }
    let (trace, _) = sampled(|| in_span(|| STORED.observe(0.3)));
    STORED.observe_with_exemplar(5.0, ID);
    let server = metrics_http::serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let flags = ["--enable-feature=exemplar-storage"];
    let prometheus = Prometheus::scraping_with(server.local_addr(), &flags);
    let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
    let stored = wait_until(minute, "exemplars", || {
        let found = prometheus.query_exemplars("exemplars_stored_seconds_bucket", hour);
        (found.len() == 2).then_some(found)
    });
    for (le, id, value) in [("1.0", trace.as_str(), 0.3), ("+Inf", ID[0].1, 5.0)] {
        let of = stored.iter().find(|one| one["seriesLabels"]["le"] == le);
        let exemplar = &of.unwrap_or_else(|| panic!("{stored:#?}"))["exemplars"][0];
        assert_eq!(exemplar["labels"]["trace_id"], id);
        assert_eq!(exemplar["value"], value.to_string());
    }
}
