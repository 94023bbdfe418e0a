//! Tests of the facade `metrics`: expositions contain what its macros recorded, for any names and
//! labels and in any order, and parsers accept them.

#![allow(
    clippy::float_cmp,
    reason = "values are read back as they were recorded"
)]

use std::{
    collections::BTreeMap,
    sync::{Barrier, mpsc},
    thread,
};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
    with_local_recorder,
};
use metrics_http::{
    Counter, FacadeBuilder, FacadeRecorder, Format, Gauge, MetricValue, Options, Registry,
};
use tests::{
    in_own_process, python_openmetrics, python_text,
    strict::{self, Dialect},
};

/// A registry and the facade's recorder for it.
struct Facade {
    registry: Registry,
    recorder: FacadeRecorder,
}

impl Facade {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(change: impl FnOnce(FacadeBuilder) -> FacadeBuilder) -> Self {
        Self::within(Registry::new(), change)
    }

    fn within(registry: Registry, change: impl FnOnce(FacadeBuilder) -> FacadeBuilder) -> Self {
        let builder = FacadeRecorder::builder().registry(registry.clone());
        let recorder = change(builder).build().unwrap();
        Facade { registry, recorder }
    }

    fn record<T>(&self, act: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.recorder, act)
    }

    /// Returns the exposition as text, after checking it and OpenMetrics with the strict parser.
    #[track_caller]
    fn text(&self) -> String {
        let text = self.registry.encode_to_string(Format::OpenMetrics);
        strict::parse(&text, Dialect::OpenMetrics, false).unwrap();
        let text = self.registry.encode_to_string(Format::Text);
        strict::parse(&text, Dialect::Text, false).unwrap();
        text
    }

    #[track_caller]
    fn shows(&self, lines: &[&str]) {
        let text = self.text();
        for line in lines {
            assert!(text.lines().any(|other| other == *line), "{line}\n{text}");
        }
    }

    #[track_caller]
    fn shows_no(&self, part: &str) {
        let text = self.text();
        assert!(!text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_counter_is_incremented() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("jobs").increment(2);
        counter!("jobs").increment(3);
    });
    facade.shows(&["# TYPE jobs_total counter", "jobs_total 5"]);
}

#[test]
fn an_absolute_counter_never_decreases() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("read_bytes").absolute(100);
        counter!("read_bytes").absolute(90);
        counter!("read_bytes").increment(1);
    });
    facade.shows(&["read_bytes_total 101"]);
}

#[test]
fn names_that_were_changed_are_exposed() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("jobs").increment(1);
        counter!("http.requests", "http.method" => "GET", "code" => "200").increment(1);
        counter!("http-requests").increment(1);
        gauge!("queue_count").set(1.0);
        gauge!("depth").set(1.0);
    });
    let renamed = |family, of, recorded, exposed| {
        format!(
            "metrics_facade_renamed_info{{family=\"{family}\",of=\"{of}\",\
             recorded=\"{recorded}\",exposed=\"{exposed}\"}} 1"
        )
    };
    let requests = "http_requests_total";
    let expected = [
        renamed(requests, "label", "http.method", "http_method"),
        renamed(requests, "metric", "http-requests", requests),
        renamed(requests, "metric", "http.requests", requests),
        renamed(
            "queue_count_value",
            "metric",
            "queue_count",
            "queue_count_value",
        ),
    ];
    let text = facade.text();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("metrics_facade_renamed_info"));
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn a_counter_stays_at_the_maximum() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("absolute").absolute(u64::MAX);
        counter!("absolute").increment(3);
        counter!("incremented").increment(u64::MAX - 1);
        counter!("incremented").increment(u64::MAX);
    });
    facade.shows(&[
        "absolute_total 1.8446744073709552e+19",
        "incremented_total 1.8446744073709552e+19",
    ]);
}

#[test]
fn a_gauge_is_set_incremented_and_decremented() {
    let facade = Facade::new();
    facade.record(|| {
        gauge!("depth").set(10.0);
        gauge!("depth").increment(2.5);
        gauge!("depth").decrement(20.0);
    });
    facade.shows(&["# TYPE depth gauge", "depth -7.5"]);
}

#[test]
fn a_histogram_has_the_default_duration_buckets() {
    let facade = Facade::new();
    facade.record(|| {
        histogram!("wait_seconds").record(0.001_953_125);
        histogram!("wait_seconds").record_many(20.0, 3);
    });
    facade.shows(&[
        "# TYPE wait_seconds histogram",
        "wait_seconds_bucket{le=\"0.001\"} 0",
        "wait_seconds_bucket{le=\"0.0025\"} 1",
        "wait_seconds_bucket{le=\"10\"} 1",
        "wait_seconds_bucket{le=\"+Inf\"} 4",
        "wait_seconds_sum 60.001953125",
        "wait_seconds_count 4",
    ]);
}

#[test]
fn a_histogram_has_the_configured_buckets() {
    let facade = Facade::with(|builder| {
        builder
            .buckets([1.0, 2.0])
            .buckets_for("body.bytes", [1000.0])
    });
    facade.record(|| {
        histogram!("a").record(1.5);
        histogram!("body.bytes").record(1.5);
    });
    facade.shows(&[
        "a_bucket{le=\"1\"} 0",
        "a_bucket{le=\"2\"} 1",
        "body_bytes_bucket{le=\"1000\"} 1",
    ]);
    facade.shows_no("body_bytes_bucket{le=\"2\"}");
}

#[test]
fn a_histogram_can_be_native() {
    let facade = Facade::with(|builder| builder.native_for("rpc", 2.0));
    facade.record(|| {
        histogram!("rpc", "of" => "a").record(0.3);
        histogram!("rpc", "of" => "a").record(0.7);
    });
    let family = facade
        .registry
        .gather()
        .into_iter()
        .find(|it| it.name == "rpc");
    let metric = &family.unwrap().metrics[0];
    let MetricValue::Histogram { native, .. } = &metric.value else {
        panic!("not a histogram");
    };
    let native = native.as_ref().unwrap();
    assert_eq!(native.positive, [(-1, 1), (0, 1)]);
    facade.shows(&["rpc_count{of=\"a\"} 2"]);
}

#[test]
fn invalid_buckets_are_an_error_that_names_the_metric() {
    for (builder, whose) in [
        (FacadeRecorder::builder().buckets([2.0, 1.0]), "`histogram`"),
        (
            FacadeRecorder::builder().native_for("rpc.time", 1.0),
            "`rpc_time`",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(whose), "{error}");
    }
}

#[test]
fn series_of_one_name_may_differ_in_their_labels() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("calls").increment(1);
        counter!("calls", "to" => "a").increment(2);
        counter!("calls", "to" => "a", "by" => "b").increment(3);
        counter!("calls", "by" => "b", "to" => "a").increment(4);
    });
    facade.shows(&[
        "calls_total 1",
        "calls_total{to=\"a\"} 2",
        "calls_total{by=\"b\",to=\"a\"} 7",
    ]);
}

#[test]
fn an_empty_label_value_omits_the_label() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("calls").increment(1);
        counter!("calls", "to" => "").increment(2);
    });
    facade.shows(&["calls_total 3"]);
}

#[test]
fn any_text_is_accepted_as_name_label_and_value() {
    let texts = [
        "", "_", "__name__", "le", "quantile", "a.b", "a-b", "1", "é", "\0\n\"\\", "x_total",
        "x_bucket", "x_info", ":",
    ];
    let facade = Facade::with(|builder| builder.max_families(10_000));
    facade.record(|| {
        for name in texts {
            for (label, value) in texts.into_iter().zip(texts.into_iter().rev()) {
                let labels = [(label, value)];
                counter!(name, &labels).increment(1);
                counter!(format!("c{name}"), &labels).increment(1);
                gauge!(format!("g{name}"), &labels).set(f64::NAN);
                histogram!(format!("h{name}"), &labels).record(1.0);
            }
        }
    });
    let families = python_text(&facade.text()).unwrap();
    python_openmetrics(&facade.registry.encode_to_string(Format::OpenMetrics)).unwrap();
    let sum_of = |kind: &str, suffix: &str| -> f64 {
        let of_kind = families.iter().filter(|family| family.kind == kind);
        let samples = of_kind.flat_map(|family| &family.samples);
        let values = samples.filter(|sample| sample.name.ends_with(suffix));
        values.map(|sample| sample.value).sum()
    };
    // No recording is lost, although some names are escaped to the same name.
    let passes = (texts.len() * texts.len()) as f64;
    assert_eq!(sum_of("counter", "_total"), passes * 2.0);
    assert_eq!(sum_of("histogram", "_count"), passes);
}

#[test]
fn a_description_becomes_the_help_before_or_after_the_first_recording() {
    let facade = Facade::new();
    facade.record(|| {
        describe_counter!("early", "Before.");
        counter!("early").increment(1);
        gauge!("late").set(1.0);
    });
    facade.shows(&[
        "# HELP early_total Before.",
        "# HELP late Recorded through the facade `metrics`, without a description.",
    ]);
    facade.record(|| {
        describe_gauge!("late", "After.");
        describe_gauge!("late", "Once more.");
        gauge!("late").increment(1.0);
    });
    facade.shows(&["# HELP late After.", "late 2"]);
}

#[test]
fn a_description_without_recordings_exposes_nothing() {
    let facade = Facade::new();
    facade.record(|| describe_histogram!("never", Unit::Seconds, "Never recorded."));
    assert_eq!(facade.text(), "");
}

#[test]
fn a_unit_is_exposed_if_the_name_ends_in_it() {
    let facade = Facade::new();
    facade.record(|| {
        describe_histogram!("wait_seconds", Unit::Seconds, "Time waited.");
        histogram!("wait_seconds").record(1.0);
        describe_counter!("sent.bytes", Unit::Bytes, "Sent.");
        counter!("sent.bytes").increment(1);
        describe_gauge!("rate", Unit::MegabitsPerSecond, "Rate.");
        gauge!("rate").set(1.0);
        describe_gauge!("items", Unit::Count, "Items.");
        gauge!("items").set(1.0);
    });
    let text = facade.registry.encode_to_string(Format::OpenMetrics);
    for line in [
        "# UNIT wait_seconds seconds\n",
        "# UNIT sent_bytes bytes\n",
        "# HELP rate Rate. (in megabits per second)\n",
        "# HELP items Items.\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    facade.text();
}

#[test]
fn a_name_already_used_for_another_type_is_rejected_and_counted() {
    let facade = Facade::new();
    facade.record(|| {
        gauge!("x").set(1.0);
        histogram!("x").record(2.0);
        histogram!("x").record_many(2.0, 3);
        counter!("x").increment(5);
        counter!("x").absolute(6);
    });
    facade.shows(&[
        "# TYPE x gauge",
        "x 1",
        r#"metrics_facade_rejected_total{family="x",reason="clash"} 4"#,
        r#"metrics_facade_rejected_total{family="x_total",reason="clash"} 2"#,
    ]);
}

#[test]
fn a_name_that_the_program_declares_is_rejected_and_counted() {
    let registry = Registry::new();
    let own = Options::new("jobs_total", "Jobs done.");
    registry.create::<Counter>(own).unwrap().inc();
    let facade = Facade::within(registry, |builder| builder);
    facade.record(|| {
        counter!("jobs").increment(7);
        gauge!("metrics_series").set(1.0);
    });
    facade.shows(&[
        "# HELP jobs_total Jobs done.",
        "jobs_total 1",
        r#"metrics_facade_rejected_total{family="jobs_total",reason="clash"} 1"#,
        r#"metrics_facade_rejected_total{family="metrics_series",reason="clash"} 1"#,
    ]);
}

#[test]
fn refusals_of_several_types_under_one_name_are_added_up() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let facade = Facade::within(registry, |builder| builder);
    facade.record(|| {
        counter!("queue_total").increment(1);
        gauge!("queue").set(1.0);
        for _ in 0..5 {
            histogram!("queue").record(1.0);
        }
    });
    for _ in 0..2 {
        facade.shows(&[r#"metrics_facade_rejected_total{family="queue",reason="clash"} 6"#]);
        facade.shows_no("metrics_rejected_total");
    }
}

#[test]
fn the_first_metric_recorded_keeps_its_name() {
    let facade = Facade::new();
    facade.record(|| counter!("jobs").increment(7));
    let own = Options::new("jobs_total", "Jobs done.");
    facade.registry.create::<Counter>(own).unwrap_err();
    facade.shows(&["jobs_total 7"]);
}

#[test]
fn a_histogram_rejects_values_that_would_invalidate_its_sum() {
    let facade = Facade::with(|builder| builder.buckets_for("outside", [-10.0, 10.0]));
    facade.record(|| {
        for value in [-1.0, f64::NAN, f64::INFINITY, 1.0] {
            histogram!("wait").record(value);
            histogram!("outside").record(value);
        }
    });
    facade.shows(&[
        "wait_count 1",
        "outside_count 2",
        r#"metrics_facade_rejected_total{family="wait",reason="value"} 3"#,
        r#"metrics_facade_rejected_total{family="outside",reason="value"} 2"#,
    ]);
}

#[test]
fn series_beyond_the_limit_share_the_overflow_series() {
    let facade = Facade::with(|builder| builder.max_series(2));
    facade.record(|| {
        for tenant in 0..5 {
            counter!("calls", "tenant" => tenant.to_string()).increment(1);
            histogram!("wait", "tenant" => tenant.to_string()).record(1.0);
        }
        counter!("calls", "other" => "label").increment(1);
    });
    facade.shows(&[
        "calls_total{tenant=\"1\"} 1",
        "calls_total{overflow=\"true\"} 4",
        "wait_count{overflow=\"true\"} 3",
        r#"metrics_facade_overflowed_total{family="calls_total"} 4"#,
        r#"metrics_facade_overflowed_total{family="wait"} 3"#,
    ]);
    facade.shows_no("tenant=\"2\"");
}

#[test]
fn names_beyond_the_limit_are_rejected_and_counted() {
    let facade = Facade::with(|builder| builder.max_families(3));
    facade.record(|| {
        for at in 0..5 {
            describe_counter!(format!("c{at}"), "A counter.");
            counter!(format!("c{at}")).increment(1);
            gauge!(format!("g{at}")).set(1.0);
        }
    });
    facade.shows(&[
        "c1_total 1",
        "g0 1",
        r#"metrics_facade_rejected_total{reason="families"} 7"#,
    ]);
    facade.shows_no("g1");
}

#[test]
fn a_const_label_is_not_overwritten() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    registry.write_self_metrics(true);
    let facade = Facade::within(registry, |builder| builder);
    facade.record(|| {
        counter!("calls", "zone" => "a").increment(1);
        counter!("calls", "to" => "a").increment(1);
    });
    facade.shows(&["calls_total{zone=\"b\",to=\"a\"} 1"]);
    facade.shows_no("zone=\"a\"");
    let rejected = r#"metrics_rejected_total{zone="b",family="calls_total",reason="value"}"#;
    assert!(facade.text().contains(rejected));
}

#[test]
fn a_registry_has_at_most_one_recorder() {
    let facade = Facade::new();
    let again = FacadeRecorder::builder()
        .registry(facade.registry.clone())
        .build();
    let error = again.unwrap_err().to_string();
    assert!(error.contains("already has a recorder"), "{error}");
    let clone = facade.recorder.clone();
    with_local_recorder(&clone, || counter!("jobs").increment(1));
    facade.shows(&["jobs_total 1"]);
}

#[test]
fn a_handle_outlives_its_recorder_and_its_registry() {
    let facade = Facade::new();
    let (counter, histogram) = facade.record(|| (counter!("jobs"), histogram!("wait")));
    drop(facade);
    counter.increment(1);
    histogram.record(1.0);
}

#[test]
fn the_global_recorder_is_installed_once() {
    in_own_process("the_global_recorder_is_installed_once", || {
        FacadeRecorder::install().unwrap();
        let again = FacadeRecorder::install().unwrap_err().to_string();
        assert!(again.contains("already has a recorder"), "{again}");
        let other = Registry::new();
        let again = FacadeRecorder::builder().registry(other.clone()).install();
        let again = again.unwrap_err().to_string();
        assert!(again.contains("already has a recorder"), "{again}");
        // The recorder that could not be installed did not change the registry.
        FacadeRecorder::builder().registry(other).build().unwrap();

        thread::spawn(|| counter!("spawned").increment(1))
            .join()
            .unwrap();
        let text = metrics_http::encode_to_string(Format::Text);
        assert!(text.contains("\nspawned_total 1\n"), "{text}");
    });
}

#[test]
fn totals_are_exact_under_threads_and_scrapes() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 2000;
    let facade = Facade::with(|builder| builder.buckets([1.0, 2.0]));
    let start = Barrier::new(THREADS as usize + 1);
    let (ended, all_ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (facade, start, ended) = (&facade, &start, ended.clone());
            scope.spawn(move || {
                facade.record(|| {
                    start.wait();
                    for round in 0..ROUNDS {
                        // Each recording looks its series up. All threads record into the same
                        // series, except for `mine`, so they race to create them.
                        let shared = format!("{}", round % 50);
                        counter!("calls", "of" => shared.clone()).increment(1);
                        counter!("mine", "thread" => thread.to_string()).absolute(round.into());
                        gauge!("level", "of" => shared.clone()).increment(1.0);
                        histogram!("wait", "of" => shared).record(f64::from(round % 3));
                        counter!(format!("named_{}", round % 20)).increment(1);
                        describe_counter!(format!("named_{}", round % 20), "Described late.");
                    }
                });
                drop(ended);
            });
        }
        drop(ended);
        start.wait();
        while let Err(mpsc::TryRecvError::Empty) = all_ended.try_recv() {
            facade.text();
        }
    });
    let text = facade.text();
    let values = values(&text);
    let sum = |name: &str| -> f64 {
        let of_name = values.iter().filter(|(sample, _)| {
            let end = sample.strip_prefix(name).map(|rest| rest.chars().next());
            matches!(end, Some(None | Some('{')))
        });
        of_name.map(|(_, value)| value).sum()
    };
    let all = f64::from(THREADS * ROUNDS);
    assert_eq!(sum("calls_total"), all);
    assert_eq!(sum("level"), all);
    assert_eq!(sum("wait_count"), all);
    assert_eq!(sum("mine_total"), f64::from(THREADS * (ROUNDS - 1)));
    let named: f64 = (0..20).map(|at| sum(&format!("named_{at}_total"))).sum();
    assert_eq!(named, all);
    let waited: u32 = (0..ROUNDS).map(|round| round % 3).sum();
    assert_eq!(sum("wait_sum"), f64::from(THREADS * waited));
    assert!(!text.contains("metrics_facade_"), "{text}");
}

#[test]
fn metrics_of_this_library_and_of_the_facade_are_exposed_together() {
    let registry = Registry::new();
    let own = Options::new("own", "Ours.");
    registry.create::<Gauge>(own).unwrap().set(1);
    let facade = Facade::within(registry, |builder| builder);
    facade.record(|| gauge!("other").set(2.0));
    facade.shows(&["own 1", "other 2"]);
}

/// Parses the samples of a text by name and labels.
fn values(text: &str) -> BTreeMap<String, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            (sample.to_owned(), value.parse().unwrap())
        })
        .collect()
}
