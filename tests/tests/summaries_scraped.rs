//! Tests that Prometheus reads summaries without quantiles in protobuf.

use std::{net::Ipv4Addr, time::Duration};

use metrics_core::{Options, Registry, Summary};
use metrics_http::Server;
use tests::{Job, Prometheus, Version, wait_until};

#[test]
fn prometheus_2_reads_a_summary_without_quantiles_in_protobuf() {
    scrape(Version::Debian, &[]);
}

#[test]
fn prometheus_3_reads_a_summary_without_quantiles_in_protobuf() {
    scrape(Version::Newer, &["scrape_protocols: [PrometheusProto]"]);
}

/// Scrapes a summary without quantiles between one with quantiles and another family.
fn scrape(version: Version, settings: &[&str]) {
    let registry = Registry::new();
    let create = |name: &str, quantiles: &[f64]| {
        let options = Options::new(name, "Sizes.").labels(["of"]);
        let family = registry.create_family::<Summary>(options.quantiles(quantiles));
        let family = family.expect("it is new");
        for of in ["page", "file"] {
            family.with(&[of]).observe(2.0);
            family.with(&[of]).observe(0.5);
        }
    };
    create("scraped_a_bytes", &[0.5]);
    create("scraped_b_bytes", &[]);
    create("scraped_c_bytes", &[0.5, 0.9]);
    let server = Server::builder().registry(registry);
    let server = server.serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let jobs = [Job::new("summaries", server.local_addr()).with(settings)];
    // Prometheus 2 requests protobuf only with this feature.
    let prometheus = Prometheus::start(version, &jobs, &["--enable-feature=native-histograms"]);
    wait_until(Duration::from_mins(1), "two scrapes", || {
        // A failed scrape counts as well, so that the wait ends.
        (prometheus.value("count_over_time(up[1m])") >= Some(2.0)).then_some(())
    });
    for (expression, expected) in [
        ("min_over_time(up[1m])", 1.0),
        ("sum(scraped_b_bytes_count)", 4.0),
        ("sum(scraped_b_bytes_sum)", 5.0),
        ("count(scraped_a_bytes)", 2.0),
        ("count(scraped_c_bytes)", 4.0),
        ("sum(scraped_c_bytes_count)", 4.0),
    ] {
        assert_eq!(prometheus.value(expression), Some(expected), "{expression}");
    }
    assert_eq!(prometheus.value("count(scraped_b_bytes)"), None);
}
