//! Serves the metrics of a Rust program to Prometheus.
//!
//! ```
//! metrics_http::metrics! {
//!     /// Stored links.
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
//! [`serve`] runs on its own thread and works with or without an async runtime.
//! [`Server::builder`] has settings. [`Endpoint`] (the exposition) and [`Routes`] (all paths) are for
//! programs that already have a server, with hyper, axum or tonic.
//!
//! The metric types are those of [`metrics_core`]. This crate re-exports all of it, so a program
//! needs no other dependency.
//!
//! # What is served
//!
//! `/metrics` is served in `OpenMetrics`, Prometheus' protobuf format or a text format, as the
//! request's `Accept` header prefers, and compressed as its `Accept-Encoding` prefers.
//! `/metrics?name[]=a&name[]=b` is restricted to those families. These metrics are added to those
//! of the program:
//!
//! - `process_cpu_seconds_total`, `process_open_fds`, `process_max_fds`,
//!   `process_virtual_memory_bytes`, `process_virtual_memory_max_bytes`,
//!   `process_resident_memory_bytes`, `process_start_time_seconds`, `process_threads` and
//!   `process_heap_bytes`, as far as Linux, macOS or Windows provides them
//!   ([`ServerBuilder::process_metrics`]);
//! - `build_info`, with the labels `version` and `revision` (set with [`ServerBuilder::version`]
//!   and [`ServerBuilder::revision`]), `rustc`, `profile`, `target_arch` and `target_os`
//!   ([`ServerBuilder::build_info`]);
//! - `target_info`, with the label `service_name` and others ([`ServerBuilder::target_info`]);
//! - `metrics_http_*`, the metrics of the server about itself ([`ServerBuilder::server_metrics`]);
//! - the registry's self-metrics, such as `metrics_series` ([`Registry::write_self_metrics`]).
//!
//! The module [`collect`] has collectors that a program registers itself: for a tokio runtime, its
//! tasks, and the allocator.
//!
//! # Scrapes do not harm the program
//!
//! Expositions are encoded on separate threads and streamed at the client's pace. The number of
//! [concurrent scrapes](ServerBuilder::max_concurrent_scrapes) is limited, a scrape that exceeds
//! the [scraper's timeout](ServerBuilder::scrape_timeout) is aborted, and a
//! [stalled client](ServerBuilder::client_timeout) is disconnected.
//!
//! Identical scrapes that arrive at the same time share one encoding, if it is at most 1 MiB. Its
//! values may have been read shortly before a scrape arrived, but they are never older than those
//! that the same client received before.
//!
//! # Features
//!
//! - `gzip` (default): gzip compression.
//! - `page` (default): a live page at `/` (`ServerBuilder::page`).
//! - `zstd`: zstd compression; needs a C compiler.
//! - `axum`: `mount` and `ServerBuilder::mount`, and axum's routes as labels of `layer`.
//! - `catalog`: routes generated from declarations: `/catalog.json`; `/dashboard.json`, a Grafana
//!   dashboard of the program, or of its functions with `?functions`, with the parameters `title`,
//!   `uid` and `datasource`; `/rules.yml`, Prometheus rules, with the parameter `job`. Routes of
//!   the program take precedence.
//! - `auth`: `ServerBuilder::basic_auth` and `ServerBuilder::bearer_auth`.
//! - `tls`: `ServerBuilder::tls`, with rustls and optional client certificates.
//! - `web-config`: `ServerBuilder::web_config`, a configuration file in the format of Prometheus'
//!   exporter-toolkit, with `auth` and `tls`.
//! - `ring` (default): *ring* as the implementation of cryptography for `tls`, unless the program
//!   chooses another one; without `tls`, it adds nothing.
//! - `push`: `PushGateway`, for jobs that end before they are scraped, and `Pusher`, which pushes in
//!   the background.
//! - `remote-write`: `RemoteWrite`, for programs that Prometheus cannot reach.
//! - `https`: pushes to `https` URLs.
//! - `tower`: `layer`, which measures HTTP requests that the program serves or sends.
//! - `jemalloc`: `collect::jemalloc`.
//! - `metrics-facade`: `FacadeRecorder`, for other crates that record through the facade `metrics`.
//! - `tokio-metrics`: `collect::TaskMonitors`.
//! - `tracing`: exemplars from the OpenTelemetry spans in which recordings are made.
//!
//! # Layers
//!
//! The top-level modules are layers. Each uses only those before it: `error`, `monitor`, `workers`,
//! `collect`, `scrape`, `push`, `page`, `server`. `layer` and `bridge` use only `error`.

#![forbid(unsafe_code)]

#[cfg(feature = "metrics-facade")]
mod bridge;
pub mod collect;
mod error;
#[cfg(feature = "tower")]
pub mod layer;
mod monitor;
#[cfg(feature = "page")]
mod page;
mod push;
mod scrape;
mod server;
mod workers;

pub use metrics_core;
#[doc(inline)]
pub use metrics_core::*;
// These variants of the macros refer to this crate in their expansions, because a program need not
// depend on `metrics_core` itself. They replace the macros of `metrics_core`.
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
pub use self::server::Tls;
#[cfg(feature = "axum")]
pub use self::server::mount;
pub use self::{
    error::Error,
    monitor::{EventCause, ServerEvent},
    push::{write_textfile, write_textfile_from},
    scrape::{Body, Compression, Endpoint, ErrorHandling, ResponseFuture},
    server::{Address, Routes, Server, ServerBuilder, serve},
};

/// The version of rustls whose types [`Tls`] and [`ServerBuilder::tls_config`] take.
#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;

#[cfg(doctest)]
mod documents;
