//! Metrics that a program declares, records and encodes for Prometheus.
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
//! Everything that is declared and linked is exposed from the start, at 0; nothing has to be
//! initialised or passed around. A recording writes to storage of its own thread and takes no
//! lock; an exposition adds the threads up, exactly. See docs/guide.md for a guide, and [`testing`]
//! for tests of a program's own metrics.
//!
//! # Features
//!
//! * `catalog`: every declared metric as data, as JSON and as Markdown, and a check that no
//!   promise to those who query it is broken; dashboards for Grafana and rules for Prometheus that
//!   are made of it.
//! * `linkme`: registers metrics in a linker section as well, for programs that run no code
//!   before `main`.
//! * `tracing`: where a metric asks for [exemplars](crate::metrics#exemplars), finds them in the
//!   OpenTelemetry spans of `tracing` that recordings are made in.

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
    CollectedSeries, Collection, Collector, Computed, Metric, MetricFamily, MetricValue, Registry,
    RegistryBuilder, encode, encode_to_string, gather,
};
#[cfg(feature = "catalog")]
pub use rules::Rules;
pub use sample::{
    format::{ExpositionFormat, Format},
    label_text::LabelView,
    value::Number,
};
pub use storage::native::NativeHistogramSnapshot;

#[doc = include_str!("environments.md")]
pub mod environments {}
