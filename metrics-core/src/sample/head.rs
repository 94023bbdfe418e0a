//! [`FamilyHead`]: the name and description that a format receives before a family's samples.
//! [`SizeEstimate`]: an estimate of the samples' encoded size.

use std::sync::OnceLock;

use crate::{describe::desc::Desc, sample::format::Format};

/// The description of a family: what its samples have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FamilyHead<'a> {
    /// The registry's prefix of the name.
    pub(crate) prefix: &'a str,
    pub(crate) desc: &'a Desc,
    pub(crate) cache: &'a HeadCache,
}

/// The encoded heads of a family, cached because a head is the same in every exposition.
///
/// Used only while the name needs neither escaping nor quotes.
#[derive(Debug, Default)]
pub(crate) struct HeadCache {
    text: OnceLock<Box<[u8]>>,
    open_metrics: OnceLock<Box<[u8]>>,
    protobuf: OnceLock<Box<[u8]>>,
}

impl HeadCache {
    /// The cached head in this format; empty until the head is first written.
    pub(crate) fn for_format(&self, format: Format) -> &OnceLock<Box<[u8]>> {
        match format {
            Format::Text | Format::TextV1 => &self.text,
            Format::OpenMetrics => &self.open_metrics,
            Format::Protobuf => &self.protobuf,
        }
    }
}

/// An estimate of the encoded size of a family's series, for a format that writes the length first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeEstimate {
    pub(crate) series: usize,
    /// An upper bound of the length in protobuf of all series' labels, without the registry's const
    /// labels.
    pub(crate) label_bytes: usize,
    /// An upper bound of the length in protobuf of the longest label set.
    pub(crate) longest_labels: usize,
    /// Whether each series is a single number without exemplar.
    pub(crate) are_numbers: bool,
    /// Whether there are native histograms.
    pub(crate) is_native: bool,
}

impl SizeEstimate {
    /// An estimate for series of which only the number is known.
    ///
    /// The lengths are not used, because `are_numbers` is false.
    pub(crate) fn of_series(series: usize) -> Self {
        SizeEstimate {
            series,
            label_bytes: 0,
            longest_labels: 0,
            are_numbers: false,
            is_native: false,
        }
    }

    /// The estimate for the series of both estimates together.
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
