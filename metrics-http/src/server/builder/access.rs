//! Settings of who may connect and send requests: networks, TLS, hosts, rates and credentials; and
//! the headers of responses.

use std::time::Duration;

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

    /// Serves requests for these host names, in addition to IP addresses and `localhost`.
    ///
    /// Without this call, a client on the same machine (with a loopback address) may use only IP
    /// addresses, `localhost` and names that end in `.localhost`, and other clients may use every
    /// name. With it, the names apply to all TCP clients. Requests for other names get status 421.
    ///
    /// This defends a server that listens on loopback against DNS rebinding: a web page whose name
    /// resolves to 127.0.0.1 could read the metrics through the browser of a user of this machine.
    ///
    /// A proxy on the same machine often sends the name that its clients use. Add that name here,
    /// or let the proxy send `Host: localhost`. A name is written without a port; `*` stands for
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

    /// Adds these headers to every response; one that a response has already is left as it is.
    ///
    /// For example, `Strict-Transport-Security` or `X-Frame-Options`. Every response has
    /// `X-Content-Type-Options: nosniff` without this call. The live page keeps its own
    /// `Content-Security-Policy`, which it needs to work.
    ///
    /// Headers that frame a message or describe its body, such as `Content-Length` and
    /// `Content-Type`, are an error at start, because a wrong value would make responses unreadable
    /// or exposed to request smuggling.
    ///
    /// ```
    /// # fn main() -> Result<(), metrics_http::Error> {
    /// let server = metrics_http::Server::builder()
    ///     .headers([
    ///         ("Strict-Transport-Security", "max-age=31536000"),
    ///         ("X-Frame-Options", "deny"),
    ///     ])
    ///     .serve("127.0.0.1:0")?;
    /// # server.shutdown();
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers<N, V>(mut self, headers: impl IntoIterator<Item = (N, V)>) -> ServerBuilder
    where
        N: Into<String>,
        V: Into<String>,
    {
        let owned = |(name, value): (N, V)| (name.into(), value.into());
        self.access.headers.extend(headers.into_iter().map(owned));
        self
    }

    /// Limits each client to `burst` requests at once, and to one request per `interval` after that.
    ///
    /// Further requests get status 429 with `Retry-After`. The limit is a token bucket, as
    /// `rate_limit` in Prometheus' web configuration, but for each client, so that one client cannot
    /// use up the requests of another. A client is an IPv4 address, an IPv6 network of 64 bits, or
    /// all clients of Unix sockets together. Behind a proxy, all clients are one.
    ///
    /// `/-/healthy` and `/-/ready` are not limited for requests without credentials, so that a probe
    /// does not fail because of other requests. An interval of zero is no limit.
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
}
