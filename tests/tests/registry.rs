//! Registries: what fits together, what does not, and what is left when it does not.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    collections::BTreeSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicFamily, DynamicMetric, FloatCounter, FloatGauge,
    Format, Gauge, Histogram, Kind, Label, MetricFamily, MetricValue, Number, Options, Registry,
    Summary, UpDownCounter, metrics,
};

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

const CLASHES_FROM: u32 = line!();

metrics! {
    /// A gauge.
    static KIND: Gauge = "clash_kind";
    /// A gauge.
    static KIND_AGAIN: Histogram = "clash_kind";

    /// What it is.
    static HELP: Gauge = "clash_help";
    /// What else it is.
    static HELP_AGAIN: Gauge = "clash_help";

    /// Bytes.
    #[unit("bytes")]
    static UNIT: Gauge = "clash_bytes";
    /// Bytes.
    static UNIT_AGAIN: Gauge = "clash_bytes";

    /// A histogram.
    #[buckets(1.0, 2.0)]
    static BUCKETS: Histogram = "clash_buckets";
    /// A histogram.
    #[buckets(1.0, 3.0)]
    static BUCKETS_AGAIN: Histogram = "clash_buckets";

    /// A counter.
    static LABELS: Counter<(a: bool)> = "clash_labels_total";
    /// A counter.
    static LABELS_AGAIN: Counter<(b: bool)> = "clash_labels_total";

    /// Sizes.
    static SUFFIX: Histogram = "clash_suffix";
    /// Sizes.
    static SUFFIX_AGAIN: Counter = "clash_suffix_total";

    /// The phase.
    static STATE: StateSet<Phase, (clash_state: &str)> = "clash_state";
}

const CLASHES_TO: u32 = line!();

metrics! {
    /// Jobs done.
    static JOBS: Counter<(queue: &str)> = "shared_jobs_total";
    /// Jobs done.
    static JOBS_ELSEWHERE: Counter<(queue: &str)> = "shared_jobs_total";
    /// Temperature.
    static WARM: Gauge = "shared_celsius";
    /// Temperature.
    static COLD: Gauge = "shared_celsius";
    /// Sizes.
    #[buckets(1.0, 2.0)]
    static SIZES: Histogram = "shared_sizes";
    /// Sizes.
    #[buckets(1.0, 2.0)]
    static SIZES_ELSEWHERE: Histogram = "shared_sizes";
    /// Never used.
    static UNUSED: Counter<(phase: Phase)> = "unused_total";
}

#[test]
fn check_names_both_places_of_every_declared_clash() {
    let error = Registry::global().check().unwrap_err().to_string();
    for name in [
        "clash_kind",
        "clash_help",
        "clash_bytes",
        "clash_buckets",
        "clash_labels_total",
        "clash_suffix",
    ] {
        let quoted = format!("`{name}`");
        let line = error.lines().find(|line| line.contains(&quoted));
        let line = line.unwrap_or_else(|| panic!("{name} is not in {error}"));
        let places: BTreeSet<u32> = line.split("registry.rs:").skip(1).map(number).collect();
        assert_eq!(places.len(), 2, "{line}");
        assert!(
            places
                .iter()
                .all(|at| (CLASHES_FROM..CLASHES_TO).contains(at)),
            "{line}"
        );
    }
}

/// The number at the beginning.
fn number(text: &str) -> u32 {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().unwrap_or_default()
}

#[test]
fn of_two_that_clash_the_first_is_exposed_and_the_other_counted() {
    KIND.set(1);
    KIND_AGAIN.observe(1.0);
    SUFFIX.observe(2.0);
    SUFFIX_AGAIN.inc();
    let text = Registry::global().encode_to_string(Format::Text);
    for line in [
        "# TYPE clash_kind gauge\n",
        "clash_kind 1\n",
        "# TYPE clash_suffix histogram\n",
        "metrics_rejected_total{family=\"clash_kind\",reason=\"clash\"} 1\n",
        "metrics_rejected_total{family=\"clash_suffix_total\",reason=\"clash\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}");
    }
    assert!(!text.contains("clash_kind_bucket"));
    assert!(!text.contains("\nclash_suffix_total"));
}

#[test]
fn a_state_set_with_a_label_of_its_own_name_is_a_clash() {
    STATE.with("a").set(Phase::Running);
    let _ = Phase::Starting;
    let error = Registry::global().check().unwrap_err().to_string();
    assert!(error.contains("`clash_state`"), "{error}");
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(
        !text.contains("\nclash_state{"),
        "the label stands twice in a series"
    );
}

#[test]
fn every_disagreement_of_metrics_made_at_run_time_is_refused_with_both_places() {
    let (a, b) = (options("a"), options("a"));
    refused::<Gauge, Histogram>("types", a, b);
    let (a, b) = (options("a"), Options::new("a", "Something else."));
    refused::<Gauge, Gauge>("help", a, b);
    let (a, b) = (options("a_bytes"), options("a_bytes").unit("bytes"));
    refused::<Gauge, Gauge>("units", a, b);
    let (a, b) = (options("a").buckets([1.0]), options("a").buckets([2.0]));
    refused::<Histogram, Histogram>("buckets", a, b);
    let (a, b) = (options("a").labels(["x"]), options("a").labels(["y"]));
    refused::<Gauge, Gauge>("labels", a, b);
    let (a, b) = (
        options("a").labels(["x", "y"]),
        options("a").labels(["y", "x"]),
    );
    refused::<Gauge, Gauge>("labels", a, b);
}

#[test]
fn metrics_whose_samples_would_bear_one_name_are_refused_with_both_places() {
    refused::<Histogram, Counter>("`a`", options("a"), options("a_total"));
    refused::<Gauge, Counter>("`a`", options("a"), options("a_total"));
    refused::<Summary, Counter>("`a`", options("a"), options("a_total"));
    refused::<Counter, Counter>(
        "`a_created`",
        options("a_total"),
        options("a_created_total"),
    );
    refused::<Histogram, Counter>("`a_sum`", options("a"), options("a_sum_total"));
    refused::<Counter, Summary>("`a_count`", options("a_count_total"), options("a"));
}

/// One holds an integer where the other holds a float: their sum would be neither.
#[test]
fn metrics_that_share_a_name_but_not_a_rust_type_are_refused() {
    refused::<Counter, FloatCounter>("types", options("a_total"), options("a_total"));
    refused::<Gauge, FloatGauge>("types", options("a"), options("a"));
    refused::<Gauge, UpDownCounter>("types", options("a"), options("a"));
}

#[test]
fn a_scrape_survives_metrics_that_share_a_name_but_not_a_rust_type() {
    let registry = Registry::new();
    let labels = |name| options(name).labels(["x"]);
    let first = registry
        .create_family::<UpDownCounter>(labels("a"))
        .unwrap();
    first.with(&["u"]).inc();
    if let Ok(second) = registry.create_family::<Gauge>(labels("a")) {
        second.with(&["g"]).set(1);
    }
    assert!(
        registry
            .encode_to_string(Format::Text)
            .contains("a{x=\"u\"} 1\n")
    );
}

#[test]
fn names_that_end_like_samples_of_others_are_refused() {
    for suffix in [
        "total", "created", "bucket", "count", "sum", "gcount", "gsum", "info",
    ] {
        let name = format!("a_{suffix}");
        let error = refusal::<Gauge>(options(&name));
        assert!(
            error.contains(suffix) && error.contains("registry.rs:"),
            "{error}"
        );
    }
    assert!(refusal::<Counter>(options("a")).contains("_total"));
}

#[test]
fn names_that_no_format_can_write_are_refused() {
    for name in ["", "1a", "_a", "a-b", "a b", "é", "a\n", "a{", "a.b"] {
        refusal::<Gauge>(options(name));
        refusal::<Gauge>(options("a").labels([name]));
    }
    refusal::<Histogram>(options("a").labels(["le"]));
    refusal::<Summary>(options("a").labels(["quantile"]));
    refusal::<Gauge>(options("a").labels(["x", "x"]));
    refusal::<Gauge>(options("a_seconds").unit("bytes"));
    refusal::<Gauge>(options("a").buckets([1.0]));
    for bounds in [
        vec![2.0, 1.0],
        vec![1.0, 1.0],
        vec![f64::NAN],
        vec![f64::INFINITY],
    ] {
        refusal::<Histogram>(options("a").buckets(bounds));
    }
    refusal::<Histogram>(options("a").buckets((0..256).map(f64::from).collect::<Vec<_>>()));
    for quantiles in [vec![-0.1], vec![1.1], vec![0.5, 0.5], vec![f64::NAN]] {
        refusal::<Summary>(options("a").quantiles(quantiles));
    }
}

#[test]
fn a_refused_metric_leaves_the_registry_as_it_was() {
    let registry = Registry::new();
    registry.create::<Gauge>(options("a")).unwrap().set(3);
    registry.create::<Histogram>(options("a")).unwrap_err();
    registry.check().unwrap();
    assert!(registry.encode_to_string(Format::Text).ends_with("a 3\n"));
    registry.create::<Histogram>(options("b")).unwrap();
}

#[test]
fn a_metric_with_a_label_of_its_registry_is_refused() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    let error = registry
        .create_family::<Gauge>(options("a").labels(["zone"]))
        .unwrap_err();
    assert!(error.to_string().contains("`zone`"), "{error}");
}

#[test]
fn a_metric_named_like_one_that_the_registry_keeps_of_itself_is_refused() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    for name in ["metrics_series", "metrics_rejected", "metrics_overflowed"] {
        let created = registry.create::<Gauge>(options(name));
        assert!(created.is_err(), "{name} is written by the registry, too");
    }
}

#[test]
fn prefixes_and_labels_that_no_format_can_write_are_refused() {
    for prefix in ["1", "_", "a-", "é", "a b"] {
        assert!(
            Registry::builder().prefix(prefix).build().is_err(),
            "{prefix}"
        );
    }
    for label in ["", "le", "quantile", "__name__", "a-b", "1"] {
        assert!(
            Registry::builder().label(label, "x").build().is_err(),
            "{label}"
        );
    }
    let twice = Registry::builder().label("a", "x").label("a", "y").build();
    assert!(twice.is_err());
}

#[test]
fn statics_of_one_name_are_one_family_and_add_up() {
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
fn gauges_of_one_name_add_up_below_zero_as_well() {
    for (warm, cold, both) in [(20, -30, -10), (30, -20, 10), (i64::MAX, i64::MIN, -1)] {
        WARM.set(warm);
        COLD.set(cold);
        let text = Registry::global().encode_to_string(Format::Text);
        let line = format!("\nshared_celsius {both}\n");
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn what_is_declared_is_exposed_before_it_is_used() {
    let text = Registry::global().encode_to_string(Format::Text);
    assert!(text.contains("unused_total{phase=\"starting\"} 0\n"));
    assert!(text.contains("unused_total{phase=\"running\"} 0\n"));
}

#[test]
fn families_stand_in_the_order_of_their_names() {
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
fn what_is_measured_stands_first() {
    metrics! {
        /// What is measured.
        static TARGET: Info<(host: &str)> = "target_info";
    }
    TARGET.set("a");
    for format in [Format::Text, Format::OpenMetrics] {
        let text = Registry::global().encode_to_string(format);
        let sample = text.lines().find(|line| !line.starts_with('#'));
        assert_eq!(sample, Some("target_info{host=\"a\"} 1"));
    }
}

/// Writes one gauge and one counter, and does what a test tells it.
struct Pool {
    descs: [Desc; 2],
    collect: fn(&Pool, &mut Collection<'_>),
    scrapes: AtomicU64,
}

impl Pool {
    fn new(collect: fn(&Pool, &mut Collection<'_>)) -> Arc<Pool> {
        Arc::new(Pool {
            descs: [
                Desc::new(Kind::Gauge, "pool_open", "Connections open."),
                Desc::new(Kind::Counter, "pool_opened_total", "Connections opened."),
            ],
            collect,
            scrapes: AtomicU64::new(0),
        })
    }
}

impl Collector for Pool {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        self.scrapes.fetch_add(1, Ordering::Relaxed);
        (self.collect)(self, out);
    }
}

fn well(pool: &Pool, out: &mut Collection<'_>) {
    let [open, opened] = &pool.descs;
    out.gauge(open, &[("db", "main")], 3.0);
    out.counter(opened, &[("db", "main")], 5.0);
}

#[test]
fn a_collector_is_asked_once_for_each_scrape() {
    let registry = Registry::new();
    let pool = Pool::new(well);
    registry
        .register(Arc::clone(&pool) as Arc<dyn Collector>)
        .unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("pool_open{db=\"main\"} 3\n"), "{text}");
    assert!(
        text.contains("pool_opened_total{db=\"main\"} 5\n"),
        "{text}"
    );
    assert_eq!(pool.scrapes.load(Ordering::Relaxed), 1);
}

#[test]
fn the_same_collector_again_changes_nothing() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(well);
    registry.register(Arc::clone(&pool)).unwrap();
    registry.register(Arc::clone(&pool)).unwrap();
    assert_eq!(registry.gather().len(), 2);
    let elsewhere = Registry::new();
    elsewhere.register(pool).unwrap();
    assert_eq!(elsewhere.gather().len(), 2);
}

#[test]
fn a_collector_that_was_unregistered_is_not_asked_any_more() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(well);
    assert!(!registry.unregister(&pool));
    registry.register(Arc::clone(&pool)).unwrap();
    assert!(registry.unregister(&pool));
    assert!(!registry.unregister(&pool));
    assert_eq!(registry.gather(), []);
    registry.register(pool).unwrap();
    assert_eq!(registry.gather().len(), 2);
}

#[test]
fn a_collector_that_clashes_is_refused_as_a_whole() {
    let registry = Registry::new();
    registry
        .create::<Counter>(options("pool_opened_total"))
        .unwrap();
    let error = registry.register(Pool::new(well)).unwrap_err().to_string();
    assert_eq!(error.matches("registry.rs:").count(), 2, "{error}");
    assert_eq!(registry.gather().len(), 1);
    registry.check().unwrap();
}

#[test]
fn a_collector_can_take_the_place_of_another() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(well);
    registry.register(Arc::clone(&pool)).unwrap();
    registry.replace(&pool, Pool::new(well)).unwrap();
    assert!(!registry.unregister(&pool));
    assert_eq!(registry.gather().len(), 2);
    registry.check().unwrap();
}

#[test]
fn a_collector_that_clashes_takes_nobodys_place() {
    let registry = Registry::new();
    registry.create::<Gauge>(options("taken")).unwrap();
    let pool: Arc<dyn Collector> = Pool::new(well);
    registry.register(Arc::clone(&pool)).unwrap();
    let clashing = Desc::dynamic(Kind::Histogram, "taken", "Other.", "").unwrap();
    let clashing = Arc::new(Silent([clashing]));
    registry.replace(&pool, clashing).unwrap_err();
    assert_eq!(registry.gather().len(), 3);
    assert!(registry.unregister(&pool));
}

#[test]
fn what_was_left_out_of_a_collector_stays_counted_when_another_takes_its_place() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let wrong = |pool: &Pool, out: &mut Collection<'_>| _ = out.counter(&pool.descs[1], &[], -1.0);
    let pool: Arc<dyn Collector> = Pool::new(wrong);
    registry.register(Arc::clone(&pool)).unwrap();
    registry.encode_to_string(Format::Text);
    registry.replace(&pool, Pool::new(wrong)).unwrap();
    let text = registry.encode_to_string(Format::Text);
    let line = r#"metrics_rejected_total{family="pool_opened_total",reason="value"} 2"#;
    assert!(text.contains(line), "{text}");
}

/// Describes a family and never writes it.
struct Silent([Desc; 1]);

impl Collector for Silent {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, _: &mut Collection<'_>) {}
}

#[test]
fn a_collector_that_panics_costs_its_own_families_only() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.create::<Gauge>(options("a")).unwrap().set(1);
    registry.create::<Gauge>(options("z")).unwrap().set(1);
    registry
        .register(Pool::new(|pool, out| {
            well(pool, out);
            panic!("the pool is gone");
        }))
        .unwrap();
    let text = registry.encode_to_string(Format::OpenMetrics);
    for line in [
        "a 1\n",
        "z 1\n",
        "metrics_collector_errors_total{collector=\"pool_open\",reason=\"panic\"} 1\n",
        "# EOF\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("# TYPE pool"), "{text}");
}

#[test]
fn panics_of_a_collector_are_counted_on_when_the_registry_changes() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
        .register(Pool::new(|_, _| panic!("the pool is gone")))
        .unwrap();
    for _ in 0..3 {
        registry.encode_to_string(Format::Text);
    }
    registry.create::<Gauge>(options("later")).unwrap();
    let text = registry.encode_to_string(Format::Text);
    let line = "metrics_collector_errors_total{collector=\"pool_open\",reason=\"panic\"} 4\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn what_a_collector_may_not_write_is_left_out() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
        .register(Pool::new(|pool, out| {
            let [open, opened] = &pool.descs;
            well(pool, out);
            out.counter(opened, &[("db", "nan")], f64::NAN);
            out.counter(opened, &[("db", "negative")], -1.0);
            out.counter(opened, &[("db", "infinite")], f64::INFINITY);
            out.counter(open, &[("db", "other type")], 1.0);
            out.gauge(open, &[("d b", "bad name")], 1.0);
            out.gauge(open, &[("db", "x"), ("db", "y")], 1.0);
            out.gauge(open, &[("db", "main")], 4.0);
            out.gauge(&Desc::new(Kind::Gauge, "undescribed", "What?"), &[], 1.0);
        }))
        .unwrap();
    let families = registry.gather();
    let ours = families
        .iter()
        .filter(|family| family.name.starts_with("pool"));
    let series: Vec<usize> = ours.map(|family| family.metrics.len()).collect();
    assert_eq!(series, [1, 1], "{families:?}");
    assert!(families.iter().all(|family| family.name != "undescribed"));
}

#[test]
fn a_series_that_a_collector_writes_in_another_order_is_the_same_series() {
    let registry = Registry::new();
    registry
        .register(Pool::new(|pool, out| {
            out.gauge(&pool.descs[0], &[("a", "1"), ("b", "2")], 1.0);
            out.gauge(&pool.descs[0], &[("b", "2"), ("a", "1")], 2.0);
        }))
        .unwrap();
    assert_eq!(registry.gather()[0].metrics.len(), 1);
}

#[test]
fn a_collector_does_not_write_a_label_of_its_registry_twice() {
    let registry = Registry::builder().label("zone", "b").build().unwrap();
    registry
        .register(Pool::new(|pool, out| {
            out.gauge(&pool.descs[0], &[("zone", "x")], 1.0);
            out.counter(&pool.descs[1], &[], 1.0);
        }))
        .unwrap();
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("pool_opened_total{zone=\"b\"} 1\n"), "{text}");
    assert!(!text.contains("zone=\"b\",zone="), "{text}");
}

#[test]
fn rejected_values_of_a_collector_add_up_over_scrapes() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
        .register(Pool::new(|pool, out| {
            // Once only.
            if pool.scrapes.load(Ordering::Relaxed) == 1 {
                out.counter(&pool.descs[1], &[], f64::NAN);
            }
        }))
        .unwrap();
    let line = "metrics_rejected_total{family=\"pool_opened_total\",reason=\"value\"} 1\n";
    for scrape in 1..=3 {
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains(line), "scrape {scrape}: {text}");
    }
}

#[test]
fn a_rejected_value_is_counted_in_the_family_that_rejects_it() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let nan = |pool: &Pool, out: &mut Collection<'_>| {
        out.counter(&pool.descs[1], &[], f64::NAN);
        out.gauge(&pool.descs[0], &[], 1.0);
    };
    registry.register(Pool::new(nan)).unwrap();
    let text = registry.encode_to_string(Format::Text);
    let rejected = |family: &str, count: u64| {
        format!("metrics_rejected_total{{family=\"{family}\",reason=\"value\"}} {count}\n")
    };
    assert!(text.contains(&rejected("pool_opened_total", 1)), "{text}");
    assert!(!text.contains(&rejected("pool_open", 1)), "{text}");
}

#[test]
fn gathered_data_and_both_expositions_are_the_same() {
    let registry = Registry::builder()
        .prefix("app_")
        .label("zone", "b")
        .build()
        .unwrap();
    let labels = |name: &str| options(name).labels(["x", "y"]);
    let counter = labelled::<Counter>(&registry, labels("a_total"));
    counter.with(&["1", "\"\\\n"]).inc_by(7);
    counter.with(&["", ""]).inc_by(8);
    labelled::<FloatGauge>(&registry, labels("b"))
        .with(&["1", ""])
        .set(-2.5);
    labelled::<UpDownCounter>(&registry, labels("c"))
        .with(&["1", ""])
        .sub(3);
    let histogram = labelled::<Histogram>(&registry, labels("d").buckets([1.0, 2.5]));
    for value in [0.5, 2.0, 9.0] {
        histogram.with(&["1", ""]).observe(value);
    }
    let summary = labelled::<Summary>(&registry, labels("e"));
    summary.with(&["1", ""]).observe(0.25);
    registry.register(Pool::new(well)).unwrap();
    let text = registry.encode_to_string(Format::Text);
    let written: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let gathered: Vec<String> = registry.gather().iter().flat_map(lines).collect();
    assert_eq!(written, gathered);
    assert_eq!(gathered.len(), 13);
}

/// The lines of a family, written without any of the code that is tested.
fn lines(family: &MetricFamily) -> Vec<String> {
    let name = &family.name;
    let mut lines = Vec::new();
    for metric in &family.metrics {
        let mut line = |suffix: &str, extra: Option<(&str, String)>, value: String| {
            let pairs = metric
                .labels
                .iter()
                .map(|(name, value)| (&**name, value.clone()));
            let pairs: Vec<String> = pairs
                .chain(extra)
                .map(|(name, value)| {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                    format!("{name}=\"{}\"", value.replace('\n', "\\n"))
                })
                .collect();
            lines.push(format!("{name}{suffix}{{{}}} {value}", pairs.join(",")));
        };
        match &metric.value {
            MetricValue::Counter(value) | MetricValue::Gauge(value) => line("", None, text(*value)),
            MetricValue::Histogram { buckets, sum, .. } => {
                let mut count = 0;
                for (bound, within) in buckets {
                    count += within;
                    let le = if bound.is_infinite() {
                        "+Inf".to_owned()
                    } else {
                        bound.to_string()
                    };
                    line("_bucket", Some(("le", le)), count.to_string());
                }
                line("_sum", None, sum.to_string());
                line("_count", None, count.to_string());
            }
            MetricValue::Summary { count, sum, .. } => {
                line("_sum", None, sum.to_string());
                line("_count", None, count.to_string());
            }
            other => panic!("no such metric here: {other:?}"),
        }
    }
    lines
}

fn text(number: Number) -> String {
    match number {
        Number::Unsigned(number) => number.to_string(),
        Number::Signed(number) => number.to_string(),
        number => number.as_f64().to_string(),
    }
}

#[test]
fn a_filter_is_asked_for_the_names_of_samples_and_families() {
    let registry = Registry::builder().prefix("app_").build().unwrap();
    registry.create::<Histogram>(options("a")).unwrap();
    registry.create::<Counter>(options("b_total")).unwrap();
    registry.create::<Gauge>(options("c")).unwrap();
    let families = |wanted: &str, format| {
        let mut out = Vec::new();
        registry
            .encode_filtered(format, &mut out, |name| name == wanted)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["app_a", "app_a_bucket", "app_a_sum", "app_a_count"] {
        assert_eq!(families(name, Format::Text), ["app_a histogram"], "{name}");
    }
    assert_eq!(
        families("app_b_total", Format::Text),
        ["app_b_total counter"]
    );
    assert_eq!(
        families("app_b_total", Format::OpenMetrics),
        ["app_b counter"]
    );
    assert_eq!(families("app_c", Format::Text), ["app_c gauge"]);
    assert!(families("c", Format::Text).is_empty());
}

/// Takes so many bytes, then fails.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "full"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_writer_is_passed_on() {
    let registry = Registry::new();
    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
    (0..5_000).for_each(|at| counter.with(&[&at.to_string()]).inc());
    for format in [Format::Text, Format::OpenMetrics] {
        let len = registry.encode_to_string(format).len();
        assert!(len > 64 * 1024, "several pieces");
        for room in [0, 1, 40_000, len - 1] {
            let error = registry.encode(format, &mut Full(room)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room}");
        }
        registry.encode(format, &mut Full(len)).unwrap();
    }
}

#[test]
fn what_adds_up_to_more_than_a_number_holds_stays_at_the_most() {
    let registry = Registry::new();
    let count = registry.create::<Counter>(options("a_total")).unwrap();
    let float = registry.create::<FloatCounter>(options("b_total")).unwrap();
    let sizes = options("c").buckets([1.0]);
    let sizes = registry.create::<Histogram>(sizes).unwrap();
    let signed = options("d").buckets([-1.0]);
    let signed = registry.create::<Histogram>(signed).unwrap();
    let summary = registry.create::<Summary>(options("e")).unwrap();
    for _ in 0..2 {
        count.inc_by(u64::MAX);
        float.inc_by(f64::MAX);
        sizes.observe(f64::MAX);
        signed.observe(f64::MIN);
        summary.observe(f64::MAX);
    }
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total 18446744073709551615\n",
        "b_total 1.7976931348623157e+308\n",
        "c_sum 1.7976931348623157e+308\nc_count 2\n",
        "d_sum -1.7976931348623157e+308\nd_count 2\n",
        "e_sum 1.7976931348623157e+308\ne_count 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn a_metric_outlives_its_registry() {
    let registry = Registry::new();
    let counter = registry.create::<Counter>(options("a_total")).unwrap();
    drop(registry);
    counter.inc();
    thread::spawn({
        let counter = counter.clone();
        move || counter.inc()
    })
    .join()
    .unwrap();
    assert_eq!(counter.get(), 2);
}

#[test]
fn a_metric_whose_handles_are_gone_is_still_exposed() {
    let registry = Registry::new();
    registry
        .create::<Counter>(options("a_total"))
        .unwrap()
        .inc_by(5);
    assert!(
        registry
            .encode_to_string(Format::Text)
            .ends_with("a_total 5\n")
    );
}

#[test]
fn a_metric_that_is_shared_is_made_once() {
    let registry = Registry::new();
    let share = || registry.get_or_create_family::<Counter>(options("a_total").labels(["x"]));
    share().unwrap().with(&["a"]).inc();
    let again = share().unwrap();
    again.with(&["a"]).inc();
    assert_eq!(again.with(&["a"]).get(), 2);
}

#[test]
fn a_metric_is_not_shared_with_one_of_other_options() {
    let registry = Registry::new();
    let share = |max| {
        let options = options("a_total").labels(["x"]).max_series(max);
        registry.get_or_create_family::<Counter>(options).unwrap()
    };
    share(1).with(&["a"]).inc();
    assert_eq!(share(2).with(&["a"]).get(), 0);
    let gauge = registry.get_or_create_family::<Gauge>(options("b").labels(["x"]));
    gauge.unwrap().with(&["a"]).set(3);
    let error = registry.get_or_create_family::<UpDownCounter>(options("b").labels(["x"]));
    assert!(error.unwrap_err().to_string().contains("different types"));
}

#[test]
fn storage_that_is_used_again_starts_at_zero() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..300 {
                    let registry = Registry::new();
                    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
                    let histogram = registry.create::<Histogram>(options("b")).unwrap();
                    counter.with(&["a"]).inc();
                    histogram.observe(1.0);
                    let elsewhere = (counter.clone(), histogram.clone());
                    let elsewhere = thread::spawn(move || {
                        elsewhere.0.with(&["a"]).inc();
                        elsewhere.1.observe(1.0);
                    });
                    elsewhere.join().unwrap();
                    assert_eq!(counter.with(&["a"]).get(), 2, "{round}");
                    assert_eq!(histogram.get().sum, 2.0, "{round}");
                }
            });
        }
    });
}

#[test]
fn scrapes_at_once_are_all_whole() {
    let registry = Registry::new();
    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
    (0..2_000).for_each(|at| counter.with(&[&at.to_string()]).inc());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let text = registry.encode_to_string(Format::OpenMetrics);
                    assert_eq!(text.lines().count(), 2 + 2_000 + 1);
                    assert!(text.ends_with("# EOF\n"));
                }
            });
        }
    });
}

fn options(name: &str) -> Options {
    // Born in a line of this file, whatever it is.
    Options::new(name, "What it is.")
}

fn labelled<M: DynamicMetric>(registry: &Registry, options: Options) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}

/// Demands that the second is refused beside the first, in these words and with two places.
#[track_caller]
fn refused<A: DynamicMetric, B: DynamicMetric>(words: &str, first: Options, second: Options) {
    let registry = Registry::new();
    let kept = registry.create_family::<A>(first).unwrap();
    let error = registry.create_family::<B>(second);
    let error = error
        .err()
        .map_or_else(|| panic!("taken: {words}"), |error| error.to_string());
    assert!(error.contains(words), "{error}");
    assert_eq!(error.matches("registry.rs:").count(), 2, "{error}");
    drop(kept);
}

#[track_caller]
fn refusal<M: DynamicMetric>(options: Options) -> String {
    let taken = format!("taken: {options:?}");
    let refused = Registry::new().create_family::<M>(options);
    refused.map(drop).expect_err(&taken).to_string()
}
