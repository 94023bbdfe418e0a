//! Sends metrics without a scrape: to a textfile, a Pushgateway, or a remote-write server.

#[cfg(feature = "push")]
mod client;
#[cfg(feature = "push")]
mod credentials;
#[cfg(feature = "push")]
mod gateway;
#[cfg(feature = "push")]
mod grouping;
#[cfg(feature = "push")]
mod headers;
#[cfg(feature = "push")]
mod panics;
#[cfg(feature = "push")]
mod proxy;
#[cfg(feature = "push")]
mod pusher;
#[cfg(feature = "remote-write")]
mod remote_write;
#[cfg(feature = "push")]
mod reporter;
#[cfg(feature = "push")]
mod self_metrics;
#[cfg(feature = "push")]
mod settings;
#[cfg(feature = "push")]
mod target;
mod textfile;
#[cfg(feature = "push")]
mod thread;
#[cfg(feature = "https")]
mod tls;
#[cfg(feature = "push")]
mod url;

#[cfg(feature = "remote-write")]
pub use self::remote_write::{RemoteWrite, RemoteWriteVersion};
pub use self::textfile::{write_textfile, write_textfile_from};
#[cfg(feature = "push")]
pub use self::{
    gateway::{PushGateway, PushOnDrop},
    pusher::Pusher,
};
