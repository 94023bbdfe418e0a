//! Tests of the server's listeners, its allow-list and its connection limit.

mod support;

use std::{net::TcpListener, time::Duration};

use metrics_http::{Address, Server};
use support::{OTHER_LOOPBACK, Shop, ask, connect, get, serving};

#[test]
fn a_server_listens_on_several_addresses() {
    let server = serving(Shop)
        .bind("127.0.0.1:0")
        .bind("127.0.0.1:0")
        .start()
        .unwrap();
    let [Address::Tcp(first), Address::Tcp(second)] = server.addresses() else {
        panic!("{:?}", server.addresses());
    };
    assert_ne!(first, second);
    for address in [first, second] {
        assert_eq!(ask(*address, "GET /metrics HTTP/1.1\r\n").status, 200);
    }
}

#[test]
fn shutdown_releases_all_ports() {
    let server = serving(Shop)
        .bind(OTHER_LOOPBACK)
        .bind(OTHER_LOOPBACK)
        .start();
    let server = server.unwrap();
    let addresses = server.addresses().to_vec();
    server.shutdown();
    for address in addresses {
        let Address::Tcp(address) = address else {
            unreachable!("there is no other")
        };
        TcpListener::bind(address).unwrap();
    }
}

#[test]
fn a_server_without_listeners_is_an_error() {
    let error = serving(Shop).start().unwrap_err().to_string();
    assert!(error.contains("`bind` or `serve`"), "{error}");
}

#[test]
fn one_unavailable_address_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = serving(Shop)
        .bind("127.0.0.1:0")
        .bind(taken.local_addr().unwrap())
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("address in use"), "{error}");
}

#[test]
fn a_client_from_an_allowed_network_is_served() {
    let server = serving(Shop)
        .allow_from(["127.0.0.0/8"])
        .serve("127.0.0.1:0");
    assert_eq!(get(&server.unwrap(), "/metrics").status, 200);
}

#[test]
fn a_client_from_another_network_is_disconnected_without_a_response() {
    use std::io::Read;

    let server = serving(Shop)
        .allow_from(["192.0.2.0/24"])
        .serve("127.0.0.1:0");
    let mut stream = connect(server.unwrap().local_addr());
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    assert_eq!(response, b"");
}

#[test]
fn an_invalid_network_is_an_error_that_names_it() {
    let error = Server::builder()
        .allow_from(["10.0.0.0/99"])
        .serve("127.0.0.1:0");
    assert!(error.unwrap_err().to_string().contains("`10.0.0.0/99`"));
}

#[test]
fn connections_beyond_the_limit_wait_until_one_is_closed() {
    let server = serving(Shop)
        .max_connections(1)
        .client_timeout(Duration::from_mins(5))
        .serve("127.0.0.1:0")
        .unwrap();
    let idle = connect(server.local_addr());
    let address = server.local_addr();
    let waiting = std::thread::spawn(move || ask(address, "GET /metrics HTTP/1.1\r\n").status);
    drop(idle);
    assert_eq!(waiting.join().unwrap(), 200);
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        io::{Read, Write},
        os::unix::net::{UnixListener, UnixStream},
        path::Path,
    };

    use super::{Address, Shop, serving};
    use crate::support::Reply;

    fn scrape(path: &Path) -> Reply {
        let mut stream = UnixStream::connect(path).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap();
        Reply::parse(&raw)
    }

    #[test]
    fn it_listens_on_a_unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.sock");
        let server = serving(Shop).bind_unix(&path).start().unwrap();
        assert_eq!(server.addresses(), [Address::Unix(path.clone())]);
        assert!(scrape(&path).text().contains("orders_waiting 2"));
        server.shutdown();
        assert!(!path.exists());
    }

    #[test]
    fn it_listens_on_a_socket_and_a_port_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.sock");
        let server = serving(Shop).bind_unix(&path).serve("127.0.0.1:0").unwrap();
        assert_eq!(scrape(&path).status, 200);
        assert_eq!(crate::get(&server, "/metrics").status, 200);
    }

    #[test]
    fn a_socket_that_nobody_listens_on_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _server = serving(Shop).bind_unix(&path).start().unwrap();
        assert_eq!(scrape(&path).status, 200);
    }

    #[test]
    fn a_socket_that_somebody_listens_on_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.sock");
        let _other = UnixListener::bind(&path).unwrap();
        let error = serving(Shop).bind_unix(&path).start().unwrap_err();
        assert!(
            error.to_string().contains("another program listens"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "dear diary").unwrap();
        assert!(serving(Shop).bind_unix(&path).start().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "dear diary");
    }

    #[test]
    fn a_socket_that_is_open_already_can_be_brought_along() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = serving(Shop).unix_listener(listener).start().unwrap();
        assert_eq!(scrape(&path).status, 200);
        server.shutdown();
        assert!(path.exists());
    }
}
