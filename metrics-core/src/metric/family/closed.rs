//! [`ClosedSeries`]: the series of a family whose label values are all known at compile time, or
//! which has no labels.

use std::sync::OnceLock;

use crate::{describe::desc::Desc, sample::label_text, storage::Region};

/// For each label, the values that it can have; `None` if they are not known at compile time.
pub(crate) type LabelValues = &'static [Option<&'static [&'static str]>];

/// Series that exist from the start: one for each combination of label values.
#[derive(Debug)]
pub(crate) struct ClosedSeries {
    /// Number of series; `None` if the values of a label are not known at compile time.
    pub(super) count: Option<usize>,
    pub(super) label_values: LabelValues,
    pub(super) region: Region,
    /// Lists the calling thread's cells of a declared metric in the thread's directory, the table
    /// in which handles find cells. A thread's first recording through a handle calls this.
    pub(super) list_cells: Option<fn()>,
    /// Rendered labels of each series.
    labels: OnceLock<Box<[Box<str>]>>,
}

impl ClosedSeries {
    pub(super) const fn new(
        count: Option<usize>,
        label_values: LabelValues,
        region: Region,
        list_cells: Option<fn()>,
    ) -> Self {
        ClosedSeries {
            count,
            label_values,
            region,
            list_cells,
            labels: OnceLock::new(),
        }
    }

    /// The rendered labels of each series, const labels included; rendered by the first call.
    pub(super) fn labels(&self, desc: &Desc) -> &[Box<str>] {
        self.labels.get_or_init(|| {
            let render = |position| {
                let mut out = String::new();
                label_text::push_pairs(&mut out, &desc.const_labels);
                label_text::push_closed_labels(
                    &mut out,
                    desc.label_names(),
                    self.label_values,
                    position,
                );
                out.into_boxed_str()
            };
            (0..self.count.unwrap_or(0)).map(render).collect()
        })
    }
}
