//! Addresses for servers that do not say which port they got.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// A loopback address that nobody listens at.
///
/// A free port of the system's choice may be another's by the time a server asks for it. These
/// ports the system gives to nobody by itself: a program takes each of them once, and programs
/// that run at one time begin with different ones.
#[track_caller]
pub fn free_address() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let first = process::id().wrapping_mul(APART);
    let free = (0..PORTS).find_map(|_| {
        let nth = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let port = u16::try_from(LOWEST + nth).expect("a port has sixteen bits");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        TcpListener::bind(address).is_ok().then_some(address)
    });
    free.expect("a free loopback port")
}

/// What Linux gives by itself begins at 32,768 (`net.ipv4.ip_local_port_range`).
const LOWEST: u32 = 20_000;
const PORTS: u32 = 10_000;

/// How far the first ports of two programs with neighbouring ids are from each other.
const APART: u32 = 97;
