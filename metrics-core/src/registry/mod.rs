//! Registries: which metrics exist, and what a scrape does with them.
//!
//! A registry holds items: metrics and collectors, from link-time registration or added at run
//! time. The items are grouped into families; later expositions use the same families until an item
//! is added or removed. A scrape runs the collectors and writes the families into the `Sink` of a
//! format. This module uses `metric` for the values and `format` for the encoding; `catalog` and
//! `testing`, among others, use this module.

pub(crate) mod builder;
pub(crate) mod clashes;
pub(crate) mod collected;
pub(crate) mod collection;
pub(crate) mod collector;
pub(crate) mod collector_expiry;
pub(crate) mod collector_failure;
pub(crate) mod collector_status;
pub(crate) mod collector_threads;
pub(crate) mod computed;
pub(crate) mod delivery;
pub(crate) mod dynamic;
pub(crate) mod encode;
pub(crate) mod exposed_families;
pub(crate) mod exposed_family;
pub(crate) mod exposition;
pub(crate) mod gather;
pub(crate) mod grouping;
pub(crate) mod handle;
pub(crate) mod include;
pub(crate) mod item;
pub(crate) mod registered_collector;
pub(crate) mod registration;
pub(crate) mod sample_names;
pub(crate) mod scope;
pub(crate) mod selection;
pub(crate) mod self_metrics;
pub(crate) mod settings;
pub(crate) mod shared_series;
pub(crate) mod single_run;

pub use builder::RegistryBuilder;
pub use collection::{CollectedSeries, Collection};
pub use collector::Collector;
pub use collector_expiry::{CollectorExpiry, DeliveredSeries, SeriesActivity};
pub use collector_failure::{CollectorFailure, CollectorFailureReason};
pub use computed::Computed;
pub use encode::{encode, encode_to_string};
pub use exposition::Exposition;
pub use gather::{Metric, MetricFamily, MetricValue, gather};
pub use handle::Registry;
#[cfg(feature = "linkme")]
pub use registration::REGISTRATIONS;
pub use registration::Registration;
