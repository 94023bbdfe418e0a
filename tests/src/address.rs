//! Finds free loopback addresses, for servers that do not report which port they were given.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Returns a loopback address on which no program listens.
///
/// A port that the system assigns may be taken again before the server binds it. The ports tried
/// here are below the range that Linux assigns from by default. A program tries them in turn, and
/// programs that run at the same time start at different ports, unless their process ids differ by
/// a multiple of 10,000.
#[track_caller]
pub fn free_address() -> SocketAddr {
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let first = process::id().wrapping_mul(STRIDE);
    let free = (0..PORTS).find_map(|_| {
        let offset = first.wrapping_add(ATTEMPTS.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let port = u16::try_from(LOWEST + offset).expect("a port has sixteen bits");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address).is_ok().then_some(address)
    });
    free.expect("a free loopback port")
}

/// The lowest port. With [`PORTS`] of them, all are below 32,768, where Linux starts to assign
/// ports by default (`net.ipv4.ip_local_port_range`).
const LOWEST: u32 = 20_000;
const PORTS: u32 = 10_000;

/// Distance between the first ports of two programs with neighbouring process ids.
const STRIDE: u32 = 97;
