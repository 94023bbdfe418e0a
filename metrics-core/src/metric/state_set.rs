//! State sets: which of several states something is in.

use std::{marker::PhantomData, sync::atomic::Ordering};

use crate::{
    describe::label::Label,
    metric::handle::{Handle, Storage},
};

/// One of several states, each a series that is 1 or 0.
///
/// The states are the variants of an enum that derives [`Label`]; the first is the one it starts
/// in. In an exposition the label that names them is the metric's own name.
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
pub struct StateSet<L, S: Storage = Handle>(S, PhantomData<fn(L)>);

impl<L: Label, S: Storage> StateSet<L, S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        StateSet(series, PhantomData)
    }

    /// Enters a state and leaves the one before.
    pub fn set(&self, state: L) {
        self.0
            .shared(|word| word.store(state.index() as u64, Ordering::Relaxed));
    }

    /// The name of the state it is in.
    pub fn get(&self) -> &'static str {
        let index = self.0.shared(|word| word.load(Ordering::Relaxed));
        L::VALUES
            .and_then(|values| values.get(index as usize).copied())
            .unwrap_or_default()
    }
}

/// The values of a closed label, for the declaration of a state set.
#[doc(hidden)]
pub const fn state_names<L: Label>() -> &'static [&'static str] {
    match L::VALUES {
        Some(values) if !values.is_empty() => values,
        _ => panic!("the states of a state set are an enum that derives `Label`"),
    }
}
