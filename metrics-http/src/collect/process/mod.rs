//! Collects process metrics, with the [standard names] of Prometheus client libraries.
//!
//! A value that the system does not provide, or a limit that is not set, is omitted.
//!
//! [standard names]: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics

mod reading;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "sysinfo.rs")]
mod system;

use std::sync::{Arc, LazyLock};

use metrics_core::{Collection, Collector, Desc, Kind, Subject};

/// The process collector, one per program, so that several servers can register it in one registry:
/// a registry ignores a collector that it already has.
pub(crate) fn shared() -> Arc<dyn Collector> {
    static SHARED: LazyLock<Arc<ProcessMetrics>> = LazyLock::new(|| Arc::new(ProcessMetrics));
    Arc::clone(&SHARED) as Arc<dyn Collector>
}

/// The start time of this process as Unix time in seconds; `None` if the system does not tell it.
pub(crate) fn start_time() -> Option<u64> {
    system::read().started.map(|seconds| seconds as u64)
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
    // One exclusive family suffices, because a registry refuses a second collector of it as a
    // whole.
    Desc::new(
        Kind::Counter,
        "process_cpu_seconds_total",
        "CPU time used by this process, in user and system mode.",
    )
    .unit("seconds")
    .about(Subject::Process)
    .exclusive(),
    gauge("process_open_fds", "Open file descriptors."),
    gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.",
    ),
    gauge("process_virtual_memory_bytes", "Virtual memory size.").unit("bytes"),
    gauge(
        "process_virtual_memory_max_bytes",
        "Maximum virtual memory size.",
    )
    .unit("bytes"),
    gauge("process_resident_memory_bytes", "Resident memory size.").unit("bytes"),
    gauge(
        "process_heap_bytes",
        "Private writable memory: heaps, and stacks of threads.",
    )
    .unit("bytes"),
    gauge(
        "process_start_time_seconds",
        "Start time of this process, as Unix time.",
    )
    .unit("seconds"),
    gauge(
        "process_threads",
        "Threads of this process, including those created by the system.",
    ),
];

#[track_caller]
const fn gauge(name: &'static str, help: &'static str) -> Desc {
    Desc::new(Kind::Gauge, name, help).about(Subject::Process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_values_are_read_on_every_system() {
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
    fn unknown_values_are_omitted() {
        let registry = metrics_core::Registry::new();
        registry.register(shared()).unwrap();
        let text = registry.encode_to_string(metrics_core::Format::Text);
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
