//! Recording and alerting rules for Prometheus, generated from the catalogue.
//!
//! `burn_rate.rs` generates the rules of objectives, `basic.rs` the alerts about the metrics
//! themselves; `file.rs` writes them as YAML.

mod basic;
mod burn_rate;
mod file;
mod settings;
mod window;
mod yaml;

pub use settings::Rules;
