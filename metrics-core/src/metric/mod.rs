//! The metric types, the families behind them, and how a recording reaches a series.
//!
//! A metric type such as [`counter::Counter`] wraps access to one series
//! ([`series_storage::SeriesStorage`]). There are three kinds of access:
//! [`declared::DeclaredSeries`] for metrics declared by `metrics!`, whose storage is known at
//! compile time; `DynamicSeries` in [`dynamic`], which borrows a metric created at run time; and
//! [`handle::Handle`] for references to a series that the program stores. All refer to a
//! [`family::Family`]. Under `--cfg metrics_off`, `disabled::Disabled` replaces
//! [`declared::DeclaredSeries`].

pub(crate) mod counter;
pub(crate) mod declared;
#[cfg(metrics_off)]
pub(crate) mod disabled;
pub(crate) mod dynamic;
pub(crate) mod exemplar;
pub(crate) mod exemplars;
pub(crate) mod family;
pub(crate) mod gauge;
pub(crate) mod handle;
pub(crate) mod histogram;
pub(crate) mod histogram_snapshot;
pub(crate) mod info;
pub(crate) mod needs_labels;
pub(crate) mod observe;
pub(crate) mod optional_value;
pub(crate) mod outcome_rows;
pub(crate) mod quantile_sketch;
pub(crate) mod series_access;
pub(crate) mod series_storage;
pub(crate) mod state_set;
pub(crate) mod summary;
pub(crate) mod thread_storage;
pub(crate) mod timer;
pub(crate) mod up_down;
