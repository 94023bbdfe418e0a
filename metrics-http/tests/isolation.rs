//! Tests that work of the program that hangs delays nothing else in the server.

mod support;

use std::{
    net::SocketAddr,
    panic::panic_any,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use metrics_http::{Body, EventCause, Server};
use support::{Reply, Shop, ask, eventually, get, serving};

/// A function that blocks until [`Hang::release`], and counts how often it was called.
#[derive(Clone)]
struct Hang {
    calls: Arc<AtomicU32>,
    blocked: Arc<Mutex<mpsc::Receiver<()>>>,
    release: Arc<Mutex<Option<mpsc::Sender<()>>>>,
}

impl Hang {
    fn new() -> Hang {
        let (release, blocked) = mpsc::channel();
        Hang {
            calls: Arc::default(),
            blocked: Arc::new(Mutex::new(blocked)),
            release: Arc::new(Mutex::new(Some(release))),
        }
    }

    fn call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let _ = self.blocked.lock().unwrap().recv();
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    fn release(&self) {
        self.release.lock().unwrap().take();
    }
}

/// Requests a path on a thread of its own.
fn request(address: SocketAddr, path: &str) -> JoinHandle<Reply> {
    let head = format!("GET {path} HTTP/1.1\r\n");
    thread::spawn(move || ask(address, &head))
}

fn hanging_readiness(hang: &Hang) -> Server {
    let check = hang.clone();
    let builder = serving(Shop)
        .readiness_check("database", move || {
            check.call();
            Ok(())
        })
        .liveness_check("worker", || Ok(()))
        .route("/hello", |_| hyper::Response::new(Body::new("hello")));
    #[cfg(feature = "auth")]
    let builder = builder
        .basic_auth("me", bcrypt::hash("open sesame", 4).unwrap())
        .bearer_auth(TOKEN_SHA256);
    builder.serve("127.0.0.1:0").unwrap()
}

#[test]
fn a_hanging_readiness_check_delays_nothing_else() {
    let hang = Hang::new();
    let server = hanging_readiness(&hang);
    let address = server.local_addr();
    let probes: Vec<_> = (0..20).map(|_| request(address, "/-/ready")).collect();
    eventually("a run of the check", || hang.calls() > 0);
    // Longer than the fault needs to occupy all threads that it can, and shorter than the timeout
    // of the check.
    thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    // `printf %s 'me:open sesame' | base64`
    let login = "Authorization: Basic bWU6b3BlbiBzZXNhbWU=\r\n";
    for path in ["/-/healthy", "/metrics", "/hello", "/catalog.json", "/"] {
        let head = format!("GET {path} HTTP/1.1\r\n{login}");
        assert_eq!(ask(address, &head).status, 200, "{path}");
    }
    assert!(start.elapsed() < Duration::from_secs(4), "{start:?}");
    assert_eq!(hang.calls(), 1);
    for probe in probes {
        assert_eq!(probe.join().unwrap().status, 503);
    }
    hang.release();
}

#[test]
fn probes_during_a_run_share_its_result() {
    let hang = Hang::new();
    let server = hanging_readiness(&hang);
    let first = request(server.local_addr(), "/-/ready");
    eventually("a run of the check", || hang.calls() > 0);
    let second = request(server.local_addr(), "/-/ready");
    thread::sleep(Duration::from_millis(100));
    hang.release();
    assert_eq!(first.join().unwrap().status, 200);
    assert_eq!(second.join().unwrap().status, 200);
    // The check does not hang any more; each probe after the run begins another one.
    let calls = hang.calls();
    assert_eq!(get(&server, "/-/ready").status, 200);
    assert_eq!(hang.calls(), calls + 1);
}

#[test]
fn a_check_that_hangs_has_failed_at_once_for_later_probes() {
    let hang = Hang::new();
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let check = hang.clone();
    let server = serving(Shop)
        .readiness_check("database", move || {
            check.call();
            Ok(())
        })
        .on_error(move |event| {
            let event = (event.cause(), event.to_string());
            let _ = sender.lock().unwrap().send(event);
        })
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/-/ready").status, 503);
    let start = Instant::now();
    let reply = get(&server, "/-/ready");
    assert!(start.elapsed() < Duration::from_secs(4), "{start:?}");
    let text = reply.text();
    assert_eq!(reply.status, 503);
    assert!(text.starts_with("database: no answer for "), "{text}");
    assert_eq!(hang.calls(), 1);
    let (cause, message) = events.recv_timeout(support::TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::Check);
    assert!(message.contains("`database`"), "{message}");
    // Each run is reported once, however many probes it fails.
    assert!(events.try_recv().is_err());
    hang.release();
    eventually("the check recovers", || {
        get(&server, "/-/ready").status == 200
    });
}

#[test]
fn a_check_that_panics_is_reported() {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = serving(Shop)
        .liveness_check("worker", || panic!("lost its mind"))
        .on_error(move |event| {
            let event = (event.cause(), event.to_string());
            let _ = sender.lock().unwrap().send(event);
        })
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/-/healthy").status, 503);
    let (cause, message) = events.recv_timeout(support::TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::Check);
    assert_eq!(message, "the health check `worker` panicked: lost its mind");
}

/// The payload of a panic, whose destructor panics too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload is dropped");
    }
}

#[test]
fn panics_with_a_payload_that_panics_end_no_thread_of_the_server() {
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let calls = AtomicU32::new(0);
    let server = serving(Shop)
        .route("/bomb", |_| panic_any(Bomb))
        .route("/fine", |_| hyper::Response::new(Body::new("fine")))
        .readiness_check("database", move || {
            match calls.fetch_add(1, Ordering::Relaxed) {
                0 => panic_any(Bomb),
                _ => Ok(()),
            }
        })
        .on_error(move |event| {
            let _ = sender.lock().unwrap().send(event.cause());
            panic_any(Bomb);
        })
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/-/ready").status, 503);
    assert_eq!(get(&server, "/-/ready").status, 200);
    // One more than there are threads for routes.
    for _ in 0..9 {
        assert_eq!(get(&server, "/bomb").status, 500);
    }
    assert_eq!(get(&server, "/fine").status, 200);
    for _ in 0..10 {
        let cause = events.recv_timeout(support::TIMEOUT).unwrap();
        assert!(matches!(cause, EventCause::Check | EventCause::Route));
    }
}

#[test]
fn hanging_routes_occupy_only_the_places_of_routes() {
    let hang = Hang::new();
    let handler = hang.clone();
    let server = serving(Shop)
        .route("/hang", move |_| {
            handler.call();
            hyper::Response::new(Body::new("done"))
        })
        .readiness_check("database", || Ok(()))
        .serve("127.0.0.1:0")
        .unwrap();
    let address = server.local_addr();
    // Eight run and 64 wait.
    let requests: Vec<_> = (0..72 + 5).map(|_| request(address, "/hang")).collect();
    eventually("the requests beyond the limits are refused", || {
        requests.iter().filter(|it| it.is_finished()).count() == 5
    });
    for path in ["/-/healthy", "/-/ready", "/metrics", "/catalog.json", "/"] {
        assert_eq!(get(&server, path).status, 200, "{path}");
    }
    assert!(hang.calls() <= 8, "{}", hang.calls());
    hang.release();
    let replies = requests.into_iter().map(|it| it.join().unwrap());
    let (done, refused): (Vec<_>, Vec<_>) = replies.partition(|reply| reply.status == 200);
    assert_eq!((done.len(), refused.len()), (72, 5));
    for reply in refused {
        assert_eq!(reply.status, 503, "{}", reply.head);
        assert_eq!(reply.header("retry-after"), Some("1"), "{}", reply.head);
    }
}

#[test]
fn a_route_that_takes_too_long_is_answered_with_503() {
    let hang = Hang::new();
    let handler = hang.clone();
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = serving(Shop)
        .route("/hang", move |_| {
            handler.call();
            hyper::Response::new(Body::new("done"))
        })
        .route("/broken", |_| panic!("no answer"))
        .route_timeout(Duration::from_millis(20))
        .on_error(move |event| {
            let event = (event.cause(), event.to_string());
            let _ = sender.lock().unwrap().send(event);
        })
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/hang").status, 503);
    let (cause, message) = events.recv_timeout(support::TIMEOUT).unwrap();
    assert_eq!(cause, EventCause::Route);
    assert!(message.contains("`/hang`"), "{message}");
    hang.release();
    eventually("a panic", || get(&server, "/broken").status == 500);
    eventually("its event", || {
        let (_, message) = events.recv_timeout(support::TIMEOUT).unwrap();
        message.contains("`/broken` has no answer: its code panicked")
    });
}

/// `printf %s token | sha256sum`
#[cfg(feature = "auth")]
const TOKEN_SHA256: &str = "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0";
