//! Tests the families of a registry: the sum of metrics of one name, the order of families, and
//! metrics that are never recorded.

use metrics_core::{Format, Registry, metrics};

use crate::support::Phase;

metrics! {
    /// Jobs done.
    static JOBS: Counter<(queue: &str)> = "shared_jobs_total";
    /// Jobs done.
    static JOBS_ELSEWHERE: Counter<(queue: &str)> = "shared_jobs_total";
    /// Connections open.
    static HERE: UpDownCounter = "shared_connections";
    /// Connections open.
    static THERE: UpDownCounter = "shared_connections";
    /// Sizes.
    #[buckets(1.0, 2.0)]
    static SIZES: Histogram = "shared_sizes";
    /// Sizes.
    #[buckets(1.0, 2.0)]
    static SIZES_ELSEWHERE: Histogram = "shared_sizes";
    /// Never used.
    #[allow(dead_code)]
    static UNUSED: Counter<(phase: Phase)> = "unused_total";
}

#[test]
fn statics_of_one_name_form_one_family_and_are_summed() {
    JOBS.with("a").inc_by(2);
    JOBS_ELSEWHERE.with("a").inc_by(3);
    JOBS_ELSEWHERE.with("b").inc_by(4);
    SIZES.observe(1.0);
    SIZES_ELSEWHERE.observe(2.0);
    let text = Registry::global().encode_to_string(Format::Text);
    assert_eq!(
        text.matches("# TYPE shared_jobs_total counter\n").count(),
        1
    );
    for line in [
        "shared_jobs_total{queue=\"a\"} 5\n",
        "shared_jobs_total{queue=\"b\"} 4\n",
        "shared_sizes_bucket{le=\"1\"} 1\n",
        "shared_sizes_bucket{le=\"+Inf\"} 2\n",
        "shared_sizes_sum 3\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}");
    }
}

#[test]
fn up_down_counters_of_one_name_are_summed_below_zero_too() {
    for (up, down, both) in [(20, 30, -10), (30, 0, 20), (0, 40, -20)] {
        HERE.add(up);
        THERE.sub(down);
        let text = Registry::global().encode_to_string(Format::Text);
        let line = format!("\nshared_connections {both}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn declared_metrics_are_exposed_before_their_first_use() {
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(text.contains("unused_total{phase=\"starting\"} 0\n"));
    assert!(text.contains("unused_total{phase=\"running\"} 0\n"));
}

#[test]
fn families_are_sorted_by_name() {
    let names: Vec<_> = Registry::global()
        .gather()
        .into_iter()
        .map(|family| family.name)
        .collect();
    let (own, declared): (Vec<_>, Vec<_>) = names
        .into_iter()
        .filter(|name| name != "target_info")
        .partition(|name| name.starts_with("metrics_"));
    assert!(declared.is_sorted(), "{declared:?}");
    assert!(!own.is_empty());
}

#[test]
fn target_info_is_written_first() {
    metrics! {
        /// The measured target.
        static TARGET: Info<(host: &str)> = "target_info";
    }
    TARGET.set("a");
    for format in [Format::Text, Format::OpenMetrics] {
        let text = Registry::global().encode_to_string(format);
        let sample = text.lines().find(|line| !line.starts_with('#'));
        assert_eq!(sample, Some("target_info{host=\"a\"} 1"));
    }
}
