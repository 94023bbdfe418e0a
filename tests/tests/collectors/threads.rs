//! Tests of the thread that runs the collectors, and of concurrent scrapes.

use std::{
    collections::HashSet,
    panic::panic_any,
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{self, Sender},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use metrics_core::{Format, Kind, Registry};

use crate::support::{Scripted, errors, one, writing};

#[test]
fn fast_collectors_share_one_named_thread() {
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let registry = Registry::new();
    for name in ["a", "b", "c"] {
        let threads = Arc::clone(&threads);
        registry
            .register(Scripted::named(name, move |desc, out| {
                let thread = thread::current();
                assert_eq!(thread.name(), Some("metrics-collect"));
                threads.lock().unwrap().insert(thread.id());
                out.gauge(desc, &[], 1.0);
            }))
            .unwrap();
    }
    for _ in 0..50 {
        assert_eq!(registry.gather().len(), 3);
    }
    // Allows several threads, because a collector may seem to hang on a busy machine, so that the
    // registry starts a new thread.
    assert!(threads.lock().unwrap().len() < 10);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("again");
    }
}

#[test]
fn a_panic_does_not_end_the_collector_thread() {
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let noted = Arc::clone(&threads);
    registry
        .register(Scripted::named("a", move |_, _| {
            noted.lock().unwrap().insert(thread::current().id());
            panic_any(Bomb);
        }))
        .unwrap();
    registry.register(one("b")).unwrap();
    for scrape in 1..=50 {
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains(&errors("a", "panic", scrape)), "{text}");
        assert!(text.contains("\nb 1\n"), "{text}");
    }
    assert!(threads.lock().unwrap().len() < 10);
}

#[test]
fn the_collector_thread_ends_with_the_registry() {
    struct Leaving(Sender<()>);

    impl Drop for Leaving {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    thread_local!(static LEAVING: OnceLock<Leaving> = const { OnceLock::new() });

    let (sender, left) = mpsc::channel();
    let sender = Mutex::new(sender);
    let registry = writing(Kind::Gauge, move |desc, out| {
        let sender = sender.lock().unwrap().clone();
        LEAVING.with(|leaving| _ = leaving.set(Leaving(sender)));
        out.gauge(desc, &[], 1.0);
    });
    assert!(!registry.gather().is_empty());
    drop(registry);
    left.recv().unwrap();
}

#[test]
fn concurrent_scrapes_contain_every_fast_collector() {
    let registry = Registry::new();
    registry.collector_timeout(Duration::MAX);
    for name in ["a", "b", "c"] {
        registry.register(one(name)).unwrap();
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(registry.gather().len(), 3);
                }
            });
        }
    });
}
