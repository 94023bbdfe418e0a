//! Settings of who may connect and send requests: networks, TLS, hosts, rates and credentials; and
//! the headers of responses.

use std::time::Duration;

#[cfg(feature = "web-config")]
use std::path::PathBuf;
#[cfg(feature = "tls")]
use std::sync::Arc;

#[cfg(feature = "tls")]
use tokio_rustls::rustls::ServerConfig;

use super::ServerBuilder;
use crate::server::access::RateLimit;
#[cfg(feature = "tls")]
use crate::server::tls::{Tls, TlsSource};

impl ServerBuilder {
    /// Accepts connections only from these networks, each written as `10.0.0.0/8` or as an address.
    ///
    /// Other connections are closed without a response. Unix sockets are not affected; their access
    /// control is the permissions of the file.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .allow_from(["127.0.0.0/8", "::1", "10.0.0.0/8"])
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn allow_from<N: Into<String>>(
        mut self,
        networks: impl IntoIterator<Item = N>,
    ) -> ServerBuilder {
        let networks = networks.into_iter().map(Into::into);
        self.allowed_networks
            .get_or_insert_default()
            .extend(networks);
        self
    }

    /// Serves requests for these host names, in addition to those that are always served.
    ///
    /// IP addresses, `localhost`, names that end in `.localhost` and the name of the machine are
    /// always served.
    ///
    /// Without this call, a client on the same machine (with a loopback address) may use only
    /// these, and other clients may use every name. With it, all TCP clients may use only these and
    /// `names`. A request for another name gets status 421.
    ///
    /// This defends a server against DNS rebinding: a web page whose name resolves to 127.0.0.1
    /// could read the metrics through the browser of a user of this machine.
    ///
    /// A proxy on the same machine often sends the name that its clients use. Add that name here,
    /// or let the proxy send `Host: localhost`. A name is written without a port; `*` admits
    /// every name. Unix sockets are not affected, and requests without a host are served.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .hosts(["metrics.example.com"])
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn hosts<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> ServerBuilder {
        let names = names.into_iter().map(Into::into);
        self.access.hosts.get_or_insert_default().extend(names);
        self
    }

    /// Adds a header to every response; one that a response has already is left as it is.
    ///
    /// For example, `Strict-Transport-Security` or `X-Frame-Options`. Every response has
    /// `X-Content-Type-Options: nosniff` without this call. The live page keeps its own
    /// `Content-Security-Policy`, which it needs to work.
    ///
    /// A header that frames a message or describes its body, such as `Content-Length` and
    /// `Content-Type`, is an error at start, because a wrong value would make responses unreadable
    /// or exposed to request smuggling. So is a header that is set twice.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .header("Strict-Transport-Security", "max-age=31536000")
    ///     .header("X-Frame-Options", "deny")
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> ServerBuilder {
        self.access.headers.push((name.into(), value.into()));
        self
    }

    /// Limits each client to `burst` requests at once, and then to one request per `interval`.
    ///
    /// Further requests get status 429 with `Retry-After`. The limit is a token bucket, as
    /// `rate_limit` in Prometheus' web configuration, but each client has its own, so that one
    /// client cannot use up the requests of another. A client is an IPv4 address, an IPv6 network
    /// of 64 bits, or all clients of Unix sockets together. Behind a proxy, all clients are one.
    ///
    /// Requests for `/-/healthy` and `/-/ready` without credentials are not limited, so that a
    /// probe does not fail because of other requests. An interval of zero is no limit.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .rate_limit(Duration::from_secs(1), 20)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn rate_limit(mut self, interval: Duration, burst: u32) -> ServerBuilder {
        self.access.rate_limit = Some(RateLimit { interval, burst });
        self
    }

    /// Requires authentication, and accepts this user with basic authentication (RFC 7617).
    ///
    /// The password is passed as a bcrypt hash, as in Prometheus' web configuration:
    /// `htpasswd -nBC 10 prometheus` creates one. Further users and
    /// [tokens](ServerBuilder::bearer_auth) can be added; any of them grants access.
    ///
    /// All paths require credentials, except that `/-/healthy` and `/-/ready` answer everyone with
    /// their status; the reasons for a failure require credentials. Combine authentication with
    #[cfg_attr(feature = "tls", doc = "[`tls`](ServerBuilder::tls),")]
    #[cfg_attr(not(feature = "tls"), doc = "TLS,")]
    /// because the password is otherwise sent in the clear.
    ///
    /// A password has at most 72 bytes, because bcrypt ignores the others; a longer one is refused.
    /// Passwords are checked one after another on a thread of their own, and a right one is
    /// remembered. If too many wait to be checked, the request gets status 503.
    #[cfg(feature = "auth")]
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        bcrypt_hash: impl Into<String>,
    ) -> ServerBuilder {
        self.access.users.push((user.into(), bcrypt_hash.into()));
        self
    }

    /// Requires authentication, and accepts this token as `Authorization: Bearer` (RFC 6750).
    ///
    /// The token is passed as its SHA-256 in hexadecimal: `printf %s "$TOKEN" | sha256sum`. A
    /// secure token has at least 128 random bits. Several tokens can be accepted at the same time,
    /// for rotation without downtime. See also [`basic_auth`](ServerBuilder::basic_auth).
    #[cfg(feature = "auth")]
    pub fn bearer_auth(mut self, token_sha256: impl Into<String>) -> ServerBuilder {
        self.access.token_digests.push(token_sha256.into());
        self
    }

    /// Serves with TLS on all listeners.
    ///
    /// [`Tls`] has an example. Replaces what [`tls_config`](ServerBuilder::tls_config) has set.
    ///
    /// If the certificate, the key or another setting cannot be used, [`start`](Self::start) fails.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> ServerBuilder {
        self.tls = Some(TlsSource::Settings(tls));
        self
    }

    /// Serves with TLS on all listeners, with a configuration of rustls that the program has made.
    ///
    /// For settings that [`Tls`] does not have, such as several certificates, revocation lists or
    /// OCSP. The server does not change the configuration; after the handshake, it speaks the
    /// protocol that `alpn_protocols` led to, and HTTP/1.1 if there is none. The types are those of
    /// [`rustls`](crate::rustls).
    ///
    /// ```
    /// # let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    /// # let chain = vec![signed.cert.into()];
    /// # let key = rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der())?;
    /// use std::sync::Arc;
    ///
    /// use metrics_http::{
    ///     Server,
    ///     rustls::{ServerConfig, crypto::ring, version::TLS13},
    /// };
    ///
    /// let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
    ///     .with_protocol_versions(&[&TLS13])?
    ///     .with_no_client_auth()
    ///     .with_single_cert(chain, key)?;
    /// let server = Server::builder()
    ///     .tls_config(Arc::new(config))
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls_config(mut self, config: Arc<ServerConfig>) -> ServerBuilder {
        self.tls = Some(TlsSource::Config(config));
        self
    }

    /// Reads users, TLS settings, response headers and a rate limit from a configuration file.
    ///
    /// The file has the format of Prometheus' [exporter-toolkit][format], which the flag
    /// `--web.config.file` of Prometheus and its exporters takes. `promtool check web-config` checks
    /// it. Users and headers are added to those of the builder; a rate limit replaces that of the
    /// builder. `docs/operating.md` lists the differences, for example that rustls has no TLS 1.0
    /// and 1.1.
    ///
    /// The file and the certificates that it names are read at the start, and again when a client
    /// connects or sends a request more than a second after they were read last. A client waits for
    /// that up to 250 milliseconds. If the new content cannot be used, the previous content stays in
    /// use, and the error is passed to [`on_error`](ServerBuilder::on_error) as
    /// [`EventCause::Reload`](crate::EventCause::Reload). TLS cannot be switched on or off while the
    /// server runs, and what clients must prove cannot be given up: passwords, verified
    /// certificates, and their names. A file that is empty or half written therefore opens nothing.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("web.yml");
    /// std::fs::write(&path, "
    /// basic_auth_users:
    ///   prometheus: $2y$10$9YMsiJ2n0VvlS4JEwRtiKeIAmuGD/FnqHDA.5NKY/OumlAJbSOl9K
    /// http_server_config:
    ///   headers:
    ///     X-Frame-Options: deny
    /// ")?;
    /// let server = metrics_http::Server::builder()
    ///     .web_config(&path)
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// If the file cannot be used, [`start`](Self::start) fails with an error that names the line or
    /// the field.
    ///
    /// [format]: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
    #[cfg(feature = "web-config")]
    pub fn web_config(mut self, path: impl Into<PathBuf>) -> ServerBuilder {
        self.web_config = Some(path.into());
        self
    }
}
