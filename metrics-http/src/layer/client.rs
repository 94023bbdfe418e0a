//! `ClientLayer`, the tower layer that measures HTTP clients.

use tower_layer::Layer;

use super::{builder::LayerBuilder, recorder::Recorder, service::Measured, settings::Side};
use crate::error::Error;

/// Measures the requests that a program sends.
///
/// See the [module](super) for the metrics and [`LayerBuilder`] for the settings. The label `host` is
/// the host of the request's URL, else of its header `Host`, else `unknown`. If the client drops the
/// response body before its end, for example because it only needs the status, the outcome is
/// `cancelled`, or `error` if the status is 500 or above.
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
pub struct ClientLayer(&'static Recorder);

impl ClientLayer {
    /// Creates a layer with default settings that records into the global registry.
    ///
    /// # Errors
    ///
    /// If the layer's metrics clash with others in the registry; the message says where the others
    /// are declared.
    #[track_caller]
    pub fn new() -> Result<ClientLayer, Error> {
        ClientLayer::builder().build()
    }

    /// Creates a builder for a layer with other settings.
    pub fn builder() -> LayerBuilder<ClientLayer> {
        LayerBuilder::new(Side::Client)
    }
}

impl LayerBuilder<ClientLayer> {
    /// Creates the layer.
    ///
    /// # Errors
    ///
    /// As for [servers](LayerBuilder#method.build).
    #[track_caller]
    pub fn build(self) -> Result<ClientLayer, Error> {
        Ok(ClientLayer(self.recorder()?))
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured::new(inner, self.0)
    }
}
