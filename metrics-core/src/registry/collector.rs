//! [`Collector`]: a source of samples that are computed for each scrape.

use crate::{describe::desc::Desc, registry::collection::Collection};

/// A source of samples that are computed for each scrape.
///
/// Exposes what another part of the program, a library or the operating system already counts.
///
/// Before an exposition begins, the registry runs its collectors one after the other on a thread
/// named `metrics-collect`; if one takes long, another such thread runs the rest. If one panics or
/// exceeds [`Registry::collector_timeout`](crate::Registry::collector_timeout), the exposition
/// lacks the families of that collector, and `metrics_collector_errors_total` counts the scrape.
/// Scrapes skip a collector that is still running for an earlier scrape that timed out; a scrape
/// made within a collector skips that collector. A collector may use its registry, for example to
/// register another collector.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{Collection, Collector, Desc, Format, Kind, Registry};
///
/// static OPEN: [Desc; 1] = [Desc::new(Kind::Gauge, "pool_connections", "Connections open.")];
///
/// struct Pool;
///
/// impl Collector for Pool {
///     fn descs(&self) -> &[Desc] {
///         &OPEN
///     }
///
///     fn collect(&self, out: &mut Collection<'_>) {
///         out.gauge(&OPEN[0], &[("pool", "main")], 3.0);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Pool))?;
/// assert!(registry.encode_to_string(Format::Text).contains("pool_connections{pool=\"main\"} 3"));
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
}
