//! Tests of collectors that hang: a scrape waits for them only until the collector timeout.

use std::{
    sync::Arc,
    thread::{self},
    time::Duration,
};

use metrics_core::{
    CollectorFailureReason, Counter, Format, MetricFamily, Options, Recipient, Registry,
};

use crate::support::{Gate, SHORT, errors, family, number, one};

#[test]
fn a_collector_that_hangs_costs_only_its_own_families() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    registry
        .create::<Counter>(Options::new("a_total", "A counter."))
        .unwrap();
    let (hanging, gate) = Gate::new("b");
    registry.register(hanging).unwrap();
    registry.register(one("c")).unwrap();
    let text = registry.encode_to_string(Format::Text);
    for line in ["a_total 0\n", "\nc 1\n", &errors("b", "timeout", 1)] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("\nb 1\n"), "{text}");
    assert_eq!(text.matches("\nmetrics_collector_errors_total{").count(), 1);
    gate.open();
}

#[test]
fn several_collectors_that_hang_cost_only_their_own_families() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    let gates = ["a", "b", "c"].map(|name| {
        let (hanging, gate) = Gate::new(name);
        registry.register(hanging).unwrap();
        gate
    });
    registry.register(one("d")).unwrap();
    assert_eq!(number(&family(&registry, "d").metrics[0].value), 1.0);
    gates.into_iter().for_each(Gate::open);
}

#[test]
fn a_hanging_collector_is_not_called_again_before_it_returns() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    for scrape in 1..=10 {
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains(&errors("a", "timeout", scrape)), "{text}");
    }
    assert_eq!(gate.entered.try_iter().count(), 1);
    gate.open();
}

#[test]
fn a_collector_that_returns_late_is_called_again() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    assert_eq!(registry.gather(), []);
    gate.open();
    // The collector returns at some time after the gate is open; until then, scrapes skip it.
    while registry.gather().is_empty() {
        thread::yield_now();
    }
}

#[test]
fn a_scrape_does_not_wait_for_a_collector_that_hangs_in_another_scrape() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    registry.register(one("b")).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        let names = |families: Vec<MetricFamily>| -> Vec<String> {
            families.into_iter().map(|family| family.name).collect()
        };
        assert_eq!(names(registry.gather()), ["b"]);
        assert_eq!(names(other.join().unwrap()), ["b"]);
    });
    gate.open();
}

#[test]
fn a_filtered_scrape_does_not_call_collectors_it_excludes() {
    let registry = Registry::new();
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    registry.register(one("b")).unwrap();
    let mut out = Vec::new();
    registry
        .encode_filtered(Format::Text, &mut out, |name| name == "b")
        .unwrap();
    assert!(String::from_utf8(out).unwrap().ends_with("b 1\n"));
    assert_eq!(gate.entered.try_iter().count(), 0);
}

#[test]
fn a_hanging_collector_can_be_unregistered() {
    let registry = Registry::new();
    registry.collector_timeout(SHORT);
    let (hanging, gate) = Gate::new("a");
    registry.register(Arc::clone(&hanging)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        assert!(registry.unregister(&hanging));
        assert_eq!(registry.gather(), []);
    });
    gate.open();
}

#[test]
fn without_a_timeout_a_scrape_waits_for_its_collectors() {
    let registry = Registry::new();
    registry.collector_timeout(Duration::MAX);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    thread::scope(|scope| {
        let scrape = scope.spawn(|| registry.gather());
        gate.entered.recv().unwrap();
        gate.open();
        assert_eq!(scrape.join().unwrap().len(), 1);
    });
}

/// The reasons for which an exposition with this timeout lacks collectors.
fn reasons(registry: &Registry, timeout: Duration) -> Vec<CollectorFailureReason> {
    let exposition = registry.collect_for(Recipient::new("test"), Format::Text, timeout, None);
    let failures = exposition.failures().iter();
    failures.map(|failure| failure.reason).collect()
}

#[test]
fn a_scrape_with_a_short_timeout_does_not_make_others_skip_a_collector() {
    let registry = Registry::new();
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    let short = Duration::from_millis(1);
    let missed = [CollectorFailureReason::ExpositionTimeout];
    assert_eq!(reasons(&registry, short), missed);
    assert_eq!(reasons(&registry, short), missed);
    thread::scope(|scope| {
        let scrape = scope.spawn(|| registry.gather());
        gate.open();
        assert_eq!(scrape.join().unwrap().len(), 1);
    });
}

#[test]
fn a_short_timeout_of_a_scrape_is_not_an_error_of_the_collector() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    let mut text = Vec::new();
    let timeout = Duration::from_millis(1);
    registry
        .encode_within(Format::Text, &mut text, timeout, None)
        .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("metrics_collector_errors_total"), "{text}");
    gate.open();
}

#[test]
fn a_collector_that_exceeds_the_collector_timeout_fails_for_every_scrape() {
    let registry = Registry::new();
    registry.collector_timeout(Duration::from_millis(20));
    let (hanging, gate) = Gate::new("a");
    registry.register(hanging).unwrap();
    let failed = [CollectorFailureReason::Timeout];
    assert_eq!(reasons(&registry, Duration::MAX), failed);
    assert_eq!(reasons(&registry, Duration::ZERO), failed);
    gate.open();
}
