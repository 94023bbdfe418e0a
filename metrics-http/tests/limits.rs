//! Tests of limits on scrapes and clients: a slow or broken client does not affect others.

mod support;

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use metrics_http::{Collection, Collector, Desc, EventCause, Kind, Server};

use support::{
    Shop, TIMEOUT, Warehouse, ask, begin_scrape, connect, eventually, gate::Gate, get, get_with,
    large_registry, read_to_close, registry, serving, serving_registry, shop,
};

#[test]
fn a_client_that_disconnects_releases_its_permit() {
    let server = serving(Warehouse)
        .max_concurrent_scrapes(1)
        .client_timeout(Duration::MAX)
        .scrape_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    for _ in 0..3 {
        drop(begin_scrape(server.local_addr()));
    }
    assert!(get(&server, "/metrics").complete);
}

#[test]
fn a_client_that_disconnects_in_the_queue_takes_no_permit() {
    let server = serving(Warehouse)
        .max_concurrent_scrapes(1)
        .client_timeout(Duration::MAX)
        .scrape_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    let first = begin_scrape(server.local_addr());
    for _ in 0..3 {
        let mut waiting = connect(server.local_addr());
        waiting
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
    }
    drop(first);
    assert!(get(&server, "/metrics").complete);
}

/// Starts a server of a large exposition, and returns the causes of its events.
fn reporting(scrape_timeout: Duration) -> (Server, Receiver<EventCause>) {
    let (sender, events) = mpsc::channel();
    let server = serving_registry(large_registry(5_000, 4_000))
        .client_timeout(Duration::MAX)
        .scrape_timeout(scrape_timeout)
        .on_error(move |event| {
            let _ = sender.send(event.cause());
        });
    (server.serve("127.0.0.1:0").unwrap(), events)
}

/// Reads the rest of a response whose chunks were not read before an event.
#[track_caller]
fn is_aborted(stalled: TcpStream, events: &Receiver<EventCause>) {
    let event = events.recv_timeout(TIMEOUT);
    assert_eq!(event, Ok(EventCause::ExpositionAborted));
    let rest = read_to_close(stalled);
    assert!(!rest.ends_with(b"\r\n0\r\n\r\n"));
}

#[test]
fn a_scrape_is_aborted_after_its_timeout() {
    let (server, events) = reporting(Duration::from_secs(3));
    is_aborted(begin_scrape(server.local_addr()), &events);
}

#[test]
fn the_timeout_of_the_scraper_is_honoured() {
    let (server, events) = reporting(Duration::MAX);
    let mut stalled = connect(server.local_addr());
    stalled
        .write_all(
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\
              X-Prometheus-Scrape-Timeout-Seconds: 2\r\n\r\n",
        )
        .unwrap();
    is_aborted(stalled, &events);
}

#[test]
fn a_stalled_client_is_disconnected() {
    let server = serving(Warehouse)
        .client_timeout(Duration::from_millis(200))
        .shutdown_timeout(TIMEOUT)
        .serve("127.0.0.1:0")
        .unwrap();
    let stalled = begin_scrape(server.local_addr());
    let start = Instant::now();
    // `shutdown` waits for all connections, including the stalled one.
    server.shutdown();
    assert!(start.elapsed() < TIMEOUT);
    drop(stalled);
}

#[test]
fn a_slow_request_times_out_while_other_clients_are_served() {
    let server = serving(Shop)
        .client_timeout(Duration::from_millis(200))
        .serve("127.0.0.1:0")
        .unwrap();
    let mut slow: Vec<_> = (0..50).map(|_| connect(server.local_addr())).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHo").unwrap();
    }
    assert_eq!(get(&server, "/metrics").status, 200);
    for stream in slow {
        let rest = read_to_close(stream);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn a_malformed_request_gets_400() {
    let server = shop();
    for garbage in [
        "\u{16}\u{3}\u{1}\r\n",
        "GET\r\n",
        "GET /metrics HTTP/1.1\r\nno header\r\n",
        "/metrics\r\n",
    ] {
        assert_eq!(ask(server.local_addr(), garbage).status, 400, "{garbage:?}");
    }
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn an_endless_head_is_refused() {
    let server = shop();
    let mut stream = connect(server.local_addr());
    let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nX: ");
    // Ignores an error, because the server may close the connection before it has read everything.
    let _ = stream.write_all(&vec![b'x'; 4 << 20]);
    let response = read_to_close(stream);
    // A reset may discard the response.
    assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 431"));
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn many_concurrent_scrapes_are_all_answered() {
    let server = serving(Shop)
        .max_concurrent_scrapes(2)
        .serve("127.0.0.1:0")
        .unwrap();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| assert!(get(&server, "/metrics").complete));
        }
    });
}

#[test]
fn http_1_0_is_supported() {
    let reply = ask(shop().local_addr(), "GET /metrics HTTP/1.0\r\n");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("orders_waiting 2"));
}

#[test]
fn scrapes_beyond_the_queue_limit_get_503() {
    let gate = Gate::default();
    let (sender, events) = mpsc::channel();
    let server = serving(gate.clone())
        .max_concurrent_scrapes(1)
        .max_queued_scrapes(0)
        .on_error(move |event| {
            let _ = sender.send(event.cause());
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let running = begin_scrape(server.local_addr());
    let reply = get(&server, "/metrics?name[]=nothing");
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(events.recv_timeout(TIMEOUT), Ok(EventCause::ScrapeRejected));
    gate.open();
    drop(running);
    eventually("the place is free", || {
        get(&server, "/metrics").status == 200
    });
}

#[test]
fn the_timeout_of_the_scraper_limits_collectors() {
    struct Hangs(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);

    static DESC: [Desc; 1] = [Desc::new(Kind::Gauge, "hangs", "For ever.")];

    impl Collector for Hangs {
        fn descs(&self) -> &[Desc] {
            &DESC
        }

        fn collect(&self, _: &mut Collection<'_>) {
            let _ = self.0.lock().unwrap().recv();
        }
    }

    let (release, hangs) = std::sync::mpsc::channel();
    let registry = registry(Shop);
    registry.register(Arc::new(Hangs(hangs.into()))).unwrap();
    let server = Server::builder()
        .registry(registry)
        .serve("127.0.0.1:0")
        .unwrap();
    let limit = "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n";
    // The registry has no collector timeout, so the scraper's timeout ends the wait for `Hangs`.
    let reply = get_with(&server, "/metrics", limit);
    assert_eq!((reply.status, reply.complete), (200, true));
    assert!(reply.text().contains("orders_waiting 2"));
    drop(release);
}
