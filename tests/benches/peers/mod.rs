//! Who is measured: a file each, with all the rows that it can take part in.

pub(crate) mod limit;
pub(crate) mod ours;
pub(crate) mod prometheus;
pub(crate) mod prometheus_client;
