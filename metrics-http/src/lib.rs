//! Serves the metrics of a Rust program to Prometheus.
//!
//! ```
//! metrics_http::metrics! {
//!     /// Links stored.
//!     pub static STORED: Gauge = "shortener_links";
//! }
//!
//! fn main() -> Result<(), metrics_http::Error> {
//!     let server = metrics_http::serve("127.0.0.1:0")?; // or "0.0.0.0:9464"
//!     STORED.set(3);
//!     println!("http://{}/metrics", server.local_addr());
//!     Ok(())
//! }
//! ```
//!
//! [`serve`] needs no async runtime and minds none: the server has a thread of its own.
//! [`Server::builder`] serves differently, and [`Endpoint`] is for programs that have a
//! server already: with hyper, axum or tonic.
//!
//! The metrics themselves are those of [`metrics_core`], which this crate re-exports whole:
//! a program needs no other dependency.
//!
//! # What is served
//!
//! `/metrics` answers in `OpenMetrics`, Prometheus' protobuf format or a text format, by the
//! request's `Accept` header, and compressed, by its `Accept-Encoding`.
//! `/metrics?name[]=a&name[]=b` is restricted to those families. To what the program declares
//! come:
//!
//! - `process_cpu_seconds_total`, `process_open_fds`, `process_max_fds`,
//!   `process_virtual_memory_bytes`, `process_virtual_memory_max_bytes`,
//!   `process_resident_memory_bytes`, `process_start_time_seconds`, `process_threads`
//!   and `process_heap_bytes`, as far as Linux, macOS or Windows knows them
//!   ([`ServerBuilder::process_metrics`]);
//! - `build_info`, with the labels `version` and `revision` (as given to
//!   [`ServerBuilder::version`] and [`ServerBuilder::revision`]), `rustc`, `profile`,
//!   `target_arch` and `target_os` ([`ServerBuilder::build_info`]);
//! - `target_info`, with the label `service_name` and others
//!   ([`ServerBuilder::target_info`]).
//!
//! What the program registers itself is in [`collect`]: a tokio runtime's workers and queues, its
//! tasks, and the allocator's memory.
//!
//! # A scrape does not hurt
//!
//! Expositions are encoded by threads of their own and streamed at the client's pace. Only
//! [a few](ServerBuilder::max_concurrent_scrapes) run at once, none longer than the
//! [scraper waits](ServerBuilder::scrape_timeout), and a client that
//! [dawdles](ServerBuilder::client_timeout) is cut off.
//!
//! Who asks for the same as a scrape that is being encoded waits for it and gets the same, unless
//! that is longer than a megabyte. Values may then have been read a little before they were asked
//! for, but they are never older than those that the client got for the same question before.
//!
//! # Features
//!
//! - `gzip` (default): compresses what is served.
//! - `page` (default): a live page for a person with a browser at `/`, which costs nothing while
//!   nobody looks (`ServerBuilder::page`).
//! - `zstd`: compresses with zstd where it is accepted; needs a C compiler.
//! - `axum`: `router` and `ServerBuilder::router`, for users of axum.
//! - `catalog`: what is made of the declared metrics, as routes of the server: `/catalog.json`;
//!   `/dashboard.json`, a dashboard for Grafana of the whole program, or of its functions with
//!   `?functions`, and with `title=`, `uid=` and `datasource=`; `/rules.yml`, Prometheus' rules,
//!   with `?job=`. What the program answers at such a path itself comes first.
//! - `auth`: `ServerBuilder::basic_auth` and `ServerBuilder::bearer_auth`.
//! - `tls`: `ServerBuilder::tls`, by rustls, with clients' certificates where they are asked for.
//! - `push`: `PushGateway`, for jobs that end before anybody scrapes them, and a `Pusher` in the
//!   background.
//! - `remote-write`: `RemoteWrite`, for programs that nobody can reach.
//! - `https`: lets both push to `https` addresses.
//! - `tower`: `layer`, which measures the requests that a program serves and makes.
//! - `jemalloc`: `collect::jemalloc`, for programs with that allocator.
//! - `metrics-facade`: `FacadeRecorder`, which takes in what other crates record through the
//!   facade of the crate `metrics`.
//! - `tokio-metrics`: `collect::TaskMonitors`, for tasks under the monitors of the crate of that name.

#![forbid(unsafe_code)]

#[cfg(feature = "metrics-facade")]
mod bridge;
pub mod collect;
mod error;
#[cfg(feature = "tower")]
pub mod layer;
#[cfg(feature = "page")]
mod page;
mod push;
mod scrape;
mod server;

pub use metrics_core;
#[doc(inline)]
pub use metrics_core::*;
// The same macros, but what they expand to names this crate, a program's one dependency.
#[doc(no_inline)]
pub use metrics_macros::{HttpLabel as Label, HttpLabels as Labels};
#[cfg(not(metrics_off))]
#[doc(no_inline)]
pub use metrics_macros::{
    http_counted as counted, http_in_flight as in_flight, http_timed as timed,
};
#[cfg(metrics_off)]
#[doc(no_inline)]
pub use metrics_macros::{
    off_http_counted as counted, off_http_in_flight as in_flight, off_http_timed as timed,
};

#[cfg(feature = "metrics-facade")]
pub use self::bridge::{FacadeBuilder, FacadeRecorder};
#[cfg(feature = "push")]
pub use self::push::{PushGateway, PushOnDrop, Pusher};
#[cfg(feature = "remote-write")]
pub use self::push::{RemoteWrite, RemoteWriteVersion};
#[cfg(feature = "tls")]
pub use self::server::TlsFiles;
#[cfg(feature = "axum")]
pub use self::server::router;
pub use self::{
    error::Error,
    push::{write_textfile, write_textfile_from},
    scrape::{Body, Endpoint, ResponseFuture},
    server::{Address, Server, ServerBuilder, serve},
};

#[cfg(doctest)]
mod documents;
