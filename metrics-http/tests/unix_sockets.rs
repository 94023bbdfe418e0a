//! Tests of Unix sockets that the server binds.

#![cfg(unix)]

mod support;

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        net::{UnixListener, UnixStream},
    },
    path::Path,
    time::{Duration, Instant},
};

use metrics_http::Address;
use support::{Reply, Shop, TIMEOUT, connect, get, serving};

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
    assert_eq!(get(&server, "/metrics").status, 200);
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

/// Permission bits and group of a file.
fn access(path: &Path) -> (u32, u32) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.permissions().mode() & 0o777, metadata.gid())
}

#[test]
fn only_the_owner_may_connect_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let _server = serving(Shop).bind_unix(&path).start().unwrap();
    assert_eq!(access(&path).0, 0o600);
    assert_eq!(scrape(&path).status, 200);
}

#[test]
fn a_group_may_connect_if_it_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let own = fs::metadata(folder.path()).unwrap().gid();
    let group = |group: &str| {
        serving(Shop)
            .bind_unix(&path)
            .unix_socket_group(group)
            .start()
    };
    let server = group(&own.to_string()).unwrap();
    assert_eq!(access(&path), (0o660, own));
    server.shutdown();
    if own == 0 {
        let _server = group("root").unwrap();
        assert_eq!(access(&path), (0o660, 0));
    }
}

#[test]
fn the_mode_is_exact_in_spite_of_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o666, 0o660, 0o200, 0o777] {
        let path = folder.path().join(format!("{mode:o}.sock"));
        let server = serving(Shop)
            .bind_unix(&path)
            .unix_socket_mode(mode)
            .start();
        let _server = server.unwrap();
        assert_eq!(access(&path).0, mode);
    }
}

#[test]
fn an_unknown_group_is_an_error_that_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let server = serving(Shop)
        .bind_unix(&path)
        .unix_socket_group("no such group");
    let error = server.start().unwrap_err().to_string();
    assert!(error.contains("`no such group`"), "{error}");
    assert!(!path.exists());
}

#[test]
fn an_invalid_mode_is_an_error_that_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    // Decimal 660 is not octal 660.
    let server = serving(Shop).bind_unix(&path).unix_socket_mode(660);
    let error = server.start().unwrap_err().to_string();
    assert!(error.contains("0o1224"), "{error}");
    assert!(!path.exists());
}

#[test]
fn an_empty_path_is_an_error_that_says_so() {
    let error = serving(Shop).bind_unix("").start().unwrap_err().to_string();
    assert!(error.contains("the path is empty"), "{error}");
}

#[test]
fn shutdown_leaves_the_socket_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let server = serving(Shop).bind_unix(&path).start().unwrap();
    fs::remove_file(&path).unwrap();
    let successor = serving(Shop).bind_unix(&path).start().unwrap();
    server.shutdown();
    assert_eq!(scrape(&path).status, 200);
    successor.shutdown();
    assert!(!path.exists());
}

#[test]
fn a_symbolic_link_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (
        folder.path().join("metrics.sock"),
        folder.path().join("other.sock"),
    );
    drop(UnixListener::bind(&target).unwrap());
    symlink(&target, &path).unwrap();
    let error = serving(Shop).bind_unix(&path).start().unwrap_err();
    assert!(error.to_string().contains("not a socket"), "{error}");
    assert!(target.exists());
}

#[test]
fn a_program_that_does_not_accept_connections_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let frozen = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    frozen
        .bind(&socket2::SockAddr::unix(&path).unwrap())
        .unwrap();
    frozen.listen(0).unwrap();
    let waiting = fill_backlog(&path);
    let start = Instant::now();
    let error = serving(Shop)
        .bind_unix(&path)
        .start()
        .unwrap_err()
        .to_string();
    assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    assert!(error.contains("another program listens"), "{error}");
    assert!(!waiting.is_empty());
}

/// Connects until no further connection fits in the backlog.
fn fill_backlog(path: &Path) -> Vec<socket2::Socket> {
    let mut waiting = Vec::new();
    loop {
        let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let client = client.unwrap();
        client.set_nonblocking(true).unwrap();
        if client
            .connect(&socket2::SockAddr::unix(path).unwrap())
            .is_err()
        {
            return waiting;
        }
        waiting.push(client);
    }
}

#[test]
fn clients_of_another_listener_do_not_shut_out_those_of_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.sock");
    let server = serving(Shop)
        .bind_unix(&path)
        .max_connections(2)
        .client_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    let idle = [(); 5].map(|()| connect(server.local_addr()));
    let start = Instant::now();
    assert_eq!(scrape(&path).status, 200);
    assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    drop(idle);
}
