//! A real Prometheus follows series that expire and come back.

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
    let options = |name: &str| Options::new(name, "Idle.").labels(["key"]).expire(SPAN);
    let events: DynamicFamily<Counter> = made(&registry, options("idle_total"));
    let sizes: DynamicFamily<Histogram> = made(&registry, options("idle_size").buckets([1.0, 2.0]));
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
    // There is always one that does not leave.
    let wait = |what: &str, is_there: &dyn Fn() -> bool| {
        wait_until(PATIENCE, what, || {
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
    let births = ["idle_created", "idle_size_created"];
    let born = births.map(|name| value(name, "again").expect("a birth"));
    let born_back = births.map(|name| value(name, "back").expect("a birth"));
    wait("series to leave", &|| is_gone("back") && is_gone("again"));

    // What is late by little goes on where it stood.
    record("back", 1);
    wait("one to come back", &|| !is_gone("back"));
    assert_eq!(value("idle_total", "back"), Some(4.0));
    assert_eq!(value("idle_size_count", "back"), Some(4.0));
    assert_eq!(births.map(|name| value(name, "back")), born_back.map(Some));

    // Later, it is another series.
    end_grace();
    let scraped = || prometheus.value("count_over_time(up[5m])");
    let before = scraped().expect("it scrapes");
    wait("scrapes", &|| scraped() >= Some(before + 3.0));
    record("again", 2);
    wait("one to be born again", &|| !is_gone("again"));
    record("again", 2);
    wait("its last value", &|| {
        value("idle_total", "again") == Some(4.0) && value("idle_size_count", "again") == Some(4.0)
    });
    for (name, before) in births.iter().zip(born) {
        let after = value(name, "again").expect("a birth");
        assert!(after > before + 1.0, "{name}: {before}, then {after}");
    }

    for (name, created) in [
        ("idle_total", "idle_created"),
        ("idle_size_count", "idle_size_created"),
    ] {
        let of = |name: &str| prometheus.query(&format!(r#"{name}{{key="again"}}[5m]"#));
        let total = followed(&points(&of(name)[0]), &points(&of(created)[0]));
        assert_eq!(total, 9.0, "of {name}");
        for (key, expected) in [("again", 1.0), ("back", 0.0), ("steady", 0.0)] {
            let resets = format!(r#"resets({name}{{key="{key}"}}[5m])"#);
            assert_eq!(prometheus.value(&resets), Some(expected), "{resets}");
        }
    }
    rates_are_sane(&prometheus);
    histograms_are_whole(&prometheus);
}

/// What a series has come to over all its lives: each is born later than the last and only grows.
fn followed(values: &[(f64, f64)], births: &[(f64, f64)]) -> f64 {
    let times = |points: &[(f64, f64)]| -> Vec<f64> { points.iter().map(|at| at.0).collect() };
    assert_eq!(times(values), times(births));
    let mut total = 0.0;
    let mut last = (0.0, 0.0);
    for (&(at, value), &(_, birth)) in values.iter().zip(births) {
        if birth == last.0 {
            assert!(value >= last.1, "went back at {at}: {values:?} {births:?}");
            total += value - last.1;
        } else {
            assert!(birth > last.0, "born before at {at}: {births:?}");
            total += value;
        }
        last = (birth, value);
    }
    total
}

fn rates_are_sane(prometheus: &Prometheus) {
    for name in ["idle_total", "idle_size_bucket", "idle_size_count"] {
        let mut seen = 0;
        for function in ["rate", "increase"] {
            let expression = format!("{function}({name}{{key!=\"steady\"}}[5s])");
            for series in prometheus.query_range(&expression, PATIENCE) {
                for (at, value) in points(&series) {
                    // No more than that was ever recorded at once, and what is seen of it is
                    // taken for what happened in the whole time.
                    let sane = 0.0..=5.0 * MOST;
                    assert!(sane.contains(&value), "{expression} at {at}: {value}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 0, "no rates of {name}");
    }
}

/// All observations are the same, so the sum, the count and each bucket tell each other.
fn histograms_are_whole(prometheus: &Prometheus) {
    for torn in [
        "idle_size_sum != idle_size_count * 0.5",
        "idle_size_bucket != ignoring (le) group_left () idle_size_count",
        "idle_size_count unless ignoring (le) idle_size_bucket",
        "rate(idle_size_bucket[5s]) != ignoring (le) group_left () rate(idle_size_count[5s])",
    ] {
        let torn_series = prometheus.query_range(torn, PATIENCE);
        assert!(torn_series.is_empty(), "{torn}: {torn_series:#?}");
    }
}

fn made<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).expect("a new metric")
}

/// Samples of a series.
const ALL: [&str; 3] = ["idle_total", "idle_size_count", "idle_size_sum"];

const SPAN: Duration = Duration::from_secs(2);
const HALF: f64 = 0.5;
const MOST: f64 = 5.0;
const PATIENCE: Duration = Duration::from_mins(1);
