//! [`Family`]: one metric with its series; its fields, constructors and properties.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{
    describe::{bucket_table::Buckets, desc::Desc, kind::Kind, label},
    metric::{
        exemplars::{ExemplarLimit, Exemplars, SPANS_ENABLED},
        family::{
            closed::{ClosedSeries, LabelValues},
            open::OpenSeries,
        },
        outcome_rows::OutcomeRows,
    },
    storage::{Region, clock, layout::Layout},
};

/// A metric: its description, its series and their storage.
///
/// A declared family is a `static` made by the `const` functions below; a dynamic one is in an
/// [`Arc`](std::sync::Arc).
#[derive(Debug)]
#[doc(hidden)]
pub struct Family {
    pub(super) desc: Desc,
    pub(super) layout: Layout,
    pub(super) rows: OutcomeRows,
    /// `layout.cells()`, computed once, because each recording of a function call needs it.
    row_width: usize,
    pub(super) closed: ClosedSeries,
    pub(super) open: OpenSeries,
    bucket_table: Option<BucketTable>,
    pub(super) states: &'static [&'static str],
    busy: Option<&'static Family>,
    /// Whether the keys of series contain the text of every label value. Otherwise, they contain an
    /// index for each label whose values are known at compile time.
    pub(super) has_text_keys: bool,
    pub(super) exemplars: Exemplars,
    /// Whether the family is a native histogram or takes exemplars from spans, so that observations
    /// through a handle take a slow path.
    has_native_or_exemplars: bool,
    /// Whether `ensure_registered` has added the family to the list that the registry reads.
    pub(super) has_been_used: AtomicBool,
    rejected: AtomicU64,
    created: OnceLock<f64>,
}

/// The search table of a histogram's classic buckets.
#[derive(Debug)]
enum BucketTable {
    Declared(&'static Buckets),
    Dynamic(Box<Buckets>),
}

impl Family {
    /// A family with `closed` series that exist from the start, or, if `closed` is `None`, with
    /// series that are created when their labels are first used.
    ///
    /// `shared` are the cells that all threads share, of the series that exist from the start.
    /// `list_cells` lists the calling thread's cells of a declared metric in the thread's
    /// directory, the table in which handles find cells.
    pub(crate) const fn new(
        desc: Desc,
        layout: Layout,
        rows: OutcomeRows,
        closed: Option<usize>,
        label_values: LabelValues,
        list_cells: Option<fn()>,
        shared: &'static [AtomicU64],
    ) -> Self {
        // Checked while the program is compiled, because a declared family is a static. A dynamic
        // family has no such values.
        assert!(
            label::label_with_equal_values(label_values).is_none(),
            "a closed label of this metric has two equal values: make the values in `Label::VALUES` \
             differ, or the values and the `else` of `#[allow_only(..)]`"
        );
        let series = match closed {
            Some(series) => series,
            None => 0,
        };
        let allows_negative = desc.allows_negative() || layout.is_negative();
        let region =
            Region::closed(layout, series, rows.len(), shared).can_decrease(allows_negative);
        Family {
            desc,
            layout,
            rows,
            row_width: layout.cells(),
            closed: ClosedSeries::new(closed, label_values, region, list_cells),
            open: OpenSeries::new(),
            bucket_table: None,
            states: &[],
            busy: None,
            has_text_keys: rows.has_open_result_labels(),
            exemplars: Exemplars::manual(),
            has_native_or_exemplars: layout.native().is_some(),
            has_been_used: AtomicBool::new(false),
            rejected: AtomicU64::new(0),
            created: OnceLock::new(),
        }
    }

    /// Sets the cardinality limit, which the registry's default then does not replace.
    #[must_use]
    pub const fn max_series(mut self, max: usize) -> Self {
        self.open.set_own_limit(max);
        self
    }

    /// Sets for how many nanoseconds a series must be idle before it expires; 0 for never.
    #[must_use]
    pub const fn expire_after(mut self, nanos: u64) -> Self {
        self.open.expiry_nanos = nanos;
        self
    }

    /// Takes exemplars from the spans that recordings are made in.
    #[must_use]
    pub const fn with_exemplars(mut self) -> Self {
        // A `const fn` cannot drop the old value. It owns nothing, so forgetting it leaks nothing.
        std::mem::forget(std::mem::replace(
            &mut self.exemplars,
            Exemplars::from_spans(),
        ));
        self.has_native_or_exemplars = self.has_native_or_exemplars || SPANS_ENABLED;
        self
    }

    /// Sets the search table of a histogram's classic buckets.
    #[must_use]
    pub const fn buckets(mut self, buckets: &'static Buckets) -> Self {
        std::mem::forget(self.bucket_table.replace(BucketTable::Declared(buckets)));
        self
    }

    /// Sets the family that records how long the futures of this family's functions are polled.
    #[must_use]
    pub(crate) const fn with_busy_family(mut self, family: Option<&'static Family>) -> Self {
        self.busy = family;
        self
    }

    /// Makes the keys of series contain the text of every label value. For a family of busy times,
    /// because its label values are copied as text from the series of another family.
    #[must_use]
    pub(crate) const fn with_text_keys(mut self) -> Self {
        self.has_text_keys = true;
        self
    }

    /// Sets the names of a state set's states.
    #[must_use]
    pub const fn states(mut self, states: &'static [&'static str]) -> Self {
        self.states = states;
        self
    }

    /// A family that the program creates while it runs. Its series are created when their labels
    /// are first used; without labels, it has one series, which exists from the start.
    pub(crate) fn new_dynamic(desc: Desc, layout: Layout, max_series: Option<usize>) -> Self {
        let is_unlabelled = desc.labels.is_empty();
        let mut family = Family::new(desc, layout, OutcomeRows::SINGLE, None, &[], None, &[]);
        if is_unlabelled {
            family.closed.region = Region::single(layout).can_decrease(family.allows_negative());
            family.closed.count = Some(1);
        }
        if let Some(max) = max_series {
            family = family.max_series(max);
        }
        if matches!(layout, Layout::Histogram { .. }) && family.desc.kind == Kind::Histogram {
            let buckets = Buckets::from_bounds(&family.desc.bounds);
            family.bucket_table = Some(BucketTable::Dynamic(Box::new(buckets)));
        }
        family
    }

    /// Whether the families have equal descriptions and settings; their source locations may
    /// differ.
    pub(crate) fn is_equivalent(&self, other: &Family) -> bool {
        self.desc.is_equivalent(&other.desc)
            && self.layout == other.layout
            && self.open.expiry_nanos == other.open.expiry_nanos
            && self.exemplars.are_automatic() == other.exemplars.are_automatic()
            && self.open.own_limit() == other.open.own_limit()
    }

    /// The family's description: name, help, unit, labels, bounds and other properties.
    pub fn desc(&self) -> &Desc {
        &self.desc
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn rows(&self) -> OutcomeRows {
        self.rows
    }

    /// Number of cells in an outcome row of a series.
    #[inline(always)]
    pub(crate) fn row_width(&self) -> usize {
        self.row_width
    }

    /// The part of a series' `cells` that belongs to an outcome row.
    #[inline(always)]
    pub(crate) fn row_cells<'a>(
        &self,
        cells: &'a [AtomicU64],
        row: usize,
    ) -> Option<&'a [AtomicU64]> {
        cells.get(row * self.row_width..)?.get(..self.row_width)
    }

    /// Whether each series has one outcome row, and no result label takes values that are not known
    /// at compile time.
    pub(super) fn has_one_row(&self) -> bool {
        self.rows.len() == 1 && !self.rows.has_open_result_labels()
    }

    /// Whether all series exist from the start: the values of every label are known at compile
    /// time, or there are no labels.
    #[inline(always)]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.count.is_some()
    }

    /// Whether a label takes values that the declaration does not list.
    fn has_open_labels(&self) -> bool {
        let closed = self.closed.label_values.iter().filter(|set| set.is_some());
        !self.is_closed() && closed.count() < self.desc.labels.len()
    }

    /// The cardinality limit, if a label takes values that the declaration does not list.
    pub(crate) fn cardinality_limit(&self) -> Option<usize> {
        self.has_open_labels().then(|| self.open.limit())
    }

    /// The storage of the series that exist from the start.
    #[inline(always)]
    pub(crate) fn region(&self) -> &Region {
        &self.closed.region
    }

    /// The values of the label at position `label`, if they are known at compile time.
    pub(crate) fn closed_values(&self, label: usize) -> Option<&'static [&'static str]> {
        self.closed.label_values.get(label).copied().flatten()
    }

    /// The function that lists the calling thread's cells in the thread's directory, so that
    /// handles find them; `None` unless the family is that of a declared metric.
    #[inline(always)]
    pub(crate) fn list_cells(&self) -> Option<fn()> {
        self.closed.list_cells
    }

    /// The exemplars of all series.
    #[inline(always)]
    pub(crate) fn exemplars(&self) -> &Exemplars {
        &self.exemplars
    }

    /// How many exemplars one counter or histogram of the exposition may have.
    pub(crate) fn exemplar_limit(&self) -> ExemplarLimit {
        match self.layout {
            Layout::Histogram {
                buckets: 1,
                native: Some(_),
                ..
            } => ExemplarLimit::TenPerRow,
            _ => ExemplarLimit::OnePerBucket,
        }
    }

    /// Whether the family is a native histogram or takes exemplars from spans.
    #[inline]
    pub(crate) fn has_native_or_exemplars(&self) -> bool {
        self.has_native_or_exemplars
    }

    /// The search table of a histogram's classic buckets.
    pub(crate) fn bucket_table(&self) -> Option<&Buckets> {
        match self.bucket_table.as_ref()? {
            BucketTable::Declared(buckets) => Some(buckets),
            BucketTable::Dynamic(buckets) => Some(buckets),
        }
    }

    /// The family that records how long the futures of this family's functions are polled.
    pub(crate) fn busy_family(&self) -> Option<&'static Family> {
        self.busy
    }

    /// Whether idle series expire.
    pub(crate) fn has_expiry(&self) -> bool {
        self.open.expiry_nanos != 0
    }

    /// Whether observations may be negative, so that their sum may go down.
    pub(super) fn allows_negative(&self) -> bool {
        self.desc.allows_negative() || self.layout.is_negative()
    }

    /// Unix time at which the series that exist from the start started; the first call sets it.
    pub(crate) fn created(&self) -> f64 {
        *self.created.get_or_init(clock::created_timestamp)
    }

    /// Sets the created timestamp to now, unless it is set.
    pub(crate) fn set_created_now(&self) {
        self.created();
    }

    /// Number of values that were rejected, such as a NaN observed by a histogram.
    pub(crate) fn rejected_count(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// A cell that is never exposed. Discarded recordings into gauges and state sets go to it.
    #[cold]
    pub(crate) fn discarded(&self) -> &AtomicU64 {
        &self.open.discarded
    }

    #[cold]
    pub(crate) fn count_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(feature = "catalog")]
impl Family {
    /// For how many seconds a series must be idle before it expires; `None` for never.
    pub(crate) fn expiry_seconds(&self) -> Option<f64> {
        self.has_expiry()
            .then(|| self.open.expiry_nanos as f64 / 1e9)
    }

    /// The names of a state set's states.
    pub(crate) fn state_names(&self) -> &'static [&'static str] {
        self.states
    }
}
