//! The layer around what a program asks others with.

use std::sync::Arc;

use tower_layer::Layer;

use super::{builder::LayerBuilder, families::Side, recorder::Recorder, service::Measured};
use crate::error::Error;

/// Measures the requests that a program makes.
///
/// See the [module](super) for the metrics, and [`LayerBuilder`] for what can be chosen. The server's
/// `host` is that of the request's URL, or of its header `Host`, and `unknown` where neither says.
/// A response whose body is dropped before its end, because the status was all there was to know,
/// is `cancelled`, as the transfer is; but a status of 500 and above is an `error` in any case.
///
/// ```
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
/// use metrics_http::layer::{ClientLayer, RequestBody};
/// use tower_layer::Layer;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let client: Client<_, RequestBody<Empty<Bytes>>> =
///     Client::builder(TokioExecutor::new()).build_http();
/// let client = ClientLayer::new()?.layer(client); // a tower service
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ClientLayer(Arc<Recorder>);

impl ClientLayer {
    /// A layer that records into the global registry, with nothing chosen.
    ///
    /// # Errors
    ///
    /// When the metrics clash with what the program declares; the text says where.
    #[track_caller]
    pub fn new() -> Result<ClientLayer, Error> {
        ClientLayer::builder().build()
    }

    /// A layer that differs.
    pub fn builder() -> LayerBuilder<ClientLayer> {
        LayerBuilder::new(Side::Client)
    }
}

impl LayerBuilder<ClientLayer> {
    /// Makes the layer.
    ///
    /// # Errors
    ///
    /// As [that of servers](LayerBuilder#method.build).
    #[track_caller]
    pub fn build(self) -> Result<ClientLayer, Error> {
        Ok(ClientLayer(Arc::new(self.recorder()?)))
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured::new(inner, &self.0)
    }
}
