//! Processor-specific code: reads the time stamp counter, compiles loops for wide vector
//! instructions, and keeps an address in a register.

#![allow(
    unsafe_code,
    reason = "intrinsics, inline assembly and target features"
)]

/// Reads the processor's time stamp counter.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn read_time_stamp_counter() -> u64 {
    // SAFETY: `rdtsc` exists on every x86-64 processor and accesses no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// A loop that gains from wide vector instructions; run by [`with_wide_vectors`].
pub(crate) trait WideLoop {
    /// The result of the loop.
    type Output;

    /// Runs the loop.
    ///
    /// Implementations and what they call must be `#[inline(always)]`: a function that is not
    /// inlined is compiled for the narrow vectors that every processor of the architecture has.
    fn run(self) -> Self::Output;
}

/// Runs a loop compiled for vectors of 32 bytes (AVX2), if the processor has them, or of 16.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn with_wide_vectors<L: WideLoop>(work: L) -> L::Output {
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn avx2<L: WideLoop>(work: L) -> L::Output {
        work.run()
    }

    #[inline(never)]
    fn baseline<L: WideLoop>(work: L) -> L::Output {
        work.run()
    }

    // The standard library caches the detected features.
    let has_avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    if has_avx2 {
        // SAFETY: the processor has every feature that `avx2` enables.
        unsafe { avx2(work) }
    } else {
        baseline(work)
    }
}

/// Runs a loop compiled for the vectors that every processor of this architecture has.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn with_wide_vectors<L: WideLoop>(work: L) -> L::Output {
    work.run()
}

/// Returns the address unchanged, in a register, and hides from the compiler where it comes from.
///
/// Otherwise the compiler addresses thread-local storage relative to the `fs` segment in each
/// access. AMD processors since Zen 2 forward a store to the next load of the same address within
/// about one cycle only if the address comes from a register, and a loop that counts waits for
/// that forwarding in each round.
#[cfg(not(metrics_fallback_storage))]
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
