//! Reads process metrics from `/proc/self` on Linux.
//!
//! `process_heap_bytes` is `VmData`, as in the Node.js client `prom-client`: private writable memory
//! without the main thread's stack. It includes the stacks of other threads, and memory that was
//! mapped but never used. The heap segment alone would be too small, because allocators also map
//! memory.

use std::sync::OnceLock;

use procfs::{
    WithCurrentSystemInfo,
    process::{Limit, LimitValue, Process, Stat},
};

use super::reading::Reading;

/// Reads the current process metrics.
pub(super) fn read() -> Reading {
    let Ok(process) = Process::myself() else {
        return Reading::default();
    };
    let mut now = Reading {
        open_files: process.fd_count().ok().map(|count| count as f64),
        ..Reading::default()
    };
    if let Ok(stat) = process.stat() {
        now.cpu = Some(seconds(stat.utime + stat.stime));
        now.size = Some(stat.vsize as f64);
        now.resident = Some(stat.rss_bytes().get() as f64);
        now.started = started(&stat);
        now.threads = Some(stat.num_threads as f64);
    }
    if let Ok(limits) = process.limits() {
        now.max_open_files = soft(limits.max_open_files);
        now.max_size = soft(limits.max_address_space);
    }
    if let Ok(status) = process.status() {
        now.heap = status.vmdata.map(|kibibytes| kibibytes as f64 * 1024.0);
    }
    now
}

/// Start time; read only once, because the boot time that Linux reports changes with the clock.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_provides_threads_and_heap() {
        let now = read();
        assert!(now.threads >= Some(1.0), "{now:?}");
        assert!(now.heap > Some(0.0) && now.heap < now.size, "{now:?}");
    }
}
