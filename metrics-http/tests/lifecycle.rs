//! Tests of starting and stopping a server.

mod support;

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use metrics_core::{Gauge, Options};
use metrics_http::{Server, serve};

use support::{
    OTHER_LOOPBACK, Reply, Shop, Warehouse, begin_scrape, connect, get, registry, serving, shop,
};

#[test]
fn one_call_serves_the_global_registry() {
    let server = serve("127.0.0.1:0").unwrap();
    let reply = get(&server, "/metrics");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("build_info{"));
}

#[test]
fn a_port_in_use_is_an_error_that_says_so() {
    let server = shop();
    let address = server.local_addr();
    let error = serving(Shop).serve(address).unwrap_err();
    let expected = format!("cannot listen on {address}: address in use; ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn an_address_without_an_interface_is_an_error_that_says_so() {
    let error = serving(Shop).serve("192.0.2.1:9464").unwrap_err();
    let expected = "cannot listen on 192.0.2.1:9464: address not available; ";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_malformed_address_is_an_error_with_an_example() {
    for address in ["", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:99999"] {
        let error = serve(address).unwrap_err().to_string();
        assert!(error.contains("write `host:port`"), "{address}: {error}");
    }
    let error = serve(&[][..]).unwrap_err().to_string();
    assert!(error.contains("write `host:port`"), "{error}");
}

#[test]
fn the_debug_output_of_an_error_is_readable_text() {
    let error = serve("127.0.0.1").unwrap_err();
    assert!(format!("{error:?}").starts_with(&error.to_string()));
}

#[test]
fn a_clash_of_declarations_is_an_error() {
    let registry = registry(Shop);
    let other = registry.create::<Gauge>(Options::new("orders_waiting", "Orders to be packed."));
    let started = Server::builder()
        .registry(registry)
        .process_metrics(false)
        .serve("127.0.0.1:0");
    let error = match (other, started) {
        (Err(error), _) => error.to_string(),
        (_, Err(error)) => error.to_string(),
        (Ok(_), Ok(_)) => panic!("a gauge shares the family of a collector"),
    };
    assert!(error.contains("orders_waiting"), "{error}");
}

#[test]
fn an_invalid_path_is_an_error_that_names_it() {
    for path in ["metrics", "", "/a b", "/{x}", "/x?y"] {
        let error = serving(Shop).path(path).serve("127.0.0.1:0").unwrap_err();
        assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
    }
}

#[test]
fn an_invalid_label_is_an_error() {
    let error = serving(Shop)
        .target_info([("service.name", "shop")])
        .serve("127.0.0.1:0")
        .unwrap_err();
    assert!(error.to_string().contains("`service.name`"), "{error}");
}

#[test]
fn a_server_accepts_an_open_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serving(Shop).listener(listener).start().unwrap();
    assert_eq!(server.local_addr(), address);
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn shutdown_frees_the_port() {
    let mut server = serving(Shop).serve(OTHER_LOOPBACK).unwrap();
    let address = server.local_addr();
    for _ in 0..5 {
        assert_eq!(get(&server, "/metrics").status, 200);
        server.shutdown();
        assert!(TcpStream::connect(address).is_err());
        server = serving(Shop).serve(address).unwrap();
    }
}

#[test]
fn shutdown_does_not_wait_for_idle_connections() {
    let server = serving(Shop)
        .shutdown_timeout(support::TIMEOUT)
        .serve("127.0.0.1:0")
        .unwrap();
    let mut asked = connect(server.local_addr());
    asked
        .write_all(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    std::io::Read::read_exact(&mut asked, &mut [0; 9]).unwrap();
    let _silent = connect(server.local_addr());
    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < support::TIMEOUT);
}

#[test]
fn shutdown_waits_for_a_scrape_in_progress() {
    let server = serving(Warehouse)
        .shutdown_timeout(support::TIMEOUT)
        .serve("127.0.0.1:0")
        .unwrap();
    let address = server.local_addr();
    let scrape = begin_scrape(address);
    let stopping = thread::spawn(|| server.shutdown());
    // The listener is closed already while the scrape still runs.
    support::eventually("the port is closed", || {
        TcpStream::connect(address).is_err()
    });
    let reply = Reply::finish(scrape);
    assert!(reply.complete);
    let shelves = reply.text().matches("\nstock_pieces{").count();
    assert_eq!(shelves, support::SHELVES);
    stopping.join().unwrap();
}

#[test]
fn shutdown_waits_no_longer_than_its_timeout() {
    let server = serving(Warehouse)
        .shutdown_timeout(Duration::from_millis(50))
        .serve("127.0.0.1:0")
        .unwrap();
    let scrape = begin_scrape(server.local_addr());
    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < support::TIMEOUT);
    assert!(!Reply::finish(scrape).complete);
}

#[test]
fn dropping_the_handle_does_not_stop_the_server() {
    let server = shop();
    let address = server.local_addr();
    drop(server);
    let reply = support::ask(address, "GET /metrics HTTP/1.1\r\n");
    assert_eq!(reply.status, 200);
}

#[test]
fn a_server_starts_and_stops_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = shop();
        assert_eq!(get(&server, "/metrics").status, 200);
        server.shutdown();
    });
}
