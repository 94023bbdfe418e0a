//! A listener that asks a server in other words than its client's.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Forwards requests to a server with another `Accept` header, one after the other.
///
/// For scrapers that cannot be told which format to ask for.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    content_type: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Starts one.
    #[track_caller]
    pub fn accepting(accept: &'static str, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let is_over = Arc::new(AtomicBool::new(false));
        let content_type = Arc::new(Mutex::default());
        let thread = thread::spawn({
            let (is_over, content_type) = (Arc::clone(&is_over), Arc::clone(&content_type));
            move || {
                for client in listener.incoming() {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    // Its client sees that an answer fails, and the test what the client saw.
                    if let Ok(seen) = client.and_then(|client| forward(client, server, accept)) {
                        *content_type.lock().expect("nobody panics") = seen;
                    }
                }
            }
        });
        Self {
            address,
            is_over,
            content_type,
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `Content-Type` of the last answer, or nothing before the first.
    #[track_caller]
    pub fn content_type(&self) -> String {
        self.content_type.lock().expect("nobody panics").clone()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes it up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Forwards one request and its answer, and returns the answer's `Content-Type`.
fn forward(mut client: TcpStream, server: SocketAddr, accept: &str) -> io::Result<String> {
    let mut server = TcpStream::connect_timeout(&server, PATIENCE)?;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
    }
    let (head, _) = head(&mut client)?;
    let is_kept = |line: &&str| {
        !line.is_empty() && !is_header(line, "accept") && !is_header(line, "connection")
    };
    let mut lines: Vec<&str> = head.lines().filter(is_kept).collect();
    let accept = format!("Accept: {accept}");
    lines.extend([&accept, "Connection: close", "", ""]);
    let request = lines.join("\r\n");
    server.write_all(request.as_bytes())?;

    let (head, rest) = self::head(&mut server)?;
    client.write_all(head.as_bytes())?;
    client.write_all(&rest)?;
    io::copy(&mut server.take(MAX_BODY), &mut client)?;
    let content_type = head.lines().find(|line| is_header(line, "content-type"));
    let value = content_type.and_then(|line| line.split_once(':'));
    Ok(value.map_or_else(String::new, |(_, value)| value.trim().to_owned()))
}

/// Reads a head to its end, and what came along of the body.
fn head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4096];
        let count = stream.read(&mut some)?;
        if count == 0 || read.len() > MAX_HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        read.extend(&some[..count]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            let head = String::from_utf8(read).map_err(|_| ErrorKind::InvalidData)?;
            return Ok((head, rest));
        }
    }
}

fn is_header(line: &str, name: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

const PATIENCE: Duration = Duration::from_secs(5);
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: u64 = 64 * 1024 * 1024;
