//! Tests malicious clients: each gets an error or is disconnected, scrapes of other clients are
//! served, and no resources leak.

mod support;

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use metrics_http::{Body, Server};
#[cfg(target_os = "linux")]
use support::own_process::in_own_process;
use support::{Reply, Shop, ask, connect, eventually, get, read_to_close, serving};

fn server() -> Server {
    serving(Shop)
        .client_timeout(Duration::from_secs(2))
        .serve("127.0.0.1:0")
        .unwrap()
}

/// Sends bytes and reads until the server closes the connection; returns the status of a response.
fn say(address: SocketAddr, words: &[u8]) -> Option<u16> {
    let mut stream = connect(address);
    // Ignores an error, because the server may have closed the connection before reading
    // everything.
    let _ = stream.write_all(words);
    let _ = stream.shutdown(Shutdown::Write);
    let raw = read_to_close(stream);
    let has_head = raw.windows(4).any(|four| four == b"\r\n\r\n");
    has_head.then(|| Reply::parse(&raw).status)
}

#[track_caller]
fn is_served(server: &Server) {
    let reply = get(server, "/metrics");
    assert_eq!((reply.status, reply.complete), (200, true));
}

#[test]
fn hundreds_of_incomplete_requests_time_out_while_scrapes_are_served() {
    let server = server();
    let mut slow: Vec<TcpStream> = (0..200).map(|_| connect(server.local_addr())).collect();
    for stream in &mut slow {
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
            .unwrap();
    }
    for _ in 0..10 {
        is_served(&server);
    }
    for stream in slow {
        // The connection ends, with status 408 or without a response.
        let rest = read_to_close(stream);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    is_served(&server);
}

#[test]
fn a_head_sent_byte_by_byte_times_out() {
    let server = server();
    let mut stream = connect(server.local_addr());
    stream.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
    // The timeout applies to the whole head, not to the time between two bytes.
    eventually("it is cut off", || {
        thread::sleep(Duration::from_millis(50));
        stream.write_all(b"X-More: y\r\n").is_err()
    });
    is_served(&server);
}

#[test]
fn oversized_lines_and_heads_are_refused() {
    let server = server();
    let address = server.local_addr();
    let long = "a".repeat(1 << 20);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(10_000)),
        format!("{long} /metrics HTTP/1.1\r\n\r\n"),
        long.clone(),
    ] {
        let status = say(address, head.as_bytes());
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{status:?}"
        );
    }
    is_served(&server);
}

#[test]
fn malformed_requests_are_refused() {
    let server = server();
    for words in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\0\0\0\0",
        b"\xff\xfe\xfd\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"GET /metrics HTTP/9.9\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n : empty\r\n\r\n",
        b"GET /met\0rics HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ] {
        let status = say(server.local_addr(), words);
        let words = String::from_utf8_lossy(words);
        assert!(
            status.is_none_or(|status| status >= 400),
            "{words:?}: {status:?}"
        );
    }
    is_served(&server);
}

#[test]
fn request_smuggling_reaches_no_second_request() {
    let server = server();
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 0x10\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
    ] {
        let words = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n0\r\n\r\n");
        let mut stream = connect(server.local_addr());
        let _ = stream.write_all(words.as_bytes());
        let _ = stream.write_all(b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let _ = stream.shutdown(Shutdown::Write);
        let raw = read_to_close(stream);
        let text = String::from_utf8_lossy(&raw);
        let answers = text.matches("HTTP/1.1 ").count();
        assert!(answers <= 2, "{framing}: {text}");
        // After a request with two framing headers, no further bytes are parsed as a request.
        if framing.matches(':').count() == 2 {
            assert!(!text.contains("HTTP/1.1 404"), "{framing}: {text}");
        }
    }
    is_served(&server);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = serving(Shop)
        .route("/echo", |request| {
            let query = request.uri().query().unwrap_or_default();
            hyper::Response::new(Body::new(format!("<{query}>")))
        })
        .serve("127.0.0.1:0")
        .unwrap();
    let mut stream = connect(server.local_addr());
    let numbers: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for number in &numbers {
        let head = format!("GET /echo?{number} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let raw = read_to_close(stream);
    let text = String::from_utf8_lossy(&raw);
    let echoed = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next());
    assert_eq!(echoed.collect::<Vec<_>>(), numbers);
}

#[test]
fn unusual_methods_are_refused() {
    let server = server();
    for method in [
        "POST", "DELETE", "TRACE", "CONNECT", "OPTIONS", "FOO", "get",
    ] {
        let status = ask(
            server.local_addr(),
            &format!("{method} /metrics HTTP/1.1\r\n"),
        )
        .status;
        assert!((400..500).contains(&status), "{method}: {status}");
    }
    is_served(&server);
}

#[test]
fn paths_never_refer_to_files() {
    let server = server();
    for path in [
        "/../../../../etc/passwd",
        "/metrics/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/metrics/",
        "/METRICS",
        "/metrics%00",
    ] {
        let reply = get(&server, path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.text().contains("root:"), "{path}");
    }
}

#[test]
fn a_malformed_accept_header_gets_the_text_format() {
    let server = server();
    let deep = "a/b;q=".repeat(500);
    for accept in [
        "",
        ",",
        ";;;",
        "\"",
        "*/*;q=\"",
        "text/plain;version=\"\\",
        "q=0.1;;",
        &deep,
    ] {
        for header in ["Accept", "Accept-Encoding"] {
            let head = format!("GET /metrics HTTP/1.1\r\n{header}: {accept}\r\n");
            let reply = ask(server.local_addr(), &head);
            assert_eq!(
                (reply.status, reply.complete),
                (200, true),
                "{header}: {accept}"
            );
            assert!(reply.text().contains("orders_total"), "{header}: {accept}");
        }
    }
}

#[test]
fn an_unexpected_request_body_is_not_waited_for() {
    let server = server();
    let words = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nfew";
    assert_eq!(say(server.local_addr(), words), Some(200));
    is_served(&server);
}

/// Number of open file descriptors of this process.
#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Resident memory of this process in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Connects clients that disconnect at various points of a request.
#[cfg(target_os = "linux")]
fn hang_up(server: &Server, times: usize) {
    for round in 0..times {
        let mut stream = connect(server.local_addr());
        match round % 5 {
            0 => drop(stream),
            1 => {
                let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
            }
            2 => {
                let _ = stream.write_all(b"GET /metr");
                let _ = stream.shutdown(Shutdown::Write);
            }
            3 => {
                let _ = stream.write_all(&vec![b'a'; 100_000]);
            }
            _ => {
                // The socket is closed with data unread, so the server gets a reset.
                let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
                let _ = stream.read(&mut [0; 1]);
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn disconnecting_clients_leak_neither_descriptors_nor_memory() {
    let name = "disconnecting_clients_leak_neither_descriptors_nor_memory";
    in_own_process(name, &[], || {
        let server = server();
        is_served(&server);
        let before = descriptors();
        // The server keeps buffers that the first clients need, so memory is compared after them.
        hang_up(&server, 1000);
        let size = resident();
        hang_up(&server, 3000);
        is_served(&server);
        eventually("all descriptors are back", || descriptors() <= before);
        let grown = resident().saturating_sub(size);
        assert!(grown < 2 << 20, "{grown} bytes more after 3,000 clients");
    });
}
