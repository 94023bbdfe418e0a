//! Tests of clients that read an exposition slowly or not at all: other scrapes do not wait for
//! them, and what they occupy is bounded.

mod support;

use std::{
    io::{Read, Write},
    sync::mpsc,
    time::Duration,
};

use metrics_http::{EventCause, ServerBuilder};
use support::{Reply, begin_scrape, get, large_registry, serving_registry};
#[cfg(target_os = "linux")]
use support::{connect, own_process::in_own_process};

/// Builds a server of an exposition that exceeds the buffers of a connection, without timeouts.
fn large() -> ServerBuilder {
    serving_registry(large_registry(5_000, 4_000))
        .client_timeout(Duration::MAX)
        .scrape_timeout(Duration::MAX)
}

#[test]
fn slow_readers_do_not_delay_other_scrapes() {
    let server = large().max_concurrent_scrapes(2);
    let server = server.serve("127.0.0.1:0").unwrap();
    let slow: Vec<_> = (0..6).map(|_| begin_scrape(server.local_addr())).collect();
    for _ in 0..3 {
        assert!(get(&server, "/metrics").complete);
    }
    drop(slow);
}

#[test]
fn a_slow_reader_receives_the_whole_exposition() {
    let server = large().max_concurrent_scrapes(1);
    let server = server.serve("127.0.0.1:0").unwrap();
    let slow = [(); 3].map(|()| begin_scrape(server.local_addr()));
    assert!(get(&server, "/metrics").complete);
    for stream in slow {
        assert!(Reply::finish(stream).complete);
    }
}

#[test]
fn the_slowest_readers_make_room_for_others() {
    let (sender, events) = mpsc::channel();
    let server = large()
        .max_concurrent_scrapes(1)
        .max_queued_scrapes(2)
        .on_error(move |event| {
            let _ = sender.send(event.cause());
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let slow: Vec<_> = (0..6).map(|_| begin_scrape(server.local_addr())).collect();
    assert!(get(&server, "/metrics").complete);
    assert_eq!(events.recv().unwrap(), EventCause::ExpositionAborted);
    let complete = slow
        .into_iter()
        .map(|stream| Reply::finish(stream).complete);
    let count = complete.filter(|is_complete| *is_complete).count();
    assert!((1..=2).contains(&count), "{count}");
}

#[cfg(all(feature = "auth", feature = "tls"))]
#[test]
fn slow_readers_over_tls_do_not_delay_an_authenticated_scrape() {
    use support::tls::{Authority, Client};

    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let server = large()
        .max_concurrent_scrapes(2)
        .tls(authority.write_server_files(folder.path()))
        .basic_auth("prometheus", bcrypt::hash("secret", 4).unwrap())
        .serve("127.0.0.1:0")
        .unwrap();
    let client = Client::trusting(&authority);
    let login = support::basic_auth("prometheus", "secret") + "\r\n";
    let slow: Vec<_> = (0..6)
        .map(|_| {
            let mut stream = client.connect(server.local_addr()).unwrap();
            let head = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{login}\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.read_exact(&mut [0; 9]).unwrap();
            stream
        })
        .collect();
    for _ in 0..3 {
        let reply = client.get_with(server.local_addr(), "/metrics", &login);
        assert!(reply.unwrap().complete);
    }
    drop(slow);
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_do_not_read_occupy_little_memory() {
    let name = "readers_that_do_not_read_occupy_little_memory";
    in_own_process(name, &[], measure_readers_that_do_not_read);
}

#[cfg(target_os = "linux")]
fn measure_readers_that_do_not_read() {
    // Small enough to be shared with other scrapes, so that it is kept in memory.
    let registry = large_registry(4_500, 200);
    let server = serving_registry(registry)
        .max_concurrent_scrapes(1)
        .max_queued_scrapes(64)
        .max_connections(300)
        .serve("127.0.0.1:0")
        .unwrap();
    assert!(get(&server, "/metrics").body.len() > 900_000);
    let before = memory("VmRSS");
    let readers: Vec<_> = (0..200)
        .map(|at| {
            let mut stream = connect(server.local_addr());
            let path = format!("/metrics?name[]=filler&name[]=other{at}");
            let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            // The first expositions fill the buffers of the connection.
            stream.write_all(head.repeat(8).as_bytes()).unwrap();
            stream.read_exact(&mut [0; 9]).unwrap();
            stream
        })
        .collect();
    // There is one place and it is passed on in order, so others are encoded between these scrapes.
    for _ in 0..100 {
        assert!(get(&server, "/metrics?name[]=nothing").complete);
    }
    let grown = memory("VmHWM") - before;
    assert!(
        grown < 96 << 20,
        "{grown} bytes for {} readers",
        readers.len()
    );
}

/// A size in bytes from the status of this process.
#[cfg(target_os = "linux")]
fn memory(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kibibytes = line.split_whitespace().nth(1).unwrap();
    kibibytes.parse::<usize>().unwrap() * 1024
}
