//! Answers scrapes: negotiates the content, encodes on a thread, and streams the body. Identical
//! scrapes share one encoding.
//!
//! [`Endpoint`] is the service that [`server`](crate::server) and the program's own server mount at
//! `/metrics`. The modules `push`, `page` and `server` also use [`Body`]; `page` and `server` use
//! the plain-text responses, and `page` the compression of bodies.

mod accept;
mod body;
mod coalescing;
#[cfg(feature = "catalog")]
mod coded_body;
mod confirmations;
mod content_coding;
mod delivery;
mod endpoint;
mod header;
mod job;
mod pipe;
mod places;
mod response;
mod settings;
mod transfer;
mod waiting_list;

pub use self::{
    body::Body,
    endpoint::{Endpoint, ResponseFuture},
    settings::{Compression, ErrorHandling},
};
#[cfg(feature = "catalog")]
pub(crate) use self::{
    coded_body::{CodedBody, compress, has_current_copy, not_modified, preferred_coding},
    content_coding::ContentCoding,
};
pub(crate) use self::{
    delivery::Exchange,
    response::{method_not_allowed, refused, text},
    settings::ScrapeSettings,
};
