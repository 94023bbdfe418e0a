//! Layers of [tower](https://docs.rs/tower-layer) that measure HTTP servers and clients.
//!
//! [`ServerLayer`] wraps a service that the program serves, with axum, tonic or hyper;
//! [`ClientLayer`] wraps a client. Both record these metrics:
//!
//! | metric of servers | of clients | type |
//! |---|---|---|
//! | `http_server_requests_total` | `http_client_requests_total` | counter |
//! | `http_server_request_duration_seconds` | `http_client_request_duration_seconds` | histogram |
//! | `http_server_request_size_bytes` | `http_client_request_size_bytes` | histogram |
//! | `http_server_response_size_bytes` | `http_client_response_size_bytes` | histogram |
//! | `http_server_requests_in_flight` | `http_client_requests_in_flight` | gauge |
//!
//! # When a request ends
//!
//! A request begins when the layer's service is called. It ends with the body of its response:
//! after the last frame, when the body fails, or when it is dropped. Without a response, it ends
//! when the service fails or its future is dropped. Until then it is in flight, and its duration
//! runs. Sizes are those of the bodies' content, as far as it was read.
//!
//! # Labels
//!
//! - `method`: `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `QUERY`,
//!   `TRACE` or `other`.
//! - `route`, for servers: the template of the path, such as `/users/{id}`. The path itself would
//!   create a series for every user and every port scanner; it is the route only of gRPC calls. See
//!   [`ServerLayer`].
//! - `host`, for clients: the name of the server, in lower case. The number of series is limited;
//!   see [`LayerBuilder::max_series`].
//! - `status`: the status of the response, as code or [class](LayerBuilder::status_class); omitted
//!   if there was no response.
//! - `grpc_status`, only for gRPC: the name of the [status](https://grpc.io/docs/guides/status-codes/),
//!   such as `OK` or `NOT_FOUND`, from the trailers, or from the headers of a response without a
//!   body. `UNKNOWN` if a complete response has none, as gRPC's clients see it; omitted if there was
//!   no response, or if it ended before its status.
//! - `outcome`: `ok`; `error`, if the status is 500 or above, the service or the response body
//!   failed, or the gRPC status is not `OK`; `cancelled`, if the future or the response body was
//!   dropped before its end, as servers do when the client disconnects; `panic`, if the service or
//!   the response body panicked. Errors and panics are passed on.
//!
//! Requests in flight have `method`, and `route` or `host`.
//!
//! A response is one of gRPC if its content type is `application/grpc`. The status of gRPC-Web is in
//! the body of a response, where the layers do not look: put them inside the layer that translates
//! gRPC-Web.
//!
//! [`LayerBuilder::open_telemetry`] uses OpenTelemetry's names and labels.
//!
//! # Use
//!
//! Layers of one registry with the same settings share their metrics. A thread that has measured
//! requests with the same labels allocates nothing for a further one, except on a client a copy of
//! the host if that has capitals or is only in the header `Host`. Each
//! thread caches the series of at most 256 sets of labels, in about half a kilobyte for each. Threads do
//! not contend for memory of a layer. Therefore, a layer's settings have no reference count, and are
//! never freed.
//!
//! The inner service is called with another type of body, [`RequestBody`]. An axum router or route,
//! tonic's routes and hyper-util's client accept any body. A service that only accepts axum's body,
//! such as `middleware::from_fn` directly inside a `ServiceBuilder`, needs tower-http's
//! `MapRequestBodyLayer::new(axum::body::Body::new)` in between.

mod body;
mod builder;
mod byte_count;
mod client;
mod families;
mod grpc;
mod labels;
mod outcome;
mod recorder;
mod request;
mod server;
mod service;
mod settings;
mod thread_cache;

pub use self::{
    body::{RequestBody, ResponseBody},
    builder::LayerBuilder,
    client::ClientLayer,
    server::ServerLayer,
    service::{Measured, MeasuredFuture},
};
