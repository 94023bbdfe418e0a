//! Answering a scrape: content negotiation, encoding on a thread, coalescing, the streamed body.
//!
//! [`Endpoint`] is the service that [`server`](crate::server) and the program's own server mount at
//! `/metrics`. The layers `push`, `page` and `server` also use its [`Body`], the latter two its
//! plain responses, and `page` its content codings.

mod accept;
mod body;
mod coalescing;
mod content_coding;
mod delivery;
mod endpoint;
mod header;
mod job;
mod pipe;
mod response;

pub use self::{
    body::Body,
    endpoint::{Endpoint, ResponseFuture},
};
#[cfg(feature = "page")]
pub(crate) use self::{content_coding::ContentCoding, header::joined};
pub(crate) use self::{
    delivery::ClientConnection,
    response::{method_not_allowed, text},
};
