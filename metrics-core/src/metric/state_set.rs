//! [`StateSet`]: which of several states is the current one.

use std::{marker::PhantomData, sync::atomic::Ordering};

use crate::{
    describe::label::{Label, empty_value, index_of},
    metric::{handle::Handle, series_storage::SeriesStorage},
};

/// The current one of several states: a series for each state, with the value 1 or 0.
///
/// The states are the variants of an enum that derives [`Label`]; the first variant is the initial
/// state. In an exposition, the label that contains a state's name has the name of the metric.
///
/// ```
/// use metrics_core::{Label, metrics};
///
/// #[derive(Label, Clone, Copy, Debug, PartialEq)]
/// enum Phase { Starting, Running, Stopping }
///
/// metrics! {
///     /// What the service does at the moment.
///     static PHASE: StateSet<Phase> = "service_phase";
/// }
///
/// PHASE.set(Phase::Running);
/// assert_eq!(PHASE.get(), "running");
/// # let _ = (Phase::Starting, Phase::Stopping);
/// ```
#[derive(Clone, Debug)]
pub struct StateSet<L, S: SeriesStorage = Handle>(S, PhantomData<fn(L)>);

impl<L: Label, S: SeriesStorage> StateSet<L, S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        StateSet(series, PhantomData)
    }

    /// Makes `state` the current state.
    pub fn set(&self, state: L) {
        self.0
            .record_shared_cell(|cell| cell.store(index_of(&state) as u64, Ordering::Relaxed));
    }

    /// The name of the current state.
    pub fn get(&self) -> &'static str {
        let index = self.0.with_shared_cell(|cell| cell.load(Ordering::Relaxed));
        L::VALUES
            .and_then(|values| values.get(index as usize).copied())
            .unwrap_or_default()
    }
}

/// The names of a state set's states.
///
/// # Panics
///
/// At compile time, if the values of `L` are not known, if there are none, or if one is empty, as
/// that of `None`.
#[doc(hidden)]
#[expect(
    clippy::manual_assert,
    reason = "the compiler's error would quote the assertion"
)]
pub const fn state_names<L: Label>() -> &'static [&'static str] {
    if empty_value(L::VALUES).is_some() {
        panic!(
            "a state needs a name, and one of these is empty; add a state in place of `None`, or \
             rename the empty one"
        );
    }
    match L::VALUES {
        Some(values) if !values.is_empty() => values,
        _ => panic!("the states of a state set are an enum that derives `Label`"),
    }
}
