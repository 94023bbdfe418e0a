//! Exemplars that a family exposes, and spans to record in.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

use metrics_core::{Exemplar, Format, encode_to_string, gather};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tests::{Families, python_openmetrics};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

pub(crate) const ID: &[(&str, &str)] = &[("trace_id", "4bf92f35")];

pub(crate) fn by_name(families: &[metrics_core::MetricFamily], family: &str) -> Vec<Vec<Exemplar>> {
    let found = families.iter().find(|known| known.name == family);
    let metrics = &found.expect("it is declared").metrics;
    metrics
        .iter()
        .map(|metric| metric.exemplars.clone())
        .collect()
}

/// The exemplars of each series of a family.
pub(crate) fn exemplars(family: &str) -> Vec<Vec<Exemplar>> {
    by_name(&gather(), family)
}

/// The exemplars of a family of one series.
#[track_caller]
pub(crate) fn of_only(family: &str) -> Vec<Exemplar> {
    let mut all = exemplars(family);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[track_caller]
pub(crate) fn values(family: &str) -> Vec<f64> {
    of_only(family).iter().map(|one| one.value).collect()
}

/// What the label of this name says in each exemplar of a family of one series.
#[track_caller]
pub(crate) fn labels(family: &str, name: &str) -> Vec<String> {
    let label = |one: &Exemplar| {
        let found = one.labels.iter().find(|(known, _)| known == name);
        found.expect("it has the label").1.clone()
    };
    of_only(family).iter().map(label).collect()
}

/// An exposition that writes exemplars.
pub(crate) fn scrape() -> String {
    encode_to_string(Format::OpenMetrics)
}

/// `metrics_rejected_total{reason="exemplar"}` of a family.
pub(crate) fn rejected(family: &str) -> Option<f64> {
    let labels = [("family", family), ("reason", "exemplar")];
    judged().value("metrics_rejected_total", &labels)
}

#[track_caller]
pub(crate) fn judged() -> Families {
    python_openmetrics(&scrape()).expect("the exposition is valid")
}

/// Within a subscriber of this thread's own that samples like this.
pub(crate) fn traced<R>(sampler: Sampler, act: impl FnOnce() -> R) -> R {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act)
}

pub(crate) fn sampled<R>(act: impl FnOnce() -> R) -> R {
    traced(Sampler::AlwaysOn, act)
}

/// Identifiers of the trace and the span of this moment.
pub(crate) fn ids() -> (String, String) {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    (span.trace_id().to_string(), span.span_id().to_string())
}

/// Within a span of its own; its identifiers.
pub(crate) fn in_span(act: impl FnOnce()) -> (String, String) {
    info_span!("work").in_scope(|| {
        act();
        ids()
    })
}

/// Runs a future that waits for nothing but itself.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Suspends once.
pub(crate) async fn suspend() {
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
