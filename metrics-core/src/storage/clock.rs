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
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Nanoseconds of one tick of the counter, times 2^32; or one of the values below.
static SCALE: AtomicU64 = AtomicU64::new(UNKNOWN);

/// Nobody has asked for the time yet.
const UNKNOWN: u64 = 0;
/// Readings are nanoseconds, from the system's clock.
const SYSTEM: u64 = 1;
/// The same, but for threads in which a test has stopped the time; all others pay nothing for it.
const STOPPABLE: u64 = 2;

/// A reading, in units of its own.
#[inline(always)]
pub(crate) fn now() -> u64 {
    if SCALE.load(Ordering::Relaxed) > STOPPABLE {
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
        UNKNOWN..=STOPPABLE => ticks,
        scale => ((u128::from(ticks) * u128::from(scale)) >> 32) as u64,
    }
}

/// Seconds from one reading to another; 0 when they are the wrong way round.
#[inline(always)]
pub(crate) fn seconds_between(start: u64, end: u64) -> f64 {
    // To a float from a signed number it is one instruction.
    let ticks = end.saturating_sub(start).min(i64::MAX as u64).cast_signed();
    let tick = match SCALE.load(Ordering::Relaxed) {
        UNKNOWN..=STOPPABLE => 1e-9,
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
    if SCALE.load(Ordering::Relaxed) == SYSTEM {
        return system();
    }
    now_at_first_or_stopped()
}

#[cold]
#[inline(never)]
fn now_at_first_or_stopped() -> u64 {
    if SCALE.load(Ordering::Relaxed) == STOPPABLE {
        return nanos();
    }
    // Unless a test stops the time right now.
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

/// The Unix time at which something is born, in whole milliseconds: Prometheus keeps no more of it,
/// and what is born together has it in common.
pub(crate) fn created_timestamp() -> f64 {
    (unix_seconds() * 1e3).floor() / 1e3
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> f64 {
    let since_1970 = stopped().map_or_else(since_1970, |moment| moment.since_1970);
    since_1970.as_secs_f64() + AHEAD.load(Ordering::Relaxed) as f64 / 1e9
}

fn since_1970() -> Duration {
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Nanoseconds by which series are found to be idle.
pub(crate) fn idle_clock() -> u64 {
    nanos().saturating_add(AHEAD.load(Ordering::Relaxed))
}

/// Nanoseconds of the system's clock, or where it was stopped in this thread.
fn nanos() -> u64 {
    stopped().map_or_else(system, |moment| moment.nanos)
}

/// Nanoseconds by which recorders are taken to be done with a series that has expired.
pub(crate) fn grace_clock() -> u64 {
    system().saturating_add(GRACE_AHEAD.load(Ordering::Relaxed))
}

static AHEAD: AtomicU64 = AtomicU64::new(0);
static GRACE_AHEAD: AtomicU64 = AtomicU64::new(0);

/// When the time of a thread has stopped.
#[derive(Clone, Copy)]
struct Moment {
    nanos: u64,
    since_1970: Duration,
}

thread_local! {
    static STOPPED: Cell<Option<Moment>> = const { Cell::new(None) };
}

fn stopped() -> Option<Moment> {
    if SCALE.load(Ordering::Relaxed) == STOPPABLE {
        STOPPED.get()
    } else {
        None
    }
}

/// Stops the time in this thread; false when it stands still already.
///
/// All threads read the system's clock from the first time on: readings of the counter that were
/// made before do not compare with those that follow.
pub(crate) fn freeze() -> bool {
    SCALE.store(STOPPABLE, Ordering::Relaxed);
    if STOPPED.get().is_some() {
        return false;
    }
    STOPPED.set(Some(Moment {
        nanos: system(),
        since_1970: since_1970(),
    }));
    true
}

/// Moves the time ahead that stands still in this thread.
pub(crate) fn advance_frozen(by: Duration) {
    let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
    STOPPED.set(STOPPED.get().map(|moment| Moment {
        nanos: moment.nanos.saturating_add(nanos),
        since_1970: moment.since_1970.saturating_add(by),
    }));
}

/// Lets the time go on in this thread.
pub(crate) fn resume() {
    STOPPED.set(None);
}

/// Moves the time ahead that makes series idle, and that of births: for tests.
#[doc(hidden)]
pub fn advance(by: Duration) {
    AHEAD.fetch_add(by.as_nanos() as u64, Ordering::Relaxed);
}

/// Ends the time for which recorders may still be at series that have expired: for tests, in
/// which none is.
#[doc(hidden)]
pub fn end_grace() {
    GRACE_AHEAD.fetch_add(GRACE_NANOS, Ordering::Relaxed);
}

/// Nanoseconds for which a series that has expired can come back.
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
    fn births_are_not_later_than_the_time_and_in_whole_milliseconds() {
        for _ in 0..1_000 {
            let (before, birth, after) = (unix_seconds(), created_timestamp(), unix_seconds());
            let millis = (birth * 1e3).round();
            assert_eq!(birth.to_bits(), (millis / 1e3).to_bits());
            assert!(birth <= after && before < birth + 0.001_001, "{birth}");
        }
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
