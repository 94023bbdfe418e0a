//! Tests that Prometheus 2 and 3 and VictoriaMetrics store the samples that remote write sends to
//! them.

use std::{collections::BTreeSet, thread, time::Duration};

use metrics_core::{Counter, Gauge, Histogram, Options, Registry};
use metrics_http::{Error, RemoteWrite, RemoteWriteVersion};
use serde_json::Value;
use tests::{Example, Prometheus, Pushgateway, Version, VictoriaMetrics, points, wait_until};

#[test]
fn scraping_and_remote_write_deliver_the_example_and_its_end() {
    let gateway = Pushgateway::start();
    let prometheus = receiver(Version::Newer, &[]);
    let victoria = VictoriaMetrics::without_jobs();
    for url in [prometheus.write_url(), victoria.write_url()] {
        let options = ["--push", &gateway.url(), "--remote-write", &url];
        let example = Example::start_with(100, Duration::from_secs(3), &options);
        example.end();
        let families = gateway.families();
        let pushed = families.sum("shortener_load_requests_total", &[("job", "shortener")]);
        assert!(pushed > 0.0, "{pushed}");
    }
    // Before the program ends, it sends its last values to the Pushgateway and to Prometheus, so
    // that both have the same values. Stale markers then end the series in Prometheus.
    let total = r#"sum(last_over_time(shortener_load_requests_total{job="shortener"}[5m]))"#;
    assert!(prometheus.value(total).is_some_and(|total| total > 0.0));
    assert_eq!(prometheus.value(r#"count({job="shortener"})"#), None);
    let pushed = gateway.families();
    let pushed = pushed.sum("shortener_load_requests_total", &[("job", "shortener")]);
    eventually("its end", || victoria.value(total), pushed);
}

/// A counter, a gauge, a classic and a native histogram, with distinct values.
struct Shop {
    registry: Registry,
    orders: Counter,
}

impl Shop {
    fn new() -> Shop {
        let registry = Registry::new();
        let options = Options::new("orders_total", "Orders taken.");
        let orders = registry.create::<Counter>(options).unwrap();
        orders.inc_by_with_exemplar(7, &[("trace_id", "abc")]);
        let options = Options::new("waiting", "Orders to be packed.").labels(["country"]);
        let waiting = registry.create_family::<Gauge>(options).unwrap();
        waiting.with(&["no"]).set(3);
        waiting.with(&[""]).set(4);
        let options = Options::new("order_bytes", "Sizes.")
            .unit("bytes")
            .buckets([10.0, 100.0]);
        let classic = registry.create::<Histogram>(options).unwrap();
        let options = Options::new("page_bytes", "Sizes.")
            .unit("bytes")
            .native(1.1);
        let native = registry.create::<Histogram>(options).unwrap();
        for size in 1..=1000 {
            classic.observe(f64::from(size));
            native.observe(f64::from(size));
        }
        Shop { registry, orders }
    }

    fn write_to(&self, url: &str) -> RemoteWrite {
        RemoteWrite::new(url, "shop")
            .label("instance", "here")
            .registry(self.registry.clone())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as a pusher gives it")]
fn fail_on_error(error: Error) {
    panic!("{error}");
}

#[track_caller]
fn eventually(what: &str, mut value: impl FnMut() -> Option<f64>, expected: f64) {
    wait_until(Duration::from_secs(30), what, || {
        let value = value()?;
        ((value - expected).abs() < 1e-9).then_some(())
    });
}

fn receiver(version: Version, flags: &[&str]) -> Prometheus {
    let mut all = vec!["--web.enable-remote-write-receiver"];
    all.extend_from_slice(flags);
    Prometheus::start(version, &[], &all)
}

#[test]
fn prometheus_2_and_3_store_what_they_are_sent() {
    for (version, sent) in [
        (Version::Debian, RemoteWriteVersion::V1),
        // This server does not know version 2 and ingests nothing of the first request; the pusher
        // then falls back to version 1.
        (Version::Debian, RemoteWriteVersion::V2),
        (Version::Newer, RemoteWriteVersion::V1),
        (Version::Newer, RemoteWriteVersion::V2),
    ] {
        let flags = ["--enable-feature=native-histograms,exemplar-storage"];
        let prometheus = receiver(version, &flags);
        let shop = Shop::new();
        let write = shop.write_to(&prometheus.write_url()).version(sent);
        let write = write.send_native_histograms(true);
        let pusher = write
            .push_every(Duration::from_millis(100), fail_on_error)
            .unwrap();
        let ask = |expression: &str| prometheus.value(expression);
        let labels = r#"{job="shop",instance="here"}"#;
        eventually("a counter", || ask(&format!("orders_total{labels}")), 7.0);
        shop.orders.inc();
        eventually(
            "its next value",
            || ask(&format!("orders_total{labels}")),
            8.0,
        );
        assert_eq!(ask(r#"waiting{country="no"}"#), Some(3.0));
        assert_eq!(ask(r#"waiting{country=""}"#), Some(4.0));
        assert_eq!(ask(r#"order_bytes_bucket{le="10.0"}"#), Some(10.0));
        assert_eq!(ask(r#"order_bytes_bucket{le="+Inf"}"#), Some(1000.0));
        assert_eq!(ask("order_bytes_sum"), Some(500_500.0));
        assert_eq!(ask("histogram_count(page_bytes)"), Some(1000.0));
        assert_eq!(ask("histogram_sum(page_bytes)"), Some(500_500.0));
        let median = ask("histogram_quantile(0.5, page_bytes)").unwrap();
        assert!((450.0..550.0).contains(&median), "{median}");
        let exemplars = prometheus.query_exemplars("orders_total", Duration::from_mins(5));
        let exemplars = exemplars[0]["exemplars"].as_array().unwrap();
        assert_eq!(exemplars[0]["labels"]["trace_id"], "abc");
        // A push after which the pusher falls back to version 1 does not count as failed.
        let write_url = prometheus.write_url();
        let url = write_url.trim_end_matches("/api/v1/write");
        let failed = ask(&format!(
            r#"metrics_pushes_total{{url="{url}",result="error"}}"#
        ));
        assert_eq!(failed, Some(0.0));
        pusher.shutdown().unwrap();

        // Stale markers have ended the series at once, and its last value is stored.
        assert_eq!(ask("count({job=\"shop\"})"), None);
        let last = prometheus.query(&format!("orders_total{labels}[5m]"));
        let values: Vec<_> = points(&last[0]).iter().map(|(_, value)| *value).collect();
        assert!(
            values.is_sorted() && values.last() == Some(&8.0),
            "{values:?}"
        );
    }
}

#[test]
fn samples_of_an_outage_arrive_later_with_their_original_timestamps() {
    let mut prometheus = receiver(Version::Newer, &[]);
    let shop = Shop::new();
    let write = shop.write_to(&prometheus.write_url());
    let pusher = write
        .push_every(Duration::from_millis(100), |_| ())
        .unwrap();
    let total = r#"orders_total{job="shop"}"#;
    eventually("the first value", || prometheus.value(total), 7.0);

    prometheus.crash();
    for _ in 0..10 {
        shop.orders.inc();
        thread::sleep(Duration::from_millis(100));
    }
    prometheus.start_again();
    eventually("the last value", || prometheus.value(total), 17.0);
    pusher.shutdown().unwrap();

    let series = prometheus.query(&format!("{total}[5m]"));
    let points = points(&series[0]);
    let values: Vec<_> = points.iter().map(|(_, value)| *value).collect();
    assert!(values.is_sorted(), "{values:?}");
    // About ten samples, with values between 7 and 17, were taken during the outage.
    let meanwhile = |value: &&f64| **value > 7.0 && **value < 17.0;
    assert!(values.iter().filter(meanwhile).count() >= 3, "{values:?}");
    let times: BTreeSet<_> = points.iter().map(|(time, _)| time.to_bits()).collect();
    assert_eq!(times.len(), points.len(), "{points:?}");
}

#[test]
fn a_prometheus_without_native_histograms_stores_the_rest() {
    let prometheus = receiver(Version::Newer, &[]);
    let shop = Shop::new();
    let write = shop.write_to(&prometheus.write_url());
    let pusher = write
        .push_every(Duration::from_millis(100), fail_on_error)
        .unwrap();
    let ask = || prometheus.value("page_bytes_count");
    eventually("a histogram's count", ask, 1000.0);
    pusher.shutdown().unwrap();
}

#[test]
fn each_sample_has_its_own_timestamp() {
    let shop = Shop::new();
    let prometheus = receiver(Version::Newer, &[]);
    let pusher = shop
        .write_to(&prometheus.write_url())
        .push_every(Duration::from_millis(50), fail_on_error)
        .unwrap();
    let all = |series: &[Value]| series.first().map_or(0, |one| points(one).len());
    wait_until(Duration::from_secs(30), "some samples", || {
        (all(&prometheus.query("orders_total[5m]")) >= 20).then_some(())
    });
    pusher.shutdown().unwrap();
    let series = prometheus.query("orders_total[5m]");
    let times: Vec<_> = points(&series[0]).iter().map(|(time, _)| *time).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
}

#[test]
fn victoria_metrics_stores_what_it_is_sent() {
    for version in [RemoteWriteVersion::V1, RemoteWriteVersion::V2] {
        let victoria = VictoriaMetrics::without_jobs();
        let shop = Shop::new();
        let write = shop.write_to(&victoria.write_url()).version(version);
        let pusher = write
            .push_every(Duration::from_millis(100), fail_on_error)
            .unwrap();
        let ask = |expression: &str| victoria.value(expression);
        let orders = r#"orders_total{job="shop",instance="here"}"#;
        eventually("a counter", || ask(orders), 7.0);
        shop.orders.inc();
        eventually("its next value", || ask(orders), 8.0);
        eventually("a gauge", || ask(r#"waiting{country="no"}"#), 3.0);
        eventually("a bucket", || ask(r#"order_bytes_bucket{le="10.0"}"#), 10.0);
        pusher.shutdown().unwrap();
        wait_until(Duration::from_secs(30), "the stale markers", || {
            ask(orders).is_none().then_some(())
        });
    }
}
