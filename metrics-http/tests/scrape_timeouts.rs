//! Tests of `X-Prometheus-Scrape-Timeout-Seconds`: the time that one scraper allows changes its own
//! expositions and no others.

mod support;

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use metrics_http::{Collection, Collector, Desc, Kind, Registry, Server};
use support::{Reply, connect, eventually, gate::Gate, get, get_with};

/// Serves a collector, with the self-metrics of the registry and its default collector timeout.
fn serve(collector: impl Collector) -> Server {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.register(std::sync::Arc::new(collector)).unwrap();
    let server = Server::builder().registry(registry);
    let server = server.process_metrics(false).build_info(false);
    server.serve("127.0.0.1:0").unwrap()
}

fn begin(server: &Server, headers: &str) -> TcpStream {
    let mut stream = connect(server.local_addr());
    let head =
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn a_collector_that_misses_a_short_scrape_timeout_is_not_treated_as_hanging() {
    let gate = Gate::default();
    let server = serve(gate.clone());
    let short = get_with(
        &server,
        "/metrics",
        "X-Prometheus-Scrape-Timeout-Seconds: 0.3\r\n",
    );
    assert_eq!((short.status, short.complete), (200, true));
    assert!(!short.text().contains("gate_calls "), "{}", short.text());
    let other = begin(&server, "");
    gate.open();
    let other = Reply::read(other);
    assert!(other.text().contains("gate_calls "), "{}", other.text());
}

#[test]
fn a_collector_that_misses_a_short_scrape_timeout_has_no_error() {
    let gate = Gate::default();
    let server = serve(gate.clone());
    for _ in 0..3 {
        get_with(
            &server,
            "/metrics",
            "X-Prometheus-Scrape-Timeout-Seconds: 0.3\r\n",
        );
    }
    gate.open();
    let text = get(&server, "/metrics").text().to_owned();
    assert!(!text.contains("metrics_collector_errors_total"), "{text}");
}

#[test]
fn a_scrape_shares_no_encoding_that_had_less_time() {
    let gate = Gate::default();
    let server = serve(gate.clone());
    let short = begin(&server, "X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n");
    eventually("the collector runs", || gate.calls() == 1);
    let other = begin(&server, "");
    let short = Reply::read(short);
    assert!(!short.text().contains("gate_calls "), "{}", short.text());
    gate.open();
    let other = Reply::read(other);
    assert!(other.text().contains("gate_calls "), "{}", other.text());
}

/// A collector that takes a while.
struct Slow(Duration);

static SLOW: [Desc; 1] = [Desc::new(Kind::Gauge, "slow", "Takes a while.")];

impl Collector for Slow {
    fn descs(&self) -> &[Desc] {
        &SLOW
    }

    fn collect(&self, out: &mut Collection<'_>) {
        thread::sleep(self.0);
        out.gauge(&SLOW[0], &[], 1.0);
    }
}

#[test]
fn collectors_get_a_minimum_of_time() {
    let server = serve(Slow(Duration::from_millis(20)));
    // Retries, because a busy machine may take longer than the minimum.
    eventually("an exposition with the collector", || {
        let timeout = "X-Prometheus-Scrape-Timeout-Seconds: 0.0001\r\n";
        let reply = get_with(&server, "/metrics", timeout);
        assert_eq!((reply.status, reply.complete), (200, true));
        reply.text().contains("\nslow 1\n")
    });
}

#[test]
fn scrapes_with_minimal_timeouts_in_a_loop_take_nothing_from_others() {
    let server = serve(Slow(Duration::from_millis(300)));
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for loader in 0..3 {
            let (server, ended) = (&server, &ended);
            scope.spawn(move || {
                let path = format!("/metrics?name[]=slow&name[]={loader}");
                let timeout = "X-Prometheus-Scrape-Timeout-Seconds: 0.0001\r\n";
                while !ended.load(Ordering::Relaxed) {
                    get_with(server, &path, timeout);
                }
            });
        }
        let replies: Vec<Reply> = (0..10).map(|_| get(&server, "/metrics")).collect();
        ended.store(true, Ordering::Relaxed);
        for reply in replies {
            let text = reply.text();
            assert!(text.contains("\nslow 1\n"), "{text}");
            assert!(!text.contains("metrics_collector_errors_total"), "{text}");
        }
    });
}
