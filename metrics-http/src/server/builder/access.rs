//! Settings of who may connect: networks, TLS and credentials.

#[cfg(feature = "tls")]
use std::sync::Arc;

#[cfg(feature = "tls")]
use tokio_rustls::rustls::ServerConfig;

use super::ServerBuilder;
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
    #[cfg(feature = "auth")]
    pub fn basic_auth(
        mut self,
        user: impl Into<String>,
        bcrypt_hash: impl Into<String>,
    ) -> ServerBuilder {
        self.users.push((user.into(), bcrypt_hash.into()));
        self
    }

    /// Requires authentication, and accepts this token as `Authorization: Bearer` (RFC 6750).
    ///
    /// The token is passed as its SHA-256 in hexadecimal: `printf %s "$TOKEN" | sha256sum`. A
    /// secure token has at least 128 random bits. Several tokens can be accepted at the same time,
    /// for rotation without downtime. See also [`basic_auth`](ServerBuilder::basic_auth).
    #[cfg(feature = "auth")]
    pub fn bearer_auth(mut self, token_sha256: impl Into<String>) -> ServerBuilder {
        self.token_digests.push(token_sha256.into());
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
