//! What the tests of the whole workspace share: judges, servers that scrape, the example, fixtures,
//! processes of their own, and what calls have come to.
//!
//! Everything here fails a test by panicking with what it saw. Judges alone
//! answer with a [`Refusal`], so that a test can also demand one.
//!
//! The judges are found where `tests/run.sh` puts them; `PROMETHEUS`, `PROMETHEUS_NEWER`,
//! `PROMTOOL`, `VICTORIA_METRICS`, `PUSHGATEWAY`, `NODE_EXPORTER` and `JUDGE_PYTHON` name other
//! ones. So do `CHROMIUM` and `CHROMEDRIVER`, for the browser that the tests look at pages with.

#![allow(
    clippy::missing_panics_doc,
    reason = "the crate's page says that everything here panics"
)]

mod address;
mod browser;
mod calls;
mod example;
mod fixture;
mod forwarder;
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
    calls::{calls, caught, fail, in_progress, series, timings},
    example::Example,
    fixture::build_fixture,
    forwarder::Forwarder,
    http::{Page, get, get_accepting},
    judge::{
        Exemplar, Families, Family, Python, Refusal, Sample, fits_schema, installed,
        promtool_check, python_openmetrics, python_text,
    },
    node_exporter::NodeExporter,
    process::{growth, in_a_process_of_its_own},
    prometheus::{Prometheus, Target, Version, points},
    promtool::{promtool_check_rules, promtool_test_rules},
    pushgateway::Pushgateway,
    scraper::Job,
    victoria::VictoriaMetrics,
    wait::wait_until,
};
