//! Stores the values of series recorded through the facade `metrics`. For a rejected series, a
//! counter of rejections takes the place of its value.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use metrics::{CounterFn, GaugeFn, HistogramFn, atomics::AtomicU64 as Bits};
use metrics_core::{Collection, Desc, DynamicFamily, Histogram, Kind};

use super::buckets::Buckets;

/// The value of a counter, gauge or histogram series.
pub(super) trait SeriesValue: Send + Sync + Sized + 'static {
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

#[derive(Default)]
pub(super) struct CounterValue(AtomicU64);

impl SeriesValue for CounterValue {
    const KIND: Kind = Kind::Counter;
    type Factory = ();

    fn factory(_: &Buckets, _: &Arc<RejectionCounter>) -> Result<(), metrics_core::Error> {
        Ok(())
    }

    fn create((): &(), _: u64) -> Self {
        Self::default()
    }

    fn version(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.counter(desc, labels, self.0.load(Ordering::Relaxed) as f64);
    }
}

impl CounterFn for CounterValue {
    fn increment(&self, value: u64) {
        add_saturating(&self.0, value);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
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

/// A histogram of metrics-core that no registry exposes; the family's collector reads it.
pub(super) struct HistogramValue {
    histogram: Histogram,
    /// The label of the histogram.
    number: String,
    histograms: DynamicFamily<Histogram>,
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
        let number = number.to_string();
        HistogramValue {
            histogram: factory.histograms.bind(&[&number]),
            number,
            histograms: factory.histograms.clone(),
            accepts_negative: factory.accepts_negative,
            rejected: Arc::clone(&factory.rejected),
        }
    }

    fn version(&self) -> u64 {
        self.histogram.get().count
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.histogram(desc, labels, self.histogram.get());
    }
}

impl Drop for HistogramValue {
    fn drop(&mut self) {
        self.histograms.remove(&[&self.number]);
    }
}

impl HistogramFn for HistogramValue {
    fn record(&self, value: f64) {
        if value.is_finite() && (self.accepts_negative || value >= 0.0) {
            self.histogram.observe(value);
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
