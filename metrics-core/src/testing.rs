//! For programs that test their own metrics.

#[cfg(feature = "catalog")]
pub use crate::catalog::assert_catalog;
