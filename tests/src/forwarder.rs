//! A proxy that replaces the `Accept` header of requests.

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

/// Forwards requests to a server one after the other, with another `Accept` header.
///
/// Used to select the format for scrapers that have no setting for it.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    is_stopped: Arc<AtomicBool>,
    content_type: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Forwarder {
    /// Starts a proxy that sends this `Accept` header to the server.
    #[track_caller]
    pub fn accepting(accept: &'static str, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("a listener has an address");
        let is_stopped = Arc::new(AtomicBool::new(false));
        let content_type = Arc::new(Mutex::default());
        let thread = thread::spawn({
            let (is_stopped, content_type) = (Arc::clone(&is_stopped), Arc::clone(&content_type));
            move || {
                for client in listener.incoming() {
                    if is_stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    // Ignores errors, because the test asserts what the client received.
                    if let Ok(seen) = client.and_then(|client| forward(client, server, accept)) {
                        *content_type.lock().expect("no thread panics with the lock") = seen;
                    }
                }
            }
        });
        Self {
            address,
            is_stopped,
            content_type,
            thread: Some(thread),
        }
    }

    /// The address of the proxy.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `Content-Type` of the last response; empty before the first.
    #[track_caller]
    pub fn content_type(&self) -> String {
        self.content_type
            .lock()
            .expect("no thread panics with the lock")
            .clone()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts connections.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Forwards one request and its response, and returns the response's `Content-Type`.
fn forward(mut client: TcpStream, server: SocketAddr, accept: &str) -> io::Result<String> {
    let mut server = TcpStream::connect_timeout(&server, TIMEOUT)?;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
    }
    let (head, _) = read_head(&mut client)?;
    let is_kept = |line: &&str| {
        !line.is_empty() && !is_header(line, "accept") && !is_header(line, "connection")
    };
    let mut lines: Vec<&str> = head.lines().filter(is_kept).collect();
    let accept = format!("Accept: {accept}");
    lines.extend([&accept, "Connection: close", "", ""]);
    let request = lines.join("\r\n");
    server.write_all(request.as_bytes())?;

    let (head, rest) = read_head(&mut server)?;
    client.write_all(head.as_bytes())?;
    client.write_all(&rest)?;
    io::copy(&mut server.take(MAX_BODY), &mut client)?;
    let content_type = head.lines().find(|line| is_header(line, "content-type"));
    let value = content_type.and_then(|line| line.split_once(':'));
    Ok(value.map_or_else(String::new, |(_, value)| value.trim().to_owned()))
}

/// Reads a header section, and the part of the body that arrived with it.
fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
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

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: u64 = 64 * 1024 * 1024;
