//! Dynamic metrics, which the program creates while it runs: their options, their types, and how
//! label values lead to a series.
//!
//! A dynamic metric is a [`Family`](crate::metric::family::Family) in an `Arc`. A recording reaches
//! a series through a [`DynamicSeries`](series::DynamicSeries), which borrows the family, or a
//! [`Handle`](crate::metric::handle::Handle), which owns a reference to it. The registry creates
//! and removes the families.

#[cfg(test)]
mod cached;
mod family;
mod metric_type;
mod options;
mod series;

pub use family::DynamicFamily;
pub use metric_type::DynamicMetric;
pub use options::Options;
