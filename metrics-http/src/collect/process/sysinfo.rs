//! Reads process metrics on macOS and Windows, with the crate `sysinfo`.
//!
//! The size of the heap and the number of threads are missing, because `sysinfo` does not report
//! them. The limit on virtual memory is missing too: macOS does not enforce it, and a Windows
//! process has none by default.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use super::reading::Reading;

/// Reads the current process metrics.
pub(super) fn read() -> Reading {
    let (Ok(pid), Ok(mut system)) = (sysinfo::get_current_pid(), System::new()) else {
        return Reading::default();
    };
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
    let Some(process) = system.process(pid) else {
        return Reading::default();
    };
    let max_open_files = if cfg!(windows) {
        Some(WINDOWS_MAX_HANDLES)
    } else {
        process.open_files_limit().map(|limit| limit as f64)
    };
    Reading {
        cpu: Some(process.accumulated_cpu_time() as f64 / 1000.0),
        open_files: process.open_files().map(|count| count as f64),
        max_open_files,
        size: Some(process.virtual_memory() as f64),
        resident: Some(process.memory() as f64),
        started: Some(process.start_time() as f64),
        ..Reading::default()
    }
}

/// The limit on [handles] of a process, which `sysinfo` counts as open files.
///
/// [handles]: https://learn.microsoft.com/en-us/windows/win32/sysinfo/kernel-objects
const WINDOWS_MAX_HANDLES: f64 = 16.0 * 1024.0 * 1024.0;
