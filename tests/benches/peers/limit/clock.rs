//! The clock of LIMIT, the minimal code in the recording bench: the time stamp counter of an x86-64
//! processor, and [`Instant`] elsewhere.
#![allow(
    unsafe_code,
    reason = "the time stamp counter has no safe interface without a library"
)]

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// Nanoseconds per tick, times 2^32.
static FACTOR: AtomicU64 = AtomicU64::new(0);

#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has the counter, and reading it has no effect.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn ticks() -> u64 {
    static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    BEGUN.elapsed().as_nanos() as u64
}

#[inline(always)]
pub(super) fn nanoseconds(ticks: u64) -> u64 {
    let product = u128::from(ticks) * u128::from(FACTOR.load(Relaxed));
    (product >> 32) as u64
}

/// Measures the duration of a tick, which [`nanoseconds`] uses.
pub(super) fn calibrate() {
    let (begun, first) = (Instant::now(), ticks());
    thread::sleep(Duration::from_millis(20));
    let (time, ticks) = (begun.elapsed(), ticks() - first);
    let factor = (time.as_nanos() << 32) / u128::from(ticks);
    FACTOR.store(factor as u64, Relaxed);
}
