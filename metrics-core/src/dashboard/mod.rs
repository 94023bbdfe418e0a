//! Grafana dashboards, generated from the catalogue.
//!
//! `overview.rs` and `functions.rs` choose the rows and panels, `endpoint.rs` the panels about the
//! metrics endpoint, `families.rs` the panels of one family. `queries.rs` and `selectors.rs` write PromQL. `document.rs` assembles the JSON that
//! `panel.rs`, `layout.rs` and `variables.rs` write.

mod calls;
mod document;
mod endpoint;
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
