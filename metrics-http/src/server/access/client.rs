//! [`ClientId`]: whom limits per client apply to.

use std::net::IpAddr;

/// The clients that share one limit, because they cannot be told apart or are probably one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ClientId {
    /// All clients of Unix sockets.
    Local,
    /// An IPv4 address.
    V4([u8; 4]),
    /// The /64 network of an IPv6 address, because one host usually has a whole network to choose
    /// its address from.
    V6([u16; 4]),
}

impl ClientId {
    /// The client with an address; `None` for a Unix socket.
    pub(super) fn new(peer: Option<IpAddr>) -> ClientId {
        // On a dual-stack socket, an IPv4 client has an IPv4-mapped IPv6 address.
        match peer.map(|peer| peer.to_canonical()) {
            None => ClientId::Local,
            Some(IpAddr::V4(address)) => ClientId::V4(address.octets()),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                ClientId::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(address: &str) -> ClientId {
        ClientId::new(Some(address.parse().expect("an address")))
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        assert_eq!(id("2001:db8::1"), id("2001:db8::ffff:0:0:2"));
        assert_ne!(id("2001:db8::1"), id("2001:db8:0:1::1"));
    }

    #[test]
    fn every_ipv4_address_is_one_client_however_it_is_written() {
        assert_eq!(id("192.0.2.1"), id("::ffff:192.0.2.1"));
        assert_ne!(id("192.0.2.1"), id("192.0.2.2"));
    }
}
