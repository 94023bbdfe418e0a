//! Builds the metric of an annotated function at compile time from the attribute's arguments.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{
        bucket_table::Buckets,
        buckets::{DURATION_BUCKETS, nanos_with_infinity},
        desc::{CowStr, Desc},
        kind::Kind,
        label,
        objective::Objective,
    },
    metric::{
        family::Family,
        histogram::duration_histogram_layout,
        outcome_rows::{OutcomeLabel, OutcomeRows, ResultLabel},
        thread_storage::{MAX_STATIC_CELLS, choose_strategy},
    },
    storage::{layout::Layout, native::NativeConfig},
};

/// A family that functions with the same attribute share, unless their attribute has a `name`.
#[derive(Clone, Copy, Debug)]
pub struct FunctionFamily {
    kind: Kind,
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    /// Whether series are looked up by the labels of a series of another family.
    has_text_keys: bool,
}

impl FunctionFamily {
    /// The shared family of functions with `#[counted]`.
    pub const COUNTED: FunctionFamily = FunctionFamily {
        kind: Kind::Counter,
        name: "function_calls_total",
        help: "Function calls, by outcome.",
        unit: "",
        has_text_keys: false,
    };
    /// The shared family of functions with `#[timed]`.
    pub const TIMED: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_duration_seconds",
        help: "Duration of function calls, by outcome.",
        unit: "seconds",
        has_text_keys: false,
    };
    /// The shared family of functions with `#[timed(sample = ...)]`.
    pub const SAMPLED: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_sampled_duration_seconds",
        help: "Duration of sampled function calls, by outcome. The label sample is the share of \
               calls that is sampled.",
        unit: "seconds",
        has_text_keys: false,
    };
    /// The shared family of functions with `#[timed(busy)]`, beside [`TIMED`](Self::TIMED).
    pub const BUSY: FunctionFamily = FunctionFamily {
        kind: Kind::Histogram,
        name: "function_busy_seconds",
        help: "Time for which calls of async functions were polled, waiting excluded, by outcome.",
        unit: "seconds",
        has_text_keys: true,
    };
    /// The shared family of functions with `#[in_flight]`.
    pub const IN_FLIGHT: FunctionFamily = FunctionFamily {
        kind: Kind::Gauge,
        name: "function_calls_in_flight",
        help: "Function calls in progress.",
        unit: "",
        has_text_keys: false,
    };
}

/// An annotated function: what its attribute and signature say about its metric.
#[derive(Clone, Copy, Debug)]
pub struct FunctionSpec {
    const_labels: &'static [(CowStr, CowStr)],
    /// File, line and module of the function.
    location: (&'static str, u32, &'static str),
    label_names: &'static [CowStr],
    label_values: &'static [Option<&'static [&'static str]>],
    outcome_label: OutcomeLabel,
    result_labels: &'static [ResultLabel],
    objectives: &'static [Objective],
    /// Name, help and unit of the function's own family, if its attribute has a `name`; otherwise
    /// the function records into the shared family.
    own_family: Option<(&'static str, &'static str, &'static str)>,
    buckets: Option<(&'static [f64], &'static Buckets)>,
    native: Option<NativeConfig>,
    has_exemplars: bool,
    busy_family: Option<&'static Family>,
}

impl FunctionSpec {
    /// A function at this location; all its series have the labels `const_labels`.
    pub const fn new(
        const_labels: &'static [(CowStr, CowStr)],
        file: &'static str,
        line: u32,
        module: &'static str,
        outcome_label: OutcomeLabel,
    ) -> Self {
        FunctionSpec {
            const_labels,
            location: (file, line, module),
            label_names: &[],
            label_values: &[],
            outcome_label,
            result_labels: &[],
            objectives: &[],
            own_family: None,
            buckets: None,
            native: None,
            has_exemplars: false,
            busy_family: None,
        }
    }

    /// Sets the labels. The names of result labels come last and have no entry in `values`.
    #[must_use]
    pub const fn labels(
        mut self,
        names: &'static [CowStr],
        values: &'static [Option<&'static [&'static str]>],
        result_labels: &'static [ResultLabel],
    ) -> Self {
        self.label_names = names;
        self.label_values = values;
        self.result_labels = result_labels;
        self
    }

    /// Replaces the shared family by one with this name, help and unit.
    #[must_use]
    pub const fn in_family(
        mut self,
        name: &'static str,
        help: &'static str,
        unit: &'static str,
    ) -> Self {
        self.own_family = Some((name, help, unit));
        self
    }

    /// Sets the classic buckets, in place of [`DURATION_BUCKETS`].
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64], table: &'static Buckets) -> Self {
        self.buckets = Some((bounds, table));
        self
    }

    /// Adds native buckets.
    #[must_use]
    pub const fn native(mut self, native: NativeConfig) -> Self {
        self.native = Some(native);
        self
    }

    /// Takes exemplars from the spans that calls are made in.
    #[must_use]
    pub const fn exemplars(mut self) -> Self {
        self.has_exemplars = true;
        self
    }

    /// Sets the objectives.
    #[must_use]
    pub const fn objectives(mut self, objectives: &'static [Objective]) -> Self {
        self.objectives = objectives;
        self
    }

    /// Sets the family that records how long the function's futures are polled.
    #[must_use]
    pub const fn busy_family(mut self, family: &'static Family) -> Self {
        self.busy_family = Some(family);
        self
    }

    const fn layout(self, shared: FunctionFamily) -> Layout {
        match (shared.kind, self.buckets) {
            (Kind::Histogram, Some((bounds, _))) => duration_histogram_layout(bounds, self.native),
            (Kind::Histogram, None) => duration_histogram_layout(&DURATION_BUCKETS, self.native),
            (Kind::Counter, _) => Layout::Count,
            _ => Layout::UpDown,
        }
    }

    const fn rows(self, shared: FunctionFamily) -> OutcomeRows {
        let starts_with_ok_only = matches!(shared.kind, Kind::Histogram);
        OutcomeRows::new(self.outcome_label, self.result_labels, starts_with_ok_only)
    }

    /// Number of series; `None` if the values of a label are not known at compile time.
    const fn closed_series(self, shared: FunctionFamily) -> Option<usize> {
        if self.rows(shared).has_open_result_labels() {
            None
        } else {
            label::closed_series(self.label_values)
        }
    }

    /// Number of cells of all series; 0 if the values of a label are not known at compile time.
    pub const fn cell_count(self, shared: FunctionFamily) -> usize {
        match self.closed_series(shared) {
            Some(series) => self.layout(shared).cells() * self.rows(shared).len() * series,
            None => 0,
        }
    }

    /// The number of the [storage strategy](choose_strategy) of the function's thread-local value.
    ///
    /// If the call is a future, the value only caches look-ups of series whose labels are not known
    /// at compile time.
    pub const fn strategy(self, shared: FunctionFamily, is_future: bool) -> u8 {
        // Allocates a histogram at its first use, because a thousand timed functions would make
        // every thread's static storage too large.
        let limit = match shared.kind {
            Kind::Histogram => 0,
            _ => MAX_STATIC_CELLS,
        };
        choose_strategy(
            self.local_cells(shared, is_future),
            self.closed_series(shared).is_some(),
            limit,
        )
    }

    /// Number of cells of the function's thread-local value: those of all series, or of one if the
    /// values of a label are not known at compile time.
    pub const fn local_cells(self, shared: FunctionFamily, is_future: bool) -> usize {
        match self.closed_series(shared) {
            None => self.layout(shared).cells() * self.rows(shared).len(),
            Some(_) if is_future => 0,
            Some(_) => self.cell_count(shared),
        }
    }

    /// Builds the family. `cells` are its shared cells, as many as [`cell_count`](Self::cell_count)
    /// returns.
    pub const fn family(self, shared: FunctionFamily, cells: &'static [AtomicU64]) -> Family {
        let (file, line, module) = self.location;
        let (name, help, unit) = match self.own_family {
            Some(own) => own,
            None => (shared.name, shared.help, shared.unit),
        };
        let mut desc = Desc::unchecked(shared.kind, name, help, unit)
            .declared_at(file, line, module)
            .const_labels(self.const_labels)
            .labels(self.label_names)
            .with_objectives(self.objectives);
        if self.own_family.is_none() {
            desc = desc.allow_mixed_labels();
        }
        let is_timed = matches!(shared.kind, Kind::Histogram);
        if is_timed {
            desc = desc.bounds(match self.buckets {
                Some((bounds, _)) => bounds,
                None => &DURATION_BUCKETS,
            });
        }
        let family = Family::new(
            desc,
            self.layout(shared),
            self.rows(shared),
            self.closed_series(shared),
            self.label_values,
            None,
            cells,
        );
        let family = family.with_busy_family(self.busy_family);
        let family = if shared.has_text_keys {
            family.with_text_keys()
        } else {
            family
        };
        let family = if self.has_exemplars {
            family.with_exemplars()
        } else {
            family
        };
        match self.buckets {
            Some((_, table)) => family.buckets(table),
            None if is_timed => family.buckets(&DURATION_TABLE),
            None => family,
        }
    }
}

/// The search table of [`DURATION_BUCKETS`], with the bounds in nanoseconds.
static DURATION_TABLE: Buckets = {
    const UPPER: [f64; DURATION_BUCKETS.len() + 1] = nanos_with_infinity::<
        { DURATION_BUCKETS.len() },
        { DURATION_BUCKETS.len() + 1 },
    >(&DURATION_BUCKETS);
    Buckets::new(&UPPER)
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_contains_the_objectives() {
        const OBJECTIVES: &[Objective] = &[
            Objective::Latency {
                seconds: 0.25,
                percent: 99.9,
            },
            Objective::Success { percent: 99.5 },
        ];
        const SPEC: FunctionSpec =
            FunctionSpec::new(&[], "file", 1, "module", OutcomeLabel::Omitted)
                .objectives(OBJECTIVES);
        const CELL_COUNT: usize = SPEC.cell_count(FunctionFamily::TIMED);
        static SHARED: [AtomicU64; CELL_COUNT] = [const { AtomicU64::new(0) }; CELL_COUNT];
        static FAMILY: Family = SPEC.family(FunctionFamily::TIMED, &SHARED);
        assert_eq!(FAMILY.desc().objectives(), OBJECTIVES);
    }
}
