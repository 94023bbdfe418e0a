//! Answering a scrape: content negotiation, encoding on a thread, coalescing, and the streamed body.
//!
//! [`Endpoint`] is the service that [`server`](crate::server) and the program's own server mount at
//! `/metrics`. The layers above also use the [`Body`] and the plain responses of this one.

mod accept;
mod body;
mod coalescing;
mod content_coding;
mod endpoint;
mod header;
mod job;
mod pipe;
mod response;

pub(crate) use self::response::{method_not_allowed, text};
pub use self::{
    body::Body,
    endpoint::{Endpoint, ResponseFuture},
};
#[cfg(feature = "page")]
pub(crate) use self::{content_coding::ContentCoding, header::joined};
