//! Measures the time of a recording by this library, by its peers, and by LIMIT, the minimal code.
//!
//! `cargo bench -p tests --features peers --bench recording [-- <group or part of a row's name>]`
//! prints tables in Markdown with verdicts, and writes them to `target/recording.md`: for a release
//! build, and for one with thin LTO and one with the fallback storage, which it builds and runs
//! unless `--as-is` is given.
//! `--rounds=<number>` sets the number of rounds.

mod common;
mod peers;
mod support;

use crate::{
    common::{Options, report},
    support::Table,
};

fn main() {
    let options = Options::from_arguments("recording");
    let mut table = Table::default();
    peers::limit::enter(&mut table);
    peers::ours::enter(&mut table);
    peers::label_sets::enter(&mut table);
    peers::autometrics::enter(&mut table);
    peers::axum_otel_metrics::enter(&mut table);
    peers::axum_prometheus::enter(&mut table);
    peers::fast_telemetry::enter(&mut table);
    peers::fastmetrics::enter(&mut table);
    peers::foundations_metrics::enter(&mut table);
    peers::measured::enter(&mut table);
    peers::metered::enter(&mut table);
    peers::metered_attributes::enter(&mut table);
    peers::metrics::enter(&mut table);
    peers::metriken::enter(&mut table);
    peers::opentelemetry::enter(&mut table);
    peers::prometheus::enter(&mut table);
    peers::prometheus_client::enter(&mut table);
    peers::vise::enter(&mut table);
    report(&options, &table.measure(&options));
}
