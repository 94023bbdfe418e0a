//! What a format is told of a family before its samples.

use std::sync::OnceLock;

use crate::{describe::desc::Desc, sample::format::Format};

/// A family's head: what its samples have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FamilyHead<'a> {
    /// What a registry puts before the name.
    pub(crate) prefix: &'a str,
    pub(crate) desc: &'a Desc,
    pub(crate) cache: &'a HeadCache,
}

/// How formats have written a family's head, which is the same in every exposition that leaves
/// its name as it is.
#[derive(Debug, Default)]
pub(crate) struct HeadCache {
    pub(crate) text: OnceLock<Box<[u8]>>,
    pub(crate) open_metrics: OnceLock<Box<[u8]>>,
    pub(crate) protobuf: OnceLock<Box<[u8]>>,
}

impl HeadCache {
    /// The head in this format.
    pub(crate) fn for_format(&self, format: Format) -> &OnceLock<Box<[u8]>> {
        match format {
            Format::Text | Format::TextV1 => &self.text,
            Format::OpenMetrics => &self.open_metrics,
            Format::Protobuf => &self.protobuf,
        }
    }
}

/// What is to come of a family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeEstimate {
    pub(crate) series: usize,
    /// What the labels of all come to as [pairs](crate::sample::label_encoding::LabelEncoding::Protobuf), at the most.
    pub(crate) label_bytes: usize,
    /// The same of the one with the longest.
    pub(crate) longest_labels: usize,
    /// Whether each is one number and nothing else.
    pub(crate) are_numbers: bool,
    pub(crate) is_native: bool,
}

impl SizeEstimate {
    /// So many series, of which nothing else is known.
    pub(crate) fn of_series(series: usize) -> Self {
        SizeEstimate {
            series,
            label_bytes: 0,
            longest_labels: 0,
            are_numbers: false,
            is_native: false,
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        SizeEstimate {
            series: self.series + other.series,
            label_bytes: self.label_bytes + other.label_bytes,
            longest_labels: self.longest_labels.max(other.longest_labels),
            are_numbers: self.are_numbers && other.are_numbers,
            is_native: self.is_native || other.is_native,
        }
    }
}
