//! Grafana dashboards, generated from the catalogue.
//!
//! `overview.rs` and `functions.rs` choose the rows and panels, `families.rs` the panels of one
//! family. `queries.rs` and `selectors.rs` write PromQL. `document.rs` writes the JSON, with that
//! of `panel.rs`, `layout.rs` and `variables.rs`.

mod calls;
mod document;
mod families;
mod functions;
mod layout;
mod overview;
mod panel;
mod queries;
mod selectors;
mod table;
mod unit;
mod variables;

pub use document::Dashboard;
