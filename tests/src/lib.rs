//! Helpers for the tests of the whole workspace: independent parsers of expositions ("judges"),
//! servers that scrape or receive pushes, a browser, an HTTP client and proxy, the example program,
//! fixtures, separate processes, futures without a runtime, and readers of function metrics.
//!
//! Helpers panic with an explanation on failure. Parsers and judges return an error instead, so
//! that a test can also expect one.
//!
//! Programs are found at the paths in `PROMETHEUS`, `PROMETHEUS_NEWER`, `PROMTOOL`,
//! `VICTORIA_METRICS`, `PUSHGATEWAY`, `NODE_EXPORTER`, `JUDGE_PYTHON`, `VALGRIND`, `CHROMIUM` and
//! `CHROMEDRIVER`, else where `tests/run.sh` puts them, else in `PATH`.

#![allow(
    clippy::missing_panics_doc,
    reason = "the crate documentation says that everything here panics"
)]

mod address;
mod browser;
mod calls;
mod cargo;
mod elsewhere;
mod example;
mod fixture;
mod forwarder;
mod future;
mod http;
mod judge;
mod node_exporter;
mod process;
mod prometheus;
mod promtool;
pub mod protobuf;
mod pushgateway;
mod scraper;
pub mod strict;
mod victoria;
mod wait;

pub use crate::{
    address::free_address,
    browser::Browser,
    calls::{assert_panics, calls, fail, in_progress, series, timings},
    cargo::cargo,
    example::Example,
    fixture::{build_fixture, locked_fixture},
    forwarder::Forwarder,
    future::{poll, run, suspend},
    http::{Page, get, get_accepting},
    judge::{
        Exemplar, Families, Family, Python, Refusal, Sample, check_schema, installed,
        promtool_check, python_openmetrics, python_text,
    },
    node_exporter::NodeExporter,
    process::{growth, in_own_process},
    prometheus::{Prometheus, Target, Version, points},
    promtool::{promtool_check_rules, promtool_check_web_config, promtool_test_rules},
    pushgateway::Pushgateway,
    scraper::Job,
    victoria::VictoriaMetrics,
    wait::wait_until,
};
