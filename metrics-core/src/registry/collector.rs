//! [`Collector`]: a source of samples that are computed for each scrape.

use crate::{
    describe::desc::Desc,
    registry::{
        collection::Collection,
        collector_expiry::{CollectorExpiry, DeliveredSeries},
    },
};

/// A source of samples that are computed for each scrape.
///
/// Exposes what another part of the program, a library or the operating system already counts.
///
/// Before an exposition begins, the registry runs its collectors one after the other on a thread
/// named `metrics-collect`; if a collector takes long, another thread runs the rest. If a collector
/// panics or exceeds [`Registry::collector_timeout`](crate::Registry::collector_timeout), the
/// exposition lacks its families, and `metrics_collector_errors_total` counts the scrape. While a
/// run exceeds that timeout, scrapes skip the collector. A collector is never run twice at the same
/// time: scrapes that wait for the end of a run share the next one. A scrape made within a collector
/// skips that collector. A collector may use its registry, for example to register another
/// collector.
///
/// Several collectors may describe the same family, for example one per connection pool: their
/// series are exposed together if type, help and unit are equal. Of series with equal labels, the
/// one of the collector that was registered first is exposed; the others are rejected and counted
/// in `metrics_rejected_total`.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{Collection, Collector, Desc, Format, Kind, Registry};
///
/// static OPEN: [Desc; 1] = [Desc::new(Kind::Gauge, "pool_connections", "Connections open.")];
///
/// struct Pool(&'static str, f64);
///
/// impl Collector for Pool {
///     fn descs(&self) -> &[Desc] {
///         &OPEN
///     }
///
///     fn collect(&self, out: &mut Collection<'_>) {
///         out.gauge(&OPEN[0], &[("pool", self.0)], self.1);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Pool("main", 3.0)))?;
/// registry.register(Arc::new(Pool("replica", 5.0)))?;
/// let text = registry.encode_to_string(Format::Text);
/// assert!(text.contains("pool_connections{pool=\"main\"} 3\n"));
/// assert!(text.contains("pool_connections{pool=\"replica\"} 5\n"));
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// Describes the families that the collector may write, so that clashes are found early.
    ///
    /// Called only when the collector is registered.
    fn descs(&self) -> &[Desc];

    /// Writes the current values to `out`.
    ///
    /// Values that [`Collection`] rejects are counted in `metrics_rejected_total`.
    fn collect(&self, out: &mut Collection<'_>);

    /// The expiry of the collector's series; `None` if they never expire.
    #[doc(hidden)]
    fn expiry(&self) -> Option<&CollectorExpiry> {
        None
    }

    /// Hides the series that expire, after an exposition with the collector's series was delivered.
    #[doc(hidden)]
    fn expire(&self, _: DeliveredSeries) {}
}
