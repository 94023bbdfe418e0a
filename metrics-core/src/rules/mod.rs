//! Recording and alerting rules for Prometheus, generated from the catalogue.
//!
//! `burn_rate.rs` generates the rules of objectives, `basic.rs` the alerts about scraping, and
//! `self_metrics.rs` those about self-metrics. `file.rs` assembles them, and `yaml.rs` writes the file.

mod basic;
mod burn_rate;
mod file;
mod self_metrics;
mod settings;
mod window;
mod yaml;

pub use settings::Rules;
