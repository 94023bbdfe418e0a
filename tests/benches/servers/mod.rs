//! The servers of the serving bench: they expose the same series, each set up as its library
//! documents.

pub(crate) mod busy;
mod metrics;
mod ours;
pub(crate) mod secured;
mod tls_client;
mod vise;

use std::{
    cell::Cell,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use crate::common::Column;

/// A server that runs until the program ends.
pub(crate) struct Running {
    pub(crate) column: Column,
    address: SocketAddr,
    /// Length of the last response, including its headers.
    bytes: Cell<usize>,
}

impl Running {
    fn new(column: Column, address: SocketAddr) -> Self {
        let bytes = Cell::new(0);
        Self {
            column,
            address,
            bytes,
        }
    }

    /// Scrapes the server over a new connection and returns the duration in milliseconds.
    pub(crate) fn scrape(&self) -> f64 {
        let mut buffer = vec![0; 1 << 20];
        let start = Instant::now();
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .expect("the server reads");
        let mut bytes = 0;
        loop {
            match stream.read(&mut buffer).expect("the server responds") {
                0 => break,
                some => bytes += some,
            }
        }
        let time = start.elapsed().as_secs_f64() * 1e3;
        // A series has about 80 bytes; a response of less than 50 per series is incomplete or an
        // error page.
        assert!(
            bytes > 50 * crate::SERIES,
            "{}: {bytes} bytes",
            self.column.name
        );
        self.bytes.set(bytes);
        time
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }
}

/// Starts all servers.
pub(crate) fn start() -> Vec<Running> {
    vec![ours::start(), metrics::start(), vise::start()]
}

/// Waits until the server listens.
fn await_listener(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(
            start.elapsed().as_secs() < 30,
            "no server listens on {address}"
        );
        std::thread::yield_now();
    }
}
