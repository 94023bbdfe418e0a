//! [`Subject`]: whether a metric is about the program's work, its process, or the library.

/// What a metric is about.
///
/// A scraper receives the metrics about all subjects. An output that is shared by the programs of a
/// host can leave some out: see [`ExpositionFormat::without_self_metrics`] and
/// [`ExpositionFormat::without_process_metrics`].
///
/// ```
/// use metrics_core::{Desc, Kind, Subject};
///
/// const OPEN: Desc = Desc::new(Kind::Gauge, "pool_connections", "Connections open.");
/// assert_eq!(OPEN.subject(), Subject::Program);
/// ```
///
/// [`ExpositionFormat::without_self_metrics`]: crate::ExpositionFormat::without_self_metrics
/// [`ExpositionFormat::without_process_metrics`]: crate::ExpositionFormat::without_process_metrics
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// What the program does: all metrics that it declares or creates.
    #[default]
    Program,
    /// The process or the build: `process_*`, `build_info` and `target_info`.
    Process,
    /// This library: self-metrics such as `metrics_series` and `metrics_http_requests_total`.
    Library,
}
