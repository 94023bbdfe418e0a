//! Tests of logins under attack: wrong passwords do not keep a scraper or a probe from its answer.

mod support;

use std::{
    collections::VecDeque,
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use metrics_http::{Server, ServerBuilder};
use support::{Reply, Shop, TIMEOUT, basic_auth, connect, eventually, get, get_with, serving};

fn guarded(cost: u32) -> ServerBuilder {
    serving(Shop)
        .basic_auth("prometheus", bcrypt::hash("open sesame", cost).unwrap())
        .liveness_check("worker", || Ok(()))
        .server_metrics(true)
}

fn start(builder: ServerBuilder) -> Server {
    builder.serve("127.0.0.1:0").unwrap()
}

/// Sends a request with a wrong password, which differs for each `number`.
fn guess(stream: &mut impl Write, path: &str, number: usize) {
    let header = basic_auth("prometheus", &format!("guess {number}"));
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
}

/// Clients in turn send a wrong password, and disconnect when its check may have begun.
fn hang_up_while_hashing<S: Write>(connect: impl Fn() -> S) {
    for number in 0..100 {
        let mut client = connect();
        guess(&mut client, "/metrics", number);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Sends wrong passwords from another address than [`connect`], each on a connection of its own.
fn guess_from_elsewhere(address: SocketAddr, path: &str, count: usize) -> Vec<TcpStream> {
    let guesses = (0..count).map(|number| {
        let mut client = connect_from_elsewhere(address);
        guess(&mut client, path, number);
        client
    });
    guesses.collect()
}

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

/// The time that one hash takes now: the shortest of three times, which is the least disturbed one.
fn hash_time(cost: u32) -> Duration {
    let times = (0..3).map(|_| {
        let start = Instant::now();
        bcrypt::hash("a password", cost).unwrap();
        start.elapsed()
    });
    times.min().unwrap()
}

/// A bcrypt cost whose hashes take at least this time, and the time of one.
fn slow_hash(at_least: Duration) -> (u32, Duration) {
    let (mut cost, mut time) = (6, hash_time(6));
    while time < at_least {
        // A hash of the next cost takes twice as long.
        (cost, time) = (cost + 1, 2 * time);
    }
    (cost, time)
}

/// Asserts that `work` takes less than twenty hashes do, before or after it.
fn assert_fast(cost: u32, before: Duration, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let (taken, hash) = (start.elapsed(), before.max(hash_time(cost)));
    assert!(taken < 20 * hash, "{taken:?}; one hash takes {hash:?}");
}

fn log_in(server: &Server) {
    let header = basic_auth("prometheus", "open sesame");
    assert_eq!(get_with(server, "/metrics", &header).status, 200);
}

const MOMENT: Duration = Duration::from_millis(20);

#[test]
fn wrong_passwords_of_clients_that_hang_up_do_not_delay_a_login() {
    let (cost, hash) = slow_hash(MOMENT);
    let server = start(guarded(cost));
    hang_up_while_hashing(|| connect(server.local_addr()));
    assert_fast(cost, hash, || log_in(&server));
}

#[cfg(feature = "tls")]
#[test]
fn wrong_passwords_of_tls_clients_that_hang_up_do_not_delay_a_login() {
    use support::tls::{Authority, Client};

    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let (cost, hash) = slow_hash(5 * MOMENT);
    let server = start(guarded(cost).tls(authority.write_server_files(folder.path())));
    let (address, client) = (server.local_addr(), Client::trusting(&authority));
    hang_up_while_hashing(|| client.connect(address).unwrap());
    assert_fast(cost, hash, || {
        let header = basic_auth("prometheus", "open sesame") + "\r\n";
        let reply = client.get_with(address, "/metrics", &header).unwrap();
        assert_eq!(reply.status, 200);
    });
}

#[test]
fn a_probe_is_answered_while_passwords_of_clients_that_hang_up_are_checked() {
    let (cost, hash) = slow_hash(MOMENT);
    let server = start(guarded(cost));
    hang_up_while_hashing(|| connect(server.local_addr()));
    assert_fast(cost, hash, || {
        assert_eq!(get(&server, "/-/healthy").status, 200);
    });
}

#[test]
fn wrong_passwords_of_one_client_do_not_delay_the_login_of_another() {
    let (cost, _) = slow_hash(5 * MOMENT);
    let server = start(guarded(cost));
    let attack = guess_from_elsewhere(server.local_addr(), "/metrics", 100);
    let header = basic_auth("prometheus", "open sesame");
    let reply = get_with(&server, "/metrics", &header);
    assert_eq!(reply.status, 200);
    let refused = reply.text().lines().find_map(|line| {
        line.strip_prefix("metrics_http_requests_total{route=\"metrics\",code=\"401\"} ")
    });
    let refused: u32 = refused.unwrap_or("0").parse().unwrap();
    assert!(refused < 20, "{refused} passwords were checked before");
    drop(attack);
}

#[test]
fn a_login_gets_through_while_its_address_sends_wrong_passwords() {
    let (cost, _) = slow_hash(MOMENT);
    let server = start(guarded(cost));
    let address = server.local_addr();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut attack = VecDeque::new();
            for number in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let mut client = connect(address);
                guess(&mut client, "/metrics", number);
                attack.push_back(client);
                if attack.len() > 50 {
                    attack.pop_front();
                }
            }
        });
        let header = basic_auth("prometheus", "open sesame");
        eventually("the login is checked", || {
            get_with(&server, "/metrics", &header).status == 200
        });
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_login_for_which_no_place_is_left_gets_503() {
    let (cost, _) = slow_hash(5 * MOMENT);
    let server = start(guarded(cost));
    let attack = guess_from_elsewhere(server.local_addr(), "/metrics", 20);
    let replies = attack.into_iter().map(Reply::read);
    let (refused, unchecked): (Vec<_>, Vec<_>) = replies.partition(|reply| reply.status == 401);
    assert!(!refused.is_empty() && !unchecked.is_empty());
    for reply in unchecked {
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, Some("1"))
        );
    }
}

#[test]
fn a_probe_with_credentials_does_not_wait_for_a_slow_hash() {
    let (cost, _) = slow_hash(25 * MOMENT);
    let server = start(guarded(cost));
    let header = basic_auth("prometheus", "open sesame");
    let probe = || get_with(&server, "/-/healthy", &header);
    let reply = probe();
    assert_eq!((reply.status, reply.text()), (200, ""));
    // The hash goes on, and its result is remembered.
    eventually("the login is remembered", || probe().text() == "healthy\n");
}

#[test]
fn a_probe_with_a_wrong_password_gets_the_status_if_no_place_is_left() {
    let (cost, _) = slow_hash(5 * MOMENT);
    let server = start(guarded(cost));
    for reply in guess_from_elsewhere(server.local_addr(), "/-/healthy", 20) {
        let reply = Reply::read(reply);
        assert_eq!((reply.status, reply.text()), (200, ""));
    }
}

#[test]
fn users_that_alternate_are_hashed_once_each() {
    let (cost, hash) = slow_hash(MOMENT);
    let other = bcrypt::hash("me too", cost).unwrap();
    let server = start(guarded(cost).basic_auth("replica", other));
    assert_fast(cost, hash, || {
        for _ in 0..20 {
            log_in(&server);
            let header = basic_auth("replica", "me too");
            assert_eq!(get_with(&server, "/metrics", &header).status, 200);
        }
    });
}

#[test]
fn a_wrong_password_that_is_repeated_is_hashed_once() {
    let (cost, hash) = slow_hash(MOMENT);
    let server = start(guarded(cost));
    assert_fast(cost, hash, || {
        for _ in 0..40 {
            let header = basic_auth("prometheus", "open says me");
            assert_eq!(get_with(&server, "/metrics", &header).status, 401);
        }
    });
}
