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
