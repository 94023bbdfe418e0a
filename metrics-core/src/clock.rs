//! The time source: the processor's counter where it can be trusted, else the system's clock.
//!
//! `quanta` reads and calibrates the counter when the processor calls it invariant. On Linux the
//! kernel must trust it too: it watches the counters of all processors and changes its own clock
//! source when they drift apart (`Documentation/admin-guide/pm`, `clocksource=tsc`). The counter
//! does not count while the machine is suspended. Differences saturate: a reading may be up to
//! some microseconds older than one just made on another processor.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

enum Source {
    Counter(quanta::Clock),
    System(Instant),
}

static SOURCE: LazyLock<Source> = LazyLock::new(|| {
    if kernel_trusts_counter() {
        Source::Counter(quanta::Clock::new())
    } else {
        Source::System(Instant::now())
    }
});

fn kernel_trusts_counter() -> bool {
    if cfg!(miri) || !cfg!(target_os = "linux") || !cfg!(target_arch = "x86_64") {
        return false;
    }
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(source).is_ok_and(|source| source.trim() == "tsc")
}

/// A reading, in units of its own.
#[inline]
pub(crate) fn now() -> u64 {
    match &*SOURCE {
        Source::Counter(clock) => clock.raw(),
        Source::System(start) => start.elapsed().as_nanos() as u64,
    }
}

/// Nanoseconds from one reading to another; 0 when they are the wrong way round.
#[inline]
pub(crate) fn nanos_between(start: u64, end: u64) -> u64 {
    match &*SOURCE {
        Source::Counter(clock) => clock.delta_as_nanos(start, end),
        Source::System(_) => end.saturating_sub(start),
    }
}

/// Seconds since 1970, for birth times.
pub(crate) fn unix_seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
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
        assert_eq!(nanos_between(now() + 1_000_000, now()), 0);
    }
}
