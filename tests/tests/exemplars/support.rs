//! Functions that return the exemplars of a family, and functions that record in a span.

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
    let metrics = &found.expect("the family is declared").metrics;
    metrics
        .iter()
        .map(|metric| metric.exemplars.clone())
        .collect()
}

/// Returns the exemplars of each series of a family.
pub(crate) fn exemplars(family: &str) -> Vec<Vec<Exemplar>> {
    by_name(&gather(), family)
}

/// Returns the exemplars of a family with one series.
#[track_caller]
pub(crate) fn of_single_series(family: &str) -> Vec<Exemplar> {
    let mut all = exemplars(family);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[track_caller]
pub(crate) fn values(family: &str) -> Vec<f64> {
    of_single_series(family)
        .iter()
        .map(|one| one.value)
        .collect()
}

/// Returns the values of a label in each exemplar of a family with one series.
#[track_caller]
pub(crate) fn labels(family: &str, name: &str) -> Vec<String> {
    let label = |one: &Exemplar| {
        let found = one.labels.iter().find(|(known, _)| known == name);
        found.expect("the exemplar has the label").1.clone()
    };
    of_single_series(family).iter().map(label).collect()
}

/// Encodes the global registry in a format with exemplars.
pub(crate) fn scrape() -> String {
    encode_to_string(Format::OpenMetrics)
}

/// Returns `metrics_rejected_total{reason="exemplar"}` of a family.
pub(crate) fn rejected(family: &str) -> Option<f64> {
    let labels = [("family", family), ("reason", "exemplar")];
    parsed().value("metrics_rejected_total", &labels)
}

#[track_caller]
pub(crate) fn parsed() -> Families {
    python_openmetrics(&scrape()).expect("the exposition is valid")
}

/// Runs a closure with an OpenTelemetry subscriber for this thread that uses `sampler`.
pub(crate) fn traced<R>(sampler: Sampler, act: impl FnOnce() -> R) -> R {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act)
}

pub(crate) fn sampled<R>(act: impl FnOnce() -> R) -> R {
    traced(Sampler::AlwaysOn, act)
}

/// Returns the trace id and the span id of the current span.
pub(crate) fn ids() -> (String, String) {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    (span.trace_id().to_string(), span.span_id().to_string())
}

/// Runs a closure in a new span and returns the span's ids.
pub(crate) fn in_span(act: impl FnOnce()) -> (String, String) {
    info_span!("work").in_scope(|| {
        act();
        ids()
    })
}
