//! Tests which self-metrics of a registry are exposed.

use metrics_core::{Counter, Format, Registry};

use crate::support::{labelled, options};

fn registry() -> Registry {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
}

/// The samples of the registry's self-metrics.
fn samples(registry: &Registry) -> Vec<String> {
    let text = registry.encode_to_string(Format::Text);
    let lines = text.lines().filter(|line| line.starts_with("metrics_"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_registry_without_faults_has_one_self_metric() {
    let registry = registry();
    let jobs = labelled::<Counter>(&registry, options("jobs_total").labels(["queue"]));
    jobs.with(&["mail"]).inc();
    jobs.with(&["print"]).inc();
    registry.create::<Counter>(options("runs_total")).unwrap();
    assert_eq!(samples(&registry), ["metrics_series 3"]);
}

#[test]
fn a_family_that_has_half_the_series_of_its_limit_is_named() {
    let registry = registry();
    let limited = options("jobs_total").labels(["queue"]).max_series(10);
    let jobs = labelled::<Counter>(&registry, limited);
    let ratio = |text: &str| format!("metrics_series_limit_ratio{{family=\"jobs_total\"}} {text}");
    for queue in 0..4 {
        jobs.with(&[&*queue.to_string()]).inc();
    }
    assert_eq!(samples(&registry), ["metrics_series 4"]);
    jobs.with(&["4"]).inc();
    assert_eq!(
        samples(&registry),
        ["metrics_series 5".into(), ratio("0.5")]
    );
    jobs.with(&["5"]).inc();
    assert_eq!(
        samples(&registry),
        ["metrics_series 6".into(), ratio("0.6")]
    );
    jobs.remove(&["0"]);
    jobs.remove(&["1"]);
    assert_eq!(samples(&registry), ["metrics_series 4"]);
}

#[test]
fn the_share_of_a_family_beyond_its_limit_is_one() {
    let registry = registry();
    let limited = options("jobs_total").labels(["queue"]).max_series(2);
    let jobs = labelled::<Counter>(&registry, limited);
    for queue in ["a", "b", "c", "d"] {
        jobs.with(&[queue]).inc();
    }
    let expected = [
        "metrics_overflowed_total{family=\"jobs_total\"} 2",
        "metrics_series 3",
        "metrics_series_limit_ratio{family=\"jobs_total\"} 1",
    ];
    assert_eq!(samples(&registry), expected);
}

#[test]
fn a_family_with_closed_labels_has_no_limit() {
    metrics_core::metrics! {
        /// Jobs.
        #[max_series(2)]
        static JOBS: Counter<(urgent: bool)> = "self_metrics_closed_jobs_total";
    }
    JOBS.with(true).inc();
    let text = metrics_core::encode_to_string(Format::Text);
    let named = "metrics_series_limit_ratio{family=\"self_metrics_closed_jobs_total\"}";
    assert!(!text.contains(named), "{text}");
}
