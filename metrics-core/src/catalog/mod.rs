//! The catalogue: the metrics of a registry as data, with JSON, Markdown, lints and a lock file.
//!
//! The catalogue is built from a registry, whose metrics need not have recorded anything.
//! `dashboard/` and `rules/` generate their output from the catalogue.

mod assert;
mod build;
mod json;
mod lint;
mod lock;
mod markdown;
mod model;
pub(crate) mod promql;
pub(crate) mod quote;
mod source_path;

pub use assert::assert_catalog;
pub use build::catalog;
pub use lint::CatalogWarning;
pub use model::{
    CATALOG_VERSION, Catalog, CatalogFamily, CatalogLabel, CatalogMember, CatalogNative,
};
