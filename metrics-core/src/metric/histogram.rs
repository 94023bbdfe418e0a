//! [`Histogram`]: records observations into classic and native buckets. `const` functions compute
//! the layout of its storage.

use std::{marker::PhantomData, time::Duration};

use crate::{
    describe::bucket_table::Buckets,
    metric::{
        exemplars::{ExemplarLimit, native_exemplar_bucket},
        handle::Handle,
        histogram_snapshot::HistogramSnapshot,
        observe::{add_native_observation, add_observation, checked_observation},
        series_access,
        series_storage::SeriesStorage,
        timer::{Observe, Timer},
    },
    sample::value::Observations,
    storage::{
        self, histogram_block,
        histogram_block::Sum,
        layout::Layout,
        native::{NativeConfig, TableView, find_or_insert_bucket},
    },
};

/// Counts observations in buckets, and sums them up.
///
/// `#[buckets(...)]` takes a list of upper bounds, `linear(start, width, count)` or
/// `exponential(start, factor, count)`; without it the bounds are
/// [`DURATION_BUCKETS`](crate::DURATION_BUCKETS). The bucket `+Inf` is added automatically.
///
/// `#[buckets(native)]` declares a native histogram, whose buckets need no bounds: see
/// [`metrics!`](macro@crate::metrics#native-histograms) for its options, and
/// [`NativeHistogramSnapshot`](crate::NativeHistogramSnapshot) for its buckets. With bounds after
/// it, `#[buckets(native, 0.1, 1.0)]`, the histogram has native and classic buckets.
///
/// Observations can have [exemplars](crate::Exemplar), set by the program
/// ([`observe_with_exemplar`](Self::observe_with_exemplar)) or taken from spans (`#[exemplars]`).
///
/// Few observations take a lock: for example, a thread's first one, and those that merge native
/// buckets. A scrape reads count, sum and buckets of the same observations.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Size of the pages stored.
///     #[buckets(exponential(256.0, 4.0, 8))]
///     static PAGE: Histogram = "store_page_bytes";
///     /// Time to open a file.
///     #[unit("seconds")]
///     static OPEN: Histogram = "store_open_seconds";
/// }
///
/// PAGE.observe(700.0);
/// let answer = OPEN.time(|| 6 * 7);
/// # assert_eq!(answer, 42);
/// let snapshot = PAGE.get();
/// assert_eq!((snapshot.count, snapshot.sum), (1, 700.0));
/// assert_eq!(snapshot.buckets[..2], [(256.0, 0), (1024.0, 1)]);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> Histogram<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Histogram(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Records one observation, in the metric's unit.
    ///
    /// A value that is not finite is rejected, because the sum would not be finite any more. A
    /// negative value is rejected unless a bound is negative or `native(negative)` is declared,
    /// because the sum could decrease. A rejected value is counted in `metrics_rejected_total`.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.observe_with(value, Buckets::index_of);
    }

    /// Records one observation, whose classic bucket `index_of` returns.
    #[inline(always)]
    fn observe_with(&self, value: f64, index_of: impl FnOnce(&Buckets, f64) -> usize) {
        let Some(buckets) = self.0.bucket_table() else {
            return;
        };
        match S::LAYOUT {
            Some(_) => {
                let (bucket, limit) = self.observe_static(value, buckets, index_of);
                if let Some(bucket) = bucket {
                    self.0.capture_exemplar(bucket, value, limit);
                }
            }
            None if self.0.family().has_native_or_exemplars() => self.observe_slow(value, buckets),
            None => _ = self.observe_classic(value, buckets, index_of),
        }
    }

    /// Records one observation, with an exemplar that has these labels.
    ///
    /// The next exposition in a format that has [exemplars](crate::Exemplar) contains the exemplar.
    /// A bucket exposes the exemplar that was set last. A histogram without classic buckets keeps
    /// at most ten exemplars, at most one for each power of two and sign.
    ///
    /// A label name consists of ASCII letters, digits and `_` and does not start with a digit. No
    /// name may occur twice, and all names and values together have at most 128 characters. An
    /// exemplar that breaks a rule is dropped and counted in `metrics_rejected_total` with the
    /// reason `exemplar`. An exemplar is also dropped, uncounted, if another thread or a scrape
    /// accesses the stored exemplars for long, because a recording does not wait. The observation
    /// is recorded even if its exemplar is dropped.
    ///
    /// ```
    /// use metrics_core::{Format, encode_to_string, metrics};
    ///
    /// metrics! {
    ///     /// Time to answer.
    ///     #[buckets(0.1, 1.0)]
    ///     static ANSWER: Histogram = "exemplar_api_answer_seconds";
    /// }
    ///
    /// ANSWER.observe_with_exemplar(0.3, &[("trace_id", "4bf92f3577b34da6")]);
    /// let text = encode_to_string(Format::OpenMetrics);
    /// assert!(text.contains(r#"_bucket{le="1.0"} 1 # {trace_id="4bf92f3577b34da6"} 0.3 "#));
    /// ```
    pub fn observe_with_exemplar(&self, value: f64, exemplar: &[(&str, &str)]) {
        let Some(buckets) = self.0.bucket_table() else {
            return;
        };
        let (bucket, _) = match S::LAYOUT {
            Some(_) => self.observe_static(value, buckets, Buckets::index_of),
            None => self.observe_dynamic(value, buckets),
        };
        if let Some(bucket) = bucket {
            self.0.set_exemplar(bucket, value, exemplar);
        }
    }

    /// Records a duration, in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Calls `call` and records its duration in seconds, also if it panics.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        call()
    }

    /// Starts a timer that records its lifetime in seconds.
    #[inline]
    pub fn start_timer(&self) -> Timer<'_, Self> {
        Timer::start(self)
    }

    /// The current state, summed over all threads.
    pub fn get(&self) -> HistogramSnapshot {
        let family = self.0.family();
        self.0.with_values(|values| {
            let read = Observations::new(family.layout(), values);
            let bounds = family.desc().bounds.iter().copied().chain([f64::INFINITY]);
            HistogramSnapshot {
                count: read.count,
                sum: read.sum,
                buckets: bounds.zip(read.counts.iter().copied()).collect(),
                native: family
                    .layout()
                    .native_table(values)
                    .map(TableView::snapshot),
            }
        })
    }
}

/// The code paths of an observation. Most return the bucket for an exemplar of the observation, or
/// `None` if the value was rejected.
impl<S: SeriesStorage> Histogram<S> {
    /// Records an observation. Uses native buckets only if the layout is known at compile time.
    #[inline(always)]
    fn observe_static(
        &self,
        value: f64,
        buckets: &Buckets,
        index_of: impl FnOnce(&Buckets, f64) -> usize,
    ) -> (Option<usize>, ExemplarLimit) {
        match S::LAYOUT {
            Some(layout) if layout.native().is_some() => {
                self.observe_native(value, buckets, StaticLayout::<S>(PhantomData))
            }
            _ => {
                let bucket = self.observe_classic(value, buckets, index_of);
                (bucket, ExemplarLimit::OnePerBucket)
            }
        }
    }

    /// Records an observation into a histogram whose layout is known only at run time.
    fn observe_dynamic(&self, value: f64, buckets: &Buckets) -> (Option<usize>, ExemplarLimit) {
        let layout = self.0.family().layout();
        if layout.native().is_some() {
            self.observe_native(value, buckets, layout)
        } else {
            let bucket = self.observe_classic(value, buckets, Buckets::index_of);
            (bucket, ExemplarLimit::OnePerBucket)
        }
    }

    /// Records an observation through a handle to a histogram that has native buckets or takes
    /// exemplars from spans.
    ///
    /// Not inlined, so that recordings through handles to other histograms do not pay for it.
    #[inline(never)]
    fn observe_slow(&self, value: f64, buckets: &Buckets) {
        let (bucket, limit) = self.observe_dynamic(value, buckets);
        if let Some(bucket) = bucket {
            self.0.capture_exemplar(bucket, value, limit);
        }
    }

    #[inline(always)]
    fn observe_classic(
        &self,
        value: f64,
        buckets: &Buckets,
        index_of: impl FnOnce(&Buckets, f64) -> usize,
    ) -> Option<usize> {
        let Some(value) = checked_observation(value, buckets.min_observation() < 0.0) else {
            self.0.family().count_rejected();
            return None;
        };
        let bucket = index_of(buckets, value);
        add_observation(&self.0, bucket, value);
        Some(bucket)
    }

    #[inline(always)]
    fn observe_native(
        &self,
        value: f64,
        buckets: &Buckets,
        layout: impl NativeLayout,
    ) -> (Option<usize>, ExemplarLimit) {
        let Some((classic_count, native)) = layout.native() else {
            return (None, ExemplarLimit::TenPerRow);
        };
        let value = if classic_count > 1 {
            checked_observation(value, native.is_negative())
        } else {
            // Not checked here: `find_bucket` below returns `None` for an invalid value, so that
            // the cold path rejects it.
            Some(value)
        };
        let Some(value) = value else {
            self.0.family().count_rejected();
            return (None, ExemplarLimit::TenPerRow);
        };
        let bucket = if classic_count > 1 {
            // If no bound is negative, searches for 0 instead of a negative value, because the
            // search compares bits, which would put a negative value above positive bounds.
            buckets.index_of(value.max(buckets.min_observation()))
        } else {
            0
        };
        let done = self.0.try_record(|cells| {
            // Computed again instead of captured: `native()` is a constant here for a declared
            // metric.
            let (classic_count, native) = layout.native()?;
            let slot =
                native.find_bucket(&cells[histogram_block::HEADER + classic_count..], value)?;
            let value = value.to_bits();
            let buckets = [bucket, slot];
            let is_missing =
                add_native_observation(cells, classic_count, buckets, value, Sum::Float);
            (!is_missing).then_some(())
        });
        if done.flatten().is_none() && !self.observe_native_cold(value, bucket, layout) {
            return (None, ExemplarLimit::TenPerRow);
        }
        if classic_count > 1 {
            (Some(bucket), ExemplarLimit::OnePerBucket)
        } else {
            let bucket = native_exemplar_bucket(value);
            (Some(bucket), ExemplarLimit::TenPerRow)
        }
    }

    /// Observes a value for which the fast path found no cells or no bucket. Returns false if it
    /// rejects the value.
    ///
    /// The fast path fails, for example, for a thread's first observation, for an invalid value,
    /// for a bucket that is new or not in its home slot of the hash table, and if the cells were
    /// reset at the same time.
    #[cold]
    #[inline(never)]
    fn observe_native_cold(&self, value: f64, bucket: usize, layout: impl NativeLayout) -> bool {
        let allows_negative = layout
            .native()
            .is_some_and(|(_, native)| native.is_negative());
        let Some(value) = checked_observation(value, allows_negative) else {
            self.0.family().count_rejected();
            return false;
        };
        // Looked up before the recording, because the look-up and the recording may both take the
        // index's lock.
        let series = self.0.recording_target();
        self.0.record(|cells| {
            let Some((classic_count, native)) = layout.native() else {
                return;
            };
            let table = histogram_block::HEADER + classic_count;
            let shared = || {
                let cells = series_access::shared_cells(self.0.family(), series)?;
                Some(&cells[table..])
            };
            let reopen = || storage::reopen_if_closed(cells);
            loop {
                let found = native.find_bucket(&cells[table..], value);
                let slot = found.unwrap_or_else(|| {
                    find_or_insert_bucket(native, &cells[table..], value, &shared, &reopen)
                });
                let (buckets, bits) = ([bucket, slot], value.to_bits());
                if !add_native_observation(cells, classic_count, buckets, bits, Sum::Float) {
                    break;
                }
            }
        });
        true
    }
}

impl<S: SeriesStorage> Observe for Histogram<S> {
    #[inline]
    fn observe_seconds(&self, seconds: f64) {
        self.observe_with(seconds, Buckets::index_of_duration);
    }
}

/// The layout of a native histogram, known at compile time or at run time.
trait NativeLayout: Copy {
    /// Number of classic buckets, `+Inf` included, and the configuration of the native ones.
    fn native(self) -> Option<(usize, NativeConfig)>;
}

impl NativeLayout for Layout {
    #[inline(always)]
    fn native(self) -> Option<(usize, NativeConfig)> {
        match self {
            Layout::Histogram {
                buckets, native, ..
            } => Some((buckets as usize, native?)),
            _ => None,
        }
    }
}

/// The layout of a declared metric. The type has size 0, so a closure captures it for free.
struct StaticLayout<S>(PhantomData<S>);

impl<S> Clone for StaticLayout<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for StaticLayout<S> {}

impl<S: SeriesStorage> NativeLayout for StaticLayout<S> {
    #[inline(always)]
    fn native(self) -> Option<(usize, NativeConfig)> {
        S::LAYOUT.and_then(NativeLayout::native)
    }
}

/// The layout of a histogram with this many bounds.
#[doc(hidden)]
pub const fn histogram_layout(bounds: usize) -> Layout {
    Layout::Histogram {
        buckets: bounds as u16 + 1,
        sum: Sum::Float,
        native: None,
        has_quantiles: false,
    }
}

/// The layout of a native histogram, which may have classic buckets as well.
#[doc(hidden)]
pub const fn native_histogram_layout(bounds: &[f64], native: NativeConfig) -> Layout {
    Layout::Histogram {
        buckets: bounds.len() as u16 + 1,
        sum: Sum::Float,
        native: Some(native.with_classic_bounds(bounds)),
        has_quantiles: false,
    }
}

/// The layout of a histogram of call durations, whose sum is in whole nanoseconds.
pub(crate) const fn duration_histogram_layout(
    bounds: &[f64],
    native: Option<NativeConfig>,
) -> Layout {
    Layout::Histogram {
        buckets: bounds.len() as u16 + 1,
        sum: Sum::Nanos,
        native: match native {
            Some(native) => Some(native.with_classic_bounds(bounds)),
            None => None,
        },
        has_quantiles: false,
    }
}
