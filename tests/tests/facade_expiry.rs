//! Tests that series that the program records through the facade `metrics` expire when idle.

use std::{sync::Barrier, thread, time::Duration};

use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_core::{Delivery, Format, Recipient, Registry, testing::Clock};
use metrics_http::FacadeRecorder;

const EXPIRY: Duration = Duration::from_secs(10);

/// A recorder whose series expire, in a thread whose clock the test advances.
struct Facade {
    registry: Registry,
    recorder: FacadeRecorder,
    clock: Clock,
}

impl Facade {
    fn new() -> Facade {
        Facade::with_max_series(100)
    }

    fn with_max_series(max: usize) -> Facade {
        let registry = Registry::new();
        let builder = FacadeRecorder::builder().registry(registry.clone());
        Facade {
            recorder: builder.max_series(max).expire(EXPIRY).build().unwrap(),
            registry,
            clock: Clock::stop(),
        }
    }

    fn record<T>(&self, act: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.recorder, act)
    }

    fn count(&self, queue: &'static str) {
        self.record(|| counter!("jobs", "queue" => queue).increment(1));
    }

    /// Encodes an exposition for the recipient `name`; returns its samples, and the [`Delivery`],
    /// which the caller confirms.
    fn encode(&self, name: &str) -> (Vec<String>, Delivery) {
        let mut out = Vec::new();
        let (recipient, timeout) = (Recipient::new(name), Duration::MAX);
        let delivery = self
            .registry
            .encode_for(recipient, Format::Text, &mut out, timeout, None);
        let text = String::from_utf8(out).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        (samples.map(str::to_owned).collect(), delivery.unwrap())
    }

    /// Encodes an exposition for the recipient `name` and confirms its delivery; returns its
    /// samples.
    fn deliver(&self, name: &str) -> Vec<String> {
        let (samples, delivery) = self.encode(name);
        delivery.confirm(Recipient::new(name));
        samples
    }
}

#[test]
fn idle_series_of_every_type_leave_after_a_last_exposition() {
    let facade = Facade::new();
    facade.record(|| {
        counter!("jobs").increment(1);
        gauge!("depth").set(1.0);
        histogram!("took").record(1.0);
    });
    let all = facade.deliver("scraper");
    assert!(all.contains(&"depth 1".to_owned()), "{all:?}");
    facade.clock.advance(EXPIRY);
    assert_eq!(facade.deliver("scraper"), all);
    assert!(facade.deliver("scraper").is_empty());
}

#[test]
fn a_series_stays_until_the_slower_of_two_readers_has_its_last_value() {
    let facade = Facade::new();
    facade.deliver("slow");
    facade.count("mail");
    facade.deliver("slow");
    facade.count("mail");
    let last = [r#"jobs_total{queue="mail"} 2"#];
    for _ in 0..20 {
        assert_eq!(facade.deliver("fast"), last);
        facade.clock.advance(EXPIRY);
    }
    assert_eq!(facade.deliver("slow"), last);
    assert!(facade.deliver("fast").is_empty());
    assert!(facade.deliver("slow").is_empty());
}

#[test]
fn an_exposition_that_is_not_delivered_expires_nothing() {
    let facade = Facade::new();
    facade.count("mail");
    for _ in 0..5 {
        assert_eq!(facade.encode("gateway").0.len(), 1);
        facade.clock.advance(EXPIRY);
    }
    assert_eq!(facade.deliver("gateway").len(), 1);
    assert!(facade.deliver("gateway").is_empty());
}

#[test]
fn a_gauge_that_is_set_to_its_value_stays() {
    let facade = Facade::new();
    for _ in 0..5 {
        facade.record(|| gauge!("depth").set(3.0));
        facade.clock.advance(EXPIRY);
        assert_eq!(facade.deliver("scraper"), ["depth 3"]);
    }
    facade.clock.advance(EXPIRY);
    assert_eq!(facade.deliver("scraper"), ["depth 3"]);
    assert!(facade.deliver("scraper").is_empty());
}

#[test]
fn only_idle_series_leave() {
    let facade = Facade::new();
    facade.count("idle");
    facade.deliver("scraper");
    facade.clock.advance(EXPIRY);
    facade.count("busy");
    assert_eq!(facade.deliver("scraper").len(), 2);
    assert_eq!(facade.deliver("scraper"), [r#"jobs_total{queue="busy"} 1"#]);
}

#[test]
fn a_handle_continues_an_expired_series() {
    let facade = Facade::new();
    let jobs = facade.record(|| counter!("jobs"));
    jobs.increment(3);
    facade.deliver("scraper");
    facade.clock.advance(EXPIRY);
    facade.deliver("scraper");
    assert!(facade.deliver("scraper").is_empty());
    jobs.increment(1);
    assert_eq!(facade.deliver("scraper"), ["jobs_total 4"]);
    facade.record(|| counter!("jobs").increment(1));
    assert_eq!(facade.deliver("scraper"), ["jobs_total 5"]);
}

#[test]
fn an_expired_series_without_a_handle_starts_again_at_zero() {
    let facade = Facade::new();
    for _ in 0..3 {
        facade.count("mail");
        facade.record(|| histogram!("took").record(1.0));
        let samples = facade.deliver("scraper");
        assert!(
            samples.contains(&r#"jobs_total{queue="mail"} 1"#.to_owned()),
            "{samples:?}"
        );
        assert!(samples.contains(&"took_count 1".to_owned()), "{samples:?}");
        facade.clock.advance(EXPIRY);
        facade.deliver("scraper");
        assert!(facade.deliver("scraper").is_empty());
    }
}

#[test]
fn expired_series_make_room_for_new_ones() {
    let facade = Facade::with_max_series(2);
    for round in ["a", "b", "c", "d"] {
        facade.record(|| {
            counter!("jobs", "queue" => format!("{round}1")).increment(1);
            counter!("jobs", "queue" => format!("{round}2")).increment(1);
        });
        let samples = facade.deliver("scraper");
        assert_eq!(samples.len(), 2, "{samples:?}");
        assert!(!samples[0].contains("overflow"), "{samples:?}");
        facade.clock.advance(EXPIRY);
        facade.deliver("scraper");
    }
}

#[test]
fn a_recording_that_races_with_the_expiry_of_its_series_is_exposed() {
    let facade = Facade::new();
    let barrier = Barrier::new(2);
    let recorder = facade.recorder.clone();
    thread::scope(|scope| {
        scope.spawn(|| {
            for value in 1..=ROUNDS {
                barrier.wait();
                with_local_recorder(&recorder, || counter!("jobs").absolute(value));
                barrier.wait();
            }
        });
        for value in 1..=ROUNDS {
            facade.clock.advance(EXPIRY);
            barrier.wait();
            // The recording races with this delivery, which may expire the idle series.
            let meanwhile = facade.deliver("scraper");
            barrier.wait();
            let afterwards = facade.deliver("scraper");
            let sample = format!("jobs_total {value}");
            let is_exposed = meanwhile.contains(&sample) || afterwards.contains(&sample);
            assert!(is_exposed, "{sample}: {meanwhile:?}, {afterwards:?}");
        }
    });
}

#[test]
fn an_expiry_of_zero_is_an_error() {
    let builder = FacadeRecorder::builder().registry(Registry::new());
    let error = builder.expire(Duration::ZERO).build().unwrap_err();
    assert!(error.to_string().contains("above zero"), "{error}");
}

/// Number of rounds in which a recording races with the expiry of its series.
const ROUNDS: u64 = 1_000;
