//! Tests that expansions cause no warnings, even in a crate that denies strict lints.

#![deny(
    warnings,
    missing_docs,
    unused,
    let_underscore_drop,
    rust_2018_idioms,
    keyword_idents_2024,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_abi,
    missing_copy_implementations,
    missing_debug_implementations,
    non_ascii_idents,
    explicit_outlives_requirements,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    clippy::pedantic,
    clippy::nursery,
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::default_numeric_fallback,
    clippy::items_after_statements,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::mod_module_files,
    clippy::panic,
    clippy::pattern_type_mismatch,
    clippy::ref_patterns,
    clippy::same_name_method,
    clippy::semicolon_inside_block,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::infinite_loop,
    clippy::unreachable
)]

use core::{
    future::{Future, ready},
    pin::Pin,
};

use metrics_core::{Label, Labels, counted, in_flight, metrics, timed};

/// The plan of a customer.
#[derive(Label, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The plan without a fee.
    Free,
    /// The plan with a fee.
    Paid,
}

/// The reason for a failure.
#[derive(Label, Clone, Copy, Debug, PartialEq, Eq)]
#[label(rename_all = "kebab-case")]
pub enum Fault {
    /// A size exceeds the limit.
    TooLarge,
    /// An item does not exist.
    NotFound(u8),
}

/// The labels of a request.
#[derive(Labels, Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The customer's plan.
    pub plan: Plan,
    /// The requested path.
    pub path: &'a str,
}

metrics! {
    prefix = "strict";

    /// A counter.
    pub static CALLS: Counter<(plan: Plan)>;
    /// A histogram.
    #[unit("seconds")]
    #[buckets(0.1, 1)]
    #[max_series(10)]
    pub static TOOK: Histogram<Request<'_>>;
    /// A summary.
    #[quantiles(0.5)]
    pub static SIZE: Summary;
    /// A state.
    pub static STATE: StateSet<Plan>;
    /// Facts.
    pub static FACTS: Info<(version: &str)>;
    /// A computed gauge.
    #[computed(|| 1.0_f64)]
    pub static COMPUTED: Gauge;
}

/// Returns a value.
#[counted]
#[timed]
#[in_flight]
#[must_use]
pub fn sync(value: u32) -> u32 {
    value
}

/// Returns nothing.
#[counted]
#[timed]
#[in_flight]
pub fn unit() {
    CALLS.with(Plan::Free).inc();
}

/// Returns a result.
///
/// # Errors
///
/// Fails if the size exceeds the limit.
#[counted]
#[timed]
#[in_flight]
pub fn result(size: u8) -> Result<u8, Fault> {
    if size > 1 {
        return Err(Fault::TooLarge);
    }
    Ok(size)
}

/// Returns a value asynchronously.
#[counted]
#[timed(busy)]
#[in_flight]
pub async fn asynchronous(value: u32) -> u32 {
    ready(value).await
}

/// Returns nothing, asynchronously.
#[counted]
#[timed]
#[in_flight]
pub async fn asynchronous_unit() {
    ready(()).await;
}

/// Returns a result asynchronously.
///
/// # Errors
///
/// Fails if the size exceeds the limit.
#[counted]
#[timed]
#[in_flight]
pub async fn asynchronous_result(size: u8) -> Result<u8, Fault> {
    let small = ready(result(size)).await?;
    Ok(small)
}

/// Destructures its arguments.
#[counted]
#[timed]
#[in_flight]
pub async fn patterns((a, b): (u32, u32), mut c: u32, _: u32, _unused: String) -> u32 {
    c = ready(c).await.max(a);
    c.min(b)
}

/// Destructures its arguments in a function that is not async.
#[counted]
#[timed]
#[in_flight]
#[must_use]
pub fn patterns_at_once((a, b): (u32, u32), mut c: u32, _: u32, _unused: &str) -> u32 {
    c = c.max(a);
    c.min(b)
}

/// Returns a future.
#[counted]
#[timed]
#[in_flight]
pub fn future(value: u32) -> impl Future<Output = Result<u32, Fault>> {
    ready(Ok(value))
}

/// Records labels.
///
/// # Errors
///
/// Fails for the plan without a fee.
#[counted(
    labels(plan, path, length = path.len(), on_return(large: bool = Result::is_ok)),
    err(fault: Fault),
)]
#[timed(labels(plan), err(fault))]
#[in_flight(labels(plan))]
pub fn labelled(plan: Plan, path: &str) -> Result<usize, Fault> {
    match plan {
        Plan::Free => Err(Fault::NotFound(1)),
        Plan::Paid => Ok(path.len()),
    }
}

/// Records labels asynchronously.
///
/// # Errors
///
/// Fails for the plan without a fee.
#[counted(labels(plan, path), err(fault: Fault))]
#[timed(labels(plan, on_return(large: bool = is_large)))]
#[in_flight(labels(plan))]
pub async fn labelled_later(plan: Plan, path: String) -> Result<usize, Fault> {
    ready(labelled(plan, &path)).await
}

const fn is_large(result: &Result<usize, Fault>) -> bool {
    matches!(result, Ok(size) if *size > 10)
}

/// Records an outcome that depends on the returned value.
#[counted(ok_if = |returned| *returned > 1, slo(success = 99.5))]
#[timed(
    name = "strict_judged_seconds",
    help = "A family of its own.",
    buckets(0.1, 1),
    error_if = |returned| *returned < 2,
    slo(latency = "100ms", objective = 99.9),
)]
#[in_flight(name = "strict_judged", help = "In progress.")]
#[must_use]
pub fn judged(value: u32) -> u32 {
    value
}

/// Records no outcome, and a duration only for a part of the calls.
#[counted(outcome = false)]
#[timed(sample = 1/2)]
pub fn sampled() {
    SIZE.observe(1.0);
}

/// A type with recorded methods.
#[derive(Debug, Clone)]
pub struct Cart {
    items: Vec<u32>,
}

#[counted]
#[timed]
#[in_flight]
impl Cart {
    /// Creates a cart with one item.
    #[must_use]
    pub fn new(item: u32) -> Self {
        Self { items: vec![item] }
    }

    /// Adds an item.
    pub fn add(&mut self, item: u32) {
        self.items.push(item);
    }

    /// Removes and returns the last item.
    #[counted(labels(count = self.items.len()))]
    #[timed(skip)]
    pub fn take(&mut self) -> Option<u32> {
        self.items.pop()
    }

    /// Returns the first item.
    ///
    /// # Errors
    ///
    /// Fails if the cart is empty.
    pub async fn wait(&self, _patience: u32) -> Result<u32, Fault> {
        let first = ready(self.items.first().copied()).await;
        first.ok_or(Fault::TooLarge)
    }

    /// Consumes the cart and returns its items in order.
    pub async fn close(mut self) -> Vec<u32> {
        self.items.sort_unstable();
        ready(self.items).await
    }
}

/// A trait whose default methods are recorded.
#[counted]
#[timed]
#[in_flight]
pub trait Find {
    /// Returns the position of the first `a`.
    fn find(&self, name: &str) -> Option<usize> {
        name.find('a')
    }

    /// Returns a future.
    fn find_later(&self) -> impl Future<Output = usize> + Send {
        ready(1)
    }
}

#[cfg(test)]
mod tests {
    use metrics_core::{Format, encode_to_string};

    use super::{Plan, labelled};

    #[test]
    fn calls_are_recorded() {
        assert_eq!(labelled(Plan::Paid, "/"), Ok(1));
        let text = encode_to_string(Format::Text);
        let wanted = "plan=\"paid\",path=\"/\",length=\"1\",large=\"true\",outcome=\"ok\"} 1";
        assert!(text.contains(wanted));
    }
}

/// A future in a box.
pub type Answer = Pin<Box<dyn Future<Output = Result<u32, Fault>> + Send>>;

/// Returns a future of a type that the macro cannot see through.
#[counted]
#[timed]
#[in_flight]
#[must_use]
pub fn aliased(value: u32) -> Answer {
    Box::pin(ready(Ok(value)))
}

/// Returns a future, as the attribute states.
#[counted(future)]
#[timed]
#[must_use]
pub fn stated(value: u32) -> Answer {
    Box::pin(ready(Ok(value)))
}

/// A trait of which the macro cannot tell whether futures implement it.
pub trait Shown {}

impl Shown for u32 {}

/// Returns a value of a type that the macro cannot name.
#[counted]
#[timed]
#[in_flight]
#[must_use]
pub fn shown(value: u32) -> impl Shown {
    value
}

/// Returns a value of a type that the macro cannot name, asynchronously.
#[counted]
#[timed]
pub async fn shown_later(value: u32) -> impl Shown {
    ready(value).await
}

/// Returns a future, asynchronously.
#[counted]
#[timed(labels(value))]
pub async fn future_later(value: u32) -> impl Future<Output = u32> {
    ready(()).await;
    async move { value }
}

/// Returns functions of a complex type, asynchronously.
#[counted]
#[timed]
pub async fn functions_later() -> Option<(Box<dyn Fn(u8) -> u8 + Send>, fn(u8) -> Option<u8>)> {
    ready(None).await
}

/// Functions on one line, in whose expansion braces around a single expression could cause a lint.
#[rustfmt::skip]
pub mod on_one_line {
    use super::{Future, Fault, counted, in_flight, ready, timed};

    /// Returns its argument.
    #[counted]
    #[timed]
    #[in_flight]
    #[must_use]
    pub fn sync(n: u8) -> u8 { n }

    /// Returns its argument.
    #[counted]
    #[timed]
    #[in_flight]
    pub async fn later(n: u8) -> u8 { n }

    /// Returns its argument.
    ///
    /// # Errors
    ///
    /// Never fails.
    #[counted]
    #[timed]
    #[in_flight]
    pub fn result(n: u8) -> Result<u8, Fault> { Ok(n) }

    /// Returns its argument.
    #[counted]
    #[timed]
    #[in_flight]
    pub fn future(n: u8) -> impl Future<Output = u8> { ready(n) }

    /// Returns its argument.
    #[counted]
    #[timed]
    #[in_flight]
    #[must_use]
    pub fn aliased(n: u32) -> super::Answer { Box::pin(ready(Ok(n))) }

    /// Returns its argument.
    #[counted]
    #[timed]
    #[in_flight]
    #[must_use]
    pub fn shown(n: u32) -> impl super::Shown { n }
}
