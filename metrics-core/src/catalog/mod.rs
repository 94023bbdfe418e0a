//! The declarations as data: JSON, Markdown, lints, and a lock file for names others rely on.
//!
//! A catalogue is built from a registry; no metric has to be recorded first. `dashboard/` and
//! `rules/` are generated from it.

mod assert;
mod build;
mod json;
mod lint;
mod lock;
mod markdown;
mod model;
pub(crate) mod promql;
pub(crate) mod quote;

pub use assert::assert_catalog;
pub use build::catalog;
pub use lint::CatalogWarning;
pub use model::{
    CATALOG_VERSION, Catalog, CatalogFamily, CatalogLabel, CatalogMember, CatalogNative,
};
