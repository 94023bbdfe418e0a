//! Tests of the server's liveness and readiness checks and of custom routes.

mod support;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use metrics_http::Body;
use support::{Shop, TIMEOUT, ask, get, serving, shop};

#[test]
fn a_program_without_checks_is_healthy_and_ready() {
    let server = shop();
    for (path, expected) in [("/-/healthy", "healthy\n"), ("/-/ready", "ready\n")] {
        let reply = get(&server, path);
        assert_eq!((reply.status, reply.text()), (200, expected));
    }
}

#[test]
fn the_program_is_ready_if_its_checks_pass() {
    let connected = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&connected);
    let server = serving(Shop)
        .readiness_check("database", move || {
            if asked.load(Ordering::Relaxed) {
                Ok(())
            } else {
                Err("not connected".to_owned())
            }
        })
        .readiness_check("cache", || Ok(()))
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get(&server, "/-/ready");
    assert_eq!(
        (reply.status, reply.text()),
        (503, "database: not connected\n")
    );
    assert_eq!(get(&server, "/-/healthy").status, 200);
    connected.store(true, Ordering::Relaxed);
    assert_eq!(get(&server, "/-/ready").status, 200);
}

#[test]
fn a_check_that_panics_has_failed() {
    let server = serving(Shop)
        .liveness_check("worker", || panic!("lost its mind"))
        .serve("127.0.0.1:0")
        .unwrap();
    let reply = get(&server, "/-/healthy");
    assert_eq!(
        (reply.status, reply.text()),
        (503, "worker: the check panicked\n")
    );
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn a_blocked_check_does_not_delay_scrapes() {
    let (release, blocked) = mpsc::channel::<()>();
    let (entered, check) = mpsc::channel();
    let blocked = Mutex::new(blocked);
    let server = serving(Shop)
        .readiness_check("slow", move || {
            entered.send(()).unwrap();
            let _ = blocked.lock().unwrap().recv();
            Ok(())
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let address = server.local_addr();
    let probe = std::thread::spawn(move || ask(address, "GET /-/ready HTTP/1.1\r\n").status);
    check.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(get(&server, "/metrics").status, 200);
    drop(release);
    assert_eq!(probe.join().unwrap(), 200);
}

#[test]
fn a_custom_route_answers_its_path() {
    let server = serving(Shop)
        .route("/hello", |request| {
            let name = request.uri().query().unwrap_or("nobody").to_owned();
            hyper::Response::new(Body::new(name))
        })
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/hello?you").text(), "you");
    assert_eq!(get(&server, "/hello/").status, 404);
}

#[test]
fn a_handler_that_panics_is_answered_with_500() {
    let server = serving(Shop)
        .route("/broken", |_| panic!("no answer"))
        .serve("127.0.0.1:0")
        .unwrap();
    assert_eq!(get(&server, "/broken").status, 500);
    assert_eq!(get(&server, "/metrics").status, 200);
}

#[test]
fn two_handlers_of_one_path_are_an_error() {
    for path in ["/metrics", "/-/ready", "/twice"] {
        let answer = |_: &hyper::Request<()>| hyper::Response::new(Body::new(""));
        let error = serving(Shop)
            .route("/twice", answer)
            .route(path, answer)
            .serve("127.0.0.1:0")
            .unwrap_err();
        assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
    }
}
