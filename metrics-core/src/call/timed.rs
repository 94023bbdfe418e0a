//! Records calls of `#[timed]` functions; durations are measured in whole nanoseconds.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    sync::atomic::AtomicU64,
};

use crate::{
    call::{
        recorder::{NATIVE, Recorder, takes_exemplars},
        result::CallOutcome,
        series::{CallSeries, CallTarget},
    },
    metric::{
        exemplars::native_exemplar_bucket, family::Family, observe::add_native_observation,
        outcome_rows::RowId,
    },
    storage::{
        self, clock,
        histogram_block::{self, Sum},
        layout::Layout,
        native::find_or_insert_bucket,
    },
};

/// The recorder that times each call.
#[derive(Clone, Copy, Debug)]
pub struct Timed<T, const FLAGS: u8 = 0> {
    target: T,
    start: u64,
}

impl<T: CallTarget, const FLAGS: u8> Recorder for Timed<T, FLAGS> {
    type Target = T;

    #[inline(always)]
    fn begin(target: T) -> Self {
        Timed {
            target,
            start: clock::now(),
        }
    }

    #[inline(always)]
    fn finish(self, outcome: impl CallOutcome) {
        if let Some((target, row)) = outcome.locate(self.target) {
            observe_since::<FLAGS>(target, row, self.start);
        }
    }
}

/// The recorder that times on average `SHARE` of `OF` calls, chosen at random.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<const SHARE: u32, const OF: u32, T, const FLAGS: u8 = 0>(
    Option<Timed<T, FLAGS>>,
);

impl<const SHARE: u32, const OF: u32, T: CallTarget, const FLAGS: u8> Recorder
    for Sampled<SHARE, OF, T, FLAGS>
{
    type Target = T;

    #[inline(always)]
    fn begin(target: T) -> Self {
        let is_sampled = ((u64::from(random()) * u64::from(OF)) >> 32) < u64::from(SHARE);
        Sampled(is_sampled.then(|| Timed::begin(target)))
    }

    #[inline(always)]
    fn finish(self, outcome: impl CallOutcome) {
        if let Some(timed) = self.0 {
            timed.finish(outcome);
        }
    }
}

/// The thread's next random number.
///
/// All functions of a thread share the generator. With a counter that selects every n-th call
/// instead, a thread that calls n functions in a fixed cycle would always time the same one.
#[inline]
fn random() -> u32 {
    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }
    // A linear congruential generator with Knuth's constants for MMIX. Returns the upper bits,
    // because the lower ones are not random enough.
    let next = STATE
        .get()
        .unwrap_or_else(seed)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    STATE.set(Some(next));
    (next >> 32) as u32
}

/// Returns a random start for a thread's generator. With a fixed start, the n-th calls of all
/// threads would be sampled alike.
#[cold]
fn seed() -> u64 {
    RandomState::new().hash_one(0_u64)
}

/// The recorder that times calls of an async function, and for how long each future is polled.
#[derive(Clone, Copy, Debug)]
pub struct Busy<const FLAGS: u8 = 0> {
    timed: Timed<CallSeries, FLAGS>,
    /// Sum of the clock readings at the ends of polls, minus those at the starts of polls.
    polled: u64,
}

impl<const FLAGS: u8> Recorder for Busy<FLAGS> {
    type Target = CallSeries;

    #[inline(always)]
    fn begin(series: CallSeries) -> Self {
        Busy {
            timed: Timed::begin(series),
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
    fn finish(mut self, outcome: impl CallOutcome) {
        if !outcome.is_suspended() {
            self.suspend();
        }
        if let Some((series, row)) = outcome.locate(self.timed.target) {
            observe_since::<FLAGS>(series, row, self.timed.start);
            observe_busy(series, row, self.polled, FLAGS & NATIVE != 0);
        }
    }
}

#[inline(never)]
fn observe_busy(series: CallSeries, row: usize, polled: u64, is_native: bool) {
    if let Some(series) = series.in_busy_family() {
        // Records 0 if `polled` is negative, as it may be if the clocks of two processors differ.
        let polled = u64::try_from(polled.cast_signed()).unwrap_or(0);
        let (family, nanos) = (series.family(), clock::nanos_between(0, polled));
        if is_native {
            return observe_native(series, row, nanos, false);
        }
        series.record(|cells, first| observe(cells, first + row, family, nanos));
    }
}

/// Observes the time since `start` in an outcome row of the target's series.
#[inline(always)]
fn observe_since<const FLAGS: u8>(target: impl CallTarget, row: usize, start: u64) {
    let (end, family) = (clock::now(), target.family());
    let nanos = clock::nanos_between(start, end);
    if FLAGS & NATIVE != 0 {
        return observe_native(target, row, nanos, takes_exemplars(FLAGS));
    }
    if !takes_exemplars(FLAGS) {
        return target.record(move |cells, first| observe(cells, first + row, family, nanos));
    }
    let bucket = classic_bucket(family, nanos);
    target.record(move |cells, first| {
        observe_in_bucket(cells, first + row, family, bucket, nanos);
    });
    let row = target.series().row(row);
    if family.exemplars().is_wanted(row, bucket) {
        capture_exemplar(family, row, bucket, nanos);
    }
}

/// Observes a duration in an outcome row of a histogram with classic buckets only.
///
/// Not inlined, because there may be many annotated functions, and a call costs little beside
/// reading the clock.
#[inline(never)]
fn observe(cells: &[AtomicU64], row: usize, family: &Family, nanos: u64) {
    let (Some(buckets), Some(cells)) = (family.bucket_table(), family.row_cells(cells, row)) else {
        return;
    };
    let bucket = buckets.index_of_duration(to_float(nanos));
    storage::observe(cells, bucket, Sum::Nanos, nanos);
}

/// Observes a duration whose bucket the caller has already found.
#[inline(never)]
fn observe_in_bucket(cells: &[AtomicU64], row: usize, family: &Family, bucket: usize, nanos: u64) {
    if let Some(cells) = family.row_cells(cells, row) {
        storage::observe(cells, bucket, Sum::Nanos, nanos);
    }
}

/// Observes a duration in an outcome row of a histogram with native buckets.
#[inline(never)]
fn observe_native(target: impl CallTarget, row: usize, nanos: u64, takes_exemplars: bool) {
    let series = target.series();
    let mut bucket = None;
    target.record(|cells, first| bucket = observe_native_in(cells, first, row, &series, nanos));
    let row = series.row(row);
    if let Some(bucket) = bucket
        && takes_exemplars
        && series.family().exemplars().is_wanted(row, bucket)
    {
        capture_exemplar(series.family(), row, bucket, nanos);
    }
}

/// Observes a duration in `cells` of a histogram with native buckets. Returns the bucket to which
/// an exemplar of this observation belongs.
#[inline(never)]
fn observe_native_in(
    cells: &[AtomicU64],
    first: usize,
    row: usize,
    series: &CallSeries,
    nanos: u64,
) -> Option<usize> {
    let family = series.family();
    let Layout::Histogram {
        buckets,
        native: Some(native),
        ..
    } = family.layout()
    else {
        return None;
    };
    let width = family.row_width();
    let cells = cells.get((first + row) * width..(first + row + 1) * width)?;
    let bucket = classic_bucket(family, nanos);
    let (classic_count, seconds) = (usize::from(buckets), to_seconds(nanos));
    let (_, table) = cells.split_at(histogram_block::HEADER + classic_count);
    let shared = || {
        series
            .shared_row(row)
            .map(|cells| &cells[histogram_block::HEADER + classic_count..])
    };
    let reopen = || storage::reopen_if_closed(cells);
    loop {
        let slot = native.find_bucket(table, seconds);
        let slot =
            slot.unwrap_or_else(|| find_or_insert_bucket(native, table, seconds, &shared, &reopen));
        if !add_native_observation(cells, classic_count, [bucket, slot], nanos, Sum::Nanos) {
            break;
        }
    }
    Some(if classic_count > 1 {
        bucket
    } else {
        native_exemplar_bucket(seconds)
    })
}

/// Takes an exemplar from the current span for a call that has just been timed.
#[cold]
#[inline(never)]
fn capture_exemplar(family: &Family, row: RowId, bucket: usize, nanos: u64) {
    // Lowers the value to the bucket's bound, because an exemplar must lie in its bucket. The value
    // in seconds may exceed the bound, because the bucket was found by whole nanoseconds.
    let bound = family.desc().bounds.get(bucket);
    let seconds = to_seconds(nanos);
    let seconds = bound.map_or(seconds, |bound| seconds.min(*bound));
    family
        .exemplars()
        .capture_from_span(row, bucket, seconds, family.exemplar_limit());
}

/// Index of the classic bucket for a duration; 0 if the family has no classic buckets.
#[inline(never)]
fn classic_bucket(family: &Family, nanos: u64) -> usize {
    family
        .bucket_table()
        .map_or(0, |buckets| buckets.index_of_duration(to_float(nanos)))
}

/// The nanoseconds as a float. Converting a signed integer is one instruction on x86-64.
#[inline(always)]
fn to_float(nanos: u64) -> f64 {
    nanos.min(i64::MAX as u64).cast_signed() as f64
}

/// The duration in seconds, the unit of native buckets and exemplars.
fn to_seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Histogram, Options, Registry,
        call::{FunctionFamily, FunctionSpec, OutcomeLabel},
        describe::{bucket_table::Buckets, buckets::nanos_with_infinity},
        storage::{Reader, histogram_block::BUCKETS_OUT, native::NativeConfig},
    };

    const BOUNDS: [f64; 2] = [0.001, 0.1];

    static FAMILY: Family = {
        const SITE: FunctionSpec = FunctionSpec::new(&[], "", 1, "", OutcomeLabel::Omitted)
            .buckets(&BOUNDS, {
                static BUCKETS: Buckets = Buckets::new(&nanos_with_infinity::<2, 3>(&BOUNDS));
                &BUCKETS
            })
            .native(NativeConfig::DEFAULT.growth(1.005));
        const CELL_COUNT: usize = SITE.cell_count(FunctionFamily::TIMED);
        static SHARED: [AtomicU64; CELL_COUNT] = [const { AtomicU64::new(0) }; CELL_COUNT];
        SITE.family(FunctionFamily::TIMED, &SHARED)
    };

    /// The reference is a histogram that observes seconds; `tests/tests/native/model.rs` compares
    /// such histograms with a naive model.
    #[test]
    fn a_timed_call_is_counted_like_an_observation_of_its_seconds() {
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
                reference.observe(to_seconds(nanos));
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
                        assert_eq!(values[BUCKETS_OUT..][..counts.len()], counts);
                    });
            }
        }
    }
}
