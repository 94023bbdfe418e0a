//! The metric types.

pub(crate) mod counter;
#[cfg(metrics_off)]
pub(crate) mod disabled;
pub(crate) mod dynamic;
pub(crate) mod exemplar;
pub(crate) mod family;
pub(crate) mod gauge;
pub(crate) mod handle;
pub(crate) mod histogram;
pub(crate) mod info;
pub(crate) mod outcome_rows;
pub(crate) mod state_set;
pub(crate) mod summary;
pub(crate) mod timer;
pub(crate) mod up_down;
