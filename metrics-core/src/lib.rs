//! Metrics that a program declares, records and encodes for Prometheus.
//!
//! ```
//! use metrics_core::{Format, Label, counted, encode_to_string, metrics, timed};
//!
//! #[derive(Label, Clone, Copy)]
//! enum Cache { Hit, Miss }
//!
//! metrics! {
//!     /// Links followed.
//!     static FOLLOWED: Counter<(cache: Cache)> = "shortener_links_followed_total";
//! }
//!
//! #[timed]
//! #[counted]
//! fn follow(slug: &str) -> Result<String, std::fmt::Error> {
//!     FOLLOWED.with(Cache::Hit).inc();
//!     Ok(format!("https://example.org/{slug}"))
//! }
//!
//! follow("rust")?;
//! let text = encode_to_string(Format::Text);
//! assert!(text.contains(r#"shortener_links_followed_total{cache="hit"} 1"#));
//! assert!(text.contains(r#"shortener_links_followed_total{cache="miss"} 0"#));
//! assert!(text.contains(r#"function="follow""#));
//! # let _ = Cache::Miss;
//! # Ok::<(), std::fmt::Error>(())
//! ```
//!
//! Everything that is declared and linked is exposed from the start, at 0; nothing has to be
//! initialised or passed around. A recording writes to storage of its own thread and takes no
//! lock; an exposition adds the threads up, exactly. See the README for the guide, and [`testing`]
//! for tests of a program's own metrics.
//!
//! # Features
//!
//! * `catalog`: every declared metric as data, as JSON and as Markdown, and a check that no
//!   promise to those who query it is broken; dashboards for Grafana and rules for Prometheus that
//!   are made of it.
//! * `linkme`: registers metrics in a linker section as well, for programs that run no code
//!   before `main`.
//! * `tracing`: where a metric asks for [exemplars](crate::metrics#exemplars), finds them in the
//!   OpenTelemetry spans of `tracing` that recordings are made in.

mod births;
mod block;
#[cfg(all(test, not(miri)))]
mod block_model;
mod bounds;
mod buckets;
mod call;
#[cfg(feature = "catalog")]
mod catalog;
mod cell;
mod clashes;
mod clock;
mod collector;
mod computed;
mod counter;
#[cfg(feature = "catalog")]
mod dashboard;
mod desc;
mod dynamic;
mod encode;
mod entry;
#[cfg(all(test, not(miri)))]
mod entry_model;
mod error;
mod exemplar;
mod expiry;
#[cfg(all(test, not(miri)))]
mod expiry_model;
mod family;
mod gather;
mod gauge;
mod generation;
#[cfg(all(test, not(miri)))]
mod generation_model;
mod groups;
mod hashes;
#[cfg(all(test, not(miri)))]
mod hashes_model;
mod histogram;
mod info;
mod label;
mod layout;
mod macros;
mod name;
mod native;
#[cfg(metrics_off)]
mod off;
mod own;
#[cfg(feature = "catalog")]
mod promql;
#[cfg(feature = "catalog")]
mod quote;
mod registry;
mod render;
mod rendered;
mod rows;
#[cfg(feature = "catalog")]
mod rules;
mod series;
mod singles;
mod source;
mod state_set;
mod storage;
mod summary;
pub mod testing;
mod texts;
mod timer;
mod up_down;
#[cfg(all(test, not(miri)))]
mod watched;
mod word;
mod workers;

pub use buckets::{DURATION_BUCKETS, exponential_buckets, linear_buckets};
#[cfg(feature = "catalog")]
pub use catalog::{
    CATALOG_VERSION, Catalog, CatalogFamily, CatalogLabel, CatalogMember, CatalogNative,
    CatalogWarning, catalog,
};
pub use collector::{CollectedSeries, Collection, Collector, Computed};
pub use counter::{Counter, FloatCounter};
#[cfg(feature = "catalog")]
pub use dashboard::Dashboard;
pub use desc::{Desc, Kind, Objective, SourceLocation};
pub use dynamic::{DynamicFamily, DynamicMetric, Options};
pub use encode::{Escaping, ExpositionFormat, Format, Number};
pub use error::Error;
pub use exemplar::Exemplar;
pub use family::DEFAULT_MAX_SERIES;
pub use gather::{Metric, MetricFamily, MetricValue};
pub use gauge::{FloatGauge, Gauge};
pub use histogram::{Histogram, HistogramSnapshot};
pub use info::Info;
pub use label::{Label, LabelSet, LabelVisitor, Labels};
pub use macros::*;
pub use native::NativeHistogramSnapshot;
pub use registry::{Registry, RegistryBuilder, encode, encode_to_string, gather};
pub use render::LabelView;
#[cfg(feature = "catalog")]
pub use rules::Rules;
pub use state_set::StateSet;
pub use storage::{Handle, Storage};
pub use summary::{Summary, SummarySnapshot};
pub use timer::Timer;
pub use up_down::{InFlight, UpDownCounter};

#[doc = include_str!("environments.md")]
pub mod environments {}

/// What the macros' expansions name. Not for use by hand: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        bounds::{AllowList, Allowed, normalized, returned},
        buckets::{Buckets, closed, closed_nanos},
        cell::Fresh,
        clock::{advance, end_grace, use_best_clock, use_system_clock},
        family::Family,
        histogram::{layout, layout_native},
        label::closed_series,
        layout::Layout,
        native::Native,
        registry::Registration,
        state_set::states,
        storage::{Choice, Declared, Handle, Keeps, Site, declared, kept},
        summary::LAYOUT as SUMMARY,
    };

    #[cfg(metrics_off)]
    pub use crate::off::Off;

    /// Recorders of calls.
    pub mod call {
        pub use crate::call::*;
    }

    #[cfg(feature = "linkme")]
    pub use crate::registry::REGISTRATIONS;
    pub use inventory;
    #[cfg(feature = "linkme")]
    pub use linkme;
    pub use std::{
        borrow::Cow, ops::Deref, string::String, sync::atomic::AtomicU64, thread::LocalKey,
        thread_local, vec::Vec,
    };

    use crate::{
        Desc, Kind, buckets,
        desc::Text,
        name::{self, Alphabet},
        native,
    };

    /// Checks the name of a function's metric in `const`.
    pub const fn check_metric(name: &str, kind: Kind) {
        if let Err(fault) = name::check_metric(name, kind, Alphabet::Legacy) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a declaration in `const`.
    pub const fn check_declared_metric(name: &str, kind: Kind) {
        if let Err(fault) = name::check_metric(name, kind, Alphabet::Declared) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a declaration with `#[utf8]` in `const`.
    pub const fn check_utf8_metric(name: &str, kind: Kind) {
        if let Err(fault) = name::check_metric(name, kind, Alphabet::Utf8) {
            panic!("{}", fault);
        }
    }

    /// Checks a unit in `const`.
    pub const fn check_unit(name: &str, unit: &str, kind: Kind) {
        if let Err(fault) = name::check_unit(name, unit, kind) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a label of a function's metric in `const`.
    pub const fn check_label(name: &str, kind: Kind) {
        if let Err(fault) = name::check_label(name, kind, Alphabet::Legacy) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a label of a declaration in `const`.
    pub const fn check_declared_label(name: &str, kind: Kind) {
        if let Err(fault) = name::check_label(name, kind, Alphabet::Declared) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a label of a `derive(Labels)` in `const`.
    pub const fn check_derived_label(name: &str, kind: Kind) {
        if let Err(fault) = name::check_label(name, kind, Alphabet::Derived) {
            panic!("{}", fault);
        }
    }

    /// Checks the name of a label where any character is allowed in `const`.
    pub const fn check_utf8_label(name: &str, kind: Kind) {
        if let Err(fault) = name::check_label(name, kind, Alphabet::Utf8) {
            panic!("{}", fault);
        }
    }

    /// Checks the labels of a `derive(Labels)` for one metric in `const`.
    pub const fn check_labels(names: &[&str], kind: Kind) {
        let mut i = 0;
        while i < names.len() {
            check_declared_label(names[i], kind);
            i += 1;
        }
    }

    /// The same for a metric with `#[utf8]`.
    pub const fn check_utf8_labels(names: &[&str], kind: Kind) {
        let mut i = 0;
        while i < names.len() {
            check_utf8_label(names[i], kind);
            i += 1;
        }
    }

    /// Checks bucket bounds in `const`.
    pub const fn check_buckets(bounds: &[f64]) {
        if let Err(fault) = buckets::check(bounds) {
            panic!("{}", fault);
        }
    }

    /// Checks one bucket bound in `const`.
    pub const fn check_bucket(bounds: &[f64], at: usize) {
        if let Err(fault) = buckets::check_at(bounds, at) {
            panic!("{}", fault);
        }
    }

    /// Checks one quantile in `const`.
    pub const fn check_quantile(quantiles: &[f64], at: usize) {
        if let Err(fault) = buckets::check_quantile_at(quantiles, at) {
            panic!("{}", fault);
        }
    }

    /// Checks quantiles in `const`.
    pub const fn check_quantiles(quantiles: &[f64]) {
        if let Err(fault) = buckets::check_quantiles(quantiles) {
            panic!("{}", fault);
        }
    }

    /// Checks the growth factor of a native histogram in `const`.
    pub const fn check_growth(growth: f64) {
        if let Err(fault) = native::check_growth(growth) {
            panic!("{}", fault);
        }
    }

    /// Checks a zero threshold of a native histogram in `const`.
    pub const fn check_zero_threshold(threshold: f64) {
        if let Err(fault) = native::check_zero_threshold(threshold) {
            panic!("{}", fault);
        }
    }

    /// Checks the limit on a native histogram's buckets in `const`.
    pub const fn check_max_buckets(max: u16) {
        if let Err(fault) = native::check_max_buckets(max) {
            panic!("{}", fault);
        }
    }

    /// Checks in `const` that a histogram can tell how many calls took no longer than this.
    pub const fn check_latency(bounds: &[f64], seconds: f64) {
        let mut i = 0;
        while i < bounds.len() {
            // Both were written in decimals, and are the same float where they are the same number.
            if bounds[i].to_bits() == seconds.to_bits() {
                return;
            }
            i += 1;
        }
        panic!(
            "no bucket ends at this latency, so that nobody could tell how many calls took longer; \
             take a bound that there is, or add it to `buckets(...)`",
        );
    }

    /// Checks in `const` that the series of closed labels stay below the cap.
    pub const fn check_series(series: Option<usize>, max: usize) {
        if let Some(series) = series
            && series > max
        {
            panic!(
                "the values of these labels combine to more series than `max_series`; drop a label or raise the cap",
            );
        }
    }

    /// Checks in `const` that there are series that can expire.
    #[expect(
        clippy::manual_assert,
        reason = "the compiler would quote an assertion"
    )]
    pub const fn check_expiry(series: Option<usize>) {
        if series.is_some() {
            panic!("the labels of this metric are closed, and their series stay; remove `expire`");
        }
    }

    /// Static strings as the texts of a description.
    pub const fn texts<const N: usize>(names: &'static [&'static str]) -> [Text; N] {
        let mut texts = [const { Cow::Borrowed("") }; N];
        let mut i = 0;
        while i < N {
            if let Cow::Borrowed(place) = &mut texts[i] {
                *place = names[i];
            }
            i += 1;
        }
        texts
    }

    /// Words of all series: none for open labels.
    pub const fn closed_words(layout: Layout, series: Option<usize>) -> usize {
        match series {
            Some(series) => layout.words() * series,
            None => 0,
        }
    }

    /// Those of them that each thread has: none of values that all threads share. Where series
    /// come and go, those of one.
    pub const fn local_words(layout: Layout, series: Option<usize>) -> usize {
        match (layout, series) {
            (Layout::Int | Layout::Float, _) => 0,
            (_, None) => layout.words(),
            (_, Some(series)) => layout.words() * series,
        }
    }

    /// A description whose name and unit are checked elsewhere, where the error can show them.
    pub const fn desc(
        kind: Kind,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
    ) -> Desc {
        Desc::unchecked(kind, name, help, unit)
    }

    /// The most words that a metric has in static storage; a larger one has a pointer there to a
    /// block that is allocated by the threads that need it.
    pub const STATIC_WORDS: usize = 32;
}
