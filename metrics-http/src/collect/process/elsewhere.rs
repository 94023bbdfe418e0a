//! As macOS and Windows tell it, through `sysinfo`.
//!
//! Neither says how large a heap is. `sysinfo` does not count threads. macOS takes a limit on
//! address space and does not hold anybody to it; Windows has none for a process.

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use super::Reading;

/// The process now.
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

/// What counts as open files are handles, and of these the system allows a process so many:
/// <https://learn.microsoft.com/en-us/windows/win32/sysinfo/kernel-objects>. What the C library
/// allows is another matter.
const WINDOWS_MAX_HANDLES: f64 = 16.0 * 1024.0 * 1024.0;
