//! [`NeedsLabels`]: the compile error for a recording that names no series of a metric with labels.
//!
//! A declared metric with labels dereferences to [`NeedsLabels`], which has the recording methods
//! of all metric types, each with a bound that does not hold. So the compiler reports
//! `REQUESTS.inc()` with the message of [`WithoutLabels`], instead of as an unknown method.

use std::marker::PhantomData;

/// The recording methods of the metric `M`, which has labels. None of them can be called.
#[doc(hidden)]
pub struct NeedsLabels<M>(PhantomData<M>);

impl<M> NeedsLabels<M> {
    /// The value that a metric with labels dereferences to.
    #[must_use]
    pub const fn new() -> &'static Self
    where
        M: 'static,
    {
        &NeedsLabels(PhantomData)
    }
}

/// Implemented by nothing, so that the methods of [`NeedsLabels`] cannot be called. A metric
/// without labels dereferences to its metric type instead.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has labels, and this is a method of one of its series",
    label = "call `{Self}.with(...)` first, and this on the series that it returns"
)]
pub trait WithoutLabels {}

// Each method is one line, because the compiler quotes it in the error.
#[rustfmt::skip]
impl<M: 'static> NeedsLabels<M> {
    #[doc(hidden)] pub fn add<N>(&self, _: N) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn dec(&self) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn get(&self) -> ! where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn guard(&self) -> ! where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn inc(&self) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn inc_by<N>(&self, _: N) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn inc_by_with_exemplar<N, E>(&self, _: N, _: E) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn inc_with_exemplar<E>(&self, _: E) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn observe<N>(&self, _: N) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn observe_duration<D>(&self, _: D) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn observe_with_exemplar<N, E>(&self, _: N, _: E) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn set<N>(&self, _: N) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn set_duration<D>(&self, _: D) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn set_to_current_time(&self) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn start_timer(&self) -> ! where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn sub<N>(&self, _: N) where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn time<F>(&self, _: F) -> ! where M: WithoutLabels { unreachable!() }
    #[doc(hidden)] pub fn unset(&self) where M: WithoutLabels { unreachable!() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_method_of_a_metric_type_has_the_error_for_missing_labels() {
        let sources = [
            include_str!("counter.rs"),
            include_str!("gauge.rs"),
            include_str!("histogram.rs"),
            include_str!("state_set.rs"),
            include_str!("summary.rs"),
            include_str!("up_down.rs"),
        ];
        let mut count = 0;
        for line in sources.iter().flat_map(|source| source.lines()) {
            let Some((name, arguments)) = line
                .strip_prefix("    pub fn ")
                .and_then(|method| method.split_once(['(', '<']))
            else {
                continue;
            };
            if !arguments.contains("&self") {
                continue;
            }
            let is_present = ["(", "<"].iter().any(|next| {
                include_str!("needs_labels.rs").contains(&format!("pub fn {name}{next}"))
            });
            assert!(is_present, "{name} is missing");
            count += 1;
        }
        assert!(count > 30, "{count}");
    }
}
