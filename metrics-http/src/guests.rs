//! Who may connect: an allow-list of networks.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use crate::error::Error;

/// The networks that connections are accepted from; all, where none is named.
#[derive(Clone, Default)]
pub(crate) struct Guests(Option<Arc<[IpNet]>>);

impl Guests {
    /// From networks as `10.0.0.0/8`, or addresses, which stand for themselves.
    pub(crate) fn from(networks: &[String]) -> Result<Guests, Error> {
        let parsed = networks.iter().map(|text| {
            let network = text.parse::<IpNet>();
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            network.or_else(|_| address()).map_err(|_| {
                Error::setting(format!(
                    "`{text}` is no network that could be allowed; write `10.0.0.0/8`, \
                     `fd00::/8` or an address"
                ))
            })
        });
        Ok(Guests(Some(parsed.collect::<Result<_, _>>()?)))
    }

    pub(crate) fn admit(&self, peer: IpAddr) -> bool {
        // On a socket for both families, IPv4 comes in IPv6's clothes.
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

    fn admit(networks: &[&str], peer: &str) -> bool {
        let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
        let guests = Guests::from(&networks).expect("networks");
        guests.admit(peer.parse().expect("an address"))
    }

    #[test]
    fn everybody_is_admitted_where_no_network_is_named() {
        assert!(Guests::default().admit(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn who_is_in_a_network_is_admitted_and_nobody_else() {
        let networks = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"];
        for peer in ["10.255.0.1", "fd12::1", "192.0.2.7", "::ffff:10.1.2.3"] {
            assert!(admit(&networks, peer), "{peer}");
        }
        for peer in ["11.0.0.1", "fe80::1", "192.0.2.8", "::1", "127.0.0.1"] {
            assert!(!admit(&networks, peer), "{peer}");
        }
    }

    #[test]
    fn an_empty_list_admits_nobody() {
        assert!(!admit(&[], "127.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_an_error_that_names_it() {
        for network in ["", "10.0.0.0/33", "localhost", "10.0.0/8"] {
            let error = Guests::from(&[network.to_owned()]).err().expect(network);
            assert!(
                error.to_string().starts_with(&format!("`{network}`")),
                "{error}"
            );
        }
    }
}
