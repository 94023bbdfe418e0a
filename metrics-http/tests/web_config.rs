//! Tests of the web configuration file: its format, and what happens when it changes.

mod support;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        mpsc::{Receiver, channel},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_http::{EventCause, Server, ServerBuilder, Tls};
use rcgen::SanType;
use rustls::{
    NamedGroup, ProtocolVersion,
    crypto::{CryptoProvider, ring},
    version::{TLS12, TLS13},
};
#[cfg(unix)]
use support::pipe::Pipe;
use support::{
    Reply, Shop, ask,
    authority::dns,
    eventually, serving,
    tls::{Authority, Client, Identity},
};
use tempfile::TempDir;

/// A folder with a configuration file, and the certificates of a server and of its authority.
struct Site {
    folder: TempDir,
    authority: Authority,
}

impl Site {
    fn new(web_config: &str) -> Site {
        let site = Site {
            folder: TempDir::new().unwrap(),
            authority: Authority::new(),
        };
        site.authority.write_server_files(site.folder.path());
        site.authority.write_ca_file(site.folder.path());
        site.write(web_config);
        site
    }

    /// Like `new`, with a section that names the certificate and further fields of it.
    fn with_tls(fields: &str) -> Site {
        Site::new(&tls_section(fields))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("web.yml")
    }

    fn write(&self, web_config: &str) {
        fs::write(self.path(), web_config).unwrap();
    }

    fn builder(&self) -> ServerBuilder {
        serving(Shop).web_config(self.path())
    }

    fn serve(&self) -> Server {
        self.builder().serve("127.0.0.1:0").unwrap()
    }

    /// Starts a server, and returns the texts of its failed reloads.
    fn serve_watched(&self) -> (Server, Receiver<String>) {
        let (sender, events) = channel();
        let sender = Mutex::new(sender);
        let builder = self.builder().on_error(move |event| {
            if event.cause() == EventCause::Reload {
                let _ = sender.lock().unwrap().send(event.to_string());
            }
        });
        (builder.serve("127.0.0.1:0").unwrap(), events)
    }

    fn error(&self) -> String {
        error_of(self.builder())
    }

    fn client(&self) -> Client {
        Client::trusting(&self.authority)
    }
}

fn tls_section(fields: &str) -> String {
    let section = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n  ";
    format!("{section}{}\n", fields.replace('\n', "\n  "))
}

fn error_of(builder: ServerBuilder) -> String {
    builder.serve("127.0.0.1:0").unwrap_err().to_string()
}

/// The section of one user, with the lowest cost of bcrypt.
fn user(name: &str, password: &str) -> String {
    let hash = bcrypt::hash(password, 4).unwrap();
    format!("basic_auth_users:\n  {name}: {hash}\n")
}

/// The status of a request without TLS.
fn status(address: SocketAddr, user: &str, password: &str) -> u16 {
    let login = STANDARD.encode(format!("{user}:{password}"));
    let head = format!("GET /metrics HTTP/1.1\r\nAuthorization: Basic {login}\r\n");
    ask(address, &head).status
}

fn get(address: SocketAddr) -> Reply {
    ask(address, "GET /metrics HTTP/1.1\r\n")
}

#[test]
fn an_empty_file_configures_nothing() {
    for content in [
        "",
        "# nothing\n",
        "---\n",
        "tls_server_config:\nrate_limit:\n",
        "tls_server_config: {}\n",
    ] {
        let server = Site::new(content).serve();
        assert_eq!(get(server.local_addr()).status, 200, "{content:?}");
    }
}

#[test]
fn users_of_the_file_have_access() {
    let server = Site::new(&user("ann", "one")).serve();
    let address = server.local_addr();
    assert_eq!(get(address).status, 401);
    assert_eq!(status(address, "ann", "one"), 200);
    assert_eq!(status(address, "ann", "two"), 401);
}

#[test]
fn users_of_the_program_have_access_too() {
    let site = Site::new(&user("ann", "one"));
    let hash = bcrypt::hash("two", 4).unwrap();
    let server = site.builder().basic_auth("bob", &hash);
    let server = server.serve("127.0.0.1:0").unwrap();
    assert_eq!(status(server.local_addr(), "ann", "one"), 200);
    assert_eq!(status(server.local_addr(), "bob", "two"), 200);
    let error = error_of(site.builder().basic_auth("ann", hash));
    assert!(error.contains("the user `ann` is also set"), "{error}");
}

#[test]
fn changed_users_are_in_use_without_a_restart() {
    let site = Site::new(&user("ann", "one"));
    let server = site.serve();
    let address = server.local_addr();
    assert_eq!(status(address, "ann", "one"), 200);
    site.write(&user("bob", "two"));
    eventually("the new user has access", || {
        status(address, "bob", "two") == 200
    });
    assert_eq!(status(address, "ann", "one"), 401);
}

#[test]
fn a_file_whose_end_is_missing_gives_no_further_clients_access() {
    let signed = |site: &Site| {
        site.client()
            .presenting(site.authority.sign_client(vec![dns("a")]))
    };
    let tls = tls_section(
        "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: ca.crt\n\
         client_allowed_sans: [a]",
    );
    for field in [
        "client_auth_type",
        "client_allowed_sans",
        "basic_auth_users",
    ] {
        let whole = format!("{tls}{}", user("ann", "one"));
        let site = Site::new(&whole);
        let (server, events) = site.serve_watched();
        site.write(&whole[..whole.find(field).unwrap()]);
        eventually("the change is refused", || {
            let stranger = site.client().get(server.local_addr(), "/metrics");
            assert!(stranger.is_err(), "{field}");
            let reply = signed(&site).get(server.local_addr(), "/metrics");
            assert_eq!(reply.unwrap().status, 401, "{field}");
            let event = events.try_recv().unwrap_or_default();
            event.contains("more clients would have access")
        });
    }
}

#[test]
fn an_empty_file_does_not_end_authentication() {
    let site = Site::new(&user("ann", "one"));
    let (server, events) = site.serve_watched();
    site.write("");
    eventually("the change is refused", || {
        assert_eq!(get(server.local_addr()).status, 401);
        events
            .try_recv()
            .unwrap_or_default()
            .contains("`basic_auth_users`")
    });
}

#[test]
fn an_unusable_file_is_reported_and_leaves_the_previous_one_in_use() {
    let site = Site::new(&user("ann", "one"));
    let (server, events) = site.serve_watched();
    let address = server.local_addr();
    for (content, reason) in [
        ("basic_auth_user: {}\n", "unknown field `basic_auth_user`"),
        (
            "basic_auth_users:\n  ann: one\n",
            "the user `ann` is not a bcrypt hash",
        ),
        ("http_server_config:\n  headers:\n    Cookie: a\n", "line 3"),
    ] {
        site.write(content);
        eventually("the error is reported", || {
            assert_eq!(status(address, "ann", "one"), 200);
            let event = events.try_recv().unwrap_or_default();
            event.contains(reason) && event.contains("web.yml`: ")
        });
    }
    fs::remove_file(site.path()).unwrap();
    eventually("a missing file is reported", || {
        assert_eq!(status(address, "ann", "one"), 200);
        let event = events.try_recv().unwrap_or_default();
        event.contains("web.yml`: it does not exist")
    });
    site.write(&user("bob", "two"));
    eventually("a corrected file is in use", || {
        status(address, "bob", "two") == 200
    });
}

#[cfg(unix)]
#[test]
fn a_file_system_that_hangs_does_not_stop_the_server() {
    let site = Site::new(&user("ann", "one"));
    let (server, events) = site.serve_watched();
    let address = server.local_addr();
    let pipe = Pipe::replace(&site.path());
    eventually("the file system is reported to hang", || {
        assert_eq!(status(address, "ann", "one"), 200);
        events.try_recv().unwrap_or_default().contains("takes long")
    });
    assert_eq!(status(address, "ann", "one"), 200);
    pipe.release(user("bob", "two").as_bytes());
    eventually("the new user has access", || {
        status(address, "bob", "two") == 200
    });
}

#[test]
fn certificates_are_found_relative_to_the_file_and_reloaded() {
    let site = Site::with_tls("");
    let server = site.serve();
    let address = server.local_addr();
    assert_eq!(site.client().get(address, "/metrics").unwrap().status, 200);
    let other = Authority::new();
    other.write_server_files(site.folder.path());
    let client = Client::trusting(&other);
    eventually("the new certificate is in use", || {
        client.get(address, "/metrics").is_ok()
    });
}

#[test]
fn certificates_and_keys_can_be_in_the_file() {
    let site = Site::new("");
    let signed = site.authority.sign_server();
    let block = |pem: &str| pem.replace('\n', "\n    ");
    site.write(&format!(
        "tls_server_config:\n  cert: |\n    {}\n  key: |\n    {}\n  client_ca: |\n    {}\n  \
         client_auth_type: RequireAndVerifyClientCert\n",
        block(&signed.certificate),
        block(&signed.key),
        block(&site.authority.pem()),
    ));
    let server = site.serve();
    let presented = site.authority.sign_client(vec![dns("prometheus")]);
    let client = site.client().presenting(presented);
    assert_eq!(
        client.get(server.local_addr(), "/metrics").unwrap().status,
        200
    );
    assert!(site.client().get(server.local_addr(), "/metrics").is_err());
}

#[test]
fn tls_cannot_be_switched_while_the_server_runs() {
    let site = Site::with_tls("");
    let (server, events) = site.serve_watched();
    site.write("");
    let client = site.client();
    eventually("the change is refused", || {
        let reply = client.get(server.local_addr(), "/metrics").unwrap();
        assert_eq!(reply.status, 200);
        let event = events.try_recv().unwrap_or_default();
        event.contains("TLS cannot be switched on or off")
    });
}

#[test]
fn tls_is_set_by_the_program_or_by_the_file() {
    let site = Site::with_tls("");
    let tls = || {
        let folder = site.folder.path();
        Tls::files(folder.join("tls.crt"), folder.join("tls.key"))
    };
    let error = error_of(site.builder().tls(tls()));
    assert!(
        error.contains("`tls_server_config` has no effect"),
        "{error}"
    );
    site.write(&user("ann", "one"));
    let server = site.builder().tls(tls()).serve("127.0.0.1:0").unwrap();
    let reply = site.client().get(server.local_addr(), "/metrics").unwrap();
    assert_eq!(reply.status, 401);
}

/// Whether a client is served without a certificate, with one of another authority, and with one
/// of the configured authority.
#[test]
fn the_types_of_client_authentication_mean_what_they_mean_in_go() {
    for (client_auth_type, served) in [
        ("NoClientCert", [true, true, true]),
        ("RequestClientCert", [true, true, true]),
        ("RequireAnyClientCert", [false, true, true]),
        ("RequireClientCert", [false, true, true]),
        ("VerifyClientCertIfGiven", [true, false, true]),
        ("RequireAndVerifyClientCert", [false, false, true]),
    ] {
        let mut fields = format!("client_auth_type: {client_auth_type}");
        if client_auth_type != "NoClientCert" {
            fields += "\nclient_ca_file: ca.crt";
        }
        let site = Site::with_tls(&fields);
        let server = site.serve();
        let stranger = Authority::new().sign_client(vec![dns("prometheus")]);
        let known = site.authority.sign_client(vec![dns("prometheus")]);
        for version in [&TLS12, &TLS13] {
            let is_served = |presented: Option<&Identity>| {
                let mut client = site.client().version(version);
                if let Some(identity) = presented {
                    client = client.presenting(identity.clone());
                }
                let reply = client.get(server.local_addr(), "/metrics");
                reply.is_ok_and(|reply| reply.status == 200)
            };
            let found = [None, Some(&stranger), Some(&known)].map(is_served);
            assert_eq!(found, served, "{client_auth_type} with {version:?}");
        }
    }
}

#[test]
fn only_clients_with_an_allowed_name_are_served() {
    let names = "client_allowed_sans:\n- prometheus.example\n- 192.0.2.7";
    for client_auth_type in ["RequireAndVerifyClientCert", "VerifyClientCertIfGiven"] {
        let site = Site::with_tls(&format!(
            "client_auth_type: {client_auth_type}\nclient_ca_file: ca.crt\n{names}"
        ));
        let server = site.serve();
        let is_served = |client: Client| client.get(server.local_addr(), "/metrics").is_ok();
        let presenting = |names| {
            let presented = site.authority.sign_client(names);
            site.client().presenting(presented)
        };
        assert!(is_served(presenting(vec![dns("prometheus.example")])));
        let address = SanType::IpAddress([192, 0, 2, 7].into());
        assert!(is_served(presenting(vec![address])));
        assert!(!is_served(presenting(vec![dns("grafana.example")])));
        assert!(!is_served(site.client()), "{client_auth_type}");
    }
}

#[test]
fn versions_are_limited() {
    let server = |fields| {
        let site = Site::with_tls(fields);
        (site.serve(), site)
    };
    let version = |(server, site): &(Server, Site)| {
        let stream = site.client().connect(server.local_addr()).unwrap();
        stream.conn.protocol_version().unwrap()
    };
    assert_eq!(version(&server("")), ProtocolVersion::TLSv1_3);
    let newest = server("min_version: TLS13");
    assert_eq!(version(&newest), ProtocolVersion::TLSv1_3);
    let older = newest.1.client().version(&TLS12);
    assert!(older.connect(newest.0.local_addr()).is_err());
    assert_eq!(
        version(&server("max_version: TLS12")),
        ProtocolVersion::TLSv1_2
    );
}

#[test]
fn cipher_suites_of_tls_1_2_are_chosen_in_the_order_of_the_file_unless_clients_choose() {
    let names = "cipher_suites:\n- TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256\n\
                 - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    let chacha = ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    let aes = ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let other = ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    for (fields, expected) in [("", chacha), ("\nprefer_server_cipher_suites: false", aes)] {
        let site = Site::with_tls(&format!("{names}{fields}"));
        let server = site.serve();
        let connect = |cipher_suites| {
            let provider = CryptoProvider {
                cipher_suites,
                ..ring::default_provider()
            };
            let client = site.client().version(&TLS12).provider(provider);
            client.connect(server.local_addr())
        };
        let stream = connect(vec![other, aes, chacha]).unwrap();
        assert_eq!(stream.conn.negotiated_cipher_suite(), Some(expected));
        assert!(connect(vec![other]).is_err());
        // As in Go, the suites of TLS 1.3 cannot be configured.
        let newest = site.client().version(&TLS13);
        assert!(newest.connect(server.local_addr()).is_ok());
    }
}

#[test]
fn curves_are_limited() {
    let site = Site::with_tls("curve_preferences: [CurveP384]");
    let server = site.serve();
    let stream = site.client().connect(server.local_addr()).unwrap();
    let group = stream.conn.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::secp384r1);
}

#[test]
fn headers_are_added_to_responses() {
    let site = Site::new(
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n    \
         Strict-Transport-Security: max-age=31536000; includeSubDomains\n    \
         Content-Security-Policy: ''\n",
    );
    let reply = get(site.serve().local_addr());
    assert_eq!(reply.header("x-frame-options"), Some("deny"));
    assert_eq!(reply.header("x-xss-protection"), Some("1"));
    let transport = Some("max-age=31536000; includeSubDomains");
    assert_eq!(reply.header("strict-transport-security"), transport);
    assert_eq!(reply.header("content-security-policy"), None);
}

#[test]
fn requests_beyond_the_rate_limit_are_refused() {
    let site = Site::new("rate_limit:\n  interval: 1h\n  burst: 2\n");
    let server = site.serve();
    let replies = [(); 3].map(|()| get(server.local_addr()).status);
    assert_eq!(replies, [200, 200, 429]);
    let unlimited = Site::new("rate_limit:\n  interval: 0\n  burst: 0\n").serve();
    assert_eq!(get(unlimited.local_addr()).status, 200);
}

#[test]
fn an_error_names_the_file_and_the_line() {
    for (content, reasons) in [
        (
            "tls_server_config:\n  cert_filse: a\n",
            ["unknown field `cert_filse`", "line 2"],
        ),
        ("a: b: c\n", ["unknown field `a`", "line 1"]),
        ("tls_server_config:\n\tcert: a\n", ["tabs", "line 2"]),
        (
            "basic_auth_users:\n  a: b\n  a: c\n",
            ["duplicate mapping key `a`", "line 3"],
        ),
        (
            "rate_limit:\n  interval: soon\n",
            ["write a number with a unit", "line 2"],
        ),
        ("rate_limit:\n  burst: -1\n", ["invalid u32", "line 2"]),
        (
            "http_server_config:\n  headers:\n    X-Frame-Options: never\n",
            ["write deny or sameorigin", "line 3"],
        ),
        (
            "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
            ["write nosniff", "line 3"],
        ),
        (
            "http_server_config:\n  headers:\n    Content-Type: text/html\n",
            ["unknown field `Content-Type`", "line 3"],
        ),
    ] {
        let error = Site::new(content).error();
        assert!(error.contains("web.yml`: "), "{error}");
        for reason in reasons {
            assert!(error.contains(reason), "{content}: {error}");
        }
    }
}

#[test]
fn unusable_tls_settings_are_errors_with_a_remedy() {
    for (fields, reason) in [
        (
            "client_auth_type: Always",
            "write one of NoClientCert, RequestClientCert, ",
        ),
        (
            "min_version: TLS10",
            "rustls has no TLS 1.0 and 1.1; write TLS12 or TLS13",
        ),
        (
            "max_version: TLS11",
            "rustls has no TLS 1.0 and 1.1; write TLS12 or TLS13",
        ),
        (
            "min_version: TLS111",
            "`TLS111` is not a TLS version; write one of TLS12, TLS13",
        ),
        (
            "min_version: TLS13\nmax_version: TLS12",
            "`max_version` is lower than `min_version`",
        ),
        (
            "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]",
            "rustls has no cipher suites with CBC; remove it",
        ),
        (
            "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048]",
            "is not a cipher suite; write one of TLS_AES_128_GCM_SHA256, ",
        ),
        (
            "cipher_suites: [TLS_AES_128_GCM_SHA256]\nmax_version: TLS12",
            "allow more versions or cipher suites",
        ),
        (
            "curve_preferences: [CurveP257]",
            "is not a curve; write one of CurveP256, ",
        ),
        ("curve_preferences: [CurveP521]", "does not have; remove it"),
        (
            "client_ca_file: ca.crt",
            "set it to RequireAndVerifyClientCert",
        ),
        (
            "client_auth_type: RequireAndVerifyClientCert",
            "set the CA of the clients",
        ),
        (
            "client_allowed_sans: [a]",
            "set the CA of the clients, and verify it",
        ),
        (
            "client_auth_type: RequireAnyClientCert\nclient_allowed_sans: [a]",
            "set the CA of the clients, and verify it",
        ),
        (
            "client_auth_type: RequireAndVerifyClientCert\nclient_ca_file: tls.key",
            "must contain PEM certificates",
        ),
        (
            "cert: x",
            "`cert_file` and `cert` are both set; remove one of them",
        ),
        (
            "client_auth_type: VerifyClientCertIfGiven\nclient_ca_file: none.crt",
            "none.crt`: it does not exist",
        ),
    ] {
        let error = Site::with_tls(fields).error();
        assert!(error.contains("web.yml`: "), "{error}");
        assert!(error.contains(reason), "{fields}: {error}");
    }
    for (section, reason) in [
        ("min_version: TLS13", "neither `cert_file` nor `cert`"),
        (
            "cert_file: ''\n  key_file: tls.key",
            "neither `cert_file` nor `cert`",
        ),
        (
            "cert_file: tls.crt\n  key_file: ''",
            "neither `key_file` nor `key`",
        ),
        (
            "cert_file: none.crt\n  key_file: tls.key",
            "none.crt`: it does not exist",
        ),
        ("cert_file: tls.key\n  key_file: tls.crt", "must contain"),
    ] {
        let error = Site::new(&format!("tls_server_config:\n  {section}\n")).error();
        assert!(error.contains(reason), "{section}: {error}");
    }
}

#[test]
fn errors_quote_neither_passwords_nor_keys() {
    let secret = "hunter2hunter2";
    for content in [
        format!("basic_auth_users:\n  ann: {secret}\n"),
        format!("basic_auth_users: {secret}\n"),
        format!("basic_auth_users: [{secret}]\n"),
        format!("tls_server_config:\n  cert: x\n  key: [{secret}]\n"),
        format!("tls_server_config:\n  cert: x\n  key: {secret}\n"),
        format!("tls_server_config:\n  cert: x\n  key: |\n    {secret}\n junk\n"),
    ] {
        let error = Site::new(&content).error();
        assert!(!error.contains(secret), "{content}: {error}");
    }
}

#[test]
fn a_file_that_does_not_exist_is_an_error_that_names_it() {
    let path = Path::new("/no/such/folder/web.yml");
    let error = error_of(serving(Shop).web_config(path));
    let expected = "cannot read `/no/such/folder/web.yml`: it does not exist";
    assert!(error.starts_with(expected), "{error}");
}
