//! Native histograms: exponential buckets that exist once they have counted an observation.
//!
//! The terms are those of the Prometheus [specification]. A *schema* is a resolution: in schema
//! `n`, bucket bounds grow by the factor `2^(1/2^n)`. A bucket's *index* is its position in the
//! schema, and values at most the *zero threshold* away from zero count in the *zero bucket*.
//!
//! * `config` holds the declaration and its checks, and `snapshot` the buckets as plain data.
//! * `index` computes the index of a value's bucket.
//! * `table` stores the buckets in a hash table. `record` finds or adds the bucket of an
//!   observation, `merge` sums tables and makes them coarser, and `reset` gives a series its
//!   declared resolution again.
//!
//! [specification]: https://prometheus.io/docs/specs/native_histograms/

mod config;
pub(crate) mod index;
pub(crate) mod merge;
mod record;
pub(crate) mod reset;
mod snapshot;
pub(crate) mod table;

pub use config::NativeConfig;
pub(crate) use config::{check_growth, check_max_buckets, check_zero_threshold};
pub(crate) use merge::TableView;
pub(crate) use record::find_or_insert_bucket;
pub use snapshot::NativeHistogramSnapshot;
