//! Tests of settings of scrapes: what failing collectors lead to, and which formats and
//! compressions are offered.

mod support;

use std::{
    io::Write,
    sync::mpsc::{self, Receiver},
};

use metrics_http::{
    Collection, Collector, Desc, ErrorHandling, EventCause, Format, Kind, Registry, Server,
    ServerBuilder,
};
use support::{Reply, Shop, TIMEOUT, connect, gate::Gate, get, get_with, serving};

/// A collector that panics.
struct Broken;

static BROKEN: [Desc; 1] = [Desc::new(Kind::Gauge, "broken_value", "Never written.")];

impl Collector for Broken {
    fn descs(&self) -> &[Desc] {
        &BROKEN
    }

    fn collect(&self, _: &mut Collection<'_>) {
        panic!("the collector fails");
    }
}

/// Serves `orders_total` and a collector with this error handling, and returns the events.
fn serve_with(
    collector: impl Collector,
    handling: ErrorHandling,
) -> (Server, Receiver<(EventCause, String)>) {
    let (sender, events) = mpsc::channel();
    let registry = support::registry(Shop);
    registry.collector_timeout(TIMEOUT);
    registry.register(std::sync::Arc::new(collector)).unwrap();
    let server = support::serving_registry(registry)
        .error_handling(handling)
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        });
    (server.serve("127.0.0.1:0").unwrap(), events)
}

#[test]
fn a_panicking_collector_is_left_out_and_reported() {
    let (server, events) = serve_with(Broken, ErrorHandling::Continue);
    let reply = get(&server, "/metrics");
    assert_eq!((reply.status, reply.complete), (200, true));
    assert!(reply.text().contains("orders_waiting 2\n"));
    let (cause, text) = events.recv().unwrap();
    assert_eq!(cause, EventCause::Collector);
    assert_eq!(text, "the collector of `broken_value` panicked");
    assert!(events.try_recv().is_err());
}

#[test]
fn a_panicking_collector_can_be_an_error_of_the_scrape() {
    let (server, events) = serve_with(Broken, ErrorHandling::HttpError);
    let reply = get(&server, "/metrics");
    assert_eq!(reply.status, 500);
    let text = "the metrics are incomplete:\nthe collector of `broken_value` panicked\n";
    assert_eq!(reply.text(), text);
    assert_eq!(events.recv().unwrap().0, EventCause::Collector);
    // Its families are not selected.
    assert_eq!(get(&server, "/metrics?name[]=orders_waiting").status, 200);
}

#[test]
fn a_hanging_collector_can_be_an_error_of_the_scrape() {
    let gate = Gate::default();
    let (server, events) = serve_with(gate.clone(), ErrorHandling::HttpError);
    let timeout = "X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n";
    let reply = get_with(&server, "/metrics", timeout);
    assert_eq!(reply.status, 500);
    let failure = "the collector of `gate_calls` did not return within the timeout of this scrape";
    assert!(reply.text().contains(failure), "{}", reply.text());
    let (cause, text) = events.recv().unwrap();
    assert_eq!(cause, EventCause::ScrapeTimeout);
    assert_eq!(text, format!("{failure} (client 127.0.0.1)"));
    gate.open();
}

#[test]
fn scrapes_that_share_an_encoding_share_its_error() {
    let gate = Gate::default();
    let (server, _events) = serve_with(gate.clone(), ErrorHandling::HttpError);
    let timeout = "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n";
    let head =
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{timeout}\r\n");
    let scrapes = [(); 3].map(|()| {
        let mut stream = connect(server.local_addr());
        stream.write_all(head.as_bytes()).unwrap();
        stream
    });
    for scrape in scrapes {
        let reply = Reply::read(scrape);
        assert_eq!(reply.status, 500);
        assert!(reply.text().contains("`gate_calls`"), "{}", reply.text());
    }
    assert_eq!(gate.calls(), 1);
    gate.open();
}

#[test]
fn a_scrape_whose_collectors_succeed_is_answered_whatever_the_error_handling_is() {
    let gate = Gate::default();
    gate.open();
    let (server, _events) = serve_with(gate, ErrorHandling::HttpError);
    let reply = get(&server, "/metrics");
    assert_eq!((reply.status, reply.complete), (200, true));
    assert!(reply.text().contains("gate_calls 1\n"));
}

fn start(builder: ServerBuilder) -> Server {
    builder.serve("127.0.0.1:0").unwrap()
}

fn content_type(server: &Server, accept: &str) -> String {
    let reply = get_with(server, "/metrics", &format!("Accept: {accept}\r\n"));
    assert_eq!(reply.status, 200);
    reply.header("content-type").unwrap().to_owned()
}

#[test]
fn a_format_that_is_not_offered_is_not_served() {
    let server = start(serving(Shop).formats([Format::Text]));
    for accept in [
        "application/openmetrics-text",
        "text/plain;version=1.0.0",
        "*/*",
    ] {
        let found = content_type(&server, accept);
        assert_eq!(
            found, "text/plain; version=0.0.4; charset=utf-8",
            "{accept}"
        );
    }
}

#[test]
fn the_first_format_is_served_to_a_client_that_accepts_none() {
    let server = start(serving(Shop).formats([Format::OpenMetrics, Format::Text]));
    for accept in ["image/png", "*/*"] {
        let found = content_type(&server, accept);
        assert!(found.starts_with("application/openmetrics-text"), "{found}");
    }
    assert!(content_type(&server, "text/plain").starts_with("text/plain"));
}

#[test]
fn no_formats_are_an_error() {
    let error = serving(Shop).formats([]).serve("127.0.0.1:0").unwrap_err();
    assert!(
        error.to_string().contains("`formats` has no format"),
        "{error}"
    );
}

#[cfg(feature = "gzip")]
#[test]
fn a_compression_that_is_not_offered_is_not_used() {
    use metrics_http::Compression;

    let coding = |server: &Server, accepted: &str| {
        let header = format!("Accept-Encoding: {accepted}\r\n");
        let reply = get_with(server, "/metrics", &header);
        reply.header("content-encoding").map(str::to_owned)
    };
    let none = start(serving(Shop).compression([]));
    assert_eq!(coding(&none, "gzip, zstd"), None);
    let gzip = start(serving(Shop).compression([Compression::Gzip]));
    assert_eq!(coding(&gzip, "zstd").as_deref(), None);
    assert_eq!(coding(&gzip, "gzip, zstd").as_deref(), Some("gzip"));
}

#[cfg(target_os = "linux")]
#[test]
fn responses_have_the_start_time_of_the_process() {
    let server = start(Server::builder().registry(Registry::new()));
    let reply = get(&server, "/metrics");
    let header: u64 = reply
        .header("process-start-time-unix")
        .unwrap()
        .parse()
        .unwrap();
    let lines = &mut reply.text().lines();
    let sample = lines.find_map(|line| line.strip_prefix("process_start_time_seconds "));
    assert_eq!(header, sample.unwrap().parse::<f64>().unwrap() as u64);
    let without = get(&start(serving(Shop)), "/metrics");
    assert_eq!(without.header("process-start-time-unix"), None);
}
