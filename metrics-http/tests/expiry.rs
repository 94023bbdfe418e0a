//! Tests that idle series leave the exposition after a scrape, push or file has delivered their
//! last value, and not before.

mod support;

use std::{
    fs,
    io::{Read, Write},
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics_core::{__private::advance, CollectorExpiry, DeliveredSeries};
use metrics_http::{
    Collection, Collector, Counter, Desc, DynamicFamily, Gauge, Kind, Options, Registry, Server,
    write_textfile_from,
};
use support::{Reply, connect, eventually, get, get_with, serving};

/// A counter `peer_total`, whose series expire.
struct Peers {
    registry: Registry,
    sent: DynamicFamily<Counter>,
    /// Serialises the tests, which share one clock.
    _alone: MutexGuard<'static, ()>,
}

impl Peers {
    fn new() -> Peers {
        static ONE: Mutex<()> = Mutex::new(());
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = Registry::new();
        let options = Options::new("peer_total", "Sent.").labels(["peer"]);
        let sent = registry.create_family(options.expire(EXPIRY)).unwrap();
        Peers {
            registry,
            sent,
            _alone: alone,
        }
    }

    /// A registry with a series that has been idle for its expiry time.
    fn idle() -> Peers {
        let peers = Peers::new();
        peers.sent.with(&["a"]).inc_by(5);
        peers.registry.gather();
        advance(EXPIRY);
        peers
    }
}

#[test]
fn an_idle_series_leaves_after_a_textfile_with_it_was_renamed_into_place() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::idle();
    // A folder at the path of the textfile makes the rename fail.
    let path = folder.path().join("a.prom");
    fs::create_dir_all(path.join("b")).unwrap();
    for _ in 0..2 {
        write_textfile_from(&peers.registry, &path).unwrap_err();
    }
    fs::remove_dir_all(&path).unwrap();
    let write = || {
        write_textfile_from(&peers.registry, &path).unwrap();
        fs::read_to_string(&path).unwrap()
    };
    assert!(write().contains("peer_total{peer=\"a\"} 5\n"));
    assert!(!write().contains("peer=\"a\""));
}

impl Peers {
    fn serve(&self) -> Server {
        let server = Server::builder().registry(self.registry.clone());
        let server = server.process_metrics(false).build_info(false);
        server.serve("127.0.0.1:0").unwrap()
    }
}

/// Scrapes as the scraper with this `User-Agent`; returns whether the peer `a` has a series.
fn scrape(server: &Server, name: &str) -> bool {
    let reply = get_with(server, "/metrics", &format!("User-Agent: {name}"));
    assert!(reply.complete);
    reply.text().contains("peer=\"a\"")
}

#[test]
fn an_idle_series_leaves_after_a_scrape_with_it_was_read_to_its_end() {
    let peers = Peers::idle();
    // Makes the exposition larger than the buffers of a connection.
    let options = Options::new("filler", "Fills.").labels(["key"]);
    let filler: DynamicFamily<Gauge> = peers.registry.create_family(options).unwrap();
    let long = "x".repeat(1_000);
    for at in 0..9_000 {
        filler.with(&[&format!("{long}{at}")]).set(1);
    }
    let server = peers.serve();
    for _ in 0..2 {
        let mut stream = connect(server.local_addr());
        let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 9]).unwrap();
        drop(stream);
    }
    assert!(scrape(&server, "a"));
    assert!(!scrape(&server, "a"));
}

#[test]
fn a_scraper_with_a_longer_interval_gets_the_last_value() {
    let peers = Peers::new();
    let server = peers.serve();
    scrape(&server, "slow");
    peers.sent.with(&["a"]).inc();
    for _ in 0..3 {
        assert!(scrape(&server, "fast"));
        advance(EXPIRY);
    }
    assert!(scrape(&server, "slow"));
    assert!(!scrape(&server, "fast") && !scrape(&server, "slow"));
}

#[test]
fn a_scraper_and_a_textfile_both_get_the_last_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.prom");
    let peers = Peers::new();
    let server = peers.serve();
    let write = || {
        write_textfile_from(&peers.registry, &path).unwrap();
        fs::read_to_string(&path).unwrap().contains("peer=\"a\"")
    };
    peers.sent.with(&["a"]).inc();
    assert!(write() && scrape(&server, "a"));
    peers.sent.with(&["a"]).inc();
    assert!(scrape(&server, "a"));
    assert!(write());
    advance(EXPIRY);
    assert!(write());
    // The server confirms a scrape on another thread.
    eventually("the textfile lacks the series", || !write());
    assert!(!scrape(&server, "a"));
}

/// A collector of a series that expires, whose expiry blocks until the test opens it.
#[derive(Clone, Default)]
struct SlowExpiry(Arc<(Mutex<bool>, Condvar)>);

impl Collector for SlowExpiry {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "peers", "Peers.")];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.descs()[0], &[], 1.0);
    }

    fn expiry(&self) -> Option<&CollectorExpiry> {
        static EXPIRY_OF_SERIES: LazyLock<CollectorExpiry> =
            LazyLock::new(|| CollectorExpiry::after(EXPIRY));
        Some(&EXPIRY_OF_SERIES)
    }

    fn expire(&self, _: DeliveredSeries) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |open| !*open).unwrap());
    }
}

#[test]
fn series_that_expire_slowly_do_not_delay_other_requests() {
    let slow = SlowExpiry::default();
    let server = serving(slow.clone()).serve("127.0.0.1:0").unwrap();
    assert_eq!(get(&server, "/metrics").status, 200);
    for _ in 0..3 {
        assert_eq!(get(&server, "/-/healthy").status, 200);
    }
    *slow.0.0.lock().unwrap() = true;
    slow.0.1.notify_all();
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn a_scrape_on_a_connection_that_stays_open_is_delivered_when_it_is_written() {
    let peers = Peers::idle();
    let server = peers.serve();
    let mut stream = connect(server.local_addr());
    let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut raw = Vec::new();
    stream.write_all(head.as_bytes()).unwrap();
    eventually("the end of the body", || {
        let mut buffer = [0; 4096];
        let len = stream.read(&mut buffer).unwrap();
        raw.extend_from_slice(&buffer[..len]);
        Reply::parse(&raw).complete
    });
    assert!(Reply::parse(&raw).text().contains("peer=\"a\""));
    assert!(!scrape(&server, "a"));
}

#[cfg(feature = "push")]
mod pushed {
    use metrics_http::PushGateway;

    use super::{
        Peers,
        support::receiver::{Answer, Receiver, Request},
    };

    #[test]
    fn an_idle_series_leaves_after_a_push_with_it_was_accepted() {
        let receiver = Receiver::new();
        let peers = Peers::idle();
        let gateway = PushGateway::new(receiver.url(), "job").registry(peers.registry.clone());
        receiver.answer([Answer::status(500), Answer::HangUp, Answer::status(400)]);
        for _ in 0..3 {
            gateway.push().unwrap_err();
        }
        gateway.push().unwrap();
        gateway.push().unwrap();
        let requests = receiver.requests();
        let contain = |peer| {
            let bodies = requests.iter().map(Request::text);
            bodies.map(|body| body.contains(peer)).collect::<Vec<_>>()
        };
        assert_eq!(contain("{peer=\"a\"} 5\n"), [true, true, true, true, false]);
    }
}

#[cfg(feature = "remote-write")]
mod written {
    use std::{collections::BTreeSet, time::Duration};

    use metrics_core::__private::{advance, end_grace};
    use metrics_http::{Pusher, RemoteWrite};

    use super::{
        EXPIRY, Peers,
        support::{
            receiver::{Answer, Receiver, Request},
            written::{Written, accept},
        },
    };

    fn write(receiver: &Receiver, peers: &Peers) -> Pusher {
        let url = format!("{}/api/v1/write", receiver.url());
        let write = RemoteWrite::new(url, "job").registry(peers.registry.clone());
        write.push_every(Duration::from_millis(5), drop).unwrap()
    }

    /// The peers with a sample that `is_sought` in the accepted requests.
    fn peers_with(requests: &[Request], is_sought: fn(f64) -> bool) -> BTreeSet<String> {
        let accepted = requests.iter().filter(|one| one.status == Some(204));
        let series = accepted.flat_map(|one| Written::of(one).series);
        let sought = series.filter(|series| series.samples.iter().any(|at| is_sought(at.value)));
        let peers = sought.filter_map(|series| series.labels.get("peer").cloned());
        peers.collect()
    }

    fn is_stale_marker(value: f64) -> bool {
        value.to_bits() == 0x7ff0_0000_0000_0002
    }

    #[test]
    fn remote_write_alone_ends_idle_series_with_a_stale_marker_and_makes_room() {
        let receiver = Receiver::new();
        receiver.answer_all(accept());
        let peers = Peers::new();
        peers.registry.max_series(2);
        let pusher = write(&receiver, &peers);
        for round in 0..4 {
            let names = ["a", "b"].map(|name| format!("{name}{round}"));
            for name in &names {
                peers.sent.with(&[name]).inc();
            }
            let have = |requests: &[Request], sought| {
                let have = peers_with(requests, sought);
                names.iter().all(|name| have.contains(name))
            };
            receiver.wait_until(|requests| have(requests, |value| value > 0.0));
            advance(EXPIRY);
            receiver.wait_until(|requests| have(requests, is_stale_marker));
            // Two further gatherings remove the series.
            end_grace();
            let now = receiver.requests().len();
            receiver.wait_for(now + 4);
        }
        pusher.shutdown().unwrap();
        let all = peers_with(&receiver.requests(), |_| true);
        assert!(!all.contains("overflow"), "{all:?}");
    }

    #[test]
    fn an_idle_series_stays_while_the_server_is_away() {
        let receiver = Receiver::new();
        receiver.answer_all(Answer::status(503));
        let peers = Peers::idle();
        let pusher = write(&receiver, &peers);
        receiver.wait_for(3);
        assert!(!peers.registry.gather()[0].metrics.is_empty());
        receiver.answer_all(accept());
        receiver.wait_until(|requests| peers_with(requests, |value| value > 0.0).len() == 1);
        receiver.wait_until(|requests| peers_with(requests, is_stale_marker).len() == 1);
        pusher.shutdown().unwrap();
    }
}

const EXPIRY: Duration = Duration::from_secs(10);
