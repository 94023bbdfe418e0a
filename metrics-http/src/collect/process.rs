//! What the system knows of this process, under the names that all Prometheus clients share.
//!
//! `process_heap_bytes` is missing: Linux accounts for segments, and no segment is the heap
//! of today's allocators. A limit that is not set is missing too, rather than a huge number.

use std::sync::{Arc, LazyLock, OnceLock};

use metrics_core::{Collection, Collector, Desc, Kind};
use procfs::{
    WithCurrentSystemInfo,
    process::{Limit, LimitValue, Process, Stat},
};

/// The collector; there is one, so that servers can share a registry.
pub(crate) fn shared() -> Arc<dyn Collector> {
    static SHARED: LazyLock<Arc<ProcessMetrics>> = LazyLock::new(|| Arc::new(ProcessMetrics));
    Arc::clone(&SHARED) as Arc<dyn Collector>
}

struct ProcessMetrics;

impl Collector for ProcessMetrics {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let Ok(process) = Process::myself() else {
            return;
        };
        let stat = process.stat().ok();
        let limits = process.limits().ok();
        let [
            cpu,
            open,
            max_open,
            size,
            max_size,
            resident,
            birth,
            threads,
        ] = &DESCS;
        if let Some(stat) = &stat {
            out.counter(cpu, &[], seconds(stat.utime + stat.stime));
        }
        let mut gauge = |desc, value: Option<f64>| {
            if let Some(value) = value {
                out.gauge(desc, &[], value);
            }
        };
        gauge(open, process.fd_count().ok().map(|count| count as f64));
        gauge(
            max_open,
            limits.as_ref().and_then(|it| soft(it.max_open_files)),
        );
        gauge(size, stat.as_ref().map(|it| it.vsize as f64));
        gauge(
            max_size,
            limits.as_ref().and_then(|it| soft(it.max_address_space)),
        );
        gauge(
            resident,
            stat.as_ref().map(|it| it.rss_bytes().get() as f64),
        );
        gauge(birth, stat.as_ref().and_then(started));
        gauge(threads, stat.as_ref().map(|it| it.num_threads as f64));
    }
}

/// When the process started; read once, as the system's idea of it moves with the clock.
fn started(stat: &Stat) -> Option<f64> {
    static STARTED: OnceLock<Option<f64>> = OnceLock::new();
    *STARTED.get_or_init(|| Some(procfs::boot_time_secs().ok()? as f64 + seconds(stat.starttime)))
}

fn soft(limit: Limit) -> Option<f64> {
    match limit.soft_limit {
        LimitValue::Value(value) => Some(value as f64),
        LimitValue::Unlimited => None,
    }
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

static DESCS: [Desc; 8] = [
    Desc::new(
        Kind::Counter,
        "process_cpu_seconds_total",
        "Processor time that this process has used, in its own code and in the system's.",
    )
    .unit("seconds"),
    Desc::new(
        Kind::Gauge,
        "process_open_fds",
        "File descriptors that are open.",
    ),
    Desc::new(
        Kind::Gauge,
        "process_max_fds",
        "File descriptors that may be open at most.",
    ),
    Desc::new(
        Kind::Gauge,
        "process_virtual_memory_bytes",
        "Address space in use.",
    )
    .unit("bytes"),
    Desc::new(
        Kind::Gauge,
        "process_virtual_memory_max_bytes",
        "Address space that may be in use at most.",
    )
    .unit("bytes"),
    Desc::new(
        Kind::Gauge,
        "process_resident_memory_bytes",
        "Memory that is present in the machine's.",
    )
    .unit("bytes"),
    Desc::new(
        Kind::Gauge,
        "process_start_time_seconds",
        "When this process started, in seconds since 1970.",
    )
    .unit("seconds"),
    Desc::new(
        Kind::Gauge,
        "process_threads",
        "Threads of this process, those of the system's making included.",
    ),
];
