//! Items that the macros' expansions name, and control of the clocks for tests. Not public API: they
//! change without notice.
//!
//! The `check_*` functions run in a `const` at the token that they check, so that the compiler
//! reports their panic there. Most of them wrap checks that dynamic metrics use as well.

pub use crate::{
    describe::{
        allow_list::{AllowList, Allowed, normalized, normalizer_values},
        bucket_table::Buckets,
        buckets::{nanos_with_infinity, with_infinity},
        displayed::{displayed, displayed_option},
        flattened::{Flattened, LabelFields},
        label::closed_series,
    },
    metric::{
        declared::{DeclaredMetric, DeclaredSeries, declared_family},
        family::{CellValue, Family, Replacement},
        handle::Handle,
        histogram::{histogram_layout, native_histogram_layout},
        needs_labels::NeedsLabels,
        state_set::state_names,
        summary::summary_layout,
        thread_storage::{MAX_STATIC_CELLS, Strategy, StrategyStorage, choose_strategy},
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

/// The types and functions that the expansions of the function attributes use.
pub mod call {
    pub use crate::call::*;
}

#[cfg(feature = "linkme")]
pub use crate::registry::REGISTRATIONS;
#[cfg(not(feature = "linkme"))]
pub use inventory;
#[cfg(feature = "linkme")]
pub use linkme;
pub use std::{
    borrow::Cow, ops::Deref, string::String, sync::atomic::AtomicU64, thread::LocalKey,
    thread_local, vec::Vec,
};

use crate::{
    Desc, Kind,
    describe::{buckets, const_text::ConstText, desc::CowStr, label, name, name::ValidationScheme},
    storage::native,
};

/// Checks the name of a function's metric.
pub const fn check_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Legacy) {
        panic!("{}", fault);
    }
}

/// Checks the name of a declared metric.
pub const fn check_declared_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::LegacyInMacro) {
        panic!("{}", fault);
    }
}

/// Checks the name of a declared metric with `#[utf8]`.
pub const fn check_utf8_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Utf8) {
        panic!("{}", fault);
    }
}

/// Checks the name of a declared metric with `#[existing_name]`.
pub const fn check_existing_metric(name: &str, kind: Kind) {
    if let Err(fault) = name::check_metric(name, kind, ValidationScheme::Existing) {
        panic!("{}", fault);
    }
}

/// Checks a label name of a metric with `#[existing_name]`.
pub const fn check_existing_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::Existing) {
        panic!("{}", fault);
    }
}

/// Like [`check_labels`], for a metric with `#[existing_name]`.
pub const fn check_existing_labels(names: &[&str], kind: Kind) {
    check_distinct_labels(names);
    let mut i = 0;
    while i < names.len() {
        check_existing_label(names[i], kind);
        i += 1;
    }
}

/// Checks a metric's unit, and that its name ends in it.
pub const fn check_unit(name: &str, unit: &str, kind: Kind) {
    if let Err(fault) = name::check_unit(name, unit, kind) {
        panic!("{}", fault);
    }
}

/// Checks a label name of a function's metric.
pub const fn check_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::Legacy) {
        panic!("{}", fault);
    }
}

/// Checks a label name of a declared metric.
pub const fn check_declared_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::LegacyInMacro) {
        panic!("{}", fault);
    }
}

/// Checks a label name of a struct that derives `Labels`.
pub const fn check_derived_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::LegacyInDerive) {
        panic!("{}", fault);
    }
}

/// Checks a label name of a metric with `#[utf8]`.
pub const fn check_utf8_label(name: &str, kind: Kind) {
    if let Err(fault) = name::check_label(name, kind, ValidationScheme::Utf8) {
        panic!("{}", fault);
    }
}

/// Checks that the labels of a struct have different names, also those of flattened structs.
#[expect(
    clippy::manual_assert,
    reason = "the compiler's error would quote the assertion"
)]
pub const fn check_distinct_labels(names: &[&str]) {
    let mut i = 0;
    while i < names.len() {
        let mut j = 0;
        while j < i {
            if label::is_equal(names[i].as_bytes(), names[j].as_bytes()) {
                panic!(
                    "a flattened struct has a label of the same name as another label; rename one \
                     with `#[label(rename = \"...\")]`"
                );
            }
            j += 1;
        }
        i += 1;
    }
}

/// Checks the label names of a struct that derives `Labels` against the rules of a declared metric.
pub const fn check_labels(names: &[&str], kind: Kind) {
    check_distinct_labels(names);
    let mut i = 0;
    while i < names.len() {
        check_declared_label(names[i], kind);
        i += 1;
    }
}

/// Like [`check_labels`], for a metric with `#[utf8]`.
pub const fn check_utf8_labels(names: &[&str], kind: Kind) {
    check_distinct_labels(names);
    let mut i = 0;
    while i < names.len() {
        check_utf8_label(names[i], kind);
        i += 1;
    }
}

/// Checks bucket bounds.
pub const fn check_buckets(bounds: &[f64]) {
    if let Err(fault) = buckets::check(bounds) {
        panic!("{}", fault);
    }
}

/// Checks the bucket bound at this position.
pub const fn check_bucket(bounds: &[f64], at: usize) {
    if let Err(fault) = buckets::check_at(bounds, at) {
        panic!("{}", fault);
    }
}

/// Checks the quantile at this position.
pub const fn check_quantile(quantiles: &[f64], at: usize) {
    if let Err(fault) = buckets::check_quantile_at(quantiles, at) {
        panic!("{}", fault);
    }
}

/// Checks quantiles.
pub const fn check_quantiles(quantiles: &[f64]) {
    if let Err(fault) = buckets::check_quantiles(quantiles) {
        panic!("{}", fault);
    }
}

/// Checks the growth factor of a native histogram.
pub const fn check_growth(growth: f64) {
    if let Err(fault) = native::check_growth(growth) {
        panic!("{}", fault);
    }
}

/// Checks the zero threshold of a native histogram.
pub const fn check_zero_threshold(threshold: f64) {
    if let Err(fault) = native::check_zero_threshold(threshold) {
        panic!("{}", fault);
    }
}

/// Checks the bucket limit of a native histogram.
pub const fn check_max_buckets(max: u16) {
    if let Err(fault) = native::check_max_buckets(max) {
        panic!("{}", fault);
    }
}

/// Checks that the latency of an objective is one of the histogram's bounds.
pub const fn check_latency(bounds: &[f64], seconds: f64) {
    let mut i = 0;
    while i < bounds.len() {
        // The bits are equal for a listed bound, because both the bound and the latency were parsed
        // from decimals. A bound of `linear` or `exponential` matches only if it is the same float.
        if bounds[i].to_bits() == seconds.to_bits() {
            return;
        }
        i += 1;
    }
    panic!(
        "no bucket has this latency as its upper bound, so slower calls cannot be counted; \
         use an existing bound, or add this one to `buckets(...)`",
    );
}

/// Checks that the number of closed series does not exceed the cardinality limit.
pub const fn check_series(series: Option<usize>, max: usize) {
    if let Some(series) = series
        && series > max
    {
        let message = too_many_series(series, max)
            .text(", or raise the limit with `#[max_series(")
            .number(series)
            .text(")]`");
        panic!("{}", message.as_str());
    }
}

/// Checks the number of closed series of a function, whose limit cannot be raised.
pub const fn check_call_series(series: Option<usize>, max: usize) {
    if let Some(series) = series
        && series > max
    {
        panic!("{}", too_many_series(series, max).as_str());
    }
}

const fn too_many_series(series: usize, max: usize) -> ConstText<250> {
    ConstText::new()
        .text("the values of these labels combine to ")
        .number(series)
        .text(" series, and the limit is ")
        .number(max)
        .text("; remove a label")
}

/// Checks that a metric with `#[expire]` has open labels.
#[expect(
    clippy::manual_assert,
    reason = "the compiler's error would quote the assertion"
)]
pub const fn check_expiry(series: Option<usize>) {
    if series.is_some() {
        panic!("all labels of this metric are closed, so its series never expire; remove `expire`");
    }
}

/// The line of a token that is in `token_file` at `token_line`, if the compiler's `file!()` and
/// `line!()` are `file` and `line`.
///
/// These two name the outermost macro call. The token is more precise, such as one function of a
/// block, unless a `macro_rules!` defined elsewhere wrote it.
pub const fn line_in(file: &str, line: u32, token_file: &str, token_line: u32) -> u32 {
    if token_line < line || file.len() != token_file.len() {
        return line;
    }
    let (file, token_file) = (file.as_bytes(), token_file.as_bytes());
    let mut i = file.len();
    while i > 0 {
        i -= 1;
        if file[i] != token_file[i] {
            return line;
        }
    }
    token_line
}

/// Converts label names to the type in which a description stores them.
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

/// The length of a metric's static array of shared cells: the cells of all series, or 0 if a label
/// has no fixed value set.
pub const fn shared_cell_count(layout: Layout, series: Option<usize>) -> usize {
    match series {
        Some(series) => layout.cells() * series,
        None => 0,
    }
}

/// Number of cells that a metric has in each thread's static storage, or behind the pointer there.
///
/// 0 for gauges and state sets, whose value all threads share. With open labels, the cells of one
/// series.
pub const fn thread_cell_count(layout: Layout, series: Option<usize>) -> usize {
    match (layout, series) {
        (layout, _) if layout.is_shared() => 0,
        (_, None) => layout.cells(),
        (_, Some(series)) => layout.cells() * series,
    }
}

/// Builds a description without checking it, because the expansion checks name and unit at their
/// own tokens.
pub const fn unchecked_desc(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    unit: &'static str,
) -> Desc {
    Desc::unchecked(kind, name, help, unit)
}
