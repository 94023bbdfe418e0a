//! The time source: the processor's counter where it can be trusted, else the system's clock.
//!
//! `quanta` calibrates the counter when the processor calls it invariant. On Linux the kernel
//! must trust it too: it watches the counters of all processors and changes its own clock source
//! when they drift apart (`Documentation/admin-guide/kernel-parameters.txt`, `clocksource=tsc`).
//! Reading the counter is one instruction, to which any library would add.
//!
//! The counter of a machine that was suspended goes on from where it stood, or jumps: what was
//! being timed has that error. Differences saturate: a reading may be up to some microseconds
//! older than one just made on another processor.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::expiry;

/// Nanoseconds of one tick of the counter, times 2^32; or one of the values below.
static SCALE: AtomicU64 = AtomicU64::new(UNKNOWN);

/// Nobody has asked for the time yet.
const UNKNOWN: u64 = 0;
/// Readings are nanoseconds, from the system's clock.
const SYSTEM: u64 = 1;

/// A reading, in units of its own.
#[inline(always)]
pub(crate) fn now() -> u64 {
    if SCALE.load(Ordering::Relaxed) > SYSTEM {
        counter()
    } else {
        now_without_counter()
    }
}

/// Nanoseconds from one reading to another; 0 when they are the wrong way round.
#[inline(always)]
pub(crate) fn nanos_between(start: u64, end: u64) -> u64 {
    let ticks = end.saturating_sub(start);
    match SCALE.load(Ordering::Relaxed) {
        UNKNOWN | SYSTEM => ticks,
        scale => ((u128::from(ticks) * u128::from(scale)) >> 32) as u64,
    }
}

/// Seconds from one reading to another; 0 when they are the wrong way round.
#[inline(always)]
pub(crate) fn seconds_between(start: u64, end: u64) -> f64 {
    // To a float from a signed number it is one instruction.
    let ticks = end.saturating_sub(start).min(i64::MAX as u64).cast_signed();
    let tick = match SCALE.load(Ordering::Relaxed) {
        UNKNOWN | SYSTEM => 1e-9,
        // Exact: a scale has few digits.
        scale => scale.cast_signed() as f64 * (1e-9 / (1_u64 << 32) as f64),
    };
    ticks as f64 * tick
}

/// Reads the system's clock from now on: readings made before do not compare with later ones.
#[doc(hidden)]
pub fn use_system_clock() {
    SCALE.store(SYSTEM, Ordering::Relaxed);
}

/// Goes back to the clock that is found to be best.
#[doc(hidden)]
pub fn use_best_clock() {
    SCALE.store(best(), Ordering::Relaxed);
}

#[inline(never)]
fn now_without_counter() -> u64 {
    if SCALE.load(Ordering::Relaxed) == UNKNOWN {
        use_best_clock();
        return now();
    }
    system()
}

fn system() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(target_arch = "x86_64")]
use crate::cell::time_stamp as counter;

#[cfg(not(target_arch = "x86_64"))]
use system as counter;

/// The scale of the counter, or that of the system's clock.
fn best() -> u64 {
    static BEST: OnceLock<u64> = OnceLock::new();
    *BEST.get_or_init(|| {
        if !kernel_trusts_counter() {
            return SYSTEM;
        }
        let scale = quanta::Clock::new().delta_as_nanos(0, 1 << 32);
        // One nanosecond for each tick is what it says when it does not trust the counter.
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

/// Seconds since 1970, for birth times.
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
        + AHEAD.load(Ordering::Relaxed) as f64 / 1e9
}

/// Nanoseconds by which series are found to be idle.
pub(crate) fn uptime() -> u64 {
    system().saturating_add(AHEAD.load(Ordering::Relaxed))
}

/// Nanoseconds by which recorders are taken to be done with a series that has expired.
pub(crate) fn grace() -> u64 {
    system().saturating_add(GRACE_AHEAD.load(Ordering::Relaxed))
}

static AHEAD: AtomicU64 = AtomicU64::new(0);
static GRACE_AHEAD: AtomicU64 = AtomicU64::new(0);

/// Moves the time ahead that makes series idle, and that of births: for tests.
#[doc(hidden)]
pub fn advance(by: Duration) {
    AHEAD.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
}

/// Ends the time for which recorders may still be at series that have expired: for tests, in
/// which none is.
#[doc(hidden)]
pub fn end_grace() {
    GRACE_AHEAD.fetch_add(expiry::GRACE, Ordering::Relaxed);
}

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
    fn readings_the_wrong_way_round_are_zero_apart() {
        let later = now() + 1_000_000_000;
        assert_eq!(nanos_between(later, now()), 0);
    }

    #[test]
    fn readings_on_other_processors_are_hardly_ever_the_wrong_way_round() {
        let wrong = std::sync::Mutex::new((now(), 0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let mut last = wrong.lock().unwrap();
                        let reading = now();
                        // By a millisecond they would be two clocks.
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
