//! Collectors in a registry: registering, replacing, unregistering, and what a scrape does with them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use metrics_core::{Collection, Collector, Counter, Desc, Format, Gauge, Kind, Options, Registry};

use crate::support::options;

/// Writes one gauge and one counter, and does what a test tells it.
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

pub(crate) fn well(pool: &Pool, out: &mut Collection<'_>) {
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
    assert_eq!(error.matches(".rs:").count(), 2, "{error}");
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
fn a_collector_is_asked_for_its_families_once() {
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
