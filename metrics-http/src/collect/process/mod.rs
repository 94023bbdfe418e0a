//! What the system knows of this process, under the names that all Prometheus clients share:
//! <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
//!
//! What a system does not know is left out, and so is a limit that is not set, rather than shown
//! as 0 or as a huge number.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "elsewhere.rs")]
mod system;

use std::sync::{Arc, LazyLock};

use metrics_core::{Collection, Collector, Desc, Kind};

/// The collector; there is one, so that servers can share a registry.
pub(crate) fn shared() -> Arc<dyn Collector> {
    static SHARED: LazyLock<Arc<ProcessMetrics>> = LazyLock::new(|| Arc::new(ProcessMetrics));
    Arc::clone(&SHARED) as Arc<dyn Collector>
}

/// The process at one moment: what is not known is nothing.
#[derive(Debug, Default)]
struct Reading {
    /// Time of processors used, in seconds.
    cpu: Option<f64>,
    open_files: Option<f64>,
    max_open_files: Option<f64>,
    /// Address space, in bytes.
    size: Option<f64>,
    max_size: Option<f64>,
    /// Memory, in bytes.
    resident: Option<f64>,
    heap: Option<f64>,
    /// Unix time, in seconds.
    started: Option<f64>,
    threads: Option<f64>,
}

struct ProcessMetrics;

impl Collector for ProcessMetrics {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let now = system::read();
        let [cpu, gauges @ ..] = &DESCS;
        if let Some(seconds) = now.cpu {
            out.counter(cpu, &[], seconds);
        }
        let values = [
            now.open_files,
            now.max_open_files,
            now.size,
            now.max_size,
            now.resident,
            now.heap,
            now.started,
            now.threads,
        ];
        for (desc, value) in gauges.iter().zip(values) {
            if let Some(value) = value {
                out.gauge(desc, &[], value);
            }
        }
    }
}

static DESCS: [Desc; 9] = [
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
        "process_heap_bytes",
        "Address space that is private and can be written to: heaps, and stacks of threads.",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_system_knows_is_read() {
        let now = system::read();
        for (what, value) in [
            ("cpu", now.cpu),
            ("open_files", now.open_files),
            ("max_open_files", now.max_open_files),
            ("size", now.size),
            ("resident", now.resident),
            ("started", now.started),
        ] {
            assert!(value.is_some_and(|value| value >= 0.0), "{what}: {value:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let known = metrics_core::Registry::new();
        known.register(shared()).unwrap();
        let text = known.encode_to_string(metrics_core::Format::Text);
        let now = system::read();
        for (name, is_known) in [
            ("process_virtual_memory_max_bytes", now.max_size.is_some()),
            ("process_heap_bytes", now.heap.is_some()),
            ("process_threads", now.threads.is_some()),
        ] {
            assert_eq!(text.contains(&format!("\n{name} ")), is_known, "{text}");
        }
    }
}
