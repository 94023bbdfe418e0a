//! Collectors with known content, and an HTTP client that reads a response to its end.

// Each test program uses only some items of this module.
#![allow(dead_code, unreachable_pub)]

pub mod authority;
pub mod gate;
pub mod own_process;
#[cfg(unix)]
pub mod pipe;
pub mod proxy;
pub mod receiver;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "remote-write")]
pub mod written;

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_http::{
    Collection, Collector, Desc, DynamicFamily, Gauge, Kind, Options, Registry, Server,
    ServerBuilder,
};

/// A collector of `orders_total` and `orders_waiting`.
pub struct Shop;

impl Collector for Shop {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 2] = [
            Desc::new(Kind::Counter, "orders_total", "Orders taken."),
            Desc::new(Kind::Gauge, "orders_waiting", "Orders to be packed."),
        ];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [total, waiting] = self.descs() else {
            unreachable!("there are two")
        };
        out.counter(total, &[("country", "no")], 3.0);
        out.counter(total, &[("country", "se")], 4.0);
        out.gauge(waiting, &[], 2.0);
    }
}

/// A collector of about 15 MB of exposition, which exceeds the socket buffers between the two ends.
pub struct Warehouse;

impl Collector for Warehouse {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(
            Kind::Gauge,
            "stock_pieces",
            "Pieces on the shelves.",
        )];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let aisle = "a long aisle ".repeat(240);
        for shelf in 0..SHELVES {
            let labels = [("shelf", &*shelf.to_string()), ("aisle", &*aisle)];
            out.gauge(&self.descs()[0], &labels, 7.0);
        }
    }
}

pub fn registry(content: impl Collector) -> Registry {
    let registry = Registry::new();
    // Disables the timeout, because large collectors may be slow on a busy machine.
    registry.collector_timeout(Duration::MAX);
    registry.register(Arc::new(content)).unwrap();
    registry
}

/// Builds a server for a registry with this collector, without process metrics, `build_info` and
/// metrics of the server.
pub fn serving(content: impl Collector) -> ServerBuilder {
    serving_registry(registry(content))
}

/// Like [`serving`], for a registry.
pub fn serving_registry(registry: Registry) -> ServerBuilder {
    Server::builder()
        .registry(registry)
        .process_metrics(false)
        .build_info(false)
        .server_metrics(false)
}

/// A registry with this number of series of this length, which are quick to encode.
pub fn large_registry(series: usize, bytes: usize) -> Registry {
    let registry = Registry::new();
    let options = Options::new("filler", "Fills.").labels(["key"]);
    let filler: DynamicFamily<Gauge> = registry.create_family(options).unwrap();
    let long = "x".repeat(bytes);
    for at in 0..series {
        filler.with(&[&format!("{long}{at}")]).set(1);
    }
    registry
}

pub fn shop() -> Server {
    serving(Shop).serve("127.0.0.1:0").unwrap()
}

pub fn get(server: &Server, path: &str) -> Reply {
    ask(server.local_addr(), &format!("GET {path} HTTP/1.1\r\n"))
}

pub fn get_with(server: &Server, path: &str, headers: &str) -> Reply {
    let head = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
    ask(server.local_addr(), &head)
}

/// The header of basic authentication.
pub fn basic_auth(user: &str, password: &str) -> String {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}")
}

/// Sends the head of a request and reads the whole response.
pub fn ask(address: SocketAddr, head: &str) -> Reply {
    let mut stream = connect(address);
    let rest = "Host: localhost\r\nConnection: close\r\n\r\n";
    stream
        .write_all(format!("{head}{rest}").as_bytes())
        .unwrap();
    Reply::read(stream)
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Reads until the server closes the connection. Panics if it does not in time.
#[track_caller]
pub fn read_to_close(mut stream: impl Read) -> Vec<u8> {
    let mut raw = Vec::new();
    match stream.read_to_end(&mut raw) {
        // The data before a connection reset is kept.
        Err(error) if error.kind() != ErrorKind::ConnectionReset => {
            panic!("the server does not close the connection: {error}")
        }
        _ => raw,
    }
}

/// Starts a scrape; returns when the response has begun.
pub fn begin_scrape(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 9]).unwrap();
    stream
}

/// Waits until a condition holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < TIMEOUT, "not in time: {what}");
        std::thread::yield_now();
    }
}

/// A parsed response.
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// Whether the body was complete according to its framing.
    pub complete: bool,
}

impl Reply {
    #[track_caller]
    pub fn read(stream: TcpStream) -> Reply {
        Reply::parse(&read_to_close(stream))
    }

    /// Reads the rest of a response that [`begin_scrape`] has begun to read.
    #[track_caller]
    pub fn finish(stream: TcpStream) -> Reply {
        Reply::parse(&[b"HTTP/1.1 ".as_slice(), &read_to_close(stream)].concat())
    }

    pub fn parse(raw: &[u8]) -> Reply {
        let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let rest = &raw[end + 4..];
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            body: rest.to_vec(),
            complete: true,
        };
        if reply.header("transfer-encoding") == Some("chunked") {
            (reply.body, reply.complete) = unchunked(rest);
        } else if let Some(length) = reply.header("content-length") {
            reply.complete = length == rest.len().to_string();
        }
        reply
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn unchunked(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = raw.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&raw[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        raw = &raw[end + 2..];
        if size == 0 {
            return (body, true);
        }
        if raw.len() < size + 2 {
            body.extend_from_slice(raw);
            return (body, false);
        }
        body.extend_from_slice(&raw[..size]);
        raw = &raw[size + 2..];
    }
}

/// A loopback address for tests that release a port and expect it to stay free: most other tests
/// use ports of 127.0.0.1.
pub const OTHER_LOOPBACK: &str = "127.0.0.2:0";
/// Number of series of [`Warehouse`].
pub const SHELVES: usize = 5_000;
/// Timeout of every wait; longer than any of them takes on a slow machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);
