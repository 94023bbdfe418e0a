//! Tests of the metrics of a server about its scrapes.

mod support;

use std::{io::Write, sync::Arc, time::Duration};

use metrics_http::{Registry, Server, ServerBuilder};
use support::{Reply, begin_scrape, connect, eventually, gate::Gate, get, large_registry};

fn start(builder: ServerBuilder) -> Server {
    builder.serve("127.0.0.1:0").unwrap()
}

/// The value of a sample without labels.
fn sample(server: &Server, name: &str) -> usize {
    sample_unless_rejected(server, name).unwrap()
}

/// The value of a sample without labels; `None` if too many scrapes are in progress.
fn sample_unless_rejected(server: &Server, name: &str) -> Option<usize> {
    let reply = get(server, &format!("/metrics?name[]={name}"));
    if reply.status == 503 {
        return None;
    }
    let found = reply
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Some(found.unwrap().parse().unwrap())
}

#[test]
fn each_exposition_is_counted_once_it_has_been_sent() {
    let gate = Gate::default();
    let registry = Registry::new();
    registry.register(Arc::new(gate.clone())).unwrap();
    let server = start(Server::builder().registry(registry).process_metrics(false));
    // Three scrapes that share one encoding.
    let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let scrapes = [(); 3].map(|()| {
        let mut stream = connect(server.local_addr());
        stream.write_all(head.as_bytes()).unwrap();
        stream
    });
    eventually("the scrapes have begun", || {
        sample(&server, "metrics_http_scrapes_in_progress") == 4
    });
    let before = sample(&server, "metrics_http_exposition_bytes_total");
    gate.open();
    let sizes = scrapes.map(|scrape| Reply::read(scrape).body.len());
    let own = format!(
        "# HELP metrics_http_exposition_bytes_total Bytes of expositions sent, after compression.\n\
         # TYPE metrics_http_exposition_bytes_total counter\n\
         metrics_http_exposition_bytes_total {before}\n"
    );
    let after = sample(&server, "metrics_http_exposition_bytes_total");
    let sent = sizes.iter().sum::<usize>() + own.len();
    assert_eq!(after - before, sent);
    assert_eq!(sample(&server, "metrics_http_scrapes_in_progress"), 1);
}

#[test]
fn no_scrape_stays_in_progress_however_it_ended() {
    let gate = Gate::default();
    let registry = large_registry(5_000, 4_000);
    registry.register(Arc::new(gate.clone())).unwrap();
    let server = Server::builder()
        .registry(registry)
        .process_metrics(false)
        .max_concurrent_scrapes(1)
        .max_queued_scrapes(1)
        .scrape_timeout(Duration::from_secs(5));
    let server = start(server);
    let ask = |head: &str| {
        let mut stream = connect(server.local_addr());
        let head = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let encoding = ask("GET /metrics?name[]=gate_calls HTTP/1.1");
    eventually("the collector runs", || gate.calls() == 1);
    // One waits, one of the others is rejected; then all disconnect but one.
    let others = ["filler", "filler&name[]=a", "filler&name[]=b"];
    let others = others.map(|name| ask(&format!("GET /metrics?name[]={name} HTTP/1.1")));
    drop(encoding);
    gate.open();
    let stalled = begin_scrape(server.local_addr());
    drop(others);
    assert_eq!(Reply::read(ask("HEAD /metrics HTTP/1.1")).status, 200);
    drop(stalled);
    // The server may notice late that the others have disconnected, and reject the first samples.
    eventually("only the scrape that asks is in progress", || {
        sample_unless_rejected(&server, "metrics_http_scrapes_in_progress") == Some(1)
    });
}
