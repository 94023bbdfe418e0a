//! Tests of the server's listeners, its allow-list and its connection limit.

mod support;

use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
};

use metrics_http::{Address, Server};
use support::{OTHER_LOOPBACK, Shop, ask, connect, get, read_to_close, serving};

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

/// Asserts that the server closes the connection of a client without a response to its request.
#[track_caller]
fn assert_not_served(address: SocketAddr) {
    let mut stream = connect(address);
    // Ignores an error, because the server may have closed the connection already.
    let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(String::from_utf8_lossy(&read_to_close(stream)), "");
}

#[test]
fn a_client_from_another_network_is_disconnected_without_a_response() {
    let server = serving(Shop)
        .allow_from(["192.0.2.0/24"])
        .serve("127.0.0.1:0");
    assert_not_served(server.unwrap().local_addr());
}

#[test]
fn a_client_from_another_network_is_disconnected_by_every_listener() {
    let server = serving(Shop)
        .allow_from(["192.0.2.0/24"])
        .bind("127.0.0.1:0")
        .bind("[::1]:0")
        .start()
        .unwrap();
    for address in server.addresses() {
        let Address::Tcp(address) = address else {
            unreachable!("all are TCP")
        };
        assert_not_served(*address);
    }
}

#[test]
fn an_ipv6_client_is_served_if_its_network_is_allowed() {
    let server = serving(Shop)
        .allow_from(["::1/128", "192.0.2.0/24"])
        .serve("[::1]:0");
    assert_eq!(get(&server.unwrap(), "/metrics").status, 200);
}

#[cfg(feature = "tls")]
#[test]
fn a_client_from_another_network_is_disconnected_before_the_handshake() {
    use support::tls::{Authority, Client};

    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let tls = || authority.write_server_files(folder.path());
    let serve = |network| {
        serving(Shop)
            .tls(tls())
            .allow_from([network])
            .serve("127.0.0.1:0")
    };
    let connect = |server: &Server| Client::trusting(&authority).connect(server.local_addr());
    assert!(connect(&serve("127.0.0.0/8").unwrap()).is_ok());
    let strict = serve("192.0.2.0/24").unwrap();
    assert!(connect(&strict).is_err());
    assert_not_served(strict.local_addr());
}

#[test]
fn an_invalid_network_is_an_error_that_names_it() {
    let error = Server::builder()
        .allow_from(["10.0.0.0/99"])
        .serve("127.0.0.1:0");
    assert!(error.unwrap_err().to_string().contains("`10.0.0.0/99`"));
}
