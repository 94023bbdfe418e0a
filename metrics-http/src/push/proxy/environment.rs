//! Finds the proxy that the environment names for a server.

use std::{env, net::IpAddr};

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::chosen::EXAMPLES;
use crate::error::Error;

/// The proxy that the environment names for this server, as curl and Go's `net/http` find it.
///
/// # Errors
///
/// If a variable is not the URL of a proxy: a push that reaches its server directly instead would
/// leave the network in a way that nobody expects.
pub(super) fn proxy(server: &Uri) -> Result<Option<Intercept>, Error> {
    find(server, |name| env::var(name).ok())
}

fn find(
    server: &Uri,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Intercept>, Error> {
    // As in Go, a server on this machine is reached directly.
    if is_loopback(server) {
        return Ok(None);
    }
    let first = |names: &[&'static str]| {
        let values = names
            .iter()
            .filter_map(|name| Some((*name, variable(name)?)));
        values.into_iter().find(|(_, value)| !value.is_empty())
    };
    let of_scheme: &[_] = match server.scheme_str() {
        Some("https") => &["HTTPS_PROXY", "https_proxy"],
        // In a CGI program, `HTTP_PROXY` is the header `Proxy` of a request.
        _ if variable("REQUEST_METHOD").is_some() => &["http_proxy"],
        _ => &["HTTP_PROXY", "http_proxy"],
    };
    let found = first(of_scheme).or_else(|| first(&["ALL_PROXY", "all_proxy"]));
    let Some((name, url)) = found else {
        return Ok(None);
    };
    let Some(proxy) = Matcher::builder().all(&url).build().intercept(server) else {
        return Err(Error::setting(format!(
            "the variable `{name}` is not the URL of a proxy; {EXAMPLES}, or call `no_proxy`"
        )));
    };
    let (_, exceptions) = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let matcher = Matcher::builder().all(&url).no(&exceptions).build();
    let is_exception = matcher.intercept(server).is_none();
    Ok(Some(proxy).filter(|_| !is_exception))
}

fn is_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The origin of the proxy for a server, or the error.
    fn found(server: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            let named = variables.iter().find(|(known, _)| *known == name);
            named.map(|(_, value)| (*value).to_owned())
        };
        match find(&server.parse().unwrap(), variable) {
            Ok(proxy) => Ok(proxy.map(|proxy| proxy.uri().to_string())),
            Err(error) => Err(error.to_string()),
        }
    }

    const PROXIES: [(&str, &str); 2] = [("HTTP_PROXY", "http://a"), ("HTTPS_PROXY", "http://b")];

    #[test]
    fn each_scheme_has_its_variable() {
        let found = |server| found(server, &PROXIES).unwrap();
        assert_eq!(found("http://gateway").as_deref(), Some("http://a/"));
        assert_eq!(found("https://gateway").as_deref(), Some("http://b/"));
    }

    #[test]
    fn names_in_lower_case_count_if_those_in_upper_case_are_unset_or_empty() {
        let variables = [("HTTP_PROXY", ""), ("http_proxy", "a:3128")];
        let proxy = found("http://gateway", &variables).unwrap();
        assert_eq!(proxy.as_deref(), Some("http://a:3128/"));
    }

    #[test]
    fn all_proxy_counts_for_schemes_without_a_variable() {
        let variables = [("HTTP_PROXY", "http://a"), ("all_proxy", "socks5://c:1080")];
        let found = |server| found(server, &variables).unwrap();
        assert_eq!(found("http://gateway").as_deref(), Some("http://a/"));
        assert_eq!(
            found("https://gateway").as_deref(),
            Some("socks5://c:1080/")
        );
    }

    #[test]
    fn without_variables_there_is_no_proxy() {
        assert_eq!(found("http://gateway", &[]), Ok(None));
    }

    #[test]
    fn exceptions_are_names_domains_addresses_and_networks() {
        let found = |server: &str, exceptions| {
            let [http, https] = PROXIES;
            let found = found(server, &[http, https, ("no_proxy", exceptions)]);
            found.unwrap().is_some()
        };
        assert!(!found("http://gateway", "other, gateway"));
        assert!(!found("http://gateway.example.org", "example.org"));
        assert!(!found("https://gateway.example.org", ".example.org"));
        assert!(found("http://notexample.org", "example.org"));
        assert!(!found("http://10.1.2.3:9091", "10.0.0.0/8"));
        assert!(found("http://11.1.2.3:9091", "10.0.0.0/8"));
        assert!(!found("http://gateway", "*"));
    }

    #[test]
    fn a_server_on_this_machine_is_reached_directly() {
        for server in [
            "http://localhost:9091",
            "http://127.0.0.1",
            "https://[::1]:9091",
        ] {
            assert_eq!(found(server, &PROXIES), Ok(None), "{server}");
        }
    }

    #[test]
    fn a_cgi_program_ignores_the_variable_that_a_client_can_set() {
        let cgi = ("REQUEST_METHOD", "GET");
        let found = |server, variable| found(server, &[cgi, variable]).unwrap();
        assert_eq!(found("http://gateway", ("HTTP_PROXY", "http://evil")), None);
        let proxy = found("http://gateway", ("http_proxy", "http://a"));
        assert_eq!(proxy.as_deref(), Some("http://a/"));
        let proxy = found("https://gateway", ("HTTPS_PROXY", "http://b"));
        assert_eq!(proxy.as_deref(), Some("http://b/"));
    }

    #[test]
    fn an_invalid_variable_is_an_error_that_names_it_and_does_not_quote_it() {
        let error = found("http://gateway", &[("HTTP_PROXY", "ftp://user:secret@a")]).unwrap_err();
        assert!(error.contains("`HTTP_PROXY`"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
