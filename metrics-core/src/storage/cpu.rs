//! Processor-specific code: the time stamp counter, wide vectors, and addresses in registers.

#![allow(
    unsafe_code,
    reason = "intrinsics, inline assembly and target features"
)]

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

/// Reads the processor's time stamp counter.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn read_time_stamp_counter() -> u64 {
    // SAFETY: `rdtsc` exists on every x86-64 processor and accesses no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// A loop that gains from wide vectors; run by [`with_wide_vectors`].
pub(crate) trait WideLoop {
    /// The result of the loop.
    type Output;

    /// Runs the loop.
    ///
    /// Implementations and what they call must be `#[inline(always)]`: a function that is not
    /// inlined is compiled for the vectors that every processor has.
    fn run(self) -> Self::Output;
}

/// Runs a loop compiled for the vectors that suit this processor best: see [`Level`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn with_wide_vectors<L: WideLoop>(work: L) -> L::Output {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn v3<L: WideLoop>(work: L) -> L::Output {
        work.run()
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    fn v4<L: WideLoop>(work: L) -> L::Output {
        work.run()
    }

    #[inline(never)]
    fn v1<L: WideLoop>(work: L) -> L::Output {
        work.run()
    }

    match Level::of_processor() {
        Level::V1 => v1(work),
        // SAFETY: `Level::detect` returns `V3` only if the processor has every feature that `v3`
        // enables.
        Level::V3 => unsafe { v3(work) },
        // SAFETY: `Level::detect` returns `V4` only if the processor has every feature that `v4`
        // enables.
        Level::V4 => unsafe { v4(work) },
    }
}

/// Runs a loop compiled for the vectors that every processor of this architecture has.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn with_wide_vectors<L: WideLoop>(work: L) -> L::Output {
    work.run()
}

/// Returns the address unchanged, in a register whose origin the compiler does not know.
///
/// Otherwise the compiler addresses thread-local storage relative to the `fs` segment in each
/// access. AMD processors since Zen 2 forward a store to the next load of the same address within
/// about one cycle only if the address comes from a register, and a loop that counts waits for
/// that forwarding in each round.
#[inline(always)]
#[cfg_attr(
    all(target_arch = "x86_64", not(miri)),
    expect(
        clippy::pointers_in_nomem_asm_block,
        reason = "the assembly block has no instructions"
    )
)]
pub(super) fn in_register<T>(address: *const T) -> *const T {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut address = address;
        // SAFETY: the block contains only a comment: it executes no instruction and leaves the
        // operand unchanged.
        unsafe {
            std::arch::asm!(
                "/* {0} */",
                inout(reg) address,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        address
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    address
}

/// The vectors of a processor, named after the levels of x86-64 in the [psABI].
///
/// [psABI]: https://gitlab.com/x86-psABIs/x86-64-ABI
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
enum Level {
    /// 16 bytes: every processor.
    V1,
    /// 32 bytes: AVX2.
    V3,
    /// 64 bytes: AVX-512.
    V4,
}

#[cfg(target_arch = "x86_64")]
impl Level {
    /// The level of this processor, detected once.
    #[inline(always)]
    fn of_processor() -> Level {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(Level::detect)
    }

    #[cold]
    fn detect() -> Level {
        let has_v3 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        let has_v4 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        // Processors with AVX-512 but without VBMI (older than Ice Lake) lower their clock after
        // they have used vectors of 64 bytes.
        let keeps_clock = is_x86_feature_detected!("avx512vbmi");
        match (has_v3, has_v4 && keeps_clock) {
            (true, true) => Level::V4,
            (true, false) => Level::V3,
            _ => Level::V1,
        }
    }
}
