//! Items that the macros' expansions name. Not public API: they change without notice.

pub use crate::{
    describe::{
        allow_list::{AllowList, Allowed, normalized, normalizer_values},
        bucket_table::Buckets,
        buckets::{nanos_with_infinity, with_infinity},
        label::closed_series,
    },
    metric::{
        declared::{DeclaredMetric, DeclaredSeries, declared_family},
        family::Family,
        handle::Handle,
        histogram::{histogram_layout, native_histogram_layout},
        state_set::state_names,
        summary::SUMMARY_LAYOUT,
        thread_storage::{Strategy, StrategyStorage, choose_strategy},
    },
    registry::Registration,
    storage::{
        ConstInit,
        clock::{advance, end_grace, use_best_clock, use_system_clock},
        layout::Layout,
        native::NativeConfig,
    },
};

#[cfg(metrics_off)]
pub use crate::metric::disabled::Disabled;

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
    Desc, Kind,
    describe::{buckets, desc::CowStr, name, name::ValidationScheme},
    storage::native,
};

/// Checks the name of a function's metric in `const`.
pub const fn check_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Legacy) {
        panic!("{}", fault);
    }
}

/// Checks the name of a declaration in `const`.
pub const fn check_declared_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::LegacyInMacro) {
        panic!("{}", fault);
    }
}

/// Checks the name of a declaration with `#[utf8]` in `const`.
pub const fn check_utf8_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Utf8) {
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
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::Legacy) {
        panic!("{}", fault);
    }
}

/// Checks the name of a label of a declaration in `const`.
pub const fn check_declared_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::LegacyInMacro) {
        panic!("{}", fault);
    }
}

/// Checks the name of a label of a `derive(Labels)` in `const`.
pub const fn check_derived_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::LegacyInDerive) {
        panic!("{}", fault);
    }
}

/// Checks the name of a label where any character is allowed in `const`.
pub const fn check_utf8_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::Utf8) {
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
pub const fn borrowed_texts<const N: usize>(names: &'static [&'static str]) -> [CowStr; N] {
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
pub const fn shared_word_count(layout: Layout, series: Option<usize>) -> usize {
    match series {
        Some(series) => layout.cells() * series,
        None => 0,
    }
}

/// Those of them that each thread has: none of values that all threads share. Where series
/// come and go, those of one.
pub const fn thread_word_count(layout: Layout, series: Option<usize>) -> usize {
    match (layout, series) {
        (Layout::Int | Layout::Float, _) => 0,
        (_, None) => layout.cells(),
        (_, Some(series)) => layout.cells() * series,
    }
}

/// A description whose name and unit are checked elsewhere, where the error can show them.
pub const fn unchecked_desc(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    unit: &'static str,
) -> Desc {
    Desc::unchecked(kind, name, help, unit)
}

/// The most words that a metric has in static storage; a larger one has a pointer there to a
/// block that is allocated by the threads that need it.
pub const MAX_STATIC_WORDS: usize = 32;
