//! [`AllowList`]: the client networks from which the server accepts connections.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::error::Error;

/// The networks that connections are accepted from; without a list, every network.
#[derive(Clone, Default)]
pub(in crate::server) struct AllowList(Option<Arc<[IpNet]>>);

impl AllowList {
    /// Parses networks such as `10.0.0.0/8`, and single addresses.
    pub(in crate::server) fn parse(networks: &[String]) -> Result<AllowList, Error> {
        let parsed = networks.iter().map(|text| {
            let network = text.parse::<IpNet>();
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            network.or_else(|_| address()).map_err(|_| {
                Error::setting(format!(
                    "`{text}` is not a network; write `10.0.0.0/8`, `fd00::/8` or an address"
                ))
            })
        });
        Ok(AllowList(Some(parsed.collect::<Result<_, _>>()?)))
    }

    pub(in crate::server) fn allows(&self, peer: IpAddr) -> bool {
        // On a dual-stack socket, an IPv4 client has an IPv4-mapped IPv6 address.
        let peer = peer.to_canonical();
        match &self.0 {
            None => true,
            Some(networks) => networks.iter().any(|network| network.contains(&peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(networks: &[&str], peer: &str) -> bool {
        let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
        let list = AllowList::parse(&networks).expect("networks");
        list.allows(peer.parse().expect("an address"))
    }

    #[test]
    fn every_client_is_allowed_without_a_list() {
        assert!(AllowList::default().allows(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn only_clients_in_a_listed_network_are_allowed() {
        let networks = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"];
        for peer in ["10.255.0.1", "fd12::1", "192.0.2.7", "::ffff:10.1.2.3"] {
            assert!(allows(&networks, peer), "{peer}");
        }
        for peer in ["11.0.0.1", "fe80::1", "192.0.2.8", "::1", "127.0.0.1"] {
            assert!(!allows(&networks, peer), "{peer}");
        }
    }

    #[test]
    fn an_empty_list_allows_no_client() {
        assert!(!allows(&[], "127.0.0.1"));
    }

    #[test]
    fn an_invalid_network_is_an_error_that_names_it() {
        for network in ["", "10.0.0.0/33", "localhost", "10.0.0/8"] {
            let error = AllowList::parse(&[network.to_owned()])
                .err()
                .expect(network);
            assert!(
                error.to_string().starts_with(&format!("`{network}`")),
                "{error}"
            );
        }
    }
}
