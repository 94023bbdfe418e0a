//! Batches of neighbouring series of one family.

use crate::{
    sample::{
        created::CreatedBatch,
        label_chunk::LabelBatch,
        value::{HistogramValue, Observations, Value},
    },
    storage::layout::Layout,
};

/// Some series that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesBatch<'a> {
    /// Which of them are there; nothing else of the others counts.
    pub(crate) live: &'a [bool],
    /// As whole text.
    pub(crate) labels: LabelBatch<'a>,
    pub(crate) created: CreatedBatch<'a>,
}

/// Series of histograms with classic buckets alone and without exemplars, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramBatch<'a> {
    pub(crate) listed: SeriesBatch<'a>,
    /// As [`HistogramValue`] has them.
    pub(crate) bounds: &'a [f64],
    pub(crate) falls: bool,
    pub(crate) layout: Layout,
    /// What those that are there are worth.
    pub(crate) values: &'a [u64],
}

impl<'a> HistogramBatch<'a> {
    /// No more than so many, which is a divisor of how many texts stand together.
    pub(crate) const MAX_LEN: usize = 64;

    /// What one of them is worth.
    pub(crate) fn value(&self, read: Observations<'a>) -> Value<'a> {
        Value::Histogram(HistogramValue {
            bounds: self.bounds,
            counts: read.counts,
            sum: read.sum,
            falls: self.falls,
            native: None,
            exemplars: &[],
        })
    }

    /// Labels, birth and value of each.
    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a [u8], f64, Observations<'a>)> {
        let layout = self.layout;
        let mut values = self.values.chunks_exact(layout.value_count());
        let SeriesBatch {
            live,
            labels,
            created,
        } = self.listed;
        let labels = labels.iter().map(|[_, whole]| whole);
        let series = live.iter().zip(labels.zip(created.iter()));
        series.filter_map(move |(live, (labels, created))| {
            let values = if *live { values.next()? } else { return None };
            Some((labels, created, Observations::new(layout, values)))
        })
    }

    /// Shows labels as text, birth and value of each.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, f64, Value<'_>)) {
        let mut read = String::new();
        for (labels, created, value) in self.iter() {
            let labels = self.listed.labels.text([&[], labels], &mut read);
            show(labels, created, self.value(value));
        }
    }
}

/// Series of counters that count in whole steps, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CounterBatch<'a> {
    /// Which of them are there; nothing else of the others counts.
    pub(crate) live: &'a [bool],
    /// As the sink wants them, if it wanted them so before.
    pub(crate) labels: LabelBatch<'a>,
    pub(crate) created: CreatedBatch<'a>,
    pub(crate) totals: &'a [u64],
}

impl<'a> CounterBatch<'a> {
    /// No more than so many, which is how many texts stand together.
    pub(crate) const MAX_LEN: usize = 256;

    /// Those after so many.
    pub(crate) fn after(&self, some: usize) -> Self {
        CounterBatch {
            live: &self.live[some..],
            labels: self.labels.after(some),
            created: self.created.after(some),
            totals: &self.totals[some..],
        }
    }

    /// The first of them, if it is there: both halves of its labels, its birth and its total.
    pub(crate) fn first(&self) -> Option<([&'a [u8]; 2], f64, u64)> {
        let is_live = self.live.first().copied().unwrap_or(false);
        let created = self.created.iter().next().unwrap_or_default();
        is_live.then(|| (self.labels.get(0), created, self.totals[0]))
    }

    /// How many of them are there before one that is not.
    #[inline(always)]
    pub(crate) fn live(&self) -> usize {
        // As most are: nothing is to be found out then one by one.
        if self.live.iter().fold(true, |all, live| all & live) {
            return self.live.len();
        }
        self.live.iter().take_while(|live| **live).count()
    }

    /// Shows labels as text, birth and total of each.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, f64, u64)) {
        let mut read = String::new();
        let series = self.labels.iter().zip(self.created.iter()).zip(self.totals);
        for (live, ((labels, created), total)) in self.live.iter().zip(series) {
            if *live {
                show(self.labels.text(labels, &mut read), created, *total);
            }
        }
    }
}
