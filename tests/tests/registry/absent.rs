//! Tests gauges that have no sample until they are set.

use metrics_core::{
    Counter, FloatGauge, Format, Gauge, Options, Registry, UpDownCounter, gather, metrics,
};
use tests::{promtool_check, protobuf::protobuf, python_openmetrics, python_text};

use crate::support::{Phase, labelled, options};

metrics! {
    /// Time of the last success.
    #[absent_until_set]
    static SUCCEEDED: FloatGauge = "absent_last_success_timestamp_seconds";

    /// Jobs by phase.
    #[absent_until_set]
    static JOBS: Gauge<(phase: Phase)> = "absent_jobs";

    /// Jobs by phase.
    #[absent_until_set]
    static REPLACED: Gauge<(phase: Phase)> = "absent_replaced";

    /// Depth by queue.
    #[absent_until_set]
    static DEPTH: Gauge<(queue: &str)> = "absent_queue_depth";
}

fn absent(name: &str) -> Options {
    options(name).absent_until_set()
}

/// The samples of a registry in the text format.
fn samples(registry: &Registry) -> Vec<String> {
    let text = registry.encode_to_string(Format::Text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(str::to_owned).collect()
}

/// The number of series of a family of the global registry.
fn series(name: &str) -> usize {
    let families = gather();
    let family = families.iter().find(|family| family.name == name);
    family.expect("it is declared").metrics.len()
}

#[test]
fn a_declared_gauge_has_no_sample_before_its_first_set() {
    let name = "absent_last_success_timestamp_seconds";
    assert_eq!((series(name), SUCCEEDED.get()), (0, 0.0));
    SUCCEEDED.set(0.0);
    assert_eq!(series(name), 1);
    SUCCEEDED.unset();
    assert_eq!(series(name), 0);
}

#[test]
fn of_closed_labels_only_series_that_were_set_have_samples() {
    JOBS.with(Phase::Running).set(3);
    let families = gather();
    let jobs = families.iter().find(|family| family.name == "absent_jobs");
    let [running] = &jobs.expect("it is declared").metrics[..] else {
        panic!("{jobs:?}");
    };
    assert_eq!(running.labels, [("phase".to_owned(), "running".to_owned())]);
    assert_eq!(JOBS.with(Phase::Starting).get(), 0);
}

#[test]
fn of_open_labels_only_series_that_were_set_have_samples() {
    assert_eq!(DEPTH.with("read").get(), 0);
    let kept = DEPTH.bind("kept");
    assert_eq!(series("absent_queue_depth"), 0);
    kept.inc();
    assert_eq!((series("absent_queue_depth"), kept.get()), (1, 1));
}

#[test]
fn a_removed_series_of_open_labels_starts_without_a_value() {
    let registry = Registry::new();
    let depth = labelled::<Gauge>(&registry, absent("depth").labels(["queue"]));
    depth.with(&["mail"]).set(5);
    assert!(depth.remove(&["mail"]));
    assert_eq!(depth.with(&["mail"]).get(), 0);
    assert!(samples(&registry).is_empty());
}

#[test]
fn a_replacement_sets_only_the_series_that_it_lists() {
    let registry = Registry::new();
    let depth = labelled::<FloatGauge>(&registry, absent("depth").labels(["queue"]));
    depth.with(&["mail"]).set(5.0);
    let replaced = depth.replace(|set| {
        set(&["print"], 0.0);
        set(&["video"], -1.5);
    });
    replaced.unwrap();
    assert_eq!(depth.with(&["mail"]).get(), 0.0);
    let expected = [r#"depth{queue="print"} 0"#, r#"depth{queue="video"} -1.5"#];
    assert_eq!(samples(&registry), expected);

    REPLACED.with(Phase::Starting).set(1);
    REPLACED.replace(|set| set(Phase::Running, 0));
    assert_eq!(series("absent_replaced"), 1);
    REPLACED.replace(|_| ());
    assert_eq!(series("absent_replaced"), 0);
}

#[test]
fn any_recording_gives_a_gauge_a_value() {
    let registry = Registry::new();
    let gauge = |name| registry.create::<Gauge>(absent(name)).unwrap();
    let float = |name| registry.create::<FloatGauge>(absent(name)).unwrap();
    gauge("a").inc();
    gauge("b").dec();
    gauge("c").set(0);
    gauge("d").add(7);
    gauge("e").sub(i64::MIN);
    float("f").add(0.5);
    float("g").sub(0.5);
    float("h").set(f64::NAN);
    float("i").set(-0.0);
    let lowest = format!("e {}", i64::MIN + 1);
    assert_eq!(
        samples(&registry),
        [
            "a 1", "b -1", "c 0", "d 7", &lowest, "f 0.5", "g -0.5", "h NaN", "i 0"
        ]
    );
}

#[test]
fn unset_sets_a_gauge_that_always_has_a_value_to_zero() {
    let registry = Registry::new();
    let gauge = registry.create::<Gauge>(options("a")).unwrap();
    let float = registry.create::<FloatGauge>(options("b")).unwrap();
    gauge.set(3);
    float.set(3.0);
    gauge.unset();
    float.unset();
    assert_eq!(samples(&registry), ["a 0", "b 0"]);
}

#[test]
fn a_family_without_samples_is_valid_in_every_format() {
    let registry = Registry::new();
    registry
        .create::<Gauge>(absent("jobs_bytes").unit("bytes"))
        .unwrap();
    registry.create::<FloatGauge>(absent("rate_ratio")).unwrap();
    registry
        .create::<Counter>(options("others_total"))
        .unwrap()
        .inc();
    let text = registry.encode_to_string(Format::Text);
    let open_metrics = registry.encode_to_string(Format::OpenMetrics);
    promtool_check(&text, &[]).unwrap();
    python_text(&text).unwrap();
    python_openmetrics(&open_metrics).unwrap();
    let mut bytes = Vec::new();
    registry.encode_to_vec(Format::Protobuf, &mut bytes);
    let families = protobuf(&bytes).unwrap();
    assert_eq!(families.len(), 1, "{families:?}");
}

#[test]
fn a_large_family_without_samples_is_left_out_of_protobuf() {
    let registry = Registry::new();
    let depth = labelled::<Gauge>(&registry, absent("depth").labels(["queue"]));
    for queue in 0..2_000 {
        assert_eq!(depth.with(&[&queue.to_string()]).get(), 0);
    }
    let mut bytes = Vec::new();
    registry.encode_to_vec(Format::Protobuf, &mut bytes);
    assert!(bytes.is_empty(), "{bytes:?}");
}

#[test]
fn only_settable_gauges_can_be_absent() {
    let registry = Registry::new();
    let errors = [
        registry.create::<UpDownCounter>(absent("a")).map(drop),
        registry.create::<Counter>(absent("a_total")).map(drop),
        registry.computed::<Gauge>(absent("a"), |_| ()).map(drop),
    ];
    for error in errors {
        let error = error.unwrap_err().to_string();
        assert!(error.contains("absent_until_set"), "{error}");
    }
}

#[test]
fn a_gauge_that_is_absent_until_set_clashes_with_another_owner() {
    let registry = Registry::new();
    registry.create::<Gauge>(absent("a")).unwrap();
    assert!(registry.create::<Gauge>(absent("a")).is_err());
}
