//! A function that has an attribute: its metric, and the series that a call belongs to.

use std::{sync::atomic::AtomicU64, thread::LocalKey};

use super::Outcome;
use crate::{
    describe::{
        bucket_table::Buckets,
        buckets::{DURATION_BUCKETS, nanos_with_infinity},
        desc::{CowStr, Desc},
        kind::Kind,
        label,
        label::{Label, LabelSet, LabelVisitor},
        objective::Objective,
    },
    metric::{
        family::Family,
        histogram::duration_histogram_layout,
        outcome_rows::{OutcomeLabel, OutcomeRows, ResultLabel, RowId},
        series_access,
    },
    sample::label_text::LabelView,
    series::id::SeriesId,
    storage::{self, LocalStorage, layout::Layout, native::NativeConfig},
};

/// The family that members of an attribute are in, unless they have one of their own.
#[derive(Clone, Copy, Debug)]
pub struct FunctionFamily {
    kind: Kind,
    name: &'static str,
    help: &'static str,
    unit: &'static str,
}

impl FunctionFamily {
    /// `#[counted]`.
    pub const COUNTED: FunctionFamily = FunctionFamily {
        kind: Kind::Counter,
        name: "function_calls_total",
        help: "Calls of functions, by how they ended.",
        unit: "",
    };
    /// `#[timed]`.
    pub const TIMED: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_duration_seconds",
        help: "Time that calls of functions took, by how they ended.",
        unit: "seconds",
    };
    /// `#[timed(sample = ...)]`.
    pub const SAMPLED: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_sampled_duration_seconds",
        help: "Time that sampled calls of functions took, by how they ended: of all calls, the \
               share that the label sample says.",
        unit: "seconds",
    };
    /// `#[timed(busy)]`.
    pub const BUSY: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_busy_seconds",
        help: "Time that calls of async functions were polled for, waiting left out, by how they \
               ended.",
        unit: "seconds",
    };
    /// `#[in_flight]`.
    pub const IN_FLIGHT: FunctionFamily = FunctionFamily {
        kind: Kind::Gauge,
        name: "function_calls_in_flight",
        help: "Calls of functions in progress.",
        unit: "",
    };
}

/// What an attribute says of its function; made into a metric in `const`.
#[derive(Clone, Copy, Debug)]
pub struct FunctionSpec {
    constant: &'static [(CowStr, CowStr)],
    place: (&'static str, u32, &'static str),
    labels: &'static [CowStr],
    sets: &'static [Option<&'static [&'static str]>],
    outcomes: OutcomeLabel,
    results: &'static [ResultLabel],
    objectives: &'static [Objective],
    own: Option<(&'static str, &'static str, &'static str)>,
    bounds: Option<(&'static [f64], &'static Buckets)>,
    native: Option<NativeConfig>,
    exemplars: bool,
    companion: Option<&'static Family>,
}

impl FunctionSpec {
    /// A function: the labels that all its series have, and the file, line and module.
    pub const fn new(
        constant: &'static [(CowStr, CowStr)],
        file: &'static str,
        line: u32,
        module: &'static str,
        outcomes: OutcomeLabel,
    ) -> Self {
        FunctionSpec {
            constant,
            place: (file, line, module),
            labels: &[],
            sets: &[],
            outcomes,
            results: &[],
            objectives: &[],
            own: None,
            bounds: None,
            native: None,
            exemplars: false,
            companion: None,
        }
    }

    /// With these labels; those of the result come last, and have no set.
    #[must_use]
    pub const fn labels(
        mut self,
        labels: &'static [CowStr],
        sets: &'static [Option<&'static [&'static str]>],
        results: &'static [ResultLabel],
    ) -> Self {
        self.labels = labels;
        self.sets = sets;
        self.results = results;
        self
    }

    /// In a family of its own: name, help and unit.
    #[must_use]
    pub const fn in_family(
        mut self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
    ) -> Self {
        self.own = Some((name, help, unit));
        self
    }

    /// With buckets of its own.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64], buckets: &'static Buckets) -> Self {
        self.bounds = Some((bounds, buckets));
        self
    }

    /// With native buckets besides.
    #[must_use]
    pub const fn native(mut self, native: NativeConfig) -> Self {
        self.native = Some(native);
        self
    }

    /// With exemplars of the spans that calls are made in.
    #[must_use]
    pub const fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// With objectives.
    #[must_use]
    pub const fn objectives(mut self, objectives: &'static [Objective]) -> Self {
        self.objectives = objectives;
        self
    }

    /// With the metric of the time that its future is polled.
    #[must_use]
    pub const fn busy_family(mut self, busy: &'static Family) -> Self {
        self.companion = Some(busy);
        self
    }

    const fn layout(self, as_a: FunctionFamily) -> Layout {
        match (as_a.kind, self.bounds) {
            (Kind::Histogram, Some((bounds, _))) => duration_histogram_layout(bounds, self.native),
            (Kind::Histogram, None) => duration_histogram_layout(&DURATION_BUCKETS, self.native),
            (Kind::Counter, _) => Layout::Count,
            _ => Layout::UpDown,
        }
    }

    const fn rows(self, as_a: FunctionFamily) -> OutcomeRows {
        OutcomeRows::new(
            self.outcomes,
            self.results,
            matches!(as_a.kind, Kind::Histogram),
        )
    }

    /// How many series there are, when all labels are closed.
    const fn closed(self, as_a: FunctionFamily) -> Option<usize> {
        if self.rows(as_a).has_open_result_labels() {
            None
        } else {
            label::closed_series(self.sets)
        }
    }

    /// Words of all series; none where they come and go.
    pub const fn words(self, as_a: FunctionFamily) -> usize {
        match self.closed(as_a) {
            Some(series) => self.layout(as_a).cells() * self.rows(as_a).len() * series,
            None => 0,
        }
    }

    /// The metric; `shared` are so many words as [`words`](Self::words) says.
    pub const fn family(self, as_a: FunctionFamily, shared: &'static [AtomicU64]) -> Family {
        let (file, line, module) = self.place;
        let (name, help, unit) = match self.own {
            Some(own) => own,
            None => (as_a.name, as_a.help, as_a.unit),
        };
        let mut desc = Desc::unchecked(as_a.kind, name, help, unit)
            .declared_at(file, line, module)
            .const_labels(self.constant)
            .labels(self.labels)
            .with_objectives(self.objectives);
        if self.own.is_none() {
            desc = desc.allow_mixed_labels();
        }
        let timed = matches!(as_a.kind, Kind::Histogram);
        if timed {
            desc = desc.bounds(match self.bounds {
                Some((bounds, _)) => bounds,
                None => &DURATION_BUCKETS,
            });
        }
        let (layout, rows, closed) = (self.layout(as_a), self.rows(as_a), self.closed(as_a));
        let family = Family::new(desc, layout, rows, closed, self.sets, None, shared)
            .with_busy_family(self.companion);
        let family = if self.exemplars {
            family.with_exemplars()
        } else {
            family
        };
        match self.bounds {
            Some((_, buckets)) => family.buckets(buckets),
            None if timed => family.buckets(&DURATION_TABLE),
            None => family,
        }
    }
}

static DURATION_TABLE: Buckets = {
    const UPPER: [f64; DURATION_BUCKETS.len() + 1] = nanos_with_infinity::<
        { DURATION_BUCKETS.len() },
        { DURATION_BUCKETS.len() + 1 },
    >(&DURATION_BUCKETS);
    Buckets::new(&UPPER)
};

/// Where a call is recorded.
pub trait CallTarget: Copy {
    /// The function's metric.
    fn family(self) -> &'static Family;
    /// The series, wherever its words are.
    fn called(self) -> CallSeries;
    /// The place with these labels of the result; `None` when its series was removed meanwhile.
    fn finished(self, results: &[String]) -> Option<Self>;
    /// Runs a recording on words of this thread's, which it gets with the number of the first row
    /// of the series.
    fn record(self, op: impl FnOnce(&[AtomicU64], usize));
    /// Passes the place to what is seldom done, one part after the other in registers: to be passed
    /// as it is, it would be written to memory by every call.
    #[inline(always)]
    fn apart(self, outcome: Outcome, then: impl Fn(Self, Outcome)) {
        then(self, outcome);
    }
}

/// A series, whose words are found through the thread's directory.
#[derive(Clone, Copy, Debug)]
pub struct CallSeries {
    family: &'static Family,
    series: SeriesId,
    open: bool,
}

impl CallSeries {
    /// A function without labels, or with labels of its result alone that are closed.
    #[inline(always)]
    pub const fn unlabelled(family: &'static Family) -> Self {
        CallSeries {
            family,
            series: SeriesId {
                place: 0,
                generation: 0,
            },
            open: false,
        }
    }

    /// The series of these labels.
    #[inline(always)]
    pub fn with<L: LabelSet>(family: &'static Family, labels: &L) -> Self {
        if const { label::closed_series(L::VALUE_SETS).is_none() } {
            return CallSeries::open(family, labels);
        }
        CallSeries {
            series: SeriesId {
                place: label::position(labels) as u32,
                generation: 0,
            },
            ..CallSeries::unlabelled(family)
        }
    }

    /// The same where the result gives labels, too: as long as there is none, they are empty.
    pub fn with_result_labels<L: LabelSet>(family: &'static Family, labels: &L) -> Self {
        if family.rows().has_open_result_labels() {
            CallSeries::open(
                family,
                &Unfinished(labels, family.rows().result_labels().len()),
            )
        } else {
            CallSeries::with(family, labels)
        }
    }

    fn open(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.ensure_registered();
        CallSeries {
            family,
            series: family.find_or_create(labels),
            open: true,
        }
    }

    /// The same call in the metric that follows this one.
    pub(super) fn companion(self) -> Option<Self> {
        let family = self.family.busy_family()?;
        if !self.open {
            return Some(CallSeries { family, ..self });
        }
        let labels = self.family.labels_of(self.series)?;
        let names: Vec<&str> = family.desc().label_names().collect();
        let same = Finished {
            names: &names,
            labels: LabelView::new(&labels),
            results: &[],
        };
        Some(CallSeries::open(family, &same))
    }

    /// A row of the series.
    #[inline(always)]
    pub(super) fn row(self, row: usize) -> RowId {
        RowId {
            series: self.series,
            row,
        }
    }

    /// A row of the series in the words that ended threads leave theirs in.
    pub(super) fn shared_row(&self, row: usize) -> Option<&'static [AtomicU64]> {
        let width = self.family.row_width();
        series_access::shared_words(self.family, self.series)?.get(row * width..(row + 1) * width)
    }

    /// The first row of the series among those of closed labels.
    #[inline(always)]
    fn first(self) -> usize {
        match self.series.place as usize {
            0 => 0,
            place => place * self.family.rows().len(),
        }
    }

    #[inline(never)]
    fn record_open(self, op: impl FnOnce(&[AtomicU64], usize)) {
        series_access::record_open(self.family, self.series, |words| op(words, 0));
    }
}

impl CallTarget for CallSeries {
    #[inline(always)]
    fn family(self) -> &'static Family {
        self.family
    }

    #[inline(always)]
    fn called(self) -> CallSeries {
        self
    }

    fn finished(self, results: &[String]) -> Option<Self> {
        let labels = self.family.labels_of(self.series)?;
        let names: Vec<&str> = self.family.desc().label_names().collect();
        let entry = names.len() - self.family.rows().result_labels().len();
        let finished = Finished {
            names: &names[..entry],
            labels: LabelView::new(&labels),
            results,
        };
        Some(CallSeries::open(self.family, &finished))
    }

    #[inline(always)]
    fn record(self, op: impl FnOnce(&[AtomicU64], usize)) {
        if self.open {
            return self.record_open(op);
        }
        let touched = || self.family.ensure_registered();
        let first = self.first();
        let op = move |words: &[AtomicU64]| op(words, first);
        self.family.region().record(touched, op);
    }
}

/// A series of a function that is not `async`, with its words in the thread's static storage.
///
/// The function's own key to them stands in its expansion. As the recorders are inlined there, it
/// is a constant that costs nothing, and no code is generic over the function.
#[derive(Debug)]
pub struct LocalCallSeries<L: LocalStorage> {
    called: CallSeries,
    local: &'static LocalKey<L>,
}

impl<L: LocalStorage> Clone for LocalCallSeries<L> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: LocalStorage> Copy for LocalCallSeries<L> {}

impl<L: LocalStorage> LocalCallSeries<L> {
    /// The series of this call, whose words the key leads to.
    #[inline(always)]
    pub const fn new(called: CallSeries, local: &'static LocalKey<L>) -> Self {
        LocalCallSeries { called, local }
    }
}

impl<L: LocalStorage> CallTarget for LocalCallSeries<L> {
    #[inline(always)]
    fn family(self) -> &'static Family {
        self.called.family
    }

    #[inline(always)]
    fn called(self) -> CallSeries {
        self.called
    }

    fn finished(self, results: &[String]) -> Option<Self> {
        let called = self.called.finished(results)?;
        Some(LocalCallSeries { called, ..self })
    }

    #[inline(always)]
    fn record(self, op: impl FnOnce(&[AtomicU64], usize)) {
        let LocalCallSeries { called, local } = self;
        if called.open {
            return called.record_open(op);
        }
        let touched = || called.family.ensure_registered();
        let first = called.first();
        let op = move |words: &[AtomicU64]| op(words, first);
        storage::record_local(local, called.family.region(), touched, op);
    }

    #[inline(always)]
    fn apart(self, outcome: Outcome, then: impl Fn(Self, Outcome)) {
        let LocalCallSeries { called, local } = self;
        let CallSeries {
            family,
            series,
            open,
        } = called;
        together(local, family, series, open, outcome, then);
    }
}

#[cold]
#[inline(never)]
fn together<L: LocalStorage>(
    local: &'static LocalKey<L>,
    family: &'static Family,
    series: SeriesId,
    open: bool,
    outcome: Outcome,
    then: impl Fn(LocalCallSeries<L>, Outcome),
) {
    let called = CallSeries {
        family,
        series,
        open,
    };
    then(LocalCallSeries { called, local }, outcome);
}

/// Labels, and empty ones of the result that is not there yet.
struct Unfinished<'a, L>(&'a L, usize);

impl<L: LabelSet> LabelSet for Unfinished<'_, L> {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        as_text(self.0, visitor);
        for _ in 0..self.1 {
            visitor.label(&"");
        }
    }
}

/// Labels of a series that is there, with those of a result.
struct Finished<'a> {
    names: &'a [&'a str],
    labels: LabelView<'a>,
    results: &'a [String],
}

impl LabelSet for Finished<'_> {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for name in self.names {
            visitor.label(&self.labels.get(name).unwrap_or_default());
        }
        for text in self.results {
            visitor.label(text);
        }
    }
}

/// Shows labels as open ones, so that keys are alike wherever the texts come from.
fn as_text(labels: &impl LabelSet, visitor: &mut impl LabelVisitor) {
    struct AsText<'a, V>(&'a mut V);

    impl<V: LabelVisitor> LabelVisitor for AsText<'_, V> {
        fn label<L: Label>(&mut self, label: &L) {
            label.with_str(|text| self.0.label(&text));
        }
    }

    labels.visit(&mut AsText(visitor));
}

/// States a label's type, also where the value is one of a similar type.
#[inline(always)]
pub fn typed<L: Label>(label: &L) -> &L {
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_kept_in_the_description() {
        const OBJECTIVES: &[Objective] = &[
            Objective::Latency {
                seconds: 0.25,
                percent: 99.9,
            },
            Objective::Success { percent: 99.5 },
        ];
        static FAMILY: Family = FunctionSpec::new(&[], "file", 1, "module", OutcomeLabel::Omitted)
            .objectives(OBJECTIVES)
            .family(FunctionFamily::TIMED, {
                const WORDS: usize = FunctionSpec::new(&[], "", 1, "", OutcomeLabel::Omitted)
                    .words(FunctionFamily::TIMED);
                static SHARED: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];
                &SHARED
            });
        assert_eq!(FAMILY.desc().objectives(), OBJECTIVES);
    }
}
