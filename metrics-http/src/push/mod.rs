//! Metrics that are not waited for to be scraped: written to a file, or sent to a server.

mod textfile;

pub use self::textfile::{textfile, textfile_of};
