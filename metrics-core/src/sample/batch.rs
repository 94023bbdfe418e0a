//! [`CounterBatch`] and [`HistogramBatch`]: consecutive series of one family, which a format
//! encodes in one loop.

use crate::{
    sample::{
        created::CreatedBatch,
        label_batch::LabelBatch,
        value::{HistogramValue, Observations, Value},
    },
    storage::layout::Layout,
};

/// Consecutive series of one family, without their values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesBatch<'a> {
    /// Whether each series exists; the other fields mean nothing for those that do not.
    pub(crate) is_live: &'a [bool],
    pub(crate) labels: LabelBatch<'a>,
    pub(crate) created: CreatedBatch<'a>,
}

impl SeriesBatch<'_> {
    /// The batch without its first `n` series.
    pub(crate) fn skip(self, n: usize) -> Self {
        SeriesBatch {
            is_live: &self.is_live[n..],
            labels: self.labels.skip(n),
            created: self.created.skip(n),
        }
    }
}

/// Consecutive integer counters of one family, none of which has an exemplar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CounterBatch<'a> {
    /// Labels are usually in the [rendering](crate::sample::sink::Sink::label_rendering) that the
    /// sink requested; their `form` says whether they are.
    pub(crate) series: SeriesBatch<'a>,
    pub(crate) totals: &'a [u64],
}

impl<'a> CounterBatch<'a> {
    /// The most series in a batch; also the number of series in a chunk of labels.
    pub(crate) const MAX_LEN: usize = 256;

    /// The batch without its first `n` counters.
    pub(crate) fn skip(&self, n: usize) -> Self {
        CounterBatch {
            series: self.series.skip(n),
            totals: &self.totals[n..],
        }
    }

    /// Labels (in two parts), created timestamp and total of the first counter, if it is live.
    pub(crate) fn first(&self) -> Option<([&'a [u8]; 2], f64, u64)> {
        let SeriesBatch {
            is_live,
            labels,
            created,
        } = self.series;
        let is_live = is_live.first().copied().unwrap_or(false);
        let created = created.iter().next().unwrap_or_default();
        is_live.then(|| (labels.get(0), created, self.totals[0]))
    }

    /// The number of counters before the first one that is not live.
    #[inline(always)]
    pub(crate) fn live_prefix_len(&self) -> usize {
        let is_live = self.series.is_live;
        // Checks first whether all series are live, because they usually are, and the check is
        // faster than a search for the first that is not.
        if is_live.iter().fold(true, |all, is_live| all & is_live) {
            return is_live.len();
        }
        is_live.iter().take_while(|is_live| **is_live).count()
    }

    /// Calls `each` with labels as text, created timestamp and total of every live counter.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&str, f64, u64)) {
        let mut scratch = String::new();
        let SeriesBatch {
            is_live,
            labels,
            created,
        } = self.series;
        let series = labels.iter().zip(created.iter()).zip(self.totals);
        for (is_live, ((halves, created), total)) in is_live.iter().zip(series) {
            if *is_live {
                each(labels.text(halves, &mut scratch), created, *total);
            }
        }
    }
}

/// Histograms with classic buckets only and without exemplars; each label set is stored in one
/// piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramBatch<'a> {
    pub(crate) series: SeriesBatch<'a>,
    /// The upper bounds of the buckets, as in [`HistogramValue`].
    pub(crate) bounds: &'a [f64],
    pub(crate) allows_negative: bool,
    pub(crate) layout: Layout,
    /// The values of the live series, one after the other; the rest is unused.
    pub(crate) values: &'a [u64],
}

impl<'a> HistogramBatch<'a> {
    /// The most series in a batch; a divisor of the number of series in a chunk of labels, so that
    /// a batch is within one chunk.
    pub(crate) const MAX_LEN: usize = 64;

    /// The value of one histogram.
    pub(crate) fn value(&self, read: Observations<'a>) -> Value<'a> {
        Value::Histogram(HistogramValue {
            bounds: self.bounds,
            counts: read.counts,
            sum: read.sum,
            allows_negative: self.allows_negative,
            native: None,
            exemplars: &[],
        })
    }

    /// Labels, created timestamp and value of every live histogram.
    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a [u8], f64, Observations<'a>)> {
        let layout = self.layout;
        let mut values = self.values.chunks_exact(layout.value_count());
        let SeriesBatch {
            is_live,
            labels,
            created,
        } = self.series;
        let labels = labels.iter().map(|[_, whole]| whole);
        let series = is_live.iter().zip(labels.zip(created.iter()));
        series.filter_map(move |(is_live, (labels, created))| {
            let values = if *is_live {
                values.next()?
            } else {
                return None;
            };
            Some((labels, created, Observations::new(layout, values)))
        })
    }

    /// Calls `each` with labels as text, created timestamp and value of every live histogram.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&str, f64, Value<'_>)) {
        let mut scratch = String::new();
        for (labels, created, value) in self.iter() {
            let labels = self.series.labels.text([&[], labels], &mut scratch);
            each(labels, created, self.value(value));
        }
    }
}
