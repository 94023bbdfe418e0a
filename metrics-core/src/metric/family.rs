//! A metric's series and their storage: what every metric type stands on.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{
    describe::{
        bucket_table::Buckets,
        desc::Desc,
        kind::Kind,
        label::LabelSet,
        label_key::{LongKey, with_key},
        label_values::OverflowLabels,
    },
    metric::{
        exemplar::{AUTOMATIC, Exemplars, RowOf, Shape},
        outcome_rows::Rows,
        summary::Windows,
    },
    sample::{
        batch::HistogramBatch,
        head::SizeEstimate,
        label_encoding::max_protobuf_len,
        label_text,
        label_text::LabelView,
        sink::Sink,
        value::{HistogramValue, Number, Observations, SummaryValue, Value},
    },
    series::{id::SeriesId, index::Index},
    storage::{
        self, Reader, Region, clock, layout::Layout, native::NativeHistogramSnapshot, scalar,
    },
};

/// The series that a metric with open labels may have, unless its declaration or
/// [`Registry::max_series`](crate::Registry::max_series) says otherwise.
pub const DEFAULT_MAX_SERIES: usize = 10_000;

/// A metric: its description, its series and their storage.
#[derive(Debug)]
#[doc(hidden)]
pub struct Family {
    desc: Desc,
    layout: Layout,
    rows: Rows,
    /// Words of a row.
    row_width: usize,
    /// Values of closed labels.
    sets: &'static [Option<&'static [&'static str]>],
    /// How many series there are, when all labels are closed.
    pub(crate) closed: Option<usize>,
    /// The storage of closed series.
    pub(crate) region: Region,
    /// Lists this thread's static words.
    pub(crate) touch: Option<fn()>,
    max_series: AtomicUsize,
    /// Whether the cap is the declaration's own.
    capped: bool,
    /// Nanoseconds without change after which a series expires; 0 when none does.
    span: u64,
    index: OnceLock<Box<Index>>,
    /// Rendered labels of the closed series.
    rendered: OnceLock<Box<[Box<str>]>>,
    buckets: Option<BucketsOf>,
    states: &'static [&'static str],
    companion: Option<&'static Family>,
    /// Sliding windows of the series of a summary with quantiles.
    windows: Windows,
    exemplars: Exemplars,
    /// Whether it is a native histogram or looks for exemplars: what is recorded through handles
    /// then takes longer.
    special: bool,
    announced: AtomicBool,
    overflowed: AtomicU64,
    rejected: AtomicU64,
    created: OnceLock<f64>,
}

#[derive(Debug)]
enum BucketsOf {
    Declared(&'static Buckets),
    Owned(Box<Buckets>),
}

impl Family {
    /// A metric with these closed labels, or with open ones.
    pub(crate) const fn new(
        desc: Desc,
        layout: Layout,
        rows: Rows,
        closed: Option<usize>,
        sets: &'static [Option<&'static [&'static str]>],
        touch: Option<fn()>,
        shared: &'static [AtomicU64],
    ) -> Self {
        let series = match closed {
            Some(series) => series,
            None => 0,
        };
        let falls = desc.allows_negative() || layout.is_negative();
        Family {
            desc,
            layout,
            rows,
            row_width: layout.cells(),
            sets,
            closed,
            region: Region::closed(layout, series, rows.len(), shared).can_decrease(falls),
            touch,
            max_series: AtomicUsize::new(DEFAULT_MAX_SERIES),
            capped: false,
            span: 0,
            index: OnceLock::new(),
            rendered: OnceLock::new(),
            buckets: None,
            states: &[],
            companion: None,
            windows: Windows::new(),
            exemplars: Exemplars::by_hand(),
            special: layout.native().is_some(),
            announced: AtomicBool::new(false),
            overflowed: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            created: OnceLock::new(),
        }
    }

    /// With a cap of its own on the series of open labels.
    #[must_use]
    pub const fn max_series(mut self, max: usize) -> Self {
        self.max_series = AtomicUsize::new(max);
        self.capped = true;
        self
    }

    /// With series that expire after so many nanoseconds without change.
    #[must_use]
    pub const fn expire(mut self, span: u64) -> Self {
        self.span = span;
        self
    }

    /// With exemplars of the spans that recordings are made in.
    #[must_use]
    pub const fn with_exemplars(mut self) -> Self {
        std::mem::forget(std::mem::replace(
            &mut self.exemplars,
            Exemplars::of_spans(),
        ));
        self.special = self.special || AUTOMATIC;
        self
    }

    /// With the buckets of a histogram.
    #[must_use]
    pub const fn buckets(mut self, buckets: &'static Buckets) -> Self {
        std::mem::forget(self.buckets.replace(BucketsOf::Declared(buckets)));
        self
    }

    /// With a metric that is recorded along with this one.
    #[must_use]
    pub(crate) const fn with_companion(mut self, companion: Option<&'static Family>) -> Self {
        self.companion = companion;
        self
    }

    /// With the states of a state set.
    #[must_use]
    pub const fn states(mut self, states: &'static [&'static str]) -> Self {
        self.states = states;
        self
    }

    /// A metric made at run time; it has open labels, or none.
    pub(crate) fn dynamic(desc: Desc, layout: Layout, max_series: Option<usize>) -> Self {
        let is_single = desc.labels.is_empty();
        let mut family = Family::new(desc, layout, Rows::ONE, None, &[], None, &[]);
        if is_single {
            family.region = Region::single(layout).can_decrease(family.falls());
            family.closed = Some(1);
        }
        if let Some(max) = max_series {
            family = family.max_series(max);
        }
        if matches!(layout, Layout::Histogram { .. }) && family.desc.kind == Kind::Histogram {
            let buckets = Buckets::from_bounds(&family.desc.bounds);
            family.buckets = Some(BucketsOf::Owned(Box::new(buckets)));
        }
        family
    }

    /// Whether the other was made in the same way, be it elsewhere.
    pub(crate) fn is_like(&self, other: &Family) -> bool {
        let cap = |family: &Family| family.capped.then(|| family.cap());
        self.desc.is_equivalent(&other.desc)
            && self.layout == other.layout
            && self.span == other.span
            && self.exemplars.asked() == other.exemplars.asked()
            && cap(self) == cap(other)
    }

    /// What the metric is.
    pub fn desc(&self) -> &Desc {
        &self.desc
    }

    /// The sliding windows of a summary's series.
    pub(crate) fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The exemplars of its series.
    #[inline(always)]
    pub(crate) fn exemplars(&self) -> &Exemplars {
        &self.exemplars
    }

    /// How many words a row has.
    #[inline(always)]
    pub(crate) fn row_width(&self) -> usize {
        self.row_width
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether it is a native histogram or looks for exemplars.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.special
    }

    /// What bounds the exemplars of a row.
    pub(crate) fn shape(&self) -> Shape {
        match self.layout {
            Layout::Histogram {
                buckets: 1,
                native: Some(_),
                ..
            } => Shape::Native,
            _ => Shape::Buckets,
        }
    }

    pub(crate) fn buckets_of(&self) -> Option<&Buckets> {
        match self.buckets.as_ref()? {
            BucketsOf::Declared(buckets) => Some(buckets),
            BucketsOf::Owned(buckets) => Some(buckets),
        }
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> &Index {
        match self.index.get() {
            Some(index) => index,
            None => self.new_index(),
        }
    }

    #[cold]
    #[inline(never)]
    fn new_index(&self) -> &Index {
        self.index.get_or_init(|| {
            let rows = self.rows.len();
            let index = Index::new(
                self.desc.name(),
                self.layout,
                rows,
                self.cap(),
                self.falls(),
            );
            Box::new(index.expiring(self.span))
        })
    }

    /// How many series there may be.
    fn cap(&self) -> usize {
        self.max_series.load(Ordering::Relaxed)
    }

    /// How many series there may be, where any text makes one.
    #[cfg(feature = "catalog")]
    pub(crate) fn bounded(&self) -> Option<usize> {
        self.is_open().then(|| self.cap())
    }

    /// Seconds without change after which a series expires.
    #[cfg(feature = "catalog")]
    pub(crate) fn expires_after(&self) -> Option<f64> {
        self.expires().then(|| self.span as f64 / 1e9)
    }

    /// The values of the label at this position, if it is closed.
    #[cfg(feature = "catalog")]
    pub(crate) fn closed_values(&self, label: usize) -> Option<&'static [&'static str]> {
        self.sets.get(label).copied().flatten()
    }

    /// The states of a state set.
    #[cfg(feature = "catalog")]
    pub(crate) fn state_names(&self) -> &'static [&'static str] {
        self.states
    }

    /// Sets the cap, unless the declaration has one of its own.
    pub(crate) fn default_max_series(&self, max: usize) {
        if self.capped || self.max_series.swap(max, Ordering::Relaxed) == max {
            return;
        }
        if let Some(index) = self.index.get() {
            index.limit_changed();
        }
    }

    /// Whether idle series expire.
    pub(crate) fn expires(&self) -> bool {
        self.span != 0
    }

    /// Lets the series go that were idle at this time: when an exposition began that has now been
    /// written to its end.
    pub(crate) fn let_go(&self, began: u64) {
        if let Some(index) = self.index.get() {
            index.expire_idle(began, self.cap());
        }
    }

    /// Whether observations may be negative, so that their sum may go down.
    fn falls(&self) -> bool {
        self.desc.allows_negative() || self.layout.is_negative()
    }

    /// Finds or makes the series of these labels, or the overflow series.
    #[inline]
    pub(crate) fn series<L: LabelSet>(&self, labels: &L) -> SeriesId {
        let found = with_key!(L, labels, |key| self.index().find(key));
        found.unwrap_or_else(|| self.series_or_birth(labels))
    }

    #[inline(never)]
    pub(crate) fn series_or_birth(&self, labels: &impl LabelSet) -> SeriesId {
        let index = self.index();
        let key = LongKey::new(labels);
        if let Some(series) = index.find(key.words()) {
            return series;
        }
        if !index.rejects(key.words())
            && let Some(series) =
                index.insert(key.words(), || self.cap(), false, || self.render(labels))
        {
            return series;
        }
        self.overflow()
    }

    /// The series of what finds no other.
    fn overflow(&self) -> SeriesId {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        let index = self.index();
        let overflow = OverflowLabels(self.series_labels());
        let key = LongKey::new(&overflow);
        let found = index.find(key.words());
        found
            .or_else(|| index.insert(key.words(), || self.cap(), true, || self.render(&overflow)))
            // All places are held by handles of removed series: a generation that never was.
            .unwrap_or(SeriesId {
                place: 0,
                generation: 0,
            })
    }

    /// Where to record what was meant for a series that is not there any more.
    #[cold]
    #[inline(never)]
    pub(crate) fn astray(&self, series: SeriesId) -> Option<SeriesId> {
        if series.generation == 0 {
            return None;
        }
        let (region, at) = self.index().region_of(series.place);
        if region.generation(at) == series.generation {
            // Its place is nobody else's yet: one that has expired may come back, others are
            // as if the recording had come before the removal.
            return Some(series);
        }
        let instead = self.expires().then(|| self.overflow());
        instead.filter(|series| series.generation != 0)
    }

    fn render(&self, labels: &impl LabelSet) -> String {
        let mut out = String::new();
        label_text::push_pairs(&mut out, &self.desc.const_labels);
        label_text::push_label_set(&mut out, self.desc.label_names(), labels);
        out
    }

    /// How many of the labels tell series apart, and not the rows within one.
    fn series_labels(&self) -> usize {
        let within = if self.rows.has_open_results() {
            0
        } else {
            self.rows.results().len()
        };
        self.desc.labels.len() - within
    }

    /// The labels of a series as they are rendered; `None` once it was removed.
    pub(crate) fn labels_of(&self, series: SeriesId) -> Option<Box<str>> {
        self.index.get()?.labels(series)
    }

    /// The metric that follows this one: of the time that a future is polled.
    pub(crate) fn companion(&self) -> Option<&'static Family> {
        self.companion
    }

    pub(crate) fn rows(&self) -> Rows {
        self.rows
    }

    /// Labels of the closed series, rendered once.
    fn rendered(&self) -> &[Box<str>] {
        self.rendered.get_or_init(|| {
            let render = |position| {
                let mut out = String::new();
                label_text::push_pairs(&mut out, &self.desc.const_labels);
                label_text::push_closed_labels(
                    &mut out,
                    self.desc.label_names(),
                    self.sets,
                    position,
                );
                out.into_boxed_str()
            };
            (0..self.closed.unwrap_or(0)).map(render).collect()
        })
    }

    /// Removes the series of these labels; false when there was none.
    pub fn remove(&self, labels: &impl LabelSet) -> bool {
        self.index().remove(LongKey::new(labels).words())
    }

    /// Makes these labels the only series.
    pub(crate) fn replace(&'static self, labels: &impl LabelSet) {
        // Two at once would each remove the other's.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        self.announce();
        let series = self.series(labels);
        if let Some(index) = self.index.get() {
            index.retain_series(|other| other == series);
        }
    }

    /// Removes the series for which `keep` says no.
    pub fn retain(&self, mut keep: impl FnMut(LabelView<'_>) -> bool) {
        if let Some(index) = self.index.get() {
            index.retain(|labels| keep(LabelView::new(labels)));
        }
    }

    /// Removes all series.
    pub fn clear(&self) {
        self.retain(|_| false);
    }

    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        match self.closed {
            Some(series) => series,
            None => self.index.get().map_or(0, |index| index.len()),
        }
    }

    /// Whether a label can take values that the declaration does not know.
    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none() && !self.desc.labels.is_empty()
    }

    /// Recordings that went to the overflow series for want of room.
    pub(crate) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// Values that could not be recorded.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    #[cold]
    pub(crate) fn reject(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes sure that the registry knows this metric, also where the linker has dropped its
    /// registration.
    #[inline]
    pub(crate) fn announce(&'static self) {
        if !self.announced.load(Ordering::Relaxed) {
            self.announce_first();
        }
    }

    #[cold]
    fn announce_first(&'static self) {
        // An allocator that records while this thread is at it announces itself the next time.
        storage::without_reentry(|| {
            if !self.announced.swap(true, Ordering::Relaxed) {
                announced().push(self);
            }
        });
    }

    pub(crate) fn created(&self) -> f64 {
        *self.created.get_or_init(clock::created_timestamp)
    }

    /// Notes the birth of what is there from the start.
    pub(crate) fn begin(&self) {
        self.created();
    }

    /// Shows all series: labels with those inside, birth and values.
    ///
    /// `pause` is called when nothing is locked, and ends the visit when it is false.
    pub(crate) fn visit<S: ?Sized>(
        &self,
        sink: &mut S,
        reader: &mut Reader,
        pause: impl Fn(&mut S) -> bool,
        mut each: impl FnMut(&mut S, RowOf, &str, f64, &[u64]),
    ) {
        let mut scratch = String::new();
        let has_one_row = self.has_one_row();
        let mut each_row = |sink: &mut S, series, labels: &str, created, values: &[u64]| {
            let at = |row| RowOf { series, row };
            if has_one_row {
                return each(sink, at(0), labels, created, values);
            }
            let rows = values.chunks_exact(self.layout.value_count());
            for (row, values) in rows.enumerate() {
                if self.rows.shows(row, values) {
                    scratch.clear();
                    scratch.push_str(labels);
                    self.rows.render(&mut scratch, row);
                    each(sink, at(row), &scratch, created, values);
                }
            }
        };
        if self.closed.is_some() {
            let (rendered, created) = (self.rendered(), self.created());
            self.region.read(reader, 0..rendered.len(), |at, values| {
                let series = SeriesId {
                    place: at as u32,
                    generation: 0,
                };
                each_row(sink, series, &rendered[at], created, values);
            });
            pause(sink);
        } else if let Some(index) = self.index.get() {
            let mut from = 0;
            while let Some(next) =
                index.read_tile(reader, from, |series, labels, created, values| {
                    each_row(sink, series, labels, created, values);
                })
            {
                from = next;
                if !pause(sink) {
                    return;
                }
            }
        }
    }

    /// Writes all series.
    pub(crate) fn collect(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        if self.layout == Layout::Count
            && self.has_one_row()
            && !self.expires()
            && !self.exemplars.is_used()
        {
            return self.collect_counters(sink, reader);
        }
        if let Some(index) = self.index.get()
            && matches!(self.layout, Layout::Histogram { native: None, .. })
            && self.desc.kind == Kind::Histogram
            && self.has_one_row()
            && !self.expires()
            && !self.exemplars.is_used()
        {
            return self.collect_histograms(index, sink, reader);
        }
        let mut native = NativeHistogramSnapshot::default();
        self.visit(
            sink,
            reader,
            Sink::checkpoint,
            |sink, at, labels, created, values| {
                self.emit(sink, at, labels, created, values, &mut native);
            },
        );
        self.purge_exemplars();
    }

    /// Lets exemplars go whose series are gone.
    pub(crate) fn purge_exemplars(&self) {
        if self.closed.is_none() {
            let index = self.index.get();
            let is_there = |series| index.is_some_and(|index| index.contains(series));
            self.exemplars.purge(is_there);
        }
    }

    /// Whether it is one series without labels that is one number.
    pub(crate) fn is_single(&self) -> bool {
        self.closed == Some(1)
            && self.has_one_row()
            && self.layout != Layout::FloatCount
            && self.number(&[0, 0]).is_some()
            && self.rendered()[0].is_empty()
    }

    /// What such a series is worth, of which these are the words.
    #[inline(always)]
    pub(crate) fn single(&self, words: &[u64; 2]) -> Number {
        // It is a number.
        self.number(words).unwrap_or(Number::Unsigned(0))
    }

    fn collect_counters(&self, sink: &mut dyn Sink, reader: &mut Reader) {
        if self.closed.is_some() {
            let labels = self.rendered();
            let totals = self.region.read_scalars(reader, 0..labels.len());
            for (labels, total) in labels.iter().zip(totals) {
                sink.write_number(labels, self.created(), Number::Unsigned(*total));
            }
            sink.checkpoint();
        } else if let Some(index) = self.index.get() {
            let mut from = 0;
            let wanted = sink
                .label_rendering()
                .map(|written| index.intern_rendering(written));
            let write = |sink: &mut dyn Sink, reader: &mut Reader, from| {
                index.read_counters(reader, from, wanted.as_ref(), |tile| {
                    sink.write_counters(tile);
                })
            };
            while let Some(next) = write(sink, reader, from) {
                from = next;
                if !sink.checkpoint() {
                    return;
                }
            }
        }
    }

    fn collect_histograms(&self, index: &Index, sink: &mut dyn Sink, reader: &mut Reader) {
        let write = |sink: &mut dyn Sink, reader: &mut Reader, from| {
            index.read_histograms(reader, from, |series, values| {
                sink.write_histograms(&HistogramBatch {
                    series,
                    bounds: &self.desc.bounds,
                    allows_negative: self.falls(),
                    layout: self.layout,
                    values,
                });
            })
        };
        let mut from = 0;
        while let Some(next) = write(sink, reader, from) {
            from = next;
            if !sink.checkpoint() {
                return;
            }
        }
    }

    /// What is to come of it in an exposition.
    pub(crate) fn expected(&self) -> SizeEstimate {
        let labels = self.desc.const_labels.len() + self.desc.labels.len();
        let (series, (label_bytes, longest_labels)) = if let Some(series) = self.closed {
            let lens = || self.rendered().iter().map(|labels| labels.len());
            let all = max_protobuf_len(lens().sum(), series, labels);
            let longest = max_protobuf_len(lens().max().unwrap_or(0), 1, labels);
            (series, (all, longest))
        } else if let Some(index) = self.index.get() {
            index.size(labels)
        } else {
            (0, (0, 0))
        };
        let states = matches!(self.desc.kind, Kind::StateSet).then_some(self.states.len());
        SizeEstimate {
            series: series * self.rows.len() * states.unwrap_or(1),
            label_bytes,
            longest_labels,
            are_numbers: self.has_one_row()
                && self.layout.is_scalar()
                && states.is_none()
                && !self.exemplars.is_used(),
            is_native: self.layout.native().is_some(),
        }
    }

    /// Whether each series is one, and not one for each way in which calls can end.
    fn has_one_row(&self) -> bool {
        self.rows.len() == 1 && !self.rows.has_open_results()
    }

    /// Writes one series.
    #[inline]
    pub(crate) fn emit(
        &self,
        sink: &mut dyn Sink,
        at: RowOf,
        labels: &str,
        created: f64,
        values: &[u64],
        native: &mut NativeHistogramSnapshot,
    ) {
        if let Some(number) = self.number(values) {
            if self.exemplars.is_used() && self.desc.kind == Kind::Counter {
                return self.exemplars.show(at, |exemplars| {
                    let value = Value::Counter(number, exemplars.last());
                    sink.write_series(labels, created, value);
                });
            }
            return sink.write_number(labels, created, number);
        }
        match (self.layout, self.desc.kind) {
            (Layout::Empty, _) => sink.write_series(labels, created, Value::Info),
            (Layout::Histogram { .. }, _) => {
                self.emit_observations(sink, at, labels, created, values, native);
            }
            _ => {
                let state = Value::StateSet(self.states, values[0] as usize);
                sink.write_series(labels, created, state);
            }
        }
    }

    /// What a series that is a single number is worth.
    #[inline(always)]
    fn number(&self, values: &[u64]) -> Option<Number> {
        let float = f64::from_bits;
        Some(match self.layout {
            Layout::Empty | Layout::Histogram { .. } => return None,
            Layout::Count => Number::Unsigned(values[0]),
            Layout::FloatCount => Number::Float(float(values[0]).min(f64::MAX)),
            Layout::Float => Number::Float(float(values[0])),
            Layout::UpDown => Number::Signed(scalar::difference(values[0], values[1])),
            Layout::Int if self.desc.kind == Kind::StateSet => return None,
            Layout::Int => Number::Signed(values[0] as i64),
        })
    }

    fn emit_observations(
        &self,
        sink: &mut dyn Sink,
        at: RowOf,
        labels: &str,
        created: f64,
        values: &[u64],
        native: &mut NativeHistogramSnapshot,
    ) {
        let read = Observations::new(self.layout, values);
        if self.desc.kind == Kind::Histogram {
            let table = self.layout.native_table(values);
            let native = table.map(|table| {
                table.fill(native);
                &*native
            });
            return self.exemplars.show(at, |exemplars| {
                let value = Value::Histogram(HistogramValue {
                    bounds: &self.desc.bounds,
                    counts: read.counts,
                    sum: read.sum,
                    allows_negative: self.falls(),
                    native,
                    exemplars,
                });
                sink.write_series(labels, created, value);
            });
        }
        let quantiles = self.windows.quantiles(at.series, &self.desc.bounds);
        let value = SummaryValue {
            quantiles: &quantiles,
            count: read.count,
            sum: read.sum,
        };
        sink.write_series(labels, created, Value::Summary(value));
    }
}

/// Metrics that have announced themselves by being recorded into.
fn announced() -> impl DerefMut<Target = Vec<&'static Family>> {
    static ANNOUNCED: Mutex<Vec<&'static Family>> = Mutex::new(Vec::new());
    ANNOUNCED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The metric that has announced itself after so many others.
pub(crate) fn announced_at(at: usize) -> Option<&'static Family> {
    announced().get(at).copied()
}

/// A metric that is either declared or made at run time.
#[derive(Clone, Debug)]
pub(crate) enum FamilyRef {
    Declared(&'static Family),
    Dynamic(Arc<Family>),
}

impl Deref for FamilyRef {
    type Target = Family;

    #[inline]
    fn deref(&self) -> &Family {
        match self {
            FamilyRef::Declared(family) => family,
            FamilyRef::Dynamic(family) => family,
        }
    }
}
