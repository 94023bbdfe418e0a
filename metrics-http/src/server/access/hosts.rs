//! [`Hosts`]: the host names that requests may be addressed to.
//!
//! A web page of `evil.example` can let that name resolve to 127.0.0.1 after it was loaded (DNS
//! rebinding). The browser then lets the page read what a server on that address answers, because
//! for the browser both are one origin. Such a request names `evil.example` as its host, so a
//! server that answers only to names that it knows is safe from it.

use std::net::IpAddr;

use hyper::{Request, header, http::uri::Authority};

use crate::error::Error;

/// Decides by the host of a request whether it is served.
pub(super) struct Hosts {
    /// The names that the program added; `None` for the default.
    added: Option<Vec<String>>,
    /// The name of this machine. Linux distributions let it resolve to 127.0.1.1, and a web page
    /// cannot have it.
    machine: String,
}

impl Hosts {
    /// Serves `names` in addition to IP addresses, `localhost` and the name of this machine; the
    /// name `*` admits every host.
    ///
    /// Without names, clients with a loopback address may use these only, and other clients any
    /// name.
    ///
    /// # Errors
    ///
    /// If a name contains a port, a path or other characters that names do not have.
    pub(super) fn new(names: Option<&[String]>) -> Result<Hosts, Error> {
        let valid = names.unwrap_or_default().iter().map(|text| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
            if text != ANY && (text.is_empty() || !text.chars().all(is_name)) {
                return Err(Error::setting(format!(
                    "`{}` is not a host name; write it without scheme, port and path, as in \
                     `metrics.example.com`, or `*` for every name",
                    text.escape_default()
                )));
            }
            Ok(normalized(text))
        });
        let valid = valid.collect::<Result<_, _>>()?;
        Ok(Hosts {
            added: names.map(|_| valid),
            machine: normalized(&gethostname::gethostname().to_string_lossy()),
        })
    }

    /// Whether a request is served; the error is its host, for a message.
    ///
    /// `peer` is `None` for a Unix socket, which a web page cannot reach.
    pub(super) fn check(&self, request: &Request<()>, peer: Option<IpAddr>) -> Result<(), String> {
        let is_open = match (&self.added, peer) {
            (_, None) => true,
            (None, Some(peer)) => !peer.to_canonical().is_loopback(),
            (Some(names), Some(_)) => names.iter().any(|name| name == ANY),
        };
        if is_open {
            return Ok(());
        }
        match requested_host(request) {
            // HTTP/1.0 has requests without a host. A browser always sends one.
            Requested::Nothing => Ok(()),
            Requested::Host(host) if self.is_served(&host) => Ok(()),
            Requested::Host(host) => Err(host),
            Requested::Invalid => Err("an invalid host".to_owned()),
        }
    }

    fn is_served(&self, host: &str) -> bool {
        let is_address = host.parse::<IpAddr>().is_ok()
            || host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .is_some_and(|host| host.parse::<IpAddr>().is_ok());
        is_address
            || host == LOCALHOST
            || host == self.machine
            || host.ends_with(".localhost")
            || self.added.iter().flatten().any(|name| name == host)
    }
}

enum Requested {
    /// In lower case, without port and trailing dot.
    Host(String),
    Nothing,
    Invalid,
}

/// The host of a request's target (HTTP/2, or a request to a proxy), or else of its `Host` header.
fn requested_host(request: &Request<()>) -> Requested {
    if let Some(authority) = request.uri().authority() {
        return Requested::Host(normalized(authority.host()));
    }
    let mut values = request.headers().get_all(header::HOST).iter();
    match (values.next(), values.next()) {
        (None, _) => Requested::Nothing,
        (Some(value), None) => match Authority::try_from(value.as_bytes()) {
            Ok(authority) => Requested::Host(normalized(authority.host())),
            Err(_) => Requested::Invalid,
        },
        (Some(_), Some(_)) => Requested::Invalid,
    }
}

/// Lower case, and without the dot at the end of a fully qualified name.
fn normalized(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

const ANY: &str = "*";
const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn hosts(names: &[&str]) -> Hosts {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Hosts::new(Some(&names)).expect("names")
    }

    fn request(host: &str) -> Request<()> {
        Request::builder().header("Host", host).body(()).unwrap()
    }

    #[test]
    fn a_loopback_client_may_use_localhost_and_addresses() {
        let hosts = Hosts::new(None).unwrap();
        for host in [
            "localhost",
            "LocalHost:9464",
            "localhost.",
            "shop.localhost:1",
            "127.0.0.1:9464",
            "10.0.0.7",
            "[::1]",
            "[::1]:9464",
        ] {
            assert!(hosts.check(&request(host), LOOPBACK).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_loopback_client_may_use_the_name_of_the_machine() {
        let host = gethostname::gethostname().into_string().unwrap();
        let hosts = Hosts::new(None).unwrap();
        assert!(
            hosts
                .check(&request(&format!("{host}:9464")), LOOPBACK)
                .is_ok()
        );
        let other = format!("{host}.evil.example");
        assert!(hosts.check(&request(&other), LOOPBACK).is_err());
    }

    #[test]
    fn a_loopback_client_may_not_use_other_names() {
        let hosts = Hosts::new(None).unwrap();
        for host in [
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "",
            ":9464",
            "a b",
            "127.0.0.1@evil.example",
        ] {
            assert!(hosts.check(&request(host), LOOPBACK).is_err(), "{host}");
        }
    }

    #[test]
    fn the_target_of_a_request_takes_precedence_over_its_header() {
        let hosts = Hosts::new(None).unwrap();
        let mut request = request("localhost");
        *request.uri_mut() = "http://evil.example/metrics".parse().unwrap();
        assert!(hosts.check(&request, LOOPBACK).is_err());
    }

    #[test]
    fn two_host_headers_are_refused() {
        let hosts = Hosts::new(None).unwrap();
        let mut request = request("localhost");
        request
            .headers_mut()
            .append("Host", "evil.example".parse().unwrap());
        assert!(hosts.check(&request, LOOPBACK).is_err());
    }

    #[test]
    fn other_clients_may_use_every_name_by_default() {
        let hosts = Hosts::new(None).unwrap();
        for peer in [None, Some(IpAddr::from([192, 0, 2, 1]))] {
            assert!(hosts.check(&request("shop.example"), peer).is_ok());
        }
    }

    #[test]
    fn listed_names_apply_to_all_network_clients() {
        let hosts = hosts(&["Shop.Example", "b.example"]);
        for peer in [LOOPBACK, Some(IpAddr::from([192, 0, 2, 1]))] {
            assert!(hosts.check(&request("shop.example.:80"), peer).is_ok());
            assert!(hosts.check(&request("192.0.2.7"), peer).is_ok());
            assert!(hosts.check(&request("a.shop.example"), peer).is_err());
        }
        assert!(hosts.check(&request("evil.example"), None).is_ok());
    }

    #[test]
    fn a_star_allows_every_name() {
        assert!(
            hosts(&["*"])
                .check(&request("any.example"), LOOPBACK)
                .is_ok()
        );
    }

    #[test]
    fn a_request_without_a_host_is_served() {
        let request = Request::new(());
        assert!(Hosts::new(None).unwrap().check(&request, LOOPBACK).is_ok());
    }

    #[test]
    fn a_name_with_a_port_or_a_scheme_is_an_error_that_shows_it() {
        for name in ["", "a.example:80", "http://a.example", "*.a.example", "a b"] {
            let error = Hosts::new(Some(&[name.to_owned()])).err().expect(name);
            assert!(
                error.to_string().starts_with(&format!("`{name}`")),
                "{error}"
            );
        }
    }
}
