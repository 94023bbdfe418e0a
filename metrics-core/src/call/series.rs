//! [`CallTarget`]: the series that a call is recorded in, and how the calling thread finds its
//! storage for that series.

use std::{sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    call::outcome::Outcome,
    describe::{
        label,
        label::{Label, LabelSet, LabelVisitor, with_exposed_str},
    },
    metric::{
        family::Family,
        outcome_rows::RowId,
        series_access,
        thread_storage::{ThreadStorage, find_or_create},
    },
    sample::label_text::LabelView,
    series::id::SeriesId,
    storage,
};

/// The series that a call is recorded into, with access to its cells in the calling thread's
/// storage.
pub trait CallTarget: Copy {
    /// The function's family.
    fn family(self) -> &'static Family;

    /// The series alone, without this type's access to the cells.
    fn series(self) -> CallSeries;

    /// The target with these values of the result labels, which are labels of the series; `None` if
    /// the series was removed while the call ran.
    fn with_result_labels(self, values: &[String]) -> Option<Self>;

    /// Calls `op` with a slice of the calling thread's cells, and the number of the first row of
    /// the series in this slice. A row is one combination of outcome and result labels.
    fn record(self, op: impl FnOnce(&[AtomicU64], usize));

    /// Calls `op` for a call that has panicked; [`LocalCallSeries`] does so in a cold function.
    ///
    /// The cold function takes the fields of the target as arguments, in registers. The target
    /// itself would be passed by reference, and every call would have to write it to memory in case
    /// it unwinds.
    #[inline(always)]
    fn call_cold(self, outcome: Outcome, op: impl Fn(Self, Outcome)) {
        op(self, outcome);
    }
}

/// A series that calls are recorded in. Each recording looks up the calling thread's cells of the
/// series.
#[derive(Clone, Copy, Debug)]
pub struct CallSeries {
    family: &'static Family,
    id: SeriesId,
    is_open: bool,
}

impl CallSeries {
    /// The only series of a function without labels, or whose only labels are result labels with
    /// values known at compile time.
    #[inline(always)]
    pub const fn unlabelled(family: &'static Family) -> Self {
        CallSeries {
            family,
            id: SeriesId {
                place: 0,
                generation: 0,
            },
            is_open: false,
        }
    }

    /// The series with these labels, whose values are all known at compile time.
    #[inline(always)]
    fn closed(family: &'static Family, labels: &impl LabelSet) -> Self {
        CallSeries {
            id: SeriesId {
                place: label::position(labels) as u32,
                generation: 0,
            },
            ..CallSeries::unlabelled(family)
        }
    }

    fn open(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.ensure_registered();
        CallSeries {
            family,
            id: family.find_or_create(labels),
            is_open: true,
        }
    }

    /// The series with the same labels in the family that records how long futures are polled.
    pub(super) fn in_busy_family(self) -> Option<Self> {
        let family = self.family.busy_family()?;
        if !self.is_open {
            return Some(CallSeries { family, ..self });
        }
        let labels = self.family.labels_of(self.id)?;
        let names: Vec<&str> = family.desc().label_names().collect();
        let same = WithResults {
            names: &names,
            labels: LabelView::new(&labels),
            results: &[],
        };
        Some(CallSeries::open(family, &same))
    }

    #[inline(always)]
    pub(super) fn row(self, row: usize) -> RowId {
        RowId {
            series: self.id,
            row,
        }
    }

    /// The cells of an outcome row that all threads share; `None` if the series was removed and
    /// another one has its place in the index.
    pub(super) fn shared_row(&self, row: usize) -> Option<&'static [AtomicU64]> {
        let cells = series_access::shared_cells(self.family, self.id)?;
        self.family.row_cells(cells, row)
    }

    /// The number of this series' first outcome row among the rows of all series. The values of all
    /// labels must be known at compile time.
    #[inline(always)]
    fn first_row(self) -> usize {
        match self.id.place as usize {
            // Does not load the number of rows for functions without labels, whose place is the
            // constant 0.
            0 => 0,
            place => place * self.family.rows().len(),
        }
    }

    #[inline(never)]
    fn record_open(self, op: impl FnOnce(&[AtomicU64], usize)) {
        series_access::record_open(self.family, self.id, |cells| op(cells, 0));
    }
}

impl CallTarget for CallSeries {
    #[inline(always)]
    fn family(self) -> &'static Family {
        self.family
    }

    #[inline(always)]
    fn series(self) -> CallSeries {
        self
    }

    fn with_result_labels(self, values: &[String]) -> Option<Self> {
        let labels = self.family.labels_of(self.id)?;
        let names: Vec<&str> = self.family.desc().label_names().collect();
        let result_count = self.family.rows().result_labels().len();
        let with_results = WithResults {
            names: &names[..names.len() - result_count],
            labels: LabelView::new(&labels),
            results: values,
        };
        Some(CallSeries::open(self.family, &with_results))
    }

    #[inline(always)]
    fn record(self, op: impl FnOnce(&[AtomicU64], usize)) {
        if self.is_open {
            return self.record_open(op);
        }
        let register = || self.family.ensure_registered();
        let first = self.first_row();
        let op = move |cells: &[AtomicU64]| op(cells, first);
        self.family.region().record(register, op);
    }
}

/// A series that calls of a function that is not `async` are recorded in, with the key of a
/// thread-local value that belongs to the function. The thread finds its cells through the key.
///
/// The expansion of the attribute contains the key. Recorders are inlined into the expansion, so
/// the key is a constant there, although no code is generic over the function.
#[derive(Debug)]
pub struct LocalCallSeries<L: ThreadStorage> {
    series: CallSeries,
    local: &'static LocalKey<L>,
    /// The cells of the thread in which the call began, if label values are not known at compile
    /// time and the thread had cells of the series.
    cells: Option<L::Cells>,
}

impl<L: ThreadStorage> Clone for LocalCallSeries<L> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: ThreadStorage> Copy for LocalCallSeries<L> {}

impl<L: ThreadStorage> LocalCallSeries<L> {
    /// The only series of a function without labels; see [`CallSeries::unlabelled`].
    #[inline(always)]
    pub const fn unlabelled(family: &'static Family, local: &'static LocalKey<L>) -> Self {
        LocalCallSeries::uncached(CallSeries::unlabelled(family), local)
    }

    /// The series with these labels.
    #[inline(always)]
    pub fn with<S: LabelSet>(
        family: &'static Family,
        local: &'static LocalKey<L>,
        labels: &S,
    ) -> Self {
        if const { label::closed_series(S::VALUE_SETS).is_some() } {
            return LocalCallSeries::uncached(CallSeries::closed(family, labels), local);
        }
        let (id, cells) = find_open(family, local, labels);
        let series = CallSeries {
            family,
            id,
            is_open: true,
        };
        LocalCallSeries {
            series,
            local,
            cells,
        }
    }

    /// The series with these labels, for a function with result labels.
    ///
    /// If the values of a result label are not known at compile time, all result labels are labels
    /// of the series, and are empty until the call returns.
    pub fn with_result_labels<S: LabelSet>(
        family: &'static Family,
        local: &'static LocalKey<L>,
        labels: &S,
    ) -> Self {
        let rows = family.rows();
        if !rows.has_open_result_labels() {
            return LocalCallSeries::with(family, local, labels);
        }
        let labels = WithEmptyResults(labels, rows.result_labels().len());
        LocalCallSeries::uncached(CallSeries::open(family, &labels), local)
    }

    #[inline(always)]
    const fn uncached(series: CallSeries, local: &'static LocalKey<L>) -> Self {
        LocalCallSeries {
            series,
            local,
            cells: None,
        }
    }
}

/// Not inlined, so that functions with labels of the same types share the code.
#[inline(never)]
fn find_open<L: ThreadStorage, S: LabelSet>(
    family: &'static Family,
    local: &'static LocalKey<L>,
    labels: &S,
) -> (SeriesId, Option<L::Cells>) {
    find_or_create(labels, local, family)
}

impl<L: ThreadStorage> CallTarget for LocalCallSeries<L> {
    #[inline(always)]
    fn family(self) -> &'static Family {
        self.series.family
    }

    #[inline(always)]
    fn series(self) -> CallSeries {
        self.series
    }

    fn with_result_labels(self, values: &[String]) -> Option<Self> {
        let series = CallTarget::with_result_labels(self.series, values)?;
        Some(LocalCallSeries::uncached(series, self.local))
    }

    #[inline(always)]
    fn record(self, op: impl FnOnce(&[AtomicU64], usize)) {
        let LocalCallSeries {
            series,
            local,
            cells,
        } = self;
        if series.is_open {
            // Series of functions do not expire.
            return match cells
                .as_ref()
                .and_then(|cells| <L as ThreadStorage>::cells(cells, series.id, false))
            {
                Some(cells) => op(cells, 0),
                None => series.record_open(op),
            };
        }
        let register = || series.family.ensure_registered();
        let first = series.first_row();
        let op = move |cells: &[AtomicU64]| op(cells, first);
        storage::record_local(local, series.family.region(), register, op);
    }

    #[inline(always)]
    fn call_cold(self, outcome: Outcome, op: impl Fn(Self, Outcome)) {
        let LocalCallSeries { series, local, .. } = self;
        let CallSeries {
            family,
            id,
            is_open,
        } = series;
        call_with_fields(local, family, id, is_open, outcome, op);
    }
}

#[cold]
#[inline(never)]
fn call_with_fields<L: ThreadStorage>(
    local: &'static LocalKey<L>,
    family: &'static Family,
    id: SeriesId,
    is_open: bool,
    outcome: Outcome,
    op: impl Fn(LocalCallSeries<L>, Outcome),
) {
    let series = CallSeries {
        family,
        id,
        is_open,
    };
    op(LocalCallSeries::uncached(series, local), outcome);
}

/// Labels of a call that has not returned, followed by this many empty result labels.
struct WithEmptyResults<'a, L>(&'a L, usize);

impl<L: LabelSet> LabelSet for WithEmptyResults<'_, L> {
    // Empty, because the number of labels is known at run time only.
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        visit_as_text(self.0, visitor);
        for _ in 0..self.1 {
            visitor.label(&"");
        }
    }
}

/// The labels called `names` of an existing series, followed by the values of result labels.
struct WithResults<'a> {
    names: &'a [&'a str],
    labels: LabelView<'a>,
    results: &'a [String],
}

impl LabelSet for WithResults<'_> {
    // Empty, because the number of labels is known at run time only.
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for name in self.names {
            visitor.label(&self.labels.get(name).unwrap_or_default());
        }
        for value in self.results {
            visitor.label(value);
        }
    }
}

/// Visits all labels as strings, even those with a fixed set of values, so that
/// [`WithEmptyResults`] and [`WithResults`] give equal keys for equal labels.
fn visit_as_text(labels: &impl LabelSet, visitor: &mut impl LabelVisitor) {
    struct AsText<'a, V>(&'a mut V);

    impl<V: LabelVisitor> LabelVisitor for AsText<'_, V> {
        fn label<L: Label>(&mut self, label: &L) {
            with_exposed_str(label, |text| self.0.label(&text));
        }
    }

    labels.visit(&mut AsText(visitor));
}

/// Returns `label`. The expansion states `L`, so that a value of another type is a compile error
/// unless a reference to it coerces to `&L`.
#[inline(always)]
pub fn typed<L: Label>(label: &L) -> &L {
    label
}
