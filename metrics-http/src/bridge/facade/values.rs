//! Stores the values of series recorded through the facade `metrics`. For a rejected series, a
//! counter of rejections takes the place of its value.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use metrics::{CounterFn, GaugeFn, HistogramFn, atomics::AtomicU64 as Bits};
use metrics_core::{
    Collection, Counter, Desc, DynamicFamily, DynamicMetric, Histogram, Kind, Options, Registry,
};

use super::{
    buckets::{Buckets, MAX_SERIES},
    thread_cache::{Cached, ThreadCache},
};

/// The value of a counter, gauge or histogram series.
pub(super) trait SeriesValue: Cached + Send + Sync {
    const KIND: Kind;

    /// Creates the values of one family.
    type Factory: Send + Sync + 'static;

    /// Creates a factory; `rejected` counts values that a histogram does not accept.
    fn factory(
        buckets: &Buckets,
        rejected: &Arc<RejectionCounter>,
    ) -> Result<Self::Factory, metrics_core::Error>;

    /// Creates the value of a series; `number` is unique within the family.
    fn create(factory: &Self::Factory, number: u64) -> Self;

    /// A number that depends on the value: if it differs from an earlier one, the value has
    /// changed.
    fn version(&self) -> u64;

    /// Whether there was a recording since the last call, even if it has not changed the value.
    fn take_was_set(&self) -> bool {
        false
    }

    /// Writes the current value.
    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>);
}

/// Implements [`Cached`].
macro_rules! cached {
    ($($value:ident)*) => {$(
        impl Cached for $value {
            #[inline]
            fn with_cache<R>(run: impl FnOnce(&RefCell<ThreadCache<Self>>) -> R) -> Option<R> {
                thread_local! {
                    static CACHE: RefCell<ThreadCache<$value>> =
                        const { RefCell::new(ThreadCache::new()) };
                }
                CACHE.try_with(run).ok()
            }
        }
    )*};
}

cached!(CounterValue GaugeValue HistogramValue);

/// A series of metrics-core that no registry exposes: it gives the value of a series of the facade
/// storage in each thread. The family's collector reads it.
struct Stored<M: DynamicMetric> {
    metric: M,
    /// The label of the series.
    number: String,
    family: DynamicFamily<M>,
}

impl<M: DynamicMetric> Stored<M> {
    fn create(family: &DynamicFamily<M>, number: u64) -> Self {
        let number = number.to_string();
        Stored {
            metric: family.bind(&[&number]),
            number,
            family: family.clone(),
        }
    }
}

impl<M: DynamicMetric> Drop for Stored<M> {
    fn drop(&mut self) {
        self.family.remove(&[&self.number]);
    }
}

pub(super) struct CounterValue {
    stored: Stored<Counter>,
    /// Held while a value is set, so that two threads do not both add what is missing to it.
    setting: Mutex<()>,
}

impl SeriesValue for CounterValue {
    const KIND: Kind = Kind::Counter;
    /// The counters of a family, labelled by number because series may differ in their label names.
    type Factory = DynamicFamily<Counter>;

    fn factory(
        _: &Buckets,
        _: &Arc<RejectionCounter>,
    ) -> Result<DynamicFamily<Counter>, metrics_core::Error> {
        let options = Options::new("counters_total", "Counters of the facade.");
        Registry::new().create_family(options.labels(["series"]).max_series(MAX_SERIES))
    }

    fn create(counters: &DynamicFamily<Counter>, number: u64) -> Self {
        CounterValue {
            stored: Stored::create(counters, number),
            setting: Mutex::new(()),
        }
    }

    fn version(&self) -> u64 {
        self.stored.metric.get()
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.counter(desc, labels, self.stored.metric.get() as f64);
    }
}

impl CounterFn for CounterValue {
    #[inline]
    fn increment(&self, value: u64) {
        self.stored.metric.inc_by(value);
    }

    /// If another thread increments the counter meanwhile, the result is as if it did so
    /// afterwards.
    fn absolute(&self, value: u64) {
        let counter = &self.stored.metric;
        let _setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        counter.inc_by(value.saturating_sub(counter.get()));
    }
}

/// Adds to a count, which stays at the maximum instead of starting again at 0, because Prometheus
/// would take 0 for a restart of the program.
fn add_saturating(count: &AtomicU64, value: u64) {
    let add = |count: u64| Some(count.saturating_add(value));
    // Never fails, as the closure returns `Some`.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
}

#[derive(Default)]
pub(super) struct GaugeValue {
    /// The bits of an `f64`.
    bits: Bits,
    /// Whether there was a recording since the last scrape, even one that has set the same value.
    was_set: AtomicBool,
}

impl GaugeValue {
    /// Called after each recording.
    fn note_recording(&self) {
        // Loaded first, so that usually only the first recording after a scrape writes to the
        // variable.
        if !self.was_set.load(Ordering::Relaxed) {
            self.was_set.store(true, Ordering::Relaxed);
        }
    }
}

impl SeriesValue for GaugeValue {
    const KIND: Kind = Kind::Gauge;
    type Factory = ();

    fn factory(_: &Buckets, _: &Arc<RejectionCounter>) -> Result<(), metrics_core::Error> {
        Ok(())
    }

    fn create((): &(), _: u64) -> Self {
        Self::default()
    }

    fn version(&self) -> u64 {
        self.bits.load(Ordering::Relaxed)
    }

    fn take_was_set(&self) -> bool {
        self.was_set.swap(false, Ordering::Relaxed)
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.gauge(
            desc,
            labels,
            f64::from_bits(self.bits.load(Ordering::Relaxed)),
        );
    }
}

impl GaugeFn for GaugeValue {
    fn increment(&self, value: f64) {
        GaugeFn::increment(&self.bits, value);
        self.note_recording();
    }

    fn decrement(&self, value: f64) {
        GaugeFn::decrement(&self.bits, value);
        self.note_recording();
    }

    fn set(&self, value: f64) {
        GaugeFn::set(&self.bits, value);
        self.note_recording();
    }
}

pub(super) struct HistogramValue {
    stored: Stored<Histogram>,
    accepts_negative: bool,
    rejected: Arc<RejectionCounter>,
}

/// The histograms of a family, labelled by number because series may differ in their label names.
pub(super) struct HistogramFactory {
    histograms: DynamicFamily<Histogram>,
    accepts_negative: bool,
    rejected: Arc<RejectionCounter>,
}

impl SeriesValue for HistogramValue {
    const KIND: Kind = Kind::Histogram;
    type Factory = HistogramFactory;

    fn factory(
        buckets: &Buckets,
        rejected: &Arc<RejectionCounter>,
    ) -> Result<HistogramFactory, metrics_core::Error> {
        Ok(HistogramFactory {
            histograms: buckets.create_family("histogram")?,
            accepts_negative: buckets.accept_negative(),
            rejected: Arc::clone(rejected),
        })
    }

    fn create(factory: &HistogramFactory, number: u64) -> Self {
        HistogramValue {
            stored: Stored::create(&factory.histograms, number),
            accepts_negative: factory.accepts_negative,
            rejected: Arc::clone(&factory.rejected),
        }
    }

    fn version(&self) -> u64 {
        self.stored.metric.get().count
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.histogram(desc, labels, self.stored.metric.get());
    }
}

impl HistogramFn for HistogramValue {
    fn record(&self, value: f64) {
        if value.is_finite() && (self.accepts_negative || value >= 0.0) {
            self.stored.metric.observe(value);
        } else {
            self.rejected.add(1);
        }
    }
}

/// Counts rejected recordings or look-ups; a handle to a rejected series records into it.
#[derive(Debug, Default)]
pub(super) struct RejectionCounter(AtomicU64);

impl RejectionCounter {
    pub(super) fn add(&self, count: u64) {
        add_saturating(&self.0, count);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for RejectionCounter {
    fn increment(&self, _: u64) {
        self.add(1);
    }

    fn absolute(&self, _: u64) {
        self.add(1);
    }
}

impl GaugeFn for RejectionCounter {
    fn increment(&self, _: f64) {
        self.add(1);
    }

    fn decrement(&self, _: f64) {
        self.add(1);
    }

    fn set(&self, _: f64) {
        self.add(1);
    }
}

impl HistogramFn for RejectionCounter {
    fn record(&self, _: f64) {
        self.add(1);
    }

    fn record_many(&self, _: f64, count: usize) {
        self.add(count as u64);
    }
}
