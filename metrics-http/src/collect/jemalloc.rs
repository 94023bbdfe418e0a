//! What jemalloc says of itself.

use std::sync::Arc;

use metrics_core::{Collection, Collector, Desc, Kind};
use tikv_jemalloc_ctl::{epoch, stats};

/// The memory of the allocator jemalloc, for a program whose allocator it is.
///
/// | name | bytes |
/// |---|---|
/// | `jemalloc_allocated_bytes` | that the program has allocated |
/// | `jemalloc_active_bytes` | in pages that hold any of these |
/// | `jemalloc_metadata_bytes` | that jemalloc needs itself |
/// | `jemalloc_resident_bytes` | in pages that are present in the machine's memory, at most |
/// | `jemalloc_mapped_bytes` | that are mapped for what is active |
/// | `jemalloc_retained_bytes` | that it has given up and keeps the addresses of |
///
/// The program installs the allocator, of the crate `tikv-jemallocator`; in one that does not,
/// the numbers are those of a jemalloc that nobody uses.
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
        // The numbers are those of the last epoch: without a new one they are out of date.
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
    Desc::new(Kind::Gauge, name, help).unit("bytes")
}

static DESCS: [Desc; 6] = [
    bytes(
        "jemalloc_allocated_bytes",
        "Memory that the program has allocated.",
    ),
    bytes(
        "jemalloc_active_bytes",
        "Memory in pages that hold any that is allocated.",
    ),
    bytes(
        "jemalloc_metadata_bytes",
        "Memory that jemalloc needs itself.",
    ),
    bytes(
        "jemalloc_resident_bytes",
        "Memory in pages that are present in the machine's, at most.",
    ),
    bytes(
        "jemalloc_mapped_bytes",
        "Memory that is mapped for what is active.",
    ),
    bytes(
        "jemalloc_retained_bytes",
        "Memory that jemalloc has given back and keeps the addresses of.",
    ),
];
