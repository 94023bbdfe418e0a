//! What the function attributes call: a call's recorder and its outcome.
//!
//! A recorder is made when the call begins and told the outcome when it ends. Who tells it:
//!
//! * where the result is not looked at, a [`Guard`] at the top of the body, when it is dropped;
//! * where it is, [`run`], which the body is passed to as a closure;
//! * in an `async fn`, the future [`Tracked`] around the body.
//!
//! None of them asks `thread::panicking` alone: a call made while another panic unwinds is not
//! itself a panic, and a suspended future that is dropped then is cancelled.

use std::{
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    thread,
};

use pin_project_lite::pin_project;

use crate::{
    block, cell, clock,
    label::LabelSet,
    layout::{self, Layout},
    storage::{Called, Site},
};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, and not an error.
    Ok,
    /// It returned an error.
    Error,
    /// It panicked.
    Panic,
    /// Its future was dropped before the end.
    Cancelled,
}

/// The outcomes that a function can have, in the order of their series.
pub const fn outcomes(fallible: bool, is_async: bool) -> &'static [&'static str] {
    match (fallible, is_async) {
        (false, false) => &["ok", "panic"],
        (true, false) => &["ok", "error", "panic"],
        (false, true) => &["ok", "panic", "cancelled"],
        (true, true) => &["ok", "error", "panic", "cancelled"],
    }
}

/// A function that has an attribute.
pub trait CallSite: Site {
    /// Whether it can return an error.
    const FALLIBLE: bool;
}

impl Outcome {
    #[inline(always)]
    fn position(self, fallible: bool) -> usize {
        match self {
            Outcome::Ok => 0,
            Outcome::Error => usize::from(fallible),
            Outcome::Panic => 1 + usize::from(fallible),
            Outcome::Cancelled => 2 + usize::from(fallible),
        }
    }
}

/// Is made when a call begins and told when it ends.
///
/// A copy of a few words, so that it can stay in registers: only an unwinding call looks for it
/// on the stack.
pub trait Recorder: Copy {
    /// The call has ended.
    fn finish(self, outcome: Outcome);
}

/// Counts a call.
#[derive(Debug)]
pub struct Counted<S>(Called<S>);

impl<S: CallSite> Counted<S> {
    /// A call begins.
    #[inline(always)]
    pub fn enter(labels: &impl LabelSet) -> Self {
        Counted(Called::with(labels))
    }
}

impl<S: CallSite> Recorder for Counted<S> {
    #[inline(always)]
    fn finish(self, outcome: Outcome) {
        let position = outcome.position(S::FALLIBLE);
        self.0
            .record(move |words| layout::count_one(&words[position]));
    }
}

/// Times a call.
#[derive(Debug)]
pub struct Timed<S> {
    series: Called<S>,
    start: u64,
}

impl<S: CallSite> Timed<S> {
    /// A call begins.
    #[inline(always)]
    pub fn enter(labels: &impl LabelSet) -> Self {
        Timed {
            series: Called::with(labels),
            start: clock::now(),
        }
    }
}

impl<S: CallSite> Recorder for Timed<S> {
    #[inline(always)]
    fn finish(self, outcome: Outcome) {
        let nanos = clock::nanos_between(self.start, clock::now());
        let Layout::Histogram { sum, .. } = S::LAYOUT else {
            return;
        };
        let Some(buckets) = S::buckets() else {
            return;
        };
        let bucket = buckets.find(nanos as f64);
        let width = const { S::LAYOUT.words() };
        let start = outcome.position(S::FALLIBLE) * width;
        self.series.record(move |words| {
            let words = &words[start..start + width];
            if block::observe(words, bucket, |before| sum.add(before, nanos)) {
                cell::hand_over(words);
            }
        });
    }
}

/// Counts a call as long as it lasts.
#[derive(Debug)]
pub struct InFlight<S>(Called<S>);

impl<S: Site> InFlight<S> {
    /// A call begins.
    #[inline(always)]
    pub fn enter(labels: &impl LabelSet) -> Self {
        let series = Called::with(labels);
        series.record(|words| layout::count_one(&words[0]));
        InFlight(series)
    }
}

impl<S: Site> Recorder for InFlight<S> {
    #[inline(always)]
    fn finish(self, _: Outcome) {
        self.0.record(|words| layout::count_one(&words[1]));
    }
}

macro_rules! copies {
    ($($recorder:ident)*) => {$(
        // Derived, these would ask the same of the site.
        impl<S> Clone for $recorder<S> {
            #[inline(always)]
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<S> Copy for $recorder<S> {}
    )*};
}

copies!(Called Counted Timed InFlight);

/// Ends a call when it is dropped: at the end of the body, a `return`, or a panic.
#[derive(Debug)]
#[must_use]
pub struct Guard<R: Recorder> {
    recorder: R,
    /// Whether something was unwinding already when the call began.
    unwinding: bool,
}

impl<R: Recorder> Guard<R> {
    /// Ends this call.
    #[inline(always)]
    pub fn new(recorder: R) -> Self {
        Guard {
            recorder,
            unwinding: thread::panicking(),
        }
    }
}

impl<R: Recorder> Drop for Guard<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if thread::panicking() && !self.unwinding {
            unwound(self.recorder, Outcome::Panic);
        } else {
            self.recorder.finish(Outcome::Ok);
        }
    }
}

#[cold]
#[inline(never)]
fn unwound<R: Recorder>(recorder: R, outcome: Outcome) {
    recorder.finish(outcome);
}

/// A call that has not ended; dropped, it ends with what it has come to.
#[derive(Debug)]
struct Pending<R: Recorder> {
    recorder: R,
    /// What a drop means now; `None` once the call has ended.
    outcome: Option<Outcome>,
}

impl<R: Recorder> Pending<R> {
    #[inline(always)]
    fn new(recorder: R, outcome: Outcome) -> Self {
        Pending {
            recorder,
            outcome: Some(outcome),
        }
    }

    #[inline(always)]
    fn end(&mut self, is_error: bool) {
        self.outcome = None;
        self.recorder.finish(if is_error {
            Outcome::Error
        } else {
            Outcome::Ok
        });
    }
}

impl<R: Recorder> Drop for Pending<R> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(outcome) = self.outcome {
            unwound(self.recorder, outcome);
        }
    }
}

/// Runs the body of a function whose result is looked at.
///
/// That the body comes as `impl FnOnce() -> T` lets it return borrows, `impl Trait` inside a
/// `Result`, and `!`; a closure called on the spot could not.
#[inline(always)]
pub fn run<R: Recorder, T>(
    recorder: R,
    body: impl FnOnce() -> T,
    is_error: impl FnOnce(&T) -> bool,
) -> T {
    let mut pending = Pending::new(recorder, Outcome::Panic);
    let result = body();
    pending.end(is_error(&result));
    result
}

pin_project! {
    /// The body of an `async fn`, with the call that it is.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Tracked<F, R: Recorder, E> {
        #[pin]
        body: F,
        pending: Pending<R>,
        is_error: E,
    }
}

impl<F: Future, R: Recorder, E: Fn(&F::Output) -> bool> Tracked<F, R, E> {
    /// Tracks a body that is about to be polled.
    #[inline(always)]
    pub fn new(recorder: R, body: F, is_error: E) -> Self {
        Tracked {
            body,
            pending: Pending::new(recorder, Outcome::Cancelled),
            is_error,
        }
    }
}

impl<F: Future, R: Recorder, E: Fn(&F::Output) -> bool> Future for Tracked<F, R, E> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Dropped while it is polled, it has panicked; dropped between, it was cancelled.
        this.pending.outcome = Some(Outcome::Panic);
        let polled = this.body.poll(context);
        match &polled {
            Poll::Ready(output) => this.pending.end((this.is_error)(output)),
            Poll::Pending => this.pending.outcome = Some(Outcome::Cancelled),
        }
        polled
    }
}

/// Tells whether a type is a `Result`: an inherent constant wins over a trait's, and aliases are
/// seen through.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T, E> Probe<Result<T, E>> {
    /// It is.
    pub const FALLIBLE: bool = true;
}

/// What [`Probe`] says of every other type.
pub trait Infallible {
    /// It is not.
    const FALLIBLE: bool = false;
}

impl<T: ?Sized> Infallible for Probe<T> {}

/// Tells whether a value is an error, by the same rule.
#[derive(Debug)]
pub struct Look<'a, T>(pub &'a T);

impl<T, E> Look<'_, Result<T, E>> {
    /// Of a `Result`: whether it is one.
    #[inline(always)]
    pub fn is_error(&self) -> bool {
        self.0.is_err()
    }
}

/// What [`Look`] says of every other value.
pub trait NeverError {
    /// It is none.
    #[inline(always)]
    fn is_error(&self) -> bool {
        false
    }
}

impl<T> NeverError for Look<'_, T> {}
