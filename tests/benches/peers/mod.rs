//! The contenders of the recording bench: this library, its peers, and LIMIT, the minimal code.
//! Each contender enters the operations that it supports.

pub(crate) mod autometrics;
pub(crate) mod axum_otel_metrics;
pub(crate) mod axum_prometheus;
pub(crate) mod fast_telemetry;
pub(crate) mod fastmetrics;
pub(crate) mod foundations_metrics;
pub(crate) mod label_sets;
pub(crate) mod limit;
pub(crate) mod measured;
pub(crate) mod metered;
pub(crate) mod metered_attributes;
pub(crate) mod metrics;
pub(crate) mod metriken;
pub(crate) mod opentelemetry;
pub(crate) mod ours;
pub(crate) mod prometheus;
pub(crate) mod prometheus_client;
pub(crate) mod vise;
