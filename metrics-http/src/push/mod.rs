//! Metrics that are not waited for to be scraped: written to a file, or sent to a server.

#[cfg(feature = "push")]
mod background;
#[cfg(feature = "push")]
mod client;
#[cfg(feature = "push")]
mod gateway;
#[cfg(feature = "push")]
mod grouping;
#[cfg(feature = "remote-write")]
mod remote_write;
#[cfg(feature = "push")]
mod self_metrics;
mod textfile;
#[cfg(feature = "https")]
mod tls;

pub use self::textfile::{write_textfile, write_textfile_from};

#[cfg(feature = "push")]
pub use self::{
    background::Pusher,
    gateway::{PushGateway, PushOnDrop},
};

#[cfg(feature = "remote-write")]
pub use self::remote_write::{RemoteWrite, RemoteWriteVersion};
