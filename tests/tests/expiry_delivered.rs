//! Tests that a series leaves the exposition only after all scrapers, push targets and files have
//! received its last value.

use std::{io, time::Duration};

use metrics_core::{
    Counter, Delivery, DynamicFamily, Format, Gauge, Options, Recipient, Registry, metrics,
    testing::Clock,
};

const EXPIRY: Duration = Duration::from_secs(10);

/// A counter `peer_total` whose series expire.
struct Peers {
    registry: Registry,
    sent: DynamicFamily<Counter>,
    clock: Clock,
}

impl Peers {
    fn new() -> Peers {
        let registry = Registry::new();
        let options = Options::new("peer_total", "Sent.").labels(["peer"]);
        let sent = registry.create_family(options.expire(EXPIRY)).unwrap();
        let clock = Clock::stop();
        Peers {
            registry,
            sent,
            clock,
        }
    }

    /// Encodes an exposition for the recipient `name`; returns whether it has a series of the peer
    /// `a`, and the [`Delivery`], which the caller confirms.
    fn encode(&self, name: &str) -> (bool, Delivery) {
        let mut out = Vec::new();
        let (format, timeout) = (Format::Text, Duration::MAX);
        let delivery =
            self.registry
                .encode_for(Recipient::new(name), format, &mut out, timeout, None);
        let text = String::from_utf8(out).unwrap();
        (text.contains("peer=\"a\""), delivery.unwrap())
    }

    /// Encodes an exposition for the recipient `name` and confirms its delivery; returns whether it
    /// has a series of the peer `a`.
    fn deliver(&self, name: &str) -> bool {
        let (is_there, delivery) = self.encode(name);
        delivery.confirm(Recipient::new(name));
        is_there
    }

    fn gather(&self, name: &str) -> (bool, Delivery) {
        let (families, delivery) = self.registry.gather_for(Recipient::new(name));
        (!families[0].metrics.is_empty(), delivery)
    }
}

#[test]
fn an_exposition_that_is_not_delivered_expires_nothing() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    for _ in 0..5 {
        peers.clock.advance(EXPIRY);
        assert!(peers.encode("gateway").0);
    }
    assert!(peers.deliver("gateway"));
    assert!(!peers.deliver("gateway"));
}

#[test]
fn a_gathering_that_is_delivered_expires_idle_series() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    peers
        .gather("remote write")
        .1
        .confirm(Recipient::new("remote write"));
    peers.clock.advance(EXPIRY);
    let (is_there, delivery) = peers.gather("remote write");
    assert!(is_there);
    assert!(peers.gather("remote write").0);
    delivery.confirm(Recipient::new("remote write"));
    assert!(!peers.gather("remote write").0);
}

#[test]
fn a_series_stays_until_the_slower_of_two_recipients_has_its_last_value() {
    let peers = Peers::new();
    peers.deliver("slow");
    peers.sent.with(&["a"]).inc();
    for _ in 0..20 {
        assert!(peers.deliver("fast"));
        peers.clock.advance(EXPIRY);
    }
    assert!(peers.deliver("slow"), "it has the last value");
    assert!(!peers.deliver("fast"));
    assert!(!peers.deliver("slow"));
}

#[test]
fn a_recipient_that_has_the_last_value_is_not_waited_for() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    peers.deliver("fast");
    peers.deliver("once");
    peers.clock.advance(EXPIRY);
    assert!(peers.deliver("fast"));
    assert!(!peers.deliver("fast"));
}

#[test]
fn a_recipient_is_waited_for_from_its_first_attempt_on() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    let _not_delivered = peers.encode("gateway");
    for _ in 0..10 {
        peers.clock.advance(EXPIRY);
        assert!(peers.deliver("scraper"));
    }
    assert!(peers.deliver("gateway"));
    assert!(!peers.deliver("scraper"));
}

#[test]
fn a_recipient_that_is_gone_keeps_series_for_five_minutes() {
    let peers = Peers::new();
    peers.deliver("gone");
    peers.sent.with(&["a"]).inc();
    peers.deliver("scraper");
    peers.clock.advance(Duration::from_mins(5));
    assert!(peers.deliver("scraper"));
    assert!(peers.deliver("scraper"));
    peers.clock.advance(Duration::from_secs(1));
    assert!(peers.deliver("scraper"));
    assert!(!peers.deliver("scraper"));
}

#[test]
fn failing_attempts_do_not_keep_series_for_ever() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    for _ in 0..31 {
        let _not_delivered = peers.encode("gateway");
        assert!(peers.deliver("scraper"));
        peers.clock.advance(EXPIRY);
    }
    peers.deliver("scraper");
    assert!(!peers.deliver("scraper"));
}

#[test]
fn a_late_confirmation_does_not_count_for_a_later_change() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    let (_, before) = peers.encode("remote write");
    peers.sent.with(&["a"]).inc();
    peers.deliver("scraper");
    before.confirm(Recipient::new("remote write"));
    peers.clock.advance(EXPIRY);
    assert!(peers.deliver("scraper"));
    assert!(peers.deliver("remote write"));
    assert!(!peers.deliver("scraper"));
}

metrics! {
    /// Depth by queue.
    #[expire("10s")]
    static READ: Gauge<(queue: &str)> = "read_depth";
}

/// Asserts that a read does not keep a gauge's series from expiring; `read` reads the series `a`.
fn assert_reading_keeps_nothing(registry: &Registry, set: impl Fn(), read: impl Fn() -> i64) {
    let clock = Clock::stop();
    let is_there = || {
        let text = registry.encode_to_string(Format::Text);
        text.contains("queue=\"a\"")
    };
    set();
    assert!(is_there());
    for _ in 0..2 {
        clock.advance(EXPIRY / 2);
        assert_eq!(read(), 3);
        assert!(is_there());
    }
    assert!(!is_there());
    // Setting a gauge to its current value keeps the series from expiring.
    set();
    for _ in 0..5 {
        clock.advance(EXPIRY / 2);
        set();
        assert!(is_there());
    }
}

#[test]
fn reading_a_gauge_does_not_keep_its_series() {
    let (set, read) = (|| READ.with("a").set(3), || READ.with("a").get());
    assert_reading_keeps_nothing(Registry::global(), set, read);
    let registry = Registry::new();
    let options = Options::new("depth", "Depth.").labels(["queue"]);
    let depth: DynamicFamily<Gauge> = registry.create_family(options.expire(EXPIRY)).unwrap();
    let (set, read) = (|| depth.with(&["a"]).set(3), || depth.with(&["a"]).get());
    assert_reading_keeps_nothing(&registry, set, read);
}

#[test]
fn encodings_by_the_program_are_delivered_when_they_return() {
    let peers = Peers::new();
    peers.sent.with(&["a"]).inc();
    let encoded = || peers.registry.encode_to_string(Format::Text);
    assert!(encoded().contains("peer=\"a\""));
    peers.clock.advance(EXPIRY);
    let mut failing: &mut [u8] = &mut [];
    let failed = peers.registry.encode(Format::Text, &mut failing);
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::WriteZero);
    assert!(encoded().contains("peer=\"a\""));
    assert!(!encoded().contains("peer=\"a\""));
}

#[test]
fn short_lived_series_find_room_although_many_expire_within_a_minute() {
    let registry = Registry::new();
    let options = Options::new("peer_total", "Sent.").labels(["peer"]);
    let sent = registry
        .create_family::<Counter>(options.expire(EXPIRY).max_series(100))
        .unwrap();
    let clock = Clock::stop();
    for round in 0..50 {
        for peer in 0..60 {
            sent.with(&[&format!("{round}, {peer}")]).inc();
        }
        for _ in 0..2 {
            let text = registry.encode_to_string(Format::Text);
            assert!(!text.contains("overflow"), "in round {round}");
            clock.advance(EXPIRY);
        }
        assert_eq!(registry.gather()[0].metrics, []);
    }
}
