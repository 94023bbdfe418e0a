//! Histograms: observations counted in buckets.

use std::{marker::PhantomData, sync::atomic::AtomicU64, time::Duration};

use crate::{
    describe::bucket_table::Buckets,
    metric::{
        exemplar,
        exemplar::Shape,
        handle,
        handle::{Handle, Storage},
        timer::Timer,
    },
    sample::value::Observations,
    storage::{
        self, histogram_block,
        histogram_block::Sum,
        layout::Layout,
        native::{NativeConfig, NativeHistogramSnapshot, TableView, table},
    },
};

/// What a histogram's words are.
#[doc(hidden)]
pub const fn histogram_layout(bounds: usize) -> Layout {
    Layout::Histogram {
        buckets: bounds as u16 + 1,
        sum: Sum::Float,
        native: None,
    }
}

/// What the words of a native histogram are, which may have classic buckets as well.
#[doc(hidden)]
pub const fn native_histogram_layout(bounds: &[f64], native: NativeConfig) -> Layout {
    Layout::Histogram {
        buckets: bounds.len() as u16 + 1,
        sum: Sum::Float,
        native: Some(native.with_classic_bounds(bounds)),
    }
}

/// What a histogram of durations has: its sum is kept in whole nanoseconds.
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
    }
}

/// Counts observations in buckets and adds them up.
///
/// `#[buckets(...)]` takes a list of upper bounds, `linear(start, width, count)` or
/// `exponential(start, factor, count)`; without it the bounds are
/// [`DURATION_BUCKETS`](crate::DURATION_BUCKETS). The last bucket, `+Inf`, is added by itself.
///
/// `#[buckets(native)]` makes it a native histogram, whose buckets need no bounds: see
/// [`metrics!`](macro@crate::metrics) for its options, [`NativeHistogramSnapshot`] for its buckets. With
/// bounds after it, `#[buckets(native, 0.1, 1.0)]`, the histogram is of both kinds.
///
/// Observations may have [exemplars](crate::Exemplar), given by hand
/// ([`observe_with_exemplar`](Self::observe_with_exemplar)) or found (`#[exemplars]`).
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
/// let state = PAGE.get();
/// assert_eq!((state.count, state.sum), (1, 700.0));
/// assert_eq!(state.buckets[..2], [(256.0, 0), (1024.0, 1)]);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram<S: Storage = Handle>(S);

/// The state of a [`Histogram`] at one moment: count, sum and buckets of the same observations.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// Number of observations.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Upper bounds, the last one infinite, and how many observations lie in each bucket alone.
    pub buckets: Vec<(f64, u64)>,
    /// The native buckets, of a histogram that is declared to have them.
    pub native: Option<NativeHistogramSnapshot>,
}

impl HistogramSnapshot {
    /// Of upper bounds, ascending, and how many observations lie in each bucket alone: not in it
    /// and those below, as the exposition formats have it. What lies above all bounds belongs to
    /// a last one, `f64::INFINITY`; nothing does unless it is there. For a
    /// [`Collector`](crate::Collector).
    ///
    /// ```
    /// use metrics_core::HistogramSnapshot;
    ///
    /// let sizes = HistogramSnapshot::from_buckets([(0.1, 5), (1.0, 2), (f64::INFINITY, 1)], 9.5);
    /// assert_eq!((sizes.count, sizes.sum), (8, 9.5));
    /// assert_eq!(HistogramSnapshot::from_buckets([(0.1, 5)], 0.4).buckets[1], (f64::INFINITY, 0));
    /// ```
    #[must_use]
    pub fn from_buckets(buckets: impl IntoIterator<Item = (f64, u64)>, sum: f64) -> Self {
        let mut buckets: Vec<(f64, u64)> = buckets.into_iter().collect();
        let last = buckets.last().map(|(bound, _)| *bound);
        if last.is_none_or(|bound| bound < f64::INFINITY) {
            buckets.push((f64::INFINITY, 0));
        }
        let counts = buckets.iter().map(|(_, count)| *count);
        HistogramSnapshot {
            // What is more than that is refused where it is written.
            count: counts.fold(0, u64::saturating_add),
            sum,
            buckets,
            native: None,
        }
    }

    /// Of native buckets alone. For a [`Collector`](crate::Collector).
    ///
    /// ```
    /// use metrics_core::{HistogramSnapshot, NativeHistogramSnapshot};
    ///
    /// let native = NativeHistogramSnapshot::new(0).positive([(1, 2), (2, 1)]);
    /// assert_eq!(HistogramSnapshot::from_native(native, 6.5).count, 3);
    /// ```
    #[must_use]
    pub fn from_native(native: NativeHistogramSnapshot, sum: f64) -> Self {
        let count = native.count().unwrap_or(u64::MAX);
        HistogramSnapshot {
            count,
            sum,
            buckets: vec![(f64::INFINITY, count)],
            native: Some(native),
        }
    }

    /// The same observations in native buckets as well.
    ///
    /// ```
    /// use metrics_core::{HistogramSnapshot, NativeHistogramSnapshot};
    ///
    /// let both = HistogramSnapshot::from_buckets([(1.0, 0), (4.0, 3)], 6.5)
    ///     .with_native(NativeHistogramSnapshot::new(0).positive([(1, 2), (2, 1)]));
    /// assert!(both.native.is_some());
    /// ```
    #[must_use]
    pub fn with_native(mut self, native: NativeHistogramSnapshot) -> Self {
        self.native = Some(native);
        self
    }
}

impl<S: Storage> Histogram<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Histogram(series)
    }

    /// Takes one observation.
    ///
    /// A value that is not finite would spoil the sum, as would a negative one where no bound is
    /// negative and `native(negative)` is not declared: it is left out and counted in
    /// `metrics_rejected_total`.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.observe_in(value, Buckets::index_of);
    }

    /// Takes one observation, whose bucket `find` finds.
    #[inline(always)]
    fn observe_in(&self, value: f64, find: impl FnOnce(&Buckets, f64) -> usize) {
        let Some(buckets) = self.0.buckets() else {
            return;
        };
        match S::LAYOUT {
            Some(_) => {
                let (bucket, shape) = self.observe_known(value, buckets, find);
                if let Some(bucket) = bucket {
                    exemplar::seek(&self.0, bucket, value, shape);
                }
            }
            None if self.0.family().is_special() => self.observe_special(value, buckets),
            None => _ = self.observe_classic(value, buckets, find),
        }
    }

    /// Takes one observation, with labels that lead to what was observed.
    ///
    /// The next exposition in a format that has [exemplars](crate::Exemplar) shows them; each
    /// bucket shows the last one that was given in it. Of a histogram whose buckets are native
    /// alone, at most ten are kept, one to each power of two.
    ///
    /// Names keep to the grammar of labels, and names and values together are at most 128
    /// characters. An exemplar that breaks a rule is left out and counted in
    /// `metrics_rejected_total` with the reason `exemplar`; the observation is taken all the same.
    /// It also is where two threads give one at the same moment, as none waits for the other.
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
        let Some(buckets) = self.0.buckets() else {
            return;
        };
        let (bucket, _) = match S::LAYOUT {
            Some(_) => self.observe_known(value, buckets, Buckets::index_of),
            None => self.observe_unknown(value, buckets),
        };
        if let Some(bucket) = bucket {
            self.0.give_exemplar(bucket, value, exemplar);
        }
    }

    /// The same, for each way to observe that follows: the bucket that an exemplar is of, and how
    /// many there can be; `None` when the value is rejected.
    #[inline(always)]
    fn observe_known(
        &self,
        value: f64,
        buckets: &Buckets,
        find: impl FnOnce(&Buckets, f64) -> usize,
    ) -> (Option<usize>, Shape) {
        match S::LAYOUT {
            Some(layout) if layout.native().is_some() => {
                self.observe_native(value, buckets, Known::<S>(PhantomData))
            }
            _ => (self.observe_classic(value, buckets, find), Shape::Buckets),
        }
    }

    fn observe_unknown(&self, value: f64, buckets: &Buckets) -> (Option<usize>, Shape) {
        let layout = self.0.family().layout();
        if layout.native().is_some() {
            self.observe_native(value, buckets, layout)
        } else {
            let bucket = self.observe_classic(value, buckets, Buckets::index_of);
            (bucket, Shape::Buckets)
        }
    }

    /// Not inlined, so that a handle to a plain histogram does not pay for it.
    #[inline(never)]
    fn observe_special(&self, value: f64, buckets: &Buckets) {
        let (bucket, shape) = self.observe_unknown(value, buckets);
        if let Some(bucket) = bucket {
            exemplar::seek(&self.0, bucket, value, shape);
        }
    }

    #[inline(always)]
    fn observe_classic(
        &self,
        value: f64,
        buckets: &Buckets,
        find: impl FnOnce(&Buckets, f64) -> usize,
    ) -> Option<usize> {
        let Some(value) = observable(value, buckets.min_observation() < 0.0) else {
            self.0.family().reject();
            return None;
        };
        let bucket = find(buckets, value);
        observe_in(&self.0, bucket, value);
        Some(bucket)
    }

    #[inline(always)]
    fn observe_native(
        &self,
        value: f64,
        buckets: &Buckets,
        layout: impl KnownLayout,
    ) -> (Option<usize>, Shape) {
        let Some((count, native)) = layout.native() else {
            return (None, Shape::Native);
        };
        let value = if count > 1 {
            observable(value, native.is_negative())
        } else {
            // A native bucket is found at once for no other value.
            Some(value)
        };
        let Some(value) = value else {
            self.0.family().reject();
            return (None, Shape::Native);
        };
        // Where a negative value is below all bounds, the search is not made for it.
        let bucket = if count > 1 {
            buckets.index_of(value.max(buckets.min_observation()))
        } else {
            0
        };
        let done = self.0.try_record(|words| {
            // Asked again, since what is captured is no constant any more.
            let (count, native) = layout.native()?;
            let place = native.find_bucket(&words[histogram_block::HEADER + count..], value)?;
            count_in(words, count, [bucket, place], value.to_bits(), Sum::Float);
            Some(())
        });
        if done.flatten().is_none() && !self.observe_new(value, bucket, layout) {
            return (None, Shape::Native);
        }
        if count > 1 {
            (Some(bucket), Shape::Buckets)
        } else {
            (Some(exemplar::native_bucket(value)), Shape::Native)
        }
    }

    /// The first observation of a thread, or of many in a bucket, and those after its end; false
    /// when it is rejected.
    #[cold]
    #[inline(never)]
    fn observe_new(&self, value: f64, bucket: usize, layout: impl KnownLayout) -> bool {
        let negative = layout
            .native()
            .is_some_and(|(_, native)| native.is_negative());
        let Some(value) = observable(value, negative) else {
            self.0.family().reject();
            return false;
        };
        self.0.record(|words| {
            let Some((count, native)) = layout.native() else {
                return;
            };
            let table = histogram_block::HEADER + count;
            let shared = || {
                let words = handle::shared_words(self.0.family(), self.0.series())?;
                Some(&words[table..])
            };
            let place = table::find_or_insert_bucket(native, &words[table..], value, &shared);
            count_in(words, count, [bucket, place], value.to_bits(), Sum::Float);
        });
        true
    }

    /// Takes a duration, in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Times a call, also one that panics.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        call()
    }

    /// Starts a timer that is observed when it is dropped.
    #[inline]
    pub fn start_timer(&self) -> Timer<'_, Self> {
        Timer::start(self)
    }

    /// The state now.
    pub fn get(&self) -> HistogramSnapshot {
        let family = self.0.family();
        self.0.read(|values| {
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

/// A value that a sum of observations stays meaningful with.
#[inline(always)]
pub(crate) fn observable(value: f64, negative: bool) -> Option<f64> {
    let bits = if negative { value.abs() } else { value }.to_bits();
    // Floats compare like their bits; those of infinity and NaN are above all others, those of
    // anything negative above these, be it no more than -0.0.
    if bits <= f64::MAX.to_bits() {
        Some(value)
    } else {
        (value == 0.0).then_some(0.0)
    }
}

/// Counts an observation in its bucket.
#[inline(always)]
pub(crate) fn observe_in<S: Storage>(storage: &S, bucket: usize, value: f64) {
    let observe = move |words: &[AtomicU64]| {
        if histogram_block::observe(words, bucket, |sum| Sum::Float.add(sum, value.to_bits())) {
            storage::answer_copy_request(words);
        }
    };
    if S::LAYOUT.is_none() || storage.try_record(observe).is_none() {
        observe_first(storage, observe);
    }
}

#[inline(never)]
fn observe_first<S: Storage>(storage: &S, observe: impl FnOnce(&[AtomicU64])) {
    storage.record(observe);
}

/// Counts an observation in its native bucket, and its classic one where there are several.
#[inline(always)]
pub(crate) fn count_in(
    words: &[AtomicU64],
    count: usize,
    [bucket, place]: [usize; 2],
    value: u64,
    sum: Sum,
) {
    let at = count + table::COUNTS + place;
    let add = |before| sum.add(before, value);
    let asked = if count > 1 {
        histogram_block::observe_twice(words, [bucket, at], [bucket, place], add)
    } else {
        histogram_block::observe(words, at, add)
    };
    if asked {
        storage::answer_copy_request(words);
    }
}

/// Something that knows how many buckets a histogram has, and its native ones.
trait KnownLayout: Copy {
    fn native(self) -> Option<(usize, NativeConfig)>;
}

impl KnownLayout for Layout {
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

/// The layout of a declared metric: a constant that takes no room in a closure.
struct Known<S>(PhantomData<S>);

impl<S> Clone for Known<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Known<S> {}

impl<S: Storage> KnownLayout for Known<S> {
    #[inline(always)]
    fn native(self) -> Option<(usize, NativeConfig)> {
        S::LAYOUT.and_then(KnownLayout::native)
    }
}

/// What a [`Timer`] reports to.
pub trait Observe {
    /// Takes a duration in seconds.
    fn observe_seconds(&self, seconds: f64);
}

impl<S: Storage> Observe for Histogram<S> {
    #[inline]
    fn observe_seconds(&self, seconds: f64) {
        self.observe_in(seconds, Buckets::index_of_duration);
    }
}
