//! Tests that a real Prometheus handles series that expire and come back.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{net::Ipv4Addr, time::Duration};

use metrics_core::{
    __private::end_grace, Counter, DynamicFamily, DynamicMetric, Histogram, Options, Registry,
};
use metrics_http::Server;
use tests::{Prometheus, points, wait_until};

#[test]
fn prometheus_computes_correct_rates_across_expiry() {
    let registry = Registry::new();
    registry.write_created(true);
    let options = |name: &str| Options::new(name, "Idle.").labels(["key"]).expire(EXPIRY);
    let events: DynamicFamily<Counter> = create(&registry, options("idle_total"));
    let sizes: DynamicFamily<Histogram> =
        create(&registry, options("idle_size").buckets([1.0, 2.0]));
    let record = |key: &str, times: u32| {
        for _ in 0..times {
            events.with(&[key]).inc();
            sizes.with(&[key]).observe(HALF);
        }
    };
    let server = Server::builder().registry(registry.clone());
    let server = server.serve((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let prometheus = Prometheus::scraping(server.local_addr());
    let value = |name: &str, key: &str| prometheus.value(&format!(r#"{name}{{key="{key}"}}"#));
    // The series `steady` is recorded while waiting, so it never expires.
    let wait = |what: &str, is_there: &dyn Fn() -> bool| {
        wait_until(TIMEOUT, what, || {
            record("steady", 1);
            is_there().then_some(())
        });
    };
    let is_gone = |key: &str| ALL.iter().all(|name| value(name, key).is_none());

    record("back", 3);
    record("again", 5);
    wait("series", &|| {
        value("idle_size_count", "back") == Some(3.0) && value("idle_total", "again") == Some(5.0)
    });
    let created = ["idle_created", "idle_size_created"];
    let first_created = created.map(|name| value(name, "again").expect("a created timestamp"));
    let created_when_back = created.map(|name| value(name, "back").expect("a created timestamp"));
    wait("series to leave", &|| is_gone("back") && is_gone("again"));

    // A recording soon after the expiry continues from the old value.
    record("back", 1);
    wait("a series to come back", &|| !is_gone("back"));
    assert_eq!(value("idle_total", "back"), Some(4.0));
    assert_eq!(value("idle_size_count", "back"), Some(4.0));
    assert_eq!(
        created.map(|name| value(name, "back")),
        created_when_back.map(Some)
    );

    // A recording after the time in which an expired series can be resumed starts a new series.
    end_grace();
    let scraped = || prometheus.value("count_over_time(up[5m])");
    let before = scraped().expect("it scrapes");
    wait("scrapes", &|| scraped() >= Some(before + 3.0));
    record("again", 2);
    wait("the series to be created again", &|| !is_gone("again"));
    record("again", 2);
    wait("its last value", &|| {
        value("idle_total", "again") == Some(4.0) && value("idle_size_count", "again") == Some(4.0)
    });
    for (name, before) in created.iter().zip(first_created) {
        let after = value(name, "again").expect("a created timestamp");
        assert!(after > before + 1.0, "{name}: {before}, then {after}");
    }

    for (name, created) in [
        ("idle_total", "idle_created"),
        ("idle_size_count", "idle_size_created"),
    ] {
        let of = |name: &str| prometheus.query(&format!(r#"{name}{{key="again"}}[5m]"#));
        let total = total_increase(&points(&of(name)[0]), &points(&of(created)[0]));
        assert_eq!(total, 9.0, "of {name}");
        for (key, expected) in [("again", 1.0), ("back", 0.0), ("steady", 0.0)] {
            let resets = format!(r#"resets({name}{{key="{key}"}}[5m])"#);
            assert_eq!(prometheus.value(&resets), Some(expected), "{resets}");
        }
    }
    assert_plausible_rates(&prometheus);
    assert_consistent_histograms(&prometheus);
}

/// Sums the increments of a series over all its lifetimes. Asserts that each lifetime begins after
/// the previous one, and that the value only grows within a lifetime.
fn total_increase(values: &[(f64, f64)], created: &[(f64, f64)]) -> f64 {
    let times = |points: &[(f64, f64)]| -> Vec<f64> { points.iter().map(|at| at.0).collect() };
    assert_eq!(times(values), times(created));
    let mut total = 0.0;
    let mut last = (0.0, 0.0);
    for (&(at, value), &(_, created_at)) in values.iter().zip(created) {
        if created_at == last.0 {
            assert!(value >= last.1, "decreased at {at}: {values:?} {created:?}");
            total += value - last.1;
        } else {
            assert!(
                created_at > last.0,
                "created before its predecessor at {at}: {created:?}"
            );
            total += value;
        }
        last = (created_at, value);
    }
    total
}

fn assert_plausible_rates(prometheus: &Prometheus) {
    for name in ["idle_total", "idle_size_bucket", "idle_size_count"] {
        let mut seen = 0;
        for function in ["rate", "increase"] {
            let expression = format!("{function}({name}{{key!=\"steady\"}}[5s])");
            for series in prometheus.query_range(&expression, TIMEOUT) {
                for (at, value) in points(&series) {
                    // At most `MOST` is recorded at once, and Prometheus extrapolates what it saw
                    // to the whole window of 5 s.
                    let plausible = 0.0..=5.0 * MOST;
                    assert!(plausible.contains(&value), "{expression} at {at}: {value}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 0, "no rates of {name}");
    }
}

/// Asserts that sum, count and buckets agree; all observations are `HALF`, so each determines the
/// others.
fn assert_consistent_histograms(prometheus: &Prometheus) {
    for torn in [
        "idle_size_sum != idle_size_count * 0.5",
        "idle_size_bucket != ignoring (le) group_left () idle_size_count",
        "idle_size_count unless ignoring (le) idle_size_bucket",
        "rate(idle_size_bucket[5s]) != ignoring (le) group_left () rate(idle_size_count[5s])",
    ] {
        let torn_series = prometheus.query_range(torn, TIMEOUT);
        assert!(torn_series.is_empty(), "{torn}: {torn_series:#?}");
    }
}

fn create<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).expect("a new metric")
}

/// Names of the samples that are all absent after a key has expired.
const ALL: [&str; 3] = ["idle_total", "idle_size_count", "idle_size_sum"];

const EXPIRY: Duration = Duration::from_secs(2);
const HALF: f64 = 0.5;
const MOST: f64 = 5.0;
const TIMEOUT: Duration = Duration::from_mins(1);
