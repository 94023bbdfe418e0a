//! Tests collectors in a registry: registering, replacing and unregistering them, and calling them
//! in a scrape.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use metrics_core::{Collection, Collector, Counter, Desc, Format, Gauge, Kind, Options, Registry};

use crate::support::options;

/// A collector that describes a gauge and a counter and calls a function to write them.
pub(crate) struct Pool {
    descs: [Desc; 2],
    collect: fn(&Pool, &mut Collection<'_>),
    scrapes: AtomicU64,
}

impl Pool {
    pub(crate) fn new(collect: fn(&Pool, &mut Collection<'_>)) -> Arc<Pool> {
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

pub(crate) fn write_valid(pool: &Pool, out: &mut Collection<'_>) {
    let [open, opened] = &pool.descs;
    out.gauge(open, &[("db", "main")], 3.0);
    out.counter(opened, &[("db", "main")], 5.0);
}

#[test]
fn a_collector_is_called_once_per_scrape() {
    let registry = Registry::new();
    let pool = Pool::new(write_valid);
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
fn registering_a_collector_twice_has_no_effect() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(write_valid);
    registry.register(Arc::clone(&pool)).unwrap();
    registry.register(Arc::clone(&pool)).unwrap();
    assert_eq!(registry.gather().len(), 2);
    let elsewhere = Registry::new();
    elsewhere.register(pool).unwrap();
    assert_eq!(elsewhere.gather().len(), 2);
}

#[test]
fn an_unregistered_collector_is_not_called() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(write_valid);
    assert!(!registry.unregister(&pool));
    registry.register(Arc::clone(&pool)).unwrap();
    assert!(registry.unregister(&pool));
    assert!(!registry.unregister(&pool));
    assert_eq!(registry.gather(), []);
    registry.register(pool).unwrap();
    assert_eq!(registry.gather().len(), 2);
}

#[test]
fn a_collector_with_one_clashing_family_is_refused_entirely() {
    let registry = Registry::new();
    registry
        .create::<Counter>(options("pool_opened_total"))
        .unwrap();
    let error = registry
        .register(Pool::new(write_valid))
        .unwrap_err()
        .to_string();
    assert_eq!(error.matches(".rs:").count(), 2, "{error}");
    assert_eq!(registry.gather().len(), 1);
    registry.check().unwrap();
}

#[test]
fn a_collector_can_replace_another() {
    let registry = Registry::new();
    let pool: Arc<dyn Collector> = Pool::new(write_valid);
    registry.register(Arc::clone(&pool)).unwrap();
    registry.replace(&pool, Pool::new(write_valid)).unwrap();
    assert!(!registry.unregister(&pool));
    assert_eq!(registry.gather().len(), 2);
    registry.check().unwrap();
}

#[test]
fn a_collector_is_replaced_by_one_that_is_registered_already() {
    let registry = Registry::new();
    let old: Arc<dyn Collector> = Pool::new(write_valid);
    let new: Arc<dyn Collector> = Pool::new(write_valid);
    registry.register(Arc::clone(&new)).unwrap();
    registry.register(Arc::clone(&old)).unwrap();
    registry.replace(&old, Arc::clone(&new)).unwrap();
    assert!(!registry.unregister(&old), "it was replaced");
    registry.replace(&new, Arc::clone(&new)).unwrap();
    assert!(registry.unregister(&new), "it stays");
}

#[test]
fn a_clashing_collector_replaces_none() {
    let registry = Registry::new();
    registry.create::<Gauge>(options("taken")).unwrap();
    let pool: Arc<dyn Collector> = Pool::new(write_valid);
    registry.register(Arc::clone(&pool)).unwrap();
    let clashing = Desc::dynamic(Kind::Histogram, "taken", "Other.", "").unwrap();
    let clashing = Arc::new(Silent([clashing]));
    registry.replace(&pool, clashing).unwrap_err();
    assert_eq!(registry.gather().len(), 3);
    assert!(registry.unregister(&pool));
}

#[test]
fn rejections_stay_counted_when_a_collector_is_replaced() {
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

/// A collector that describes a family and writes nothing.
struct Silent([Desc; 1]);

impl Collector for Silent {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, _: &mut Collection<'_>) {}
}

#[test]
fn a_collector_that_panics_costs_only_its_own_families() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.create::<Gauge>(options("a")).unwrap().set(1);
    registry.create::<Gauge>(options("z")).unwrap().set(1);
    registry
        .register(Pool::new(|pool, out| {
            write_valid(pool, out);
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
fn panics_of_a_collector_stay_counted_when_the_registry_changes() {
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
fn invalid_values_of_a_collector_are_omitted() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
        .register(Pool::new(|pool, out| {
            let [open, opened] = &pool.descs;
            write_valid(pool, out);
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
fn label_order_does_not_distinguish_series_of_a_collector() {
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
fn a_collectors_label_does_not_duplicate_a_const_label() {
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
fn rejected_values_of_a_collector_are_summed_over_scrapes() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry
        .register(Pool::new(|pool, out| {
            // Writes an invalid value only in the first scrape.
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
fn a_rejected_value_is_counted_for_its_own_family() {
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
fn descs_of_a_collector_is_called_once() {
    struct Asked(AtomicUsize, [Desc; 1]);

    impl Collector for Asked {
        fn descs(&self) -> &[Desc] {
            self.0.fetch_add(1, Ordering::Relaxed);
            &self.1
        }

        fn collect(&self, out: &mut Collection<'_>) {
            out.gauge(&self.1[0], &[], 1.0);
        }
    }

    let registry = Registry::new();
    let desc = Desc::new(Kind::Gauge, "a", "A.");
    let asked = Arc::new(Asked(AtomicUsize::new(0), [desc]));
    registry
        .register(Arc::clone(&asked) as Arc<dyn Collector>)
        .unwrap();
    registry.create::<Gauge>(Options::new("b", "B.")).unwrap();
    assert_eq!(registry.gather().len(), 2);
    assert_eq!(asked.0.load(Ordering::Relaxed), 1);
}
