//! Measures durations with the processor's time stamp counter if the counter can be trusted, else
//! with the system's clock. Also reads the Unix time, a clock that is correct to a second, and the
//! clocks that decide when series expire.
//!
//! The counter can be trusted if the processor reports it as invariant, so that `quanta` calibrates
//! it, and if the Linux kernel uses it as its clock source: the kernel watches the counters of all
//! processors and changes the source when they drift apart
//! (`Documentation/admin-guide/kernel-parameters.txt`, `clocksource=tsc`). This module reads the
//! counter with the instruction `rdtsc` itself, because a call of `quanta` takes longer.
//!
//! While a machine is suspended, the counter may stop or jump, so a duration measured across the
//! suspension may be wrong. Differences saturate at 0, because a reading may be a few microseconds
//! less than an earlier one on another processor.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Nanoseconds per tick of the counter, times 2^32; or one of the constants below.
static SCALE: AtomicU64 = AtomicU64::new(UNKNOWN);

/// `SCALE` before the first reading of the clock.
const UNKNOWN: u64 = 0;
/// `SCALE` if readings are nanoseconds of the system's clock.
const SYSTEM: u64 = 1;
/// `SCALE` if readings are those of `SYSTEM`, except in threads in which a test has frozen the
/// time. The value is not `SYSTEM`, so that only programs in which a test has frozen the time check
/// at each reading whether it is frozen.
const FREEZABLE: u64 = 2;

/// Reads the clock, in ticks for [`nanos_between`] and [`seconds_between`].
#[inline(always)]
pub(crate) fn now() -> u64 {
    if SCALE.load(Ordering::Relaxed) > FREEZABLE {
        counter()
    } else {
        now_without_counter()
    }
}

/// Nanoseconds from one reading to another; 0 if `end` is before `start`.
#[inline(always)]
pub(crate) fn nanos_between(start: u64, end: u64) -> u64 {
    let ticks = end.saturating_sub(start);
    match SCALE.load(Ordering::Relaxed) {
        UNKNOWN..=FREEZABLE => ticks,
        scale => ((u128::from(ticks) * u128::from(scale)) >> 32) as u64,
    }
}

/// Seconds from one reading to another; 0 if `end` is before `start`.
#[inline(always)]
pub(crate) fn seconds_between(start: u64, end: u64) -> f64 {
    // Converts to a signed integer first, because x86-64 converts a signed integer to a float in
    // one instruction.
    let ticks = end.saturating_sub(start).min(i64::MAX as u64).cast_signed();
    let tick = match SCALE.load(Ordering::Relaxed) {
        UNKNOWN..=FREEZABLE => 1e-9,
        // The conversion to a float is exact, as a scale has fewer than 53 bits.
        scale => scale.cast_signed() as f64 * (1e-9 / (1_u64 << 32) as f64),
    };
    ticks as f64 * tick
}

/// The time at which something began, for a duration in seconds.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Stopwatch(u64);

impl Stopwatch {
    /// Starts now.
    #[inline(always)]
    pub fn start() -> Stopwatch {
        Stopwatch(now())
    }

    /// The seconds since the start.
    #[inline(always)]
    pub fn seconds(self) -> f64 {
        seconds_between(self.0, now())
    }
}

/// Uses the system's clock from now on. Earlier readings cannot be compared with later ones.
#[doc(hidden)]
pub fn use_system_clock() {
    SCALE.store(SYSTEM, Ordering::Relaxed);
}

/// Uses the counter from now on if it can be trusted, else the system's clock; undoes
/// [`use_system_clock`].
#[doc(hidden)]
pub fn use_best_clock() {
    SCALE.store(best(), Ordering::Relaxed);
}

#[inline(never)]
fn now_without_counter() -> u64 {
    if SCALE.load(Ordering::Relaxed) == SYSTEM {
        return system();
    }
    now_at_first_or_frozen()
}

#[cold]
#[inline(never)]
fn now_at_first_or_frozen() -> u64 {
    if SCALE.load(Ordering::Relaxed) == FREEZABLE {
        return nanos();
    }
    // The exchange fails if another thread has set `SCALE` meanwhile, for instance because a test
    // froze the time; that thread's value then stays.
    let order = Ordering::Relaxed;
    let _ = SCALE.compare_exchange(UNKNOWN, best(), order, order);
    now()
}

fn system() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(target_arch = "x86_64")]
use crate::storage::cpu::read_time_stamp_counter as counter;

#[cfg(not(target_arch = "x86_64"))]
use system as counter;

/// The scale of the counter, or `SYSTEM` if the counter cannot be trusted.
fn best() -> u64 {
    static BEST: OnceLock<u64> = OnceLock::new();
    *BEST.get_or_init(|| {
        if !kernel_trusts_counter() {
            return SYSTEM;
        }
        let scale = quanta::Clock::new().delta_as_nanos(0, 1 << 32);
        // `quanta` reports one nanosecond per tick if it does not trust the counter.
        if scale == 1 << 32 { SYSTEM } else { scale }
    })
}

fn kernel_trusts_counter() -> bool {
    if cfg!(miri) || !cfg!(target_os = "linux") || !cfg!(target_arch = "x86_64") {
        return false;
    }
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(source).is_ok_and(|source| source.trim() == "tsc")
}

/// The created timestamp of a series that starts now: Unix time in seconds, rounded down to a
/// whole millisecond.
///
/// Prometheus stores milliseconds, and series with equal timestamps need less memory: see
/// `series/created_timestamps.rs`.
pub(crate) fn created_timestamp() -> f64 {
    (unix_seconds() * 1e3).floor() / 1e3
}

/// Unix time, in seconds.
pub(crate) fn unix_seconds() -> f64 {
    let since_1970 = frozen().map_or_else(since_1970, |frozen| frozen.since_1970);
    since_1970.as_secs_f64() + AHEAD.load(Ordering::Relaxed) as f64 / 1e9
}

fn since_1970() -> Duration {
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A reading, in nanoseconds, of the clock that decides when idle series expire.
pub(crate) fn idle_clock() -> u64 {
    nanos().saturating_add(AHEAD.load(Ordering::Relaxed))
}

/// A reading that differs from an earlier one if more than a second has passed in between, or if
/// a test has changed the time of a thread.
///
/// Costs less than any clock that is more precise, so that a recording can find out whether it must
/// read such a clock: the C library of Linux only loads a number that the kernel increments.
/// Readings have no order, because the system's time may be set back. Never 0.
#[inline(always)]
pub(crate) fn second() -> u64 {
    system_second().wrapping_add(CHANGES.load(Ordering::Relaxed))
}

/// Incremented by [`CHANGE`] whenever a test changes the time of a thread. Not 0 at first, because
/// the system's time is 0 in the first second of 1970, at which machines without a battery start.
static CHANGES: AtomicU64 = AtomicU64::new(CHANGE);

/// More seconds than a program runs.
const CHANGE: u64 = 1 << 34;

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(miri)
))]
#[inline(always)]
#[allow(unsafe_code, reason = "calls a function of the C library")]
fn system_second() -> u64 {
    unsafe extern "C" {
        fn time(result: *mut i64) -> i64;
    }
    // SAFETY: the C standard allows a null pointer, and `time_t` is an `i64` on 64-bit Linux.
    unsafe { time(std::ptr::null_mut()) }.cast_unsigned()
}

#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64",
    not(miri)
)))]
#[inline(always)]
fn system_second() -> u64 {
    // 2^30 ticks are a third of a second if `now` is a counter with 3 GHz, and a second if it is in
    // nanoseconds.
    (now() >> 30) + 1
}

/// The system's clock in nanoseconds, or this thread's frozen time.
pub(crate) fn nanos() -> u64 {
    frozen().map_or_else(system, |frozen| frozen.nanos)
}

/// A reading, in nanoseconds, of the clock that measures the grace period: [`GRACE_NANOS`].
pub(crate) fn grace_clock() -> u64 {
    system().saturating_add(GRACE_AHEAD.load(Ordering::Relaxed))
}

static AHEAD: AtomicU64 = AtomicU64::new(0);
static GRACE_AHEAD: AtomicU64 = AtomicU64::new(0);

/// The frozen time of a thread: what the thread reads until a test advances or resumes the time.
#[derive(Clone, Copy)]
struct FrozenTime {
    nanos: u64,
    since_1970: Duration,
}

thread_local! {
    static FROZEN: Cell<Option<FrozenTime>> = const { Cell::new(None) };
}

fn frozen() -> Option<FrozenTime> {
    if SCALE.load(Ordering::Relaxed) == FREEZABLE {
        FROZEN.get()
    } else {
        None
    }
}

/// Freezes the time in this thread; false if it is frozen already.
///
/// From the first call on, all threads whose time is not frozen read the system's clock instead of
/// the counter, so earlier readings cannot be compared with later ones.
pub(crate) fn freeze() -> bool {
    SCALE.store(FREEZABLE, Ordering::Relaxed);
    CHANGES.fetch_add(CHANGE, Ordering::Relaxed);
    if FROZEN.get().is_some() {
        return false;
    }
    FROZEN.set(Some(FrozenTime {
        nanos: system(),
        since_1970: since_1970(),
    }));
    true
}

/// Advances the frozen time of this thread.
pub(crate) fn advance_frozen(by: Duration) {
    CHANGES.fetch_add(CHANGE, Ordering::Relaxed);
    let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
    FROZEN.set(FROZEN.get().map(|frozen| FrozenTime {
        nanos: frozen.nanos.saturating_add(nanos),
        since_1970: frozen.since_1970.saturating_add(by),
    }));
}

/// Ends the frozen time of this thread.
pub(crate) fn resume() {
    CHANGES.fetch_add(CHANGE, Ordering::Relaxed);
    FROZEN.set(None);
}

/// Advances the clock that decides when idle series expire, and the Unix time, in all threads. For
/// tests.
#[doc(hidden)]
pub fn advance(by: Duration) {
    AHEAD.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
}

/// Advances the clock of the grace period by that period, `GRACE_NANOS`. For tests in which no
/// thread still records into an expired series.
#[doc(hidden)]
pub fn end_grace() {
    GRACE_AHEAD.fetch_add(GRACE_NANOS, Ordering::Relaxed);
}

/// The grace period, in nanoseconds: an expired series is kept for at least this time, and is
/// resumed if the program records into it in this time. See `series/expiry.rs`.
pub(crate) const GRACE_NANOS: u64 = 60 * 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_follow_the_system_clock() {
        let (start, system) = (now(), Instant::now());
        while system.elapsed().as_millis() < 20 {
            std::hint::spin_loop();
        }
        let (nanos, system) = (
            nanos_between(start, now()),
            system.elapsed().as_nanos() as u64,
        );
        assert!(
            nanos.abs_diff(system) < system / 50,
            "{nanos} against {system}"
        );
    }

    #[test]
    fn a_stopwatch_counts_the_seconds_since_its_start() {
        let before = Instant::now();
        let stopwatch = Stopwatch::start();
        let (mut last, mut seconds) = (0.0, stopwatch.seconds());
        while seconds < 0.01 {
            last = seconds;
            seconds = stopwatch.seconds();
            assert!(seconds >= last);
        }
        assert!(seconds <= 1.02 * before.elapsed().as_secs_f64(), "{last}");
    }

    #[test]
    fn created_timestamps_are_past_and_in_whole_milliseconds() {
        for _ in 0..1_000 {
            let (before, created, after) = (unix_seconds(), created_timestamp(), unix_seconds());
            let millis = (created * 1e3).round();
            assert_eq!(created.to_bits(), (millis / 1e3).to_bits());
            assert!(
                created <= after && before < created + 0.001_001,
                "{created}"
            );
        }
    }

    #[test]
    fn a_second_is_not_0_if_the_system_time_is() {
        assert!(second() >= CHANGE);
    }

    #[test]
    fn the_duration_to_an_earlier_reading_is_zero() {
        let later = now() + 1_000_000_000;
        assert_eq!(nanos_between(later, now()), 0);
    }

    #[test]
    fn readings_on_other_processors_are_at_most_a_millisecond_apart() {
        let wrong = std::sync::Mutex::new((now(), 0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let mut last = wrong.lock().unwrap();
                        let reading = now();
                        // How much earlier `reading` is than the one before; more than a
                        // millisecond would mean two clocks.
                        let back = nanos_between(reading, last.0);
                        last.1 = last.1.max(back);
                        last.0 = reading;
                    }
                });
            }
        });
        let (_, most) = *wrong.lock().unwrap();
        assert!(most < 1_000_000, "{most} ns");
    }
}
