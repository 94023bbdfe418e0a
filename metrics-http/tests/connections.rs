//! Tests of how long the server keeps connections, and of which it closes for new ones.

mod support;

#[cfg(target_os = "linux")]
use std::{fs::File, process::Command};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

use metrics_http::{Address, Body, EventCause, Server, ServerBuilder};
#[cfg(target_os = "linux")]
use support::own_process::{command, is_own_process};
use support::{
    Reply, Shop, TIMEOUT, Warehouse, ask, begin_scrape, connect, eventually, get, serving,
};

const REQUEST: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Starts a server, and returns the causes and texts of its events too.
fn observed(builder: ServerBuilder) -> (Server, Receiver<(EventCause, String)>) {
    let (sender, events) = mpsc::channel();
    let server = builder
        .on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        })
        .serve("127.0.0.1:0");
    (server.unwrap(), events)
}

/// The text of the next event of this cause.
fn event_of(events: &Receiver<(EventCause, String)>, cause: EventCause) -> String {
    loop {
        let (found, text) = events.recv_timeout(TIMEOUT).unwrap();
        if found == cause {
            return text;
        }
    }
}

/// Whether the server closes the connection in time.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = [0; 4096];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn a_client_that_reads_a_little_at_a_time_is_disconnected_at_the_end_of_the_response_time() {
    let large = serving(Shop).route("/large", |_| {
        hyper::Response::new(Body::new(vec![b'x'; 30_000_000]))
    });
    let (server, events) = observed(
        large
            .client_timeout(Duration::from_secs(1))
            .scrape_timeout(Duration::from_secs(1))
            .route_timeout(Duration::from_secs(1)),
    );
    let mut slow = connect(server.local_addr());
    slow.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut buffer = vec![0; 400_000];
    eventually("the connection is closed", || {
        thread::sleep(Duration::from_millis(100));
        !matches!(slow.read(&mut buffer), Ok(1..))
    });
    let text = event_of(&events, EventCause::ClientTimeout);
    assert!(text.contains("was not finished 2s after"), "{text}");
}

#[test]
fn a_client_that_reads_nothing_is_reported() {
    let (server, events) = observed(serving(Warehouse).client_timeout(Duration::from_millis(200)));
    let stalled = begin_scrape(server.local_addr());
    let text = event_of(&events, EventCause::ClientTimeout);
    assert!(text.contains("did not read anything"), "{text}");
    drop(stalled);
}

#[test]
fn a_client_without_a_first_request_is_reported_and_an_idle_one_is_not() {
    let (server, events) = observed(serving(Shop).client_timeout(Duration::from_millis(300)));
    let mut idle = connect(server.local_addr());
    idle.write_all(REQUEST).unwrap();
    assert!(is_closed(&mut idle));
    let mut silent = connect(server.local_addr());
    assert!(is_closed(&mut silent));
    let text = event_of(&events, EventCause::ClientTimeout);
    assert!(text.contains("did not send a request within"), "{text}");
    server.shutdown();
    assert!(events.recv().is_err(), "there is another event");
}

#[test]
fn a_server_serves_all_listeners_with_one_connection_each() {
    let server = serving(Shop)
        .max_connections(1)
        .bind("127.0.0.1:0")
        .bind("127.0.0.1:0")
        .start()
        .unwrap();
    for address in server.addresses() {
        let Address::Tcp(address) = address else {
            unreachable!("all are TCP")
        };
        for _ in 0..3 {
            assert_eq!(ask(*address, "GET /metrics HTTP/1.1\r\n").status, 200);
        }
    }
}

#[test]
fn the_connection_that_is_idle_for_longest_makes_room_for_a_new_one() {
    let (server, events) = observed(
        serving(Shop)
            .max_connections(3)
            .client_timeout(Duration::MAX),
    );
    let address = server.local_addr();
    let mut oldest = connect(address);
    oldest.write_all(b"GET /metrics HT").unwrap();
    thread::sleep(Duration::from_millis(20));
    let mut others = [connect(address), connect(address)];
    assert_eq!(get(&server, "/metrics").status, 200);
    assert!(is_closed(&mut oldest));
    for other in &mut others {
        other.write_all(REQUEST).unwrap();
        other.read_exact(&mut [0; 9]).unwrap();
    }
    let text = event_of(&events, EventCause::ConnectionLimit);
    assert!(text.contains("without a request"), "{text}");
}

#[test]
fn hundreds_of_idle_connections_do_not_delay_a_scrape() {
    let server = serving(Shop)
        .max_connections(64)
        .client_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    let idle: Vec<_> = (0..300).map(|_| connect(server.local_addr())).collect();
    let start = Instant::now();
    assert_eq!(get(&server, "/metrics").status, 200);
    assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    drop(idle);
}

#[test]
fn a_client_that_does_not_read_makes_room_for_a_new_one() {
    let (server, events) = observed(
        serving(Warehouse)
            .max_connections(2)
            .client_timeout(Duration::MAX)
            .scrape_timeout(Duration::MAX),
    );
    let mut stalled = [(); 2].map(|()| begin_scrape(server.local_addr()));
    assert_eq!(get(&server, "/metrics?name[]=nothing").status, 200);
    eventually("the eviction is reported", || {
        let text = event_of(&events, EventCause::ConnectionLimit);
        text.contains("without reading its response")
    });
    assert!(stalled.iter_mut().any(is_closed));
}

#[test]
fn clients_that_send_requests_without_pause_do_not_shut_out_others() {
    let server = serving(Shop)
        .max_connections(2)
        .serve("127.0.0.1:0")
        .unwrap();
    let address = server.local_addr();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = connect(address);
                    // Each request is on its way before the response of the previous one.
                    let _ = stream.write_all(&REQUEST.repeat(50_000));
                }
            });
        }
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(get(&server, "/metrics").status, 200);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    });
}

#[test]
fn a_new_client_waits_while_all_others_are_answered() {
    let (release, hangs) = mpsc::channel::<()>();
    let hangs = std::sync::Mutex::new(hangs);
    let (server, events) = observed(serving(Shop).max_connections(1).route("/hang", move |_| {
        let _ = hangs.lock().unwrap().recv();
        hyper::Response::new(Body::new("done\n"))
    }));
    let address = server.local_addr();
    let answered = thread::spawn(move || ask(address, "GET /hang HTTP/1.1\r\n").text().to_owned());
    eventually("the route runs", || {
        // The only place is taken once a further client has to wait.
        let _waits = connect(address);
        matches!(
            events.recv_timeout(Duration::from_millis(100)),
            Ok((EventCause::ConnectionLimit, text)) if text.contains("has to wait")
        )
    });
    let waiting = thread::spawn(move || ask(address, "GET /metrics HTTP/1.1\r\n").status);
    drop(release);
    assert_eq!(answered.join().unwrap(), "done\n");
    assert_eq!(waiting.join().unwrap(), 200);
}

#[test]
fn shutdown_drops_half_a_head_at_once() {
    let server = serving(Shop)
        .shutdown_timeout(TIMEOUT)
        .client_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    let mut first = connect(server.local_addr());
    first.write_all(b"GET /metrics HT").unwrap();
    let mut later = connect(server.local_addr());
    later.write_all(REQUEST).unwrap();
    later.read_exact(&mut [0; 9]).unwrap();
    later.write_all(b"GET /metrics HT").unwrap();
    // The server has read both halves when it answers a later client.
    assert_eq!(get(&server, "/metrics").status, 200);
    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
}

/// Sends a request, closes this side, and reads the response.
fn half_close(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    Reply::read(stream)
}

#[test]
fn a_client_that_closes_its_side_after_the_request_gets_the_whole_response() {
    let server = serving(Warehouse)
        .client_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = half_close(server.local_addr(), REQUEST);
    assert_eq!((reply.status, reply.complete), (200, true));
}

#[test]
fn a_connection_ends_when_a_client_that_closed_its_side_has_its_response() {
    // An idle connection would be kept, because of its timeout.
    let server = serving(Shop)
        .client_timeout(Duration::MAX)
        .serve("127.0.0.1:0")
        .unwrap();
    for path in ["/metrics", "/-/healthy", "/nothing"] {
        for method in ["GET", "HEAD"] {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let mut stream = connect(server.local_addr());
            stream.write_all(head.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            assert!(is_closed(&mut stream), "{method} {path}");
        }
    }
}

/// Opens files until the process has no file descriptor left.
#[cfg(target_os = "linux")]
fn exhaust_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_without_file_descriptors_reports_it_and_recovers() {
    let name = "a_server_without_file_descriptors_reports_it_and_recovers";
    if !is_own_process() {
        let again = command(name);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
            .arg(again.get_program())
            .args(again.get_args())
            .envs(
                again
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        let output = shell.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && stdout.contains("1 passed"),
            "{output:?}"
        );
        return;
    }
    let (server, events) = observed(serving(Shop));
    let mut files = exhaust_descriptors();
    // The kernel completes the connection, which the server cannot accept.
    files.pop();
    let client = connect(server.local_addr());
    for _ in 0..2 {
        let text = event_of(&events, EventCause::Accept);
        assert!(text.starts_with("cannot accept a connection: "), "{text}");
    }
    drop((files, client));
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[cfg(feature = "tls")]
mod over_tls {
    use super::*;
    use support::tls::{Authority, Client};

    /// A server with TLS, and a client that trusts it.
    fn encrypted(builder: ServerBuilder) -> (Server, Client) {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let server = builder
            .tls(authority.write_server_files(folder.path()))
            .serve("127.0.0.1:0");
        (server.unwrap(), Client::trusting(&authority))
    }

    /// Requests more than the buffers between the two ends hold, and reads nothing of it.
    fn stall(server: &Server, client: &Client) -> TcpStream {
        let mut stream = client.connect(server.local_addr()).unwrap();
        // A small buffer, so that the server has less to send until it has to wait.
        let buffer = socket2::SockRef::from(&stream.sock).set_recv_buffer_size(4096);
        buffer.unwrap();
        let request = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(&request.repeat(20)).unwrap();
        stream.sock
    }

    /// A server whose responses for `/large` share one body of 1 MB.
    fn with_large_route(builder: ServerBuilder) -> ServerBuilder {
        static LARGE: [u8; 1_000_000] = [b'x'; 1_000_000];
        builder.route("/large", |_| hyper::Response::new(Body::new(&LARGE[..])))
    }

    #[test]
    fn a_client_that_reads_nothing_is_disconnected() {
        let (server, client) =
            encrypted(with_large_route(serving(Shop)).client_timeout(Duration::from_millis(500)));
        let mut stalled = stall(&server, &client);
        eventually("the connection is closed", || {
            thread::sleep(Duration::from_millis(20));
            stalled.write_all(b"more").is_err()
        });
        assert_eq!(
            client
                .get(server.local_addr(), "/-/healthy")
                .unwrap()
                .status,
            200
        );
    }

    #[test]
    fn clients_that_read_nothing_do_not_shut_out_others() {
        let (server, client) = encrypted(
            with_large_route(serving(Shop))
                .max_connections(4)
                .client_timeout(Duration::from_mins(5)),
        );
        let stalled: Vec<_> = (0..4).map(|_| stall(&server, &client)).collect();
        let start = Instant::now();
        assert_eq!(
            client.get(server.local_addr(), "/metrics").unwrap().status,
            200
        );
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
        drop(stalled);
    }

    #[test]
    fn a_stalled_handshake_ends_with_the_client_timeout() {
        let (server, _) = encrypted(serving(Shop).client_timeout(Duration::from_millis(300)));
        let mut stalled = connect(server.local_addr());
        stalled.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
        assert!(is_closed(&mut stalled));
    }

    #[test]
    fn shutdown_drops_a_stalled_handshake_at_once() {
        let (server, client) = encrypted(serving(Shop).shutdown_timeout(TIMEOUT));
        let mut stalled = connect(server.local_addr());
        stalled.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
        // The server has accepted the stalled client when it answers a later one.
        assert_eq!(
            client.get(server.local_addr(), "/metrics").unwrap().status,
            200
        );
        let start = Instant::now();
        server.shutdown();
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    }

    #[test]
    fn shutdown_does_not_wait_for_an_idle_connection() {
        let (server, client) = encrypted(serving(Shop).shutdown_timeout(2 * TIMEOUT));
        let mut idle = client.connect(server.local_addr()).unwrap();
        idle.write_all(REQUEST).unwrap();
        idle.read_exact(&mut [0; 9]).unwrap();
        let start = Instant::now();
        server.shutdown();
        assert!(start.elapsed() < TIMEOUT / 2, "{:?}", start.elapsed());
    }

    #[test]
    fn a_failed_handshake_is_reported_and_a_connection_without_one_is_not() {
        let (sender, events) = mpsc::channel();
        let (server, _) = encrypted(serving(Shop).on_error(move |event| {
            let _ = sender.send((event.cause(), event.to_string()));
        }));
        drop(connect(server.local_addr()));
        let mut plain = connect(server.local_addr());
        plain.write_all(REQUEST).unwrap();
        assert!(is_closed(&mut plain));
        let text = event_of(&events, EventCause::Handshake);
        assert!(text.contains("handshake failed"), "{text}");
        server.shutdown();
        assert!(events.recv().is_err(), "there is another event");
    }

    #[test]
    fn a_client_that_closes_its_side_after_the_request_gets_the_whole_response() {
        let (server, client) = encrypted(serving(Warehouse));
        let mut stream = client.connect(server.local_addr()).unwrap();
        stream.write_all(REQUEST).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        stream.sock.shutdown(Shutdown::Write).unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap();
        assert!(Reply::parse(&raw).complete);
    }

    #[test]
    fn as_many_stalled_clients_as_connections_do_not_stop_a_scrape() {
        let (server, client) = encrypted(with_large_route(serving(Shop)));
        let stalled: Vec<_> = (0..256).map(|_| stall(&server, &client)).collect();
        let start = Instant::now();
        let reply = client.get(server.local_addr(), "/metrics");
        assert_eq!(reply.unwrap().status, 200);
        eprintln!("scraped after {:?}", start.elapsed());
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "{:?}",
            start.elapsed()
        );
        drop(stalled);
    }
}
