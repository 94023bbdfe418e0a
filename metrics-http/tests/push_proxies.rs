//! Tests of pushes through proxies.

mod support;

use std::time::Duration;

use metrics_http::{PushGateway, RemoteWrite};

use support::{
    Shop,
    authority::Authority,
    own_process::in_own_process,
    proxy::Proxy,
    receiver::{Answer, Receiver},
    registry,
    written::accept,
};

/// A gateway whose name only a proxy can resolve.
fn gateway(url: &str) -> PushGateway {
    PushGateway::new(url, "backup")
        .registry(registry(Shop))
        .timeout(support::TIMEOUT)
}

fn behind_proxy() -> (Receiver, Proxy) {
    let receiver = Receiver::new();
    let proxy = Proxy::to(receiver.address());
    (receiver, proxy)
}

#[test]
fn a_proxy_forwards_pushes_to_http_servers() {
    let (receiver, proxy) = behind_proxy();
    let gateway =
        gateway("http://gateway.invalid:9091").proxy(format!("http://{}", proxy.address()));
    gateway.push().unwrap();
    let request = &receiver.requests()[0];
    assert_eq!(
        request.path,
        "http://gateway.invalid:9091/metrics/job/backup"
    );
    assert_eq!(request.header("host"), Some("gateway.invalid:9091"));
    assert!(request.text().contains("orders_total"));
    assert_eq!(proxy.heads().len(), 1);
}

#[test]
fn a_proxy_opens_tunnels_to_https_servers() {
    let authority = Authority::new();
    let receiver = Receiver::with_tls(authority.server("gateway.invalid"));
    let proxy = Proxy::to(receiver.address());
    gateway("https://gateway.invalid")
        .root_certificates(authority.pem())
        .proxy(format!("http://user:open%20sesame@{}", proxy.address()))
        .bearer_auth("secret")
        .push()
        .unwrap();
    let request = &receiver.requests()[0];
    assert_eq!(request.path, "/metrics/job/backup");
    assert_eq!(request.header("proxy-authorization"), None);
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("CONNECT gateway.invalid:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("Basic dXNlcjpvcGVuIHNlc2FtZQ=="), "{head}");
    assert!(!head.contains("secret"), "{head}");
}

#[test]
fn a_socks_proxy_opens_connections_to_http_and_https_servers() {
    let (receiver, proxy) = behind_proxy();
    let url = format!("socks5://{}", proxy.address());
    gateway("http://gateway.invalid").proxy(url).push().unwrap();
    assert_eq!(receiver.requests()[0].path, "/metrics/job/backup");
    assert_eq!(proxy.heads(), ["gateway.invalid"]);

    let authority = Authority::new();
    let receiver = Receiver::with_tls(authority.server("gateway.invalid"));
    let proxy = Proxy::to(receiver.address());
    gateway("https://gateway.invalid")
        .root_certificates(authority.pem())
        .proxy(format!("socks5h://{}", proxy.address()))
        .push()
        .unwrap();
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn remote_write_goes_through_a_proxy() {
    let (receiver, proxy) = behind_proxy();
    receiver.answer_all(accept());
    let pusher = RemoteWrite::new("http://prometheus.invalid/api/v1/write", "shop")
        .registry(registry(Shop))
        .proxy(format!("http://{}", proxy.address()))
        .push_every(Duration::MAX, |error| panic!("{error}"))
        .unwrap();
    let requests = receiver.wait_for(1);
    pusher.shutdown().unwrap();
    assert_eq!(requests[0].path, "http://prometheus.invalid/api/v1/write");
}

#[test]
fn the_credentials_of_a_proxy_are_sent_and_are_in_no_error() {
    let (receiver, proxy) = behind_proxy();
    let address = proxy.address();
    let url = format!("http://user:secret@{address}");
    let gateway = gateway("http://gateway.invalid").proxy(url);
    for (answer, expected) in [
        (Answer::status(407), "the proxy in its URL".to_owned()),
        (
            Answer::HangUp,
            format!("through the proxy http://{address}: "),
        ),
    ] {
        receiver.answer_all(answer);
        let shown = format!("{:?}", gateway.push().unwrap_err());
        assert!(shown.contains(&expected), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
    let requests = receiver.requests();
    let sent = requests[0].header("proxy-authorization");
    assert_eq!(sent, Some("Basic dXNlcjpzZWNyZXQ="));
}

#[test]
fn an_unreachable_proxy_is_an_error_that_names_it() {
    for (server, scheme) in [("http", "http"), ("https", "http"), ("https", "socks5")] {
        let error = gateway(&format!("{server}://gateway.invalid"))
            .root_certificates(Authority::new().pem())
            .proxy(format!("{scheme}://user:secret@127.0.0.1:1"))
            .push();
        let shown = format!("{:?}", error.unwrap_err());
        let expected = format!("through the proxy {scheme}://127.0.0.1:1: ");
        assert!(shown.contains(&expected), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn an_invalid_proxy_is_an_error_with_an_example_that_does_not_quote_it() {
    for url in [
        "",
        "ftp://secret",
        "http://",
        "https://secret",
        "socks4://secret",
        "a b secret",
    ] {
        let error = gateway("http://gateway.invalid").proxy(url).push();
        let shown = format!("{:?}", error.unwrap_err());
        assert!(shown.contains("`http://proxy:3128`"), "{url}: {shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn without_a_proxy_of_the_program_the_environment_names_one() {
    // The listener exists in the process that has the variable.
    let test = "without_a_proxy_of_the_program_the_environment_names_one";
    let variables = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("NO_PROXY", "excepted.invalid"),
    ];
    in_own_process(test, &variables, || {
        let (receiver, proxy) = behind_proxy();
        let through = "through the proxy http://127.0.0.1:1: ";
        let error = gateway("http://gateway.invalid").push().unwrap_err();
        assert!(error.to_string().contains(through), "{error}");
        for direct in [
            gateway("http://gateway.invalid").no_proxy(),
            gateway("http://excepted.invalid"),
        ] {
            let error = direct.push().unwrap_err().to_string();
            assert!(!error.contains("proxy"), "{error}");
        }
        let own = format!("http://{}", proxy.address());
        gateway("http://gateway.invalid").proxy(own).push().unwrap();
        gateway(&receiver.url()).push().unwrap();
        assert_eq!(receiver.requests().len(), 2);
    });
}
