//! The parsed arguments for the buckets of a histogram and the quantiles of a summary.

use proc_macro2::Ident;
use syn::Expr;

use super::Slot;

/// The buckets of a histogram: native, classic or both.
#[derive(Clone)]
pub(crate) struct Buckets {
    pub(crate) native: Option<Native>,
    pub(crate) classic: Option<Bounds>,
}

/// Classic bucket bounds, or quantiles.
#[derive(Clone)]
pub(crate) enum Bounds {
    List(Vec<Expr>),
    Rule(Box<BoundsRule>),
}

/// `linear(start, step, count)`, or `exponential(start, factor, count)` with the factor in `step`.
#[derive(Clone)]
pub(crate) struct BoundsRule {
    pub(crate) name: Ident,
    pub(crate) start: Expr,
    pub(crate) step: Expr,
    pub(crate) count: Expr,
}

/// The options of native buckets.
#[derive(Clone, Default)]
pub(crate) struct Native {
    pub(crate) growth: Slot<Expr>,
    pub(crate) zero_threshold: Slot<Expr>,
    pub(crate) max_zero_threshold: Slot<Expr>,
    pub(crate) max_buckets: Slot<Expr>,
    /// The time in nanoseconds after which a series with merged buckets is reset; 0 for never.
    pub(crate) reset_after: Slot<u64>,
    /// Whether negative values have buckets as well.
    pub(crate) negative: Slot<()>,
}
