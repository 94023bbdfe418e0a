//! What a metric is: names, units, labels, buckets, objectives, the place of its declaration.

pub(crate) mod bounded;
pub(crate) mod buckets;
pub(crate) mod desc;
pub(crate) mod error;
pub(crate) mod escaping;
pub(crate) mod label;
pub(crate) mod name;
