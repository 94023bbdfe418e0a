//! For programs with an axum router.

use crate::{error::Error, server::Server};

/// An axum router that serves the metrics of this program at `/metrics`, to be merged into
/// the program's own.
///
/// [`Server::builder`] and [`ServerBuilder::router`](crate::ServerBuilder::router) give one that differs.
///
/// # Errors
///
/// When declarations of metrics clash (see [`Registry::check`](metrics_core::Registry::check)).
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
