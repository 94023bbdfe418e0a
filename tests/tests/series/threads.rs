//! Tests series that are created, recorded and removed by several threads at once.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use metrics_core::{Counter, DynamicFamily, Format, Options, Registry, metrics};

use crate::support::{Done, labelled};

#[test]
fn series_created_during_a_scrape_are_exposed_with_their_own_values() {
    /// A writer that creates a series on each write until there are 1,000.
    struct Scraper<'a> {
        counter: &'a DynamicFamily<Counter>,
        created: u64,
        text: Vec<u8>,
    }

    impl Scraper<'_> {
        fn create_series(&mut self) {
            self.created += 1;
            // The label is so long that every few series cause a write.
            let label = format!("{:05000}", self.created);
            self.counter.with(&[&label]).inc_by(self.created);
        }
    }

    impl io::Write for Scraper<'_> {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            if self.created < 1_000 {
                self.create_series();
            }
            self.text.extend_from_slice(piece);
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a"]));
    let mut scraper = Scraper {
        counter: &counter,
        created: 0,
        text: Vec::new(),
    };
    for _ in 0..300 {
        scraper.create_series();
    }
    registry.encode(Format::Text, &mut scraper).unwrap();
    assert!(scraper.created > 300);
    let text = String::from_utf8(scraper.text).unwrap();
    for line in text.lines().filter(|line| line.starts_with("a_total")) {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        let own = labels
            .trim_start_matches("a_total{a=\"")
            .trim_end_matches("\"}");
        let own: u64 = own.parse().unwrap();
        assert_eq!(value, own.to_string());
    }
}

/// The series of the owner threads exist throughout, while another thread creates and removes
/// series.
#[test]
fn permanent_series_lose_nothing_while_others_come_and_go() {
    metrics! {
        /// Recordings.
        #[max_series(64)]
        static OWNED: Counter<(owner: &str, key: &str)> = "series_owned_total";
        /// Recordings.
        #[max_series(64)]
        static OWNED_HISTOGRAM: Histogram<(owner: &str, key: &str)> = "series_owned_histogram";
    }
    let done = AtomicBool::new(false);
    let keys = [
        "a",
        "b",
        "c",
        "a longer key, which continues in another entry of the index",
    ];
    thread::scope(|scope| {
        let owners: Vec<_> = ["1", "2", "3", "4"]
            .map(|owner| {
                scope.spawn(move || {
                    for at in 0..20_000 {
                        OWNED.with(owner, keys[at % 4]).inc();
                        OWNED_HISTOGRAM.with(owner, keys[at % 4]).observe(1.0);
                    }
                })
            })
            .into();
        scope.spawn(|| {
            for at in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let key = format!("{at}, sometimes long: {}", "x".repeat(at % 100));
                OWNED.with("churner", &key).inc_by(1_000_000);
                OWNED_HISTOGRAM.with("churner", &key).observe(1e6);
                if at % 3 == 0 {
                    OWNED.retain(|labels| labels.get("owner").as_deref() != Some("churner"));
                    let of = |owner| OWNED_HISTOGRAM.remove(owner, &key);
                    of("churner");
                } else {
                    OWNED.remove("churner", &key);
                    OWNED_HISTOGRAM.remove("churner", &key);
                }
            }
        });
        for owner in owners {
            owner.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    for owner in ["1", "2", "3", "4"] {
        for key in keys {
            assert_eq!(OWNED.with(owner, key).get(), 5_000, "{owner} {key}");
            let state = OWNED_HISTOGRAM.with(owner, key).get();
            assert_eq!((state.count, state.sum), (5_000, 5_000.0), "{owner} {key}");
        }
    }
}

#[test]
fn a_removed_series_never_returns_with_its_old_value() {
    metrics! {
        /// Recordings.
        static BACK: Counter<(key: &str)> = "series_back_total";
    }
    let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    begun.fetch_add(1, Ordering::SeqCst);
                    BACK.with("a").inc();
                    ended.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let _done = Done(&done);
        for _ in 0..20_000 {
            let ended = ended.load(Ordering::SeqCst);
            BACK.remove("a");
            let value = BACK.with("a").get();
            let since = begun.load(Ordering::SeqCst) - ended;
            assert!(value <= since, "{value} of {since} since it was removed");
        }
    });
}

/// A thread caches up to 128 series of a metric. The test uses fewer and more.
#[test]
fn a_thread_finds_every_series_whether_its_cache_is_full_or_not() {
    metrics! {
        /// Recordings.
        static TOUCHED: Counter<(text: &str)> = "series_touched_total";
    }
    for width in [3, 100, 140, 1_000] {
        // A thread that needs more series than it can cache stops caching for good, so each width
        // gets its own thread.
        let recording = move || {
            let mut random = Xorshift(0x2545_f491_4f6c_dd1d ^ width);
            let mut expected = BTreeMap::new();
            for _ in 0..40_000 {
                let text = format!("{width}-{}", random.below(width));
                if random.below(50) == 0 {
                    assert_eq!(TOUCHED.remove(&text), expected.remove(&text).is_some());
                } else {
                    TOUCHED.with(&text).inc();
                    *expected.entry(text).or_insert(0) += 1;
                }
            }
            for (text, times) in expected {
                assert_eq!(TOUCHED.with(&text).get(), times, "{text}");
            }
        };
        thread::spawn(recording)
            .join()
            .expect("every series is found");
    }
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

#[test]
fn two_threads_that_set_an_info_leave_one_series() {
    metrics! {
        /// Recordings.
        static BOTH: Info<(by: &str)> = "series_both_info";
    }
    for _ in 0..5_000 {
        thread::scope(|scope| {
            scope.spawn(|| BOTH.set("a"));
            BOTH.set("b");
        });
        let mut text = Vec::new();
        let wanted = |name: &str| name == "series_both_info";
        let registry = Registry::global();
        registry
            .encode_filtered(Format::Text, &mut text, wanted)
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("\nseries_both_info{").count(), 1, "{text}");
    }
}
