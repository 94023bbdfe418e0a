//! Collects memory statistics of the allocator jemalloc.

use std::sync::Arc;

use metrics_core::{Collection, Collector, Desc, Kind};
use tikv_jemalloc_ctl::{epoch, stats};

/// Collects memory statistics of jemalloc, for programs that use it as their allocator.
///
/// | name | bytes |
/// |---|---|
/// | `jemalloc_allocated_bytes` | allocated by the program |
/// | `jemalloc_active_bytes` | in pages with allocations |
/// | `jemalloc_metadata_bytes` | used by jemalloc itself |
/// | `jemalloc_resident_bytes` | in resident pages, an upper bound |
/// | `jemalloc_mapped_bytes` | mapped for active pages |
/// | `jemalloc_retained_bytes` | returned to the system, with their addresses kept reserved |
///
/// The program installs the allocator from the crate `tikv-jemallocator`. Otherwise, these are the
/// statistics of an unused jemalloc.
///
/// ```
/// use metrics_http::{Format, Registry, collect};
///
/// let registry = Registry::new(); // or Registry::global()
/// registry.register(collect::jemalloc())?;
/// assert!(registry.encode_to_string(Format::Text).contains("\njemalloc_active_bytes "));
/// # Ok::<(), metrics_http::metrics_core::Error>(())
/// ```
pub fn jemalloc() -> Arc<dyn Collector> {
    Arc::new(Jemalloc)
}

struct Jemalloc;

impl Collector for Jemalloc {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        // Updates the statistics, which jemalloc caches until the epoch advances.
        if epoch::advance().is_err() {
            return;
        }
        let values = [
            stats::allocated::read(),
            stats::active::read(),
            stats::metadata::read(),
            stats::resident::read(),
            stats::mapped::read(),
            stats::retained::read(),
        ];
        for (desc, value) in DESCS.iter().zip(values) {
            if let Ok(bytes) = value {
                out.gauge(desc, &[], bytes as f64);
            }
        }
    }
}

const fn bytes(name: &'static str, help: &'static str) -> Desc {
    Desc::new(Kind::Gauge, name, help).unit("bytes").exclusive()
}

static DESCS: [Desc; 6] = [
    bytes(
        "jemalloc_allocated_bytes",
        "Memory allocated by the program.",
    ),
    bytes("jemalloc_active_bytes", "Memory in pages with allocations."),
    bytes("jemalloc_metadata_bytes", "Memory used by jemalloc itself."),
    bytes(
        "jemalloc_resident_bytes",
        "Memory in resident pages, an upper bound.",
    ),
    bytes("jemalloc_mapped_bytes", "Memory mapped for active pages."),
    bytes(
        "jemalloc_retained_bytes",
        "Memory returned to the system, with its addresses kept reserved.",
    ),
];
