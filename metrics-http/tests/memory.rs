//! Tests that clients that do not read their responses cost a bounded amount of memory.
//!
//! Clients and server are one process, but a client that does not read holds no data itself: what
//! it has not read is in the socket's buffers, which are not part of the resident memory.

#![cfg(target_os = "linux")]

mod support;

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{Mutex, PoisonError},
};

use metrics_http::{Collection, Collector, Counter, Desc, Kind, Options, Server, ServerBuilder};
use support::{connect, get, registry};

/// The memory is that of the whole process, so the tests run one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Nothing;

impl Collector for Nothing {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "nothing", "Is zero.")];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.descs()[0], &[], 0.0);
    }
}

/// A server with this many families, whose help is `help`.
fn server(families: usize, help: &str) -> Server {
    builder(families, help).serve("127.0.0.1:0").unwrap()
}

fn builder(families: usize, help: &str) -> ServerBuilder {
    let registry = registry(Nothing);
    for n in 0..families {
        let options = Options::new(format!("family_{n}_of_many_total"), help);
        registry.create::<Counter>(options).unwrap().inc();
    }
    Server::builder().registry(registry).process_metrics(false)
}

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() / 1024
}

/// Sends a request and does not read the response.
fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = connect(address);
    let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// How many MiB the server's memory grows by while clients do not read the responses to `paths`.
fn growth(server: &Server, paths: impl Iterator<Item = String>) -> u64 {
    let before = resident();
    let clients: Vec<_> = paths.map(|path| send(server.local_addr(), &path)).collect();
    // All responses have begun, or were refused.
    for client in &clients {
        assert_eq!(client.peek(&mut [0]).unwrap(), 1);
    }
    // A scrape is answered after the responses above, for as long as they fill the sockets.
    assert_eq!(get(server, "/metrics").status, 200);
    let growth = resident().saturating_sub(before);
    println!("{growth} MiB");
    growth
}

#[cfg(feature = "catalog")]
#[test]
fn clients_that_do_not_read_dashboards_share_one_copy() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let server = server(1_500, "A counter among many.");
    assert!(get(&server, "/dashboard.json").body.len() > 2 << 20);
    let paths = (0..60).map(|_| "/dashboard.json".to_owned());
    let grown = growth(&server, paths);
    assert!(grown < 32, "{grown} MiB");
}

#[cfg(feature = "catalog")]
#[test]
fn clients_that_do_not_read_different_dashboards_occupy_a_bounded_memory() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let server = server(1_500, "A counter among many.");
    assert!(get(&server, "/dashboard.json").body.len() > 2 << 20);
    let paths = (0..60).map(|n| format!("/dashboard.json?title={n}"));
    let grown = growth(&server, paths);
    assert!(grown < 80, "{grown} MiB");
}

#[cfg(feature = "page")]
#[test]
fn page_viewers_that_do_not_read_occupy_a_bounded_memory() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let server = server(1_000, &"Many words. ".repeat(500));
    assert!(get(&server, "/-/page/feed").body.len() > 5 << 20);
    let grown = growth(&server, (0..100).map(|_| "/-/page/feed".to_owned()));
    assert!(grown < 80, "{grown} MiB");
}

#[cfg(all(feature = "page", feature = "tls", feature = "auth"))]
#[test]
fn page_viewers_with_tls_and_credentials_occupy_no_more() {
    use support::tls::{Authority, Client};

    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let server = builder(1_000, &"Many words. ".repeat(500))
        .tls(authority.write_server_files(folder.path()))
        // `printf %s token | sha256sum`
        .bearer_auth("3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0")
        .serve("127.0.0.1:0")
        .unwrap();
    let client = Client::trusting(&authority);
    let address = server.local_addr();
    let token = "Authorization: Bearer token\r\n";
    let feed = client.get_with(address, "/-/page/feed", token).unwrap();
    assert!(feed.body.len() > 5 << 20, "{}", feed.head);
    let before = resident();
    let head = format!("GET /-/page/feed HTTP/1.1\r\nHost: localhost\r\n{token}\r\n");
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut stream = client.connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        clients.push(stream);
    }
    for client in &clients {
        assert_eq!(client.sock.peek(&mut [0]).unwrap(), 1);
    }
    let metrics = client.get_with(address, "/metrics", token).unwrap();
    assert_eq!(metrics.status, 200);
    let grown = resident().saturating_sub(before);
    println!("{grown} MiB");
    assert!(grown < 80, "{grown} MiB");
}
