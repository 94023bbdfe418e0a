//! Tests of logins under attack: wrong passwords do not keep a scraper or a probe from its answer.

mod support;

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_http::Server;
use support::{Shop, TIMEOUT, connect, get, get_with, serving};

fn guarded(cost: u32) -> Server {
    serving(Shop)
        .basic_auth("prometheus", bcrypt::hash("open sesame", cost).unwrap())
        .liveness_check("worker", || Ok(()))
        .serve("127.0.0.1:0")
        .unwrap()
}

fn basic(user: &str, password: &str) -> String {
    let shown = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {shown}")
}

/// Sends a request with a wrong password, which differs for each `number`.
fn guess(mut stream: TcpStream, path: &str, number: usize) -> TcpStream {
    let header = basic("prometheus", &format!("guess {number}"));
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// 100 clients in turn send a wrong password, and disconnect when its check may have begun.
fn hang_up_while_hashing(server: &Server) {
    for number in 0..100 {
        let client = guess(connect(server.local_addr()), "/metrics", number);
        thread::sleep(Duration::from_millis(2));
        drop(client);
    }
}

/// Connects from another address than [`connect`].
fn connect_from_elsewhere(address: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// A bcrypt cost, and the time that one hash of it takes while this test runs: at least 20 ms.
fn slow_hash() -> (u32, Duration) {
    for cost in 4.. {
        let start = Instant::now();
        bcrypt::hash("a password", cost).unwrap();
        if start.elapsed() >= Duration::from_millis(20) {
            return (cost, start.elapsed());
        }
    }
    unreachable!("every cost doubles the time")
}

#[test]
fn wrong_passwords_of_clients_that_hang_up_do_not_delay_a_login() {
    let (cost, hash) = slow_hash();
    let server = guarded(cost);
    hang_up_while_hashing(&server);
    let start = Instant::now();
    let reply = get_with(&server, "/metrics", &basic("prometheus", "open sesame"));
    assert_eq!(reply.status, 200);
    // A hash in progress and the scraper's own take two.
    assert!(
        start.elapsed() < 20 * hash,
        "{:?} of {hash:?}",
        start.elapsed()
    );
}

#[test]
fn wrong_passwords_of_one_client_do_not_delay_the_login_of_another() {
    let (cost, hash) = slow_hash();
    let server = guarded(cost);
    let attack: Vec<_> = (0..100)
        .map(|number| {
            guess(
                connect_from_elsewhere(server.local_addr()),
                "/metrics",
                number,
            )
        })
        .collect();
    let start = Instant::now();
    let reply = get_with(&server, "/metrics", &basic("prometheus", "open sesame"));
    assert_eq!(reply.status, 200);
    assert!(
        start.elapsed() < 20 * hash,
        "{:?} of {hash:?}",
        start.elapsed()
    );
    drop(attack);
}

#[test]
fn a_probe_is_answered_while_passwords_of_clients_that_hang_up_are_checked() {
    let (cost, hash) = slow_hash();
    let server = guarded(cost);
    hang_up_while_hashing(&server);
    let start = Instant::now();
    assert_eq!(get(&server, "/-/healthy").status, 200);
    assert!(
        start.elapsed() < 20 * hash,
        "{:?} of {hash:?}",
        start.elapsed()
    );
}
