//! TLS for the server, with rustls.
//!
//! [`settings`] has [`Tls`], which a program passes to the builder. [`config`] reads its files and
//! makes rustls' configuration of them, [`client_auth`] checks the certificates of clients, and
//! [`acceptor`] performs handshakes with the content that the files have at that time.

mod acceptor;
mod client_auth;
mod config;
mod settings;

pub use self::settings::Tls;
#[cfg(feature = "web-config")]
pub(super) use self::{
    acceptor::CurrentConfig,
    client_auth::ClientAuth,
    config::{TlsContent, default_provider},
    settings::Pem,
};
pub(super) use self::{acceptor::TlsAcceptor, config::HTTP2, settings::TlsSource};
