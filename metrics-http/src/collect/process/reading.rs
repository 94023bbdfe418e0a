//! [`Reading`]: the values of all process metrics at one time.

/// Process metrics at one time; `None` for values that the system does not provide.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// CPU time in seconds.
    pub(super) cpu: Option<f64>,
    pub(super) open_files: Option<f64>,
    pub(super) max_open_files: Option<f64>,
    /// Virtual memory in bytes.
    pub(super) size: Option<f64>,
    pub(super) max_size: Option<f64>,
    /// Resident memory in bytes.
    pub(super) resident: Option<f64>,
    /// Private writable memory in bytes.
    pub(super) heap: Option<f64>,
    /// Start time as Unix time in seconds.
    pub(super) started: Option<f64>,
    pub(super) threads: Option<f64>,
}
