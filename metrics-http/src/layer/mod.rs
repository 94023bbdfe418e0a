//! Layers of [tower](https://docs.rs/tower-layer) that measure HTTP servers and clients.
//!
//! [`ServerLayer`] goes around what a program serves, with axum, tonic or hyper; [`ClientLayer`]
//! around what it asks others with. Both measure the same in the same way:
//!
//! | metric | of clients | type |
//! |---|---|---|
//! | `http_server_requests_total` | `http_client_requests_total` | counter |
//! | `http_server_request_duration_seconds` | `http_client_request_duration_seconds` | histogram |
//! | `http_server_request_size_bytes` | `http_client_request_size_bytes` | histogram |
//! | `http_server_response_size_bytes` | `http_client_response_size_bytes` | histogram |
//! | `http_server_requests_in_flight` | `http_client_requests_in_flight` | gauge |
//!
//! # When a request ends
//!
//! A request begins when the layer is called, and ends with the body of its response: after the
//! last frame of it was handed on, when it fails, or when it is dropped. Until then it is in
//! flight, and its time runs. Sizes are those of the content of bodies, as far as it was read.
//!
//! # Labels
//!
//! - `method`: `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `QUERY` or
//!   `TRACE`, else `other`.
//! - `route`, of servers: the template of the path, such as `/users/{id}`, never the path itself,
//!   which would be another one for every user and every scanner of ports. See [`ServerLayer`].
//! - `host`, of clients: the server's name, in lower case. Open, and so capped; see
//!   [`LayerBuilder::max_series`].
//! - `status`: of the response, as code or [class](LayerBuilder::status_class); left out where there
//!   was none.
//! - `outcome`: `ok`; `error`, for a status of 500 and above and where the service or a body
//!   failed; `cancelled`, where the future or else the response's body was dropped before its end,
//!   as servers do when the client goes away; `panic`, where the service or the body panicked.
//!   Errors and panics go on as they came.
//!
//! What is in flight has `method`, and `route` or `host`.
//!
//! [`LayerBuilder::open_telemetry`] has names and labels as OpenTelemetry has them.
//!
//! # Setting it up
//!
//! Layers of one registry that are built alike share their metrics. A series that is known costs
//! no allocation, but where a request has a body: what is read of it is counted in a place of its
//! own.
//!
//! The service inside is called with a body of another type, [`RequestBody`]. An axum router, a
//! route of it, tonic's routes and a client of hyper-util take any. One that takes axum's body
//! only, such as axum's `middleware::from_fn` right inside a `ServiceBuilder`, gets it from
//! tower-http's `MapRequestBodyLayer::new(axum::body::Body::new)` in between.

mod body;
mod builder;
mod call;
mod client;
mod families;
mod labels;
mod recorder;
mod server;
mod service;

pub use self::{
    body::{RequestBody, ResponseBody},
    builder::LayerBuilder,
    client::ClientLayer,
    server::ServerLayer,
    service::{Measured, MeasuredFuture},
};
