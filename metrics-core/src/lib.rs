//! Prometheus metrics: declare, record and encode them.
//!
//! A program annotates functions, declares metrics with [`metrics!`], and records into them. Every
//! declared metric is registered at link time; there is nothing to initialise or pass around. If
//! all label values of a counter are known at compile time, its series are exposed from the start,
//! with the value 0. Each thread records into its own storage, in most cases without a lock, and a
//! scrape sums the threads exactly; a [`Gauge`] is one atomic variable that all threads share.
//!
//! ```
//! use metrics_core::{Format, Label, counted, encode_to_string, metrics, timed};
//!
//! #[derive(Label, Clone, Copy)]
//! enum Cache { Hit, Miss }
//!
//! metrics! {
//!     /// Links followed.
//!     static FOLLOWED: Counter<(cache: Cache)> = "shortener_links_followed_total";
//! }
//!
//! #[timed]
//! #[counted]
//! fn follow(slug: &str) -> Result<String, std::fmt::Error> {
//!     FOLLOWED.with(Cache::Hit).inc();
//!     Ok(format!("https://example.org/{slug}"))
//! }
//!
//! follow("rust")?;
//! let text = encode_to_string(Format::Text);
//! assert!(text.contains(r#"shortener_links_followed_total{cache="hit"} 1"#));
//! assert!(text.contains(r#"shortener_links_followed_total{cache="miss"} 0"#));
//! assert!(text.contains(r#"function="follow""#));
//! # let _ = Cache::Miss;
//! # Ok::<(), std::fmt::Error>(())
//! ```
//!
//! # Where to find what
//!
//! * Measuring functions: the attributes [`counted`], [`timed`] and [`in_flight`].
//! * Metrics of your own: [`metrics!`], [`Counter`], [`Gauge`], [`UpDownCounter`], [`Histogram`],
//!   [`Summary`], [`Info`], [`StateSet`].
//! * Labels: [`Label`] for one value, [`Labels`] for a struct of them.
//! * Names known only at run time: [`Registry::create_family`] with [`Options`].
//! * Values computed for each scrape: [`Collector`], and `#[computed]` in [`metrics!`].
//! * Expositions: [`encode`], [`encode_to_string`], [`Format`]; as data: [`gather`].
//! * Tests of a program's own metrics: [`testing`].
//! * Destructors, allocators, signal handlers, `fork`, dynamic libraries: [`environments`].
//!
//! The crate `metrics-http` serves expositions over HTTP; docs/guide.md is a guide to all of it.
//!
//! # Features
//!
//! * `catalog`: the declared metrics as data, JSON and Markdown; naming warnings and a test for
//!   compatibility; dashboards for Grafana and rules for Prometheus, generated from the
//!   declarations.
//! * `linkme`: registers metrics through a linker section, so that no code runs before `main`.
//! * `tracing`: takes [exemplars](crate::metrics#exemplars) from the OpenTelemetry span
//!   that is current during a recording, for metrics with `#[exemplars]`.

#[path = "private.rs"]
#[doc(hidden)]
pub mod __private;
mod call;
#[cfg(feature = "catalog")]
mod catalog;
#[cfg(feature = "catalog")]
mod dashboard;
mod describe;
mod format;
mod macros;
mod metric;
mod registry;
#[cfg(feature = "catalog")]
mod rules;
mod sample;
mod series;
mod storage;
pub mod testing;

#[cfg(feature = "catalog")]
pub use catalog::{
    CATALOG_VERSION, Catalog, CatalogFamily, CatalogLabel, CatalogMember, CatalogNative,
    CatalogWarning, catalog,
};
#[cfg(feature = "catalog")]
pub use dashboard::Dashboard;
pub use describe::{
    buckets::{DURATION_BUCKETS, exponential_buckets, linear_buckets},
    desc::Desc,
    error::Error,
    escaping::Escaping,
    kind::Kind,
    label::{Label, LabelSet, LabelVisitor, Labels},
    objective::Objective,
    source_location::SourceLocation,
    subject::Subject,
};
pub use macros::*;
pub use metric::{
    counter::{Counter, FloatCounter},
    dynamic::{DynamicFamily, DynamicMetric, Options},
    exemplar::Exemplar,
    family::DEFAULT_MAX_SERIES,
    gauge::{FloatGauge, Gauge},
    handle::Handle,
    histogram::Histogram,
    histogram_snapshot::HistogramSnapshot,
    info::Info,
    series_storage::SeriesStorage,
    state_set::StateSet,
    summary::{Summary, SummarySnapshot},
    timer::Timer,
    up_down::{InFlight, UpDownCounter},
};
pub use registry::{
    CollectedSeries, Collection, Collector, CollectorFailure, CollectorFailureReason, Computed,
    Exposition, Metric, MetricFamily, MetricValue, Registry, RegistryBuilder, delivery::Delivery,
    encode, encode_to_string, gather,
};
#[doc(hidden)]
pub use registry::{CollectorExpiry, DeliveredSeries, SeriesActivity};
#[cfg(feature = "catalog")]
pub use rules::Rules;
pub use sample::{
    format::{ExpositionFormat, Format},
    label_text::LabelView,
    value::Number,
};
pub use series::recipients::Recipient;
#[doc(hidden)]
pub use storage::clock::Stopwatch;
pub use storage::{native::NativeHistogramSnapshot, release_thread_storage};

#[doc = include_str!("environments.md")]
pub mod environments {}
