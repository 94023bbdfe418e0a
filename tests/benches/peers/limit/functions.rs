//! Counted and timed functions with minimal instrumentation, and an empty function: part of LIMIT,
//! the code that the recording bench compares libraries with.

use std::{future::ready, hint::black_box, time::Instant};

use super::{
    cells::count,
    clock::{nanoseconds, ticks},
    histogram::observe_nanoseconds,
};

/// An empty function; `black_box` keeps the compiler from removing the call.
#[inline(never)]
pub(super) fn bare() {
    black_box(());
}

#[inline(never)]
pub(super) fn counted() {
    count(0);
    black_box(());
}

#[inline(never)]
pub(super) fn timed() {
    time(|| black_box(()));
}

pub(super) async fn timed_async() {
    let begun = ticks();
    black_box(());
    ready(()).await;
    end(begun);
}

#[inline(never)]
pub(super) fn timed_by_instant() {
    time_by_instant(|| black_box(()));
}

pub(super) async fn timed_async_by_instant() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    end_by_instant(begun);
}

#[inline(always)]
pub(super) fn time(work: impl FnOnce()) {
    let begun = ticks();
    work();
    end(begun);
}

#[inline(always)]
pub(super) fn time_by_instant(work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    end_by_instant(begun);
}

#[inline(always)]
fn end(begun: u64) {
    // The counters of two cores may differ by a few ticks, so the end may be before the start.
    observe_nanoseconds(nanoseconds(ticks().saturating_sub(begun)));
}

#[inline(always)]
fn end_by_instant(begun: Instant) {
    observe_nanoseconds(begun.elapsed().as_nanos() as u64);
}
