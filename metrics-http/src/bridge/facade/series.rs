//! What a series of the facade holds, and what a refused one counts instead.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::{CounterFn, GaugeFn, HistogramFn, atomics::AtomicU64 as Bits};
use metrics_core::{Collection, Desc, DynamicFamily, Histogram, Kind, Options, Registry};

use crate::error::Error;

/// What a series holds.
pub(super) trait Value: Send + Sync + Sized + 'static {
    const KIND: Kind;

    /// What the series of one family are made by.
    type Maker: Send + Sync + 'static;

    /// The tally counts values that are not taken.
    fn maker(shape: &Shape, rejected: &Arc<Tally>) -> Result<Self::Maker, metrics_core::Error>;

    /// The value of a new series, which is the nth of its family.
    fn make(maker: &Self::Maker, nth: usize) -> Self;

    /// Writes the value as it is now.
    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>);
}

/// The value of a counter.
#[derive(Default)]
pub(super) struct Count(Bits);

impl Value for Count {
    const KIND: Kind = Kind::Counter;
    type Maker = ();

    fn maker(_: &Shape, _: &Arc<Tally>) -> Result<(), metrics_core::Error> {
        Ok(())
    }

    fn make((): &(), _: usize) -> Self {
        Self::default()
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.counter(desc, labels, self.0.load(Ordering::Relaxed) as f64);
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        CounterFn::increment(&self.0, value);
    }

    fn absolute(&self, value: u64) {
        CounterFn::absolute(&self.0, value);
    }
}

/// The value of a gauge: the bits of a float, which are 0 at first.
#[derive(Default)]
pub(super) struct Level(Bits);

impl Value for Level {
    const KIND: Kind = Kind::Gauge;
    type Maker = ();

    fn maker(_: &Shape, _: &Arc<Tally>) -> Result<(), metrics_core::Error> {
        Ok(())
    }

    fn make((): &(), _: usize) -> Self {
        Self::default()
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.gauge(desc, labels, f64::from_bits(self.0.load(Ordering::Relaxed)));
    }
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        GaugeFn::increment(&self.0, value);
    }

    fn decrement(&self, value: f64) {
        GaugeFn::decrement(&self.0, value);
    }

    fn set(&self, value: f64) {
        GaugeFn::set(&self.0, value);
    }
}

/// The observations of a histogram: one of ours, of a registry that nobody scrapes.
pub(super) struct Spread {
    histogram: Histogram,
    falls: bool,
    rejected: Arc<Tally>,
}

/// The histograms of a family, told apart by their number: their labels need not agree.
pub(super) struct Spreads {
    histograms: DynamicFamily<Histogram>,
    falls: bool,
    rejected: Arc<Tally>,
}

impl Value for Spread {
    const KIND: Kind = Kind::Histogram;
    type Maker = Spreads;

    fn maker(shape: &Shape, rejected: &Arc<Tally>) -> Result<Spreads, metrics_core::Error> {
        Ok(Spreads {
            histograms: shape.histograms("histogram")?,
            falls: shape.falls(),
            rejected: Arc::clone(rejected),
        })
    }

    fn make(maker: &Spreads, nth: usize) -> Self {
        Spread {
            histogram: maker.histograms.with(&[&nth.to_string()]),
            falls: maker.falls,
            rejected: Arc::clone(&maker.rejected),
        }
    }

    fn write(&self, desc: &Desc, labels: &[(&str, &str)], out: &mut Collection<'_>) {
        out.histogram(desc, labels, self.histogram.get());
    }
}

impl HistogramFn for Spread {
    fn record(&self, value: f64) {
        if value.is_finite() && (self.falls || value >= 0.0) {
            self.histogram.observe(value);
        } else {
            self.rejected.add(1);
        }
    }
}

/// Which buckets a histogram has.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) bounds: Option<Vec<f64>>,
    pub(super) native: Option<f64>,
}

impl Shape {
    /// Whether a histogram of this name can have it.
    pub(super) fn check(&self, name: &str) -> Result<(), Error> {
        self.histograms(name)
            .map(drop)
            .map_err(|error| Error::setting(error.to_string()))
    }

    /// Whether observations may be negative.
    fn falls(&self) -> bool {
        let first = self.bounds.as_ref().and_then(|bounds| bounds.first());
        first.is_some_and(|bound| *bound < 0.0)
    }

    fn histograms(&self, name: &str) -> Result<DynamicFamily<Histogram>, metrics_core::Error> {
        let help = "Of the facade.";
        let mut options = Options::new(name, help)
            .labels(["series"])
            .max_series(MOST_SERIES);
        if let Some(bounds) = &self.bounds {
            options = options.buckets(bounds.clone());
        }
        if let Some(growth) = self.native {
            options = options.native(growth);
        }
        Registry::new().create_family(options)
    }
}

/// Counts recordings that are not taken.
#[derive(Debug, Default)]
pub(super) struct Tally(AtomicU64);

impl Tally {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for Tally {
    fn increment(&self, _: u64) {
        self.add(1);
    }

    fn absolute(&self, _: u64) {
        self.add(1);
    }
}

impl GaugeFn for Tally {
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

impl HistogramFn for Tally {
    fn record(&self, _: f64) {
        self.add(1);
    }

    fn record_many(&self, _: f64, count: usize) {
        self.add(count as u64);
    }
}

/// As many as a metric of ours can have: the cap is the facade's.
const MOST_SERIES: usize = 1 << 20;
