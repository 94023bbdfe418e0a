//! Tests of registries that other registries include.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Counter, Desc, Error, Escaping, Format, Gauge, Histogram, Kind,
    MetricValue, Number, Options, Registry, SummarySnapshot,
};
use tests::{Refusal, promtool_check, protobuf::protobuf, python_openmetrics, python_text};

use crate::support::{labelled, options};

fn part(pool: &str) -> Registry {
    let builder = Registry::builder().prefix("db_").label("pool", pool);
    builder.build().unwrap()
}

fn including(parts: &[&Registry]) -> Registry {
    let registry = Registry::new();
    for part in parts {
        registry.include(part).unwrap();
    }
    registry
}

/// A collector with a summary, an info and a state set.
struct Everything([Desc; 3]);

impl Everything {
    fn shared() -> Arc<dyn Collector> {
        Arc::new(Everything([
            Desc::new(Kind::Summary, "wait_seconds", "Time waited."),
            Desc::new(Kind::Info, "build_info", "The build."),
            Desc::new(Kind::StateSet, "state", "The state."),
        ]))
    }
}

impl Collector for Everything {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [wait, build, state] = &self.0;
        out.summary(
            wait,
            &[("of", "all")],
            SummarySnapshot::new([(0.5, 1.0)], 2, 3.0),
        );
        out.info(build, &[("version", "1")]);
        out.state_set(state, &[], &[("up", true), ("down", false)]);
        // The registry rejects the value, because the included registry has a const label `pool`.
        out.info(build, &[("pool", "other")]);
    }
}

#[test]
fn every_judge_accepts_two_included_registries_with_equal_families() -> Result<(), Refusal> {
    let parts = [part("main"), part("replica")];
    for part in &parts {
        let queries = labelled::<Counter>(part, options("queries_total").labels(["table"]));
        queries.with(&["users"]).inc();
        queries.with(&["teams"]).inc_by(2);
        part.create::<Gauge>(options("open")).unwrap().set(3);
        let latency = options("latency").native(1.1).buckets([0.1, 1.0]);
        part.create::<Histogram>(latency).unwrap().observe(0.5);
        part.register(Everything::shared()).unwrap();
    }
    let registry = Registry::builder()
        .prefix("app_")
        .label("zone", "b")
        .build()
        .unwrap();
    registry.write_self_metrics(true);
    for part in &parts {
        registry.include(part).unwrap();
    }
    registry.check().unwrap();
    let text = registry.encode_to_string(Format::Text);
    for pool in ["main", "replica"] {
        for line in [
            r#"app_db_queries_total{zone="b",pool="P",table="users"} 1"#,
            r#"app_db_open{zone="b",pool="P"} 3"#,
            r#"app_db_latency_bucket{zone="b",pool="P",le="1"} 1"#,
            r#"app_db_wait_seconds{zone="b",pool="P",of="all",quantile="0.5"} 1"#,
            r#"app_db_build_info{zone="b",pool="P",version="1"} 1"#,
            r#"app_db_state{zone="b",pool="P",app_db_state="up"} 1"#,
        ] {
            let line = format!("\n{}\n", line.replace("=\"P\"", &format!("=\"{pool}\"")));
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
    let rejected =
        r#"metrics_rejected_total{zone="b",family="app_db_build_info",reason="value"} 2"#;
    assert!(text.contains(rejected), "{text}");
    promtool_check(&text, &[])?;
    python_text(&text)?;
    registry.write_created(true);
    python_openmetrics(&registry.encode_to_string(Format::OpenMetrics))?;
    let mut out = Vec::new();
    registry.encode(Format::Protobuf, &mut out).unwrap();
    let families = protobuf(&out).unwrap();
    let find = |name: &str| {
        families
            .iter()
            .find(|family| family.name() == name)
            .unwrap()
    };
    assert_eq!(find("app_db_queries_total").metric.len(), 4);
    assert_eq!(find("app_db_latency").metric.len(), 2);
    assert_eq!(find("app_db_wait_seconds").metric[0].label.len(), 3);
    Ok(())
}

#[test]
fn an_included_registry_keeps_its_own_exposition() {
    let part = part("main");
    part.create::<Gauge>(options("open")).unwrap().set(3);
    including(&[&part]);
    let text = part.encode_to_string(Format::Text);
    assert!(text.ends_with("\ndb_open{pool=\"main\"} 3\n"), "{text}");
}

#[test]
fn metrics_and_collectors_added_after_the_inclusion_are_exposed() {
    let inner = part("main");
    let registry = including(&[&including(&[&inner])]);
    assert_eq!(registry.encode_to_string(Format::Text), "");
    inner.create::<Gauge>(options("open")).unwrap().set(3);
    let collector = Everything::shared();
    inner.register(Arc::clone(&collector)).unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\ndb_open{pool=\"main\"} 3\n"), "{text}");
    assert!(
        text.contains("\ndb_wait_seconds_count{pool=\"main\",of=\"all\"} 2\n"),
        "{text}"
    );
    assert!(inner.unregister(&collector));
    assert!(!registry.encode_to_string(Format::Text).contains("wait"));
}

#[test]
fn prefixes_and_const_labels_of_nested_registries_add_up() {
    let inner = Registry::builder()
        .prefix("b_")
        .label("b", "2")
        .build()
        .unwrap();
    let outer = Registry::builder()
        .prefix("a_")
        .label("a", "1")
        .build()
        .unwrap();
    inner.create::<Gauge>(options("open")).unwrap().set(3);
    outer.include(&inner).unwrap();
    let text = including(&[&outer]).encode_to_string(Format::Text);
    assert!(text.ends_with("\na_b_open{a=\"1\",b=\"2\"} 3\n"), "{text}");
}

#[test]
fn equal_counters_of_registries_without_labels_are_added_up() {
    let parts = [Registry::new(), Registry::new()];
    for part in &parts {
        let made = options("made_total").labels(["of"]);
        labelled::<Counter>(part, made).with(&["x"]).inc_by(2);
    }
    let registry = including(&[&parts[0], &parts[1]]);
    let families = registry.gather();
    assert_eq!(families[0].metrics.len(), 1);
    assert_eq!(
        families[0].metrics[0].value,
        MetricValue::Counter(Number::Unsigned(4))
    );
}

#[test]
fn a_registry_that_clashes_is_not_included() {
    let registry = Registry::new();
    registry.create::<Gauge>(options("x")).unwrap();
    let other = Registry::new();
    other.create::<Counter>(options("x_total")).unwrap();
    let error = registry.include(&other).unwrap_err().to_string();
    assert!(
        error.contains("`x`") && error.contains("`x_total`"),
        "{error}"
    );
    registry.check().unwrap();
    assert!(!registry.exclude(&other));
}

#[test]
fn a_label_of_an_included_registry_clashes_with_one_of_its_metrics() {
    let outer = Registry::builder().label("pool", "x").build().unwrap();
    let inner = part("main");
    inner.create::<Gauge>(options("open")).unwrap();
    let error = outer.include(&inner).unwrap_err().to_string();
    assert!(error.contains("`pool`"), "{error}");
}

#[test]
fn a_later_clash_leaves_only_the_later_declaration_out() {
    let registry = Registry::new();
    let part = Registry::new();
    registry.create::<Gauge>(options("x")).unwrap().set(1);
    registry.include(&part).unwrap();
    let other = labelled::<Gauge>(&part, Options::new("x", "Something else.").labels(["a"]));
    other.with(&["b"]).set(2);
    assert!(registry.check().is_err());
    let text = registry.encode_to_string(Format::Text);
    assert!(text.ends_with("\nx 1\n"), "{text}");
}

#[test]
fn registries_cannot_include_each_other() {
    let [a, b, c] = [Registry::new(), Registry::new(), Registry::new()];
    a.include(&b).unwrap();
    b.include(&c).unwrap();
    for (outer, inner) in [(&a, &a), (&b, &a), (&c, &a)] {
        let error = outer.include(inner).unwrap_err().to_string();
        assert!(error.contains("cannot include itself"), "{error}");
    }
}

#[test]
fn an_excluded_registry_is_no_longer_exposed() {
    let part = part("main");
    part.create::<Gauge>(options("open")).unwrap().set(3);
    let registry = including(&[&part, &part]);
    assert!(registry.exclude(&part));
    assert!(!registry.exclude(&part));
    assert_eq!(registry.encode_to_string(Format::Text), "");
}

#[test]
fn a_registry_included_in_two_ways_is_exposed_once() {
    let shared = Registry::new();
    shared
        .create::<Counter>(options("jobs_total"))
        .unwrap()
        .inc();
    shared.create::<Gauge>(options("open")).unwrap().set(3);
    let everything = Everything::shared();
    shared.register(Arc::clone(&everything)).unwrap();
    let registry = including(&[&including(&[&shared]), &including(&[&shared]), &shared]);
    registry.write_self_metrics(true);
    registry.register(everything).unwrap();
    registry.check().unwrap();
    let text = registry.encode_to_string(Format::Text);
    for line in ["jobs_total 1", "open 3", "wait_seconds_count{of=\"all\"} 2"] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
    }
}

#[test]
fn a_registry_included_in_two_ways_with_different_labels_is_exposed_twice() {
    let shared = Registry::new();
    shared.create::<Gauge>(options("open")).unwrap().set(3);
    let parts = ["a", "b"].map(|zone| {
        let part = Registry::builder().label("zone", zone).build().unwrap();
        part.include(&shared).unwrap();
        part
    });
    let text = including(&[&parts[0], &parts[1]]).encode_to_string(Format::Text);
    assert!(
        text.ends_with("\nopen{zone=\"a\"} 3\nopen{zone=\"b\"} 3\n"),
        "{text}"
    );
}

#[test]
fn const_labels_of_an_included_registry_are_escaped() {
    let builder = Registry::builder().utf8().label("cloud.zone", "b");
    let part = builder.build().unwrap();
    part.create::<Gauge>(options("open")).unwrap().set(3);
    part.register(Everything::shared()).unwrap();
    let registry = including(&[&part]);
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "open{cloud_zone=\"b\"} 3",
        "wait_seconds_count{cloud_zone=\"b\",of=\"all\"} 2",
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} in {text}");
    }
    let exposition = Format::OpenMetrics.with_escaping(Escaping::Values);
    let text = registry.encode_to_string(exposition);
    assert!(
        text.contains("\nopen{U__cloud_2e_zone=\"b\"} 3\n"),
        "{text}"
    );
    let exposition = Format::TextV1.with_escaping(Escaping::AllowUtf8);
    let text = registry.encode_to_string(exposition);
    assert!(text.contains("\nopen{\"cloud.zone\"=\"b\"} 3\n"), "{text}");
    let mut out = Vec::new();
    registry.encode(Format::Protobuf, &mut out).unwrap();
    for family in protobuf(&out).unwrap() {
        for metric in family.metric {
            assert_eq!(metric.label[0].name(), "cloud_zone");
        }
    }
}

#[test]
fn series_with_const_labels_that_are_escaped_alike_are_exposed_once() {
    let parts = ["cloud.zone", "cloud_zone"].map(|label| {
        let part = Registry::builder().utf8().label(label, "b");
        let part = part.build().unwrap();
        part.register(Everything::shared()).unwrap();
        part
    });
    let registry = including(&[&parts[0], &parts[1]]);
    let text = registry.encode_to_string(Format::Text);
    assert_eq!(text.matches("\nwait_seconds_count{").count(), 1, "{text}");
}

#[test]
fn a_label_that_is_escaped_like_a_const_label_of_an_included_registry_is_a_clash() {
    let outer = Registry::builder().utf8().label("cloud.zone", "b");
    let outer = outer.build().unwrap();
    let inner = Registry::new();
    labelled::<Gauge>(&inner, options("open").labels(["cloud_zone"]));
    outer.include(&inner).unwrap_err();
}

/// A collector whose destructor uses a registry.
struct UsesInDrop(Desc, Registry);

impl Collector for UsesInDrop {
    fn descs(&self) -> &[Desc] {
        std::slice::from_ref(&self.0)
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.0, &[], 1.0);
    }
}

impl Drop for UsesInDrop {
    fn drop(&mut self) {
        self.1.check().unwrap();
    }
}

type Change = fn(&Registry) -> Result<(), Error>;

#[test]
fn a_collector_that_leaves_an_included_registry_may_use_the_including_one_when_dropped() {
    let part = Registry::new();
    let registry = including(&[&part]);
    let changes: [Change; 3] = [
        |registry| registry.check(),
        |registry| registry.create::<Gauge>(options("later")).map(drop),
        |registry| registry.include(&Registry::new()),
    ];
    for change in changes {
        let desc = Desc::new(Kind::Gauge, "open", "Help.");
        let collector: Arc<dyn Collector> = Arc::new(UsesInDrop(desc, registry.clone()));
        part.register(Arc::clone(&collector)).unwrap();
        registry.check().unwrap();
        part.unregister(&collector);
        part.check().unwrap();
        // From here on, `registry` holds the last reference to the collector, and drops it when it
        // applies the change of the included registry `part`.
        drop(collector);
        // A destructor that waits for the registry's lock would never return.
        change(&registry).unwrap();
    }
}
