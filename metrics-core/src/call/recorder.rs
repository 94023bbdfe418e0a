//! What is recorded of a call: one type for each way.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    sync::atomic::AtomicU64,
};

use super::{CallOutcome, CallSeries, CallTarget, Outcome, unwound};
use crate::{
    metric::{
        exemplars::{SPANS_ENABLED, native_exemplar_bucket},
        family::Family,
        observe::add_native_observation,
        outcome_rows::RowId,
    },
    storage::{
        self, clock,
        histogram_block::{self, Sum},
        layout::Layout,
        native::table,
        scalar,
    },
};

/// Is made when a call begins and told how it ended.
///
/// A copy of a few words, so that it can stay in registers: only an unwinding call looks for it
/// on the stack.
pub trait Recorder: Copy {
    /// Where the call is recorded.
    type Target: CallTarget;

    /// The call begins.
    fn enter(place: Self::Target) -> Self;
    /// Its future is about to be polled.
    #[inline(always)]
    fn resume(&mut self) {}
    /// Its future was polled and is not ready.
    #[inline(always)]
    fn suspend(&mut self) {}
    /// The call has ended.
    fn finish(self, ending: impl CallOutcome);
    /// The call has ended without a result.
    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        unwound(self, outcome);
    }
}

/// The recorder looks for exemplars: a bit of what the recorders below do besides.
pub const EXEMPLARS: u8 = 1;
/// Buckets are native, or native ones too: likewise.
pub const NATIVE: u8 = 2;

/// Whether a recorder that does this looks for exemplars.
const fn seeks(besides: u8) -> bool {
    SPANS_ENABLED && besides & EXEMPLARS != 0
}

/// Counts a call.
#[derive(Clone, Copy, Debug)]
pub struct Counted<P, const BESIDES: u8 = 0>(P);

impl<P: CallTarget, const BESIDES: u8> Recorder for Counted<P, BESIDES> {
    type Target = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        Counted(place)
    }

    #[inline(always)]
    fn finish(self, ending: impl CallOutcome) {
        if let Some((place, row)) = ending.place(self.0) {
            place.record(move |words, first| scalar::increment(&words[first + row]));
            if seeks(BESIDES) {
                let (family, at) = (place.family(), place.called().row(row));
                if family.exemplars().is_wanted(at, 0) {
                    family
                        .exemplars()
                        .capture_from_span(at, 0, 1.0, family.exemplar_limit());
                }
            }
        }
    }

    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        self.0.apart(outcome, |place, outcome| {
            Self(place).finish(outcome);
        });
    }
}

/// Times a call.
#[derive(Clone, Copy, Debug)]
pub struct Timed<P, const BESIDES: u8 = 0> {
    place: P,
    start: u64,
}

impl<P: CallTarget, const BESIDES: u8> Recorder for Timed<P, BESIDES> {
    type Target = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        Timed {
            place,
            start: clock::now(),
        }
    }

    #[inline(always)]
    fn finish(self, ending: impl CallOutcome) {
        if let Some((place, row)) = ending.place(self.place) {
            observe_since::<BESIDES>(place, row, self.start);
        }
    }
}

/// Adds the time since then to a row.
#[inline(always)]
fn observe_since<const BESIDES: u8>(place: impl CallTarget, row: usize, start: u64) {
    let (end, family) = (clock::now(), place.family());
    let nanos = clock::nanos_between(start, end);
    if BESIDES & NATIVE != 0 {
        return observe_native(place, row, nanos, seeks(BESIDES));
    }
    if !seeks(BESIDES) {
        return place.record(move |words, first| observe(words, first + row, family, nanos));
    }
    let bucket = bucket_of(family, nanos);
    place.record(move |words, first| count(words, first + row, family, bucket, nanos));
    let at = place.called().row(row);
    if family.exemplars().is_wanted(at, bucket) {
        look(family, at, bucket, nanos);
    }
}

/// The same where buckets are native, or native ones too.
#[inline(never)]
fn observe_native(place: impl CallTarget, row: usize, nanos: u64, seeks: bool) {
    let called = place.called();
    let mut bucket = None;
    place.record(|words, first| bucket = count_natively(words, first, row, &called, nanos));
    let at = called.row(row);
    if let Some(bucket) = bucket
        && seeks
        && called.family().exemplars().is_wanted(at, bucket)
    {
        look(called.family(), at, bucket, nanos);
    }
}

/// Looks for an exemplar of a call that has just been timed.
#[cold]
#[inline(never)]
fn look(family: &Family, at: RowId, bucket: usize, nanos: u64) {
    // Rounded to nanoseconds, a bound may have become more than it is.
    let bound = family.desc().bounds.get(bucket);
    let seconds = seconds(nanos);
    let seconds = bound.map_or(seconds, |bound| seconds.min(*bound));
    family
        .exemplars()
        .capture_from_span(at, bucket, seconds, family.exemplar_limit());
}

/// What the unit of a native bucket's index is.
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Adds an observation to a row of a native histogram; the bucket that an exemplar is of.
#[inline(never)]
fn count_natively(
    words: &[AtomicU64],
    first: usize,
    row: usize,
    called: &CallSeries,
    nanos: u64,
) -> Option<usize> {
    let family = called.family();
    let Layout::Histogram {
        buckets,
        native: Some(native),
        ..
    } = family.layout()
    else {
        return None;
    };
    let width = family.row_width();
    let words = words.get((first + row) * width..(first + row + 1) * width)?;
    let bucket = bucket_of(family, nanos);
    let (classic, seconds) = (usize::from(buckets), seconds(nanos));
    let (_, table) = words.split_at(histogram_block::HEADER + classic);
    let shared = || {
        called
            .shared_row(row)
            .map(|words| &words[histogram_block::HEADER + classic..])
    };
    let place = native.find_bucket(table, seconds);
    let place =
        place.unwrap_or_else(|| table::find_or_insert_bucket(native, table, seconds, &shared));
    add_native_observation(words, classic, [bucket, place], nanos, Sum::Nanos);
    Some(if classic > 1 {
        bucket
    } else {
        native_exemplar_bucket(seconds)
    })
}

/// The classic bucket of a time; 0 where there is none.
#[inline(never)]
fn bucket_of(family: &Family, nanos: u64) -> usize {
    let time = nanos.min(i64::MAX as u64).cast_signed() as f64;
    family
        .bucket_table()
        .map_or(0, |buckets| buckets.index_of_duration(time))
}

/// Adds an observation whose bucket is known to a row.
#[inline(never)]
fn count(words: &[AtomicU64], row: usize, family: &Family, bucket: usize, nanos: u64) {
    let width = family.row_width();
    if let Some(words) = words.get(row * width..(row + 1) * width)
        && histogram_block::observe(words, bucket, |before| Sum::Nanos.add(before, nanos))
    {
        storage::answer_copy_request(words);
    }
}

/// Adds an observation to a row.
///
/// Not inlined, as beside reading the clock a call is cheap, and annotated functions are many.
#[inline(never)]
fn observe(words: &[AtomicU64], row: usize, family: &Family, nanos: u64) {
    let width = family.row_width();
    let (Some(buckets), Some(words)) = (
        family.bucket_table(),
        words.get(row * width..(row + 1) * width),
    ) else {
        return;
    };
    // To a float from a signed number it is one instruction.
    let bucket = buckets.index_of_duration(nanos.min(i64::MAX as u64).cast_signed() as f64);
    if histogram_block::observe(words, bucket, |before| Sum::Nanos.add(before, nanos)) {
        storage::answer_copy_request(words);
    }
}

/// Times `SHARE` of `OF` calls, picked at random.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<const SHARE: u32, const OF: u32, P, const BESIDES: u8 = 0>(
    Option<Timed<P, BESIDES>>,
);

impl<const SHARE: u32, const OF: u32, P: CallTarget, const BESIDES: u8> Recorder
    for Sampled<SHARE, OF, P, BESIDES>
{
    type Target = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        let picked = ((u64::from(random()) * u64::from(OF)) >> 32) < u64::from(SHARE);
        Sampled(picked.then(|| Timed::enter(place)))
    }

    #[inline(always)]
    fn finish(self, ending: impl CallOutcome) {
        if let Some(timed) = self.0 {
            timed.finish(ending);
        }
    }
}

/// The next number of the thread. Not every n-th call is picked: functions that are called in
/// turns would be picked always or never.
#[inline]
fn random() -> u32 {
    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }
    // A linear congruential generator; only the upper bits are of use (Knuth, MMIX).
    let next = STATE
        .get()
        .unwrap_or_else(seed)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    STATE.set(Some(next));
    (next >> 32) as u32
}

/// Where a thread begins. Begun alike, threads of one call each would all be picked, or none.
#[cold]
fn seed() -> u64 {
    RandomState::new().hash_one(0_u64)
}

/// Times a call of an async function, and beside it the time that its future was polled.
#[derive(Clone, Copy, Debug)]
pub struct Busy<const BESIDES: u8 = 0> {
    wall: Timed<CallSeries, BESIDES>,
    /// Readings of the clock: those at the ends of polls less those at their beginnings.
    polled: u64,
}

impl<const BESIDES: u8> Recorder for Busy<BESIDES> {
    type Target = CallSeries;

    #[inline(always)]
    fn enter(called: CallSeries) -> Self {
        Busy {
            wall: Timed::enter(called),
            polled: 0,
        }
    }

    #[inline(always)]
    fn resume(&mut self) {
        self.polled = self.polled.wrapping_sub(clock::now());
    }

    #[inline(always)]
    fn suspend(&mut self) {
        self.polled = self.polled.wrapping_add(clock::now());
    }

    #[inline(always)]
    fn finish(mut self, ending: impl CallOutcome) {
        if !ending.is_suspended() {
            self.suspend();
        }
        if let Some((called, row)) = ending.place(self.wall.place) {
            observe_since::<BESIDES>(called, row, self.wall.start);
            observe_busy(called, row, self.polled, BESIDES & NATIVE != 0);
        }
    }
}

#[inline(never)]
fn observe_busy(called: CallSeries, row: usize, polled: u64, native: bool) {
    if let Some(busy) = called.companion() {
        // Readings on two processors may be the wrong way round.
        let polled = u64::try_from(polled.cast_signed()).unwrap_or(0);
        let (family, nanos) = (busy.family(), clock::nanos_between(0, polled));
        if native {
            return observe_native(busy, row, nanos, false);
        }
        busy.record(|words, first| observe(words, first + row, family, nanos));
    }
}

/// Counts a call as long as it lasts.
#[derive(Clone, Copy, Debug)]
pub struct InFlightCall<P>(P);

impl<P: CallTarget> Recorder for InFlightCall<P> {
    type Target = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        place.record(|words, first| scalar::increment(&words[2 * first]));
        InFlightCall(place)
    }

    #[inline(always)]
    fn finish(self, _: impl CallOutcome) {
        self.0
            .record(|words, first| scalar::increment(&words[2 * first + 1]));
    }

    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        self.0.apart(outcome, |place, outcome| {
            InFlightCall(place).finish(outcome);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Histogram, Options, Registry,
        call::{FunctionFamily, FunctionSpec, OutcomeLabel},
        describe::{bucket_table::Buckets, buckets::nanos_with_infinity},
        storage::{Reader, native::NativeConfig},
    };

    const BOUNDS: [f64; 2] = [0.001, 0.1];

    static FAMILY: Family = {
        const SITE: FunctionSpec = FunctionSpec::new(&[], "", 1, "", OutcomeLabel::Omitted)
            .buckets(&BOUNDS, {
                static BUCKETS: Buckets = Buckets::new(&nanos_with_infinity::<2, 3>(&BOUNDS));
                &BUCKETS
            })
            .native(NativeConfig::DEFAULT.growth(1.005));
        const WORDS: usize = SITE.words(FunctionFamily::TIMED);
        static SHARED: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];
        SITE.family(FunctionFamily::TIMED, &SHARED)
    };

    /// What `tests/tests/native/main.rs` compares with a naive model.
    #[test]
    fn times_are_counted_as_a_native_histogram_counts_their_seconds() {
        let registry = Registry::new();
        let options = Options::new("times", "Times.").buckets(BOUNDS);
        let reference: Histogram = registry
            .create(options.native(1.005))
            .expect("the name is free");
        let mut nanos = 1_u64;
        for round in 0..2_000 {
            nanos = nanos
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let times = [nanos >> (round % 60), 1 << (round % 64), round];
            for nanos in times.map(|nanos| nanos >> 4) {
                observe_native(CallSeries::unlabelled(&FAMILY), 0, nanos, false);
                reference.observe(seconds(nanos));
            }
            if round % 100 == 0 {
                FAMILY
                    .region()
                    .read(&mut Reader::default(), [0], |_, values| {
                        let native = FAMILY.layout().native_table(values);
                        let native = native.map(crate::storage::native::TableView::snapshot);
                        let reference = reference.get();
                        assert_eq!(native, reference.native);
                        let counts: Vec<u64> =
                            reference.buckets.iter().map(|(_, count)| *count).collect();
                        assert_eq!(values[2..5], counts);
                    });
            }
        }
    }
}
