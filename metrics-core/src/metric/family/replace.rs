//! [`Replacement`]: the series with which a program replaces all series of a gauge or state set.

use std::sync::atomic::Ordering;

use crate::{
    describe::{
        label::{self, LabelSet},
        label_values::{LabelCopy, OverflowLabels},
    },
    metric::{family::definition::Family, optional_value},
    series::{key::Key, replace::NewSeries},
    storage::{self, layout::Layout},
};

/// Collects the series that will replace all series of a family.
///
/// No lock is held while the series are collected, because the code of the program that lists them
/// or formats their labels may record into the same family.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct Replacement {
    series: Vec<Listed>,
}

/// A series of a [`Replacement`].
#[derive(Debug)]
struct Listed {
    labels: LabelCopy,
    /// The number of the combination of label values, if the values of all labels are known at
    /// compile time; else 0.
    closed_position: usize,
    value: u64,
}

/// The value of a series of a gauge or state set.
#[doc(hidden)]
pub trait CellValue {
    /// Encodes the value as the content of the series' cell. If the gauge is absent until it is
    /// set, `Family::cell` encodes the content once more.
    fn to_cell(&self) -> u64;
}

impl CellValue for i64 {
    fn to_cell(&self) -> u64 {
        self.cast_unsigned()
    }
}

impl CellValue for f64 {
    fn to_cell(&self) -> u64 {
        self.to_bits()
    }
}

impl Replacement {
    /// Adds a series. If its labels were added before, the last value counts.
    pub fn set<L: LabelSet>(&mut self, labels: &L, value: &impl CellValue) {
        let is_closed = const { label::closed_series(L::VALUE_SETS).is_some() };
        self.series.push(Listed {
            labels: LabelCopy::of(labels),
            closed_position: if is_closed {
                label::position(labels)
            } else {
                0
            },
            value: value.to_cell(),
        });
    }

    /// Replaces all series of a declared family by the collected ones.
    pub fn apply(self, family: &'static Family) {
        family.ensure_registered();
        family.replace_series(&self);
    }
}

impl Family {
    /// Replaces all series; those with labels that exist already stay the same series.
    ///
    /// Series beyond the cardinality limit go to the overflow series. If all label values are known
    /// at compile time, no series can be removed, so series that are not in `by` return to the
    /// initial state: 0, or no value.
    pub(crate) fn replace_series(&self, by: &Replacement) {
        if self.is_closed() {
            return self.replace_closed(by);
        }
        let of = |labels: &LabelCopy, value| NewSeries {
            key: Key::new().words_of(labels).into(),
            labels: self.render(labels),
            value: self.cell(value),
        };
        let new: Vec<NewSeries> = by
            .series
            .iter()
            .map(|new| of(&new.labels, new.value))
            .collect();
        let overflow = |at: usize| {
            let Listed { labels, value, .. } = &by.series[at];
            let labels = OverflowLabels {
                labels,
                is_closed: |at| self.is_closed_label(at),
            };
            of(&LabelCopy::of(&labels), *value)
        };
        let overflowed = self.index().replace(&new, || self.open.limit(), overflow);
        self.open.overflows.count_replaced(overflowed);
    }

    /// Encodes `value` as the content of a series' cell.
    fn cell(&self, value: u64) -> u64 {
        match self.layout {
            Layout::OptionalInt => optional_value::from_int(value.cast_signed()),
            Layout::OptionalFloat => optional_value::from_float(f64::from_bits(value)),
            _ => value,
        }
    }

    fn replace_closed(&self, by: &Replacement) {
        if !self.layout.is_shared() {
            return;
        }
        let cells = self.region().shared();
        let mut values = vec![0; cells.len()];
        for series in &by.series {
            match values.get_mut(series.closed_position) {
                Some(value) => *value = self.cell(series.value),
                None => self.count_rejected(),
            }
        }
        storage::lock_out_scrapes(|| {
            for (cell, value) in cells.iter().zip(values) {
                cell.store(value, Ordering::Relaxed);
            }
        });
    }
}
