//! Tests of collectors that use the registry in which they are registered.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics_core::{Collector, Counter, Format, Gauge, Kind, Options, Registry};

use crate::support::{Scripted, one};

/// Creates a registry whose collectors hold a reference to it.
fn registry_of_reentrant(
    of: impl Fn(&Arc<OnceLock<Registry>>) -> Vec<Arc<dyn Collector>>,
) -> Registry {
    let registry_cell: Arc<OnceLock<Registry>> = Arc::default();
    let registry = Registry::new();
    registry.write_self_metrics(true);
    // A deadlock would appear as a timeout and fail the test.
    registry.collector_timeout(Duration::from_mins(1));
    for collector in of(&registry_cell) {
        registry.register(collector).unwrap();
    }
    registry_cell.set(registry.clone()).unwrap();
    registry
}

#[test]
fn a_collector_may_encode_its_own_registry_without_itself() {
    let registry = registry_of_reentrant(|registry_cell| {
        let registry_cell = Arc::clone(registry_cell);
        let within = Scripted::named("a", move |desc, out| {
            let registry = registry_cell.get().unwrap();
            let text = registry.encode_to_string(Format::Text);
            assert!(text.contains("\nb 1\n") && !text.contains("\na "), "{text}");
            let names: Vec<_> = registry.gather().into_iter().map(|it| it.name).collect();
            assert_eq!(names[0], "b");
            out.gauge(desc, &[], 1.0);
        });
        vec![within, one("b")]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\nb 1\n") && text.contains("a 1\n"), "{text}");
    assert!(!text.contains("metrics_collector_errors_total"), "{text}");
}

#[test]
fn collectors_may_encode_each_other() {
    let registry = registry_of_reentrant(|registry_cell| {
        let named = |name: &'static str, other: &'static str| {
            let registry_cell = Arc::clone(registry_cell);
            Scripted::named(name, move |desc, out| {
                let text = registry_cell.get().unwrap().encode_to_string(Format::Text);
                assert!(!text.contains(&format!("\n{name} ")), "{text}");
                out.gauge(desc, &[("other", other)], 1.0);
            })
        };
        vec![named("a", "b"), named("b", "a")]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(text.contains("\na{other=\"b\"} 1\n"), "{text}");
    assert!(text.contains("\nb{other=\"a\"} 1\n"), "{text}");
}

#[test]
fn a_collector_may_register_and_unregister() {
    let registry = registry_of_reentrant(|registry_cell| {
        let registry_cell = Arc::clone(registry_cell);
        let within = Scripted::named("a", move |desc, out| {
            let registry = registry_cell.get().unwrap();
            let other: Arc<dyn Collector> = one("b");
            registry.register(Arc::clone(&other)).unwrap();
            let clashing = Scripted::shared(Kind::Unknown, "a", |_, _| {});
            registry.register(clashing).unwrap_err();
            assert!(registry.unregister(&other));
            registry.check().unwrap();
            registry.max_series(100);
            let made = registry.create::<Gauge>(Options::new("made", "Made in a scrape."));
            made.unwrap().set(1);
            out.gauge(desc, &[], 1.0);
        });
        vec![within]
    });
    let text = registry.encode_to_string(Format::Text);
    assert!(!text.contains("metrics_collector_errors_total"), "{text}");
    let error = registry
        .create::<Counter>(Options::new("made", "Elsewhere."))
        .unwrap_err();
    assert!(error.to_string().contains("`made`"), "{error}");
}
