//! Tests of scrape coalescing: identical scrapes at the same time share one encoding.

mod support;

use std::{io::Write, net::TcpStream, sync::Arc, time::Duration};

use metrics_http::Server;
use support::{
    Reply, Warehouse, connect, eventually, gate::Gate, get, registry, serving, serving_registry,
};

fn server(gate: &Gate) -> Server {
    serving(gate.clone())
        .max_concurrent_scrapes(2)
        .serve("127.0.0.1:0")
        .unwrap()
}

/// Sends a request; returns when the server has received it.
///
/// The server handles connections in order, so a response on a later connection proves that.
fn ask(server: &Server, lines: &str) -> TcpStream {
    let mut stream = connect(server.local_addr());
    let head = format!("{lines}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(get(server, "/nothing").status, 404);
    stream
}

const SAME: &str = "GET /metrics HTTP/1.1";

#[test]
fn identical_concurrent_scrapes_are_encoded_once() {
    let gate = Gate::default();
    let server = server(&gate);
    let scrapes: Vec<_> = (0..10).map(|_| ask(&server, SAME)).collect();
    eventually("it is calls", || gate.calls() == 1);
    gate.open();
    for scrape in scrapes {
        let reply = Reply::read(scrape);
        assert_eq!((reply.status, reply.complete), (200, true));
        assert!(reply.text().contains("gate_calls 1\n"), "{}", reply.text());
    }
    assert_eq!(gate.calls(), 1);
}

#[test]
fn different_concurrent_scrapes_are_encoded_separately() {
    let gate = Gate::default();
    let server = server(&gate);
    let plain = ask(&server, SAME);
    let other = ask(
        &server,
        "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text",
    );
    gate.open();
    assert!(!Reply::read(plain).text().ends_with("# EOF\n"));
    assert!(Reply::read(other).text().ends_with("# EOF\n"));
}

#[test]
fn a_later_scrape_is_encoded_again() {
    let gate = Gate::default();
    gate.open();
    let server = server(&gate);
    for calls in 1..4 {
        let reply = get(&server, "/metrics");
        assert!(reply.text().contains(&format!("gate_calls {calls}\n")));
    }
}

#[test]
fn another_scrape_leads_if_the_leader_disconnects() {
    let gate = Gate::default();
    let server = server(&gate);
    let first = ask(&server, SAME);
    let second = ask(&server, SAME);
    eventually("it is calls", || gate.calls() == 1);
    drop(first);
    // The server has noticed the disconnection once it has answered another client.
    assert_eq!(get(&server, "/nothing").status, 404);
    gate.open();
    let reply = Reply::read(second);
    assert_eq!((reply.status, reply.complete), (200, true));
    assert!(reply.text().contains("gate_calls "));
}

#[test]
fn a_stalled_leader_does_not_delay_its_followers() {
    let gate = Gate::default();
    let registry = registry(gate.clone());
    registry.register(Arc::new(Warehouse)).unwrap();
    let server = serving_registry(registry)
        .client_timeout(Duration::from_mins(5))
        .serve("127.0.0.1:0")
        .unwrap();
    let idle = ask(&server, SAME);
    let second = ask(&server, SAME);
    gate.open();
    assert!(Reply::read(second).complete);
    drop(idle);
}
