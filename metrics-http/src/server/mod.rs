//! The HTTP server: builder, listeners, TLS, access control, health checks and routes.
//!
//! The server serves the exposition of [`scrape`](crate::scrape) and the live page of `page`, in a
//! runtime on a thread of its own.

mod access;
#[cfg(feature = "axum")]
mod axum;
mod builder;
mod connection;
mod custom;
#[cfg(feature = "catalog")]
mod documents;
mod handle;
mod health;
mod listener;
mod path;
#[cfg(feature = "tls")]
mod reload;
mod routes;
mod start;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
mod unix_socket;
#[cfg(feature = "web-config")]
mod web_config;

use std::net::ToSocketAddrs;

use crate::error::Error;

#[cfg(feature = "axum")]
pub use self::axum::mount;
#[cfg(feature = "tls")]
pub use self::tls::Tls;
pub use self::{builder::ServerBuilder, handle::Server, listener::Address, routes::Routes};

/// Serves the metrics of this program at `/metrics` on an address.
///
/// A program has to do nothing else, with or without an async runtime, because the server runs on
/// its own thread. It serves the global registry and adds metrics of the process and the build;
/// [`Server::builder`] creates servers with other settings.
///
/// The server runs until the program ends or [`Server::shutdown`] is called; the handle may be
/// dropped.
///
/// # Errors
///
/// If the address cannot be listened on, or if metric declarations clash (see
/// [`Registry::check`](metrics_core::Registry::check)). With [`ServerBuilder::on_clash`], a server
/// starts in spite of a clash.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let server = metrics_http::serve("127.0.0.1:0")?;
/// println!("metrics are at http://{}/metrics", server.local_addr());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn serve(address: impl ToSocketAddrs) -> Result<Server, Error> {
    Server::builder().serve(address)
}
