//! [`router()`]: an axum router that serves the metrics.

use super::handle::Server;
use crate::error::Error;

/// Creates an axum router that serves the metrics of this program at `/metrics`.
///
/// Merge it into the program's own router. [`Server::builder`] and
/// [`ServerBuilder::router`](crate::ServerBuilder::router) create one with other settings.
///
/// # Errors
///
/// If metric declarations clash (see [`Registry::check`](metrics_core::Registry::check)).
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(|| async { "hello" }))
///     .merge(metrics_http::router()?);
/// # Ok(())
/// # }
/// ```
pub fn router<S>() -> Result<axum::Router<S>, Error>
where
    S: Clone + Send + Sync + 'static,
{
    Server::builder().router()
}
