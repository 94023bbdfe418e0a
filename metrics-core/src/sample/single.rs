//! [`SingleSamples`]: consecutive families that consist of a single unlabelled sample each.

use std::{fmt, ops::Range, sync::OnceLock};

use super::{
    format::Format,
    head::FamilyHead,
    packed_strings::{PackedSlice, PackedStrings},
    value::Number,
};

/// The maximum number of single-sample families that are read and encoded together.
///
/// Equal to the stride of [`PackedStrings`], so that most batches begin at a line prefix whose
/// start is stored.
pub(crate) const BATCH_SIZE: usize = 128;

/// Consecutive families of a registry that consist of a single unlabelled sample each.
pub(crate) trait SingleFamilies: fmt::Debug {
    fn len(&self) -> usize;

    fn head(&self, at: usize) -> FamilyHead<'_>;

    /// The created timestamp of the sample's series, as Unix time in seconds.
    fn created(&self, at: usize) -> f64;

    /// The value of the sample, decoded from the words that a scrape has read for it.
    fn number(&self, at: usize, words: &[u64; 2]) -> Number;
}

/// A batch of single-sample families, and the words that a scrape has read for their samples.
#[derive(Debug)]
pub(crate) struct SingleSamples<'a> {
    /// The whole run of consecutive families, of which the batch is a part.
    families: &'a dyn SingleFamilies,
    prefixes: &'a LinePrefixes,
    range: Range<usize>,
    /// For each family, whether it is an integer counter, whose value is the first of two `words`.
    are_counters: &'a [bool],
    words: &'a [[u64; 2]],
}

/// The bytes before each family's value in a text format: its head and the start of its line.
///
/// The bytes are cached, because they are the same in every exposition. Only families with names
/// that every scraper accepts are in a batch. A format does not use the bytes if it escapes such
/// names nevertheless, as [`Escaping::Dots`](crate::Escaping::Dots) does.
#[derive(Debug, Default)]
pub(crate) struct LinePrefixes {
    text: OnceLock<PackedStrings>,
    open_metrics: OnceLock<PackedStrings>,
}

impl LinePrefixes {
    fn of(&self, format: Format) -> &OnceLock<PackedStrings> {
        match format {
            Format::OpenMetrics => &self.open_metrics,
            _ => &self.text,
        }
    }
}

impl<'a> SingleSamples<'a> {
    /// A batch of the families in `range`; `are_counters` and `words` have an item for each of
    /// them.
    pub(crate) fn new(
        families: &'a dyn SingleFamilies,
        prefixes: &'a LinePrefixes,
        range: Range<usize>,
        are_counters: &'a [bool],
        words: &'a [[u64; 2]],
    ) -> Self {
        SingleSamples {
            families,
            prefixes,
            range,
            are_counters,
            words,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// The line prefixes of the batch in a text format, made by `write` on first use.
    pub(crate) fn line_prefixes(
        &self,
        format: Format,
        mut write: impl FnMut(FamilyHead<'_>) -> String,
    ) -> PackedSlice<'a> {
        let all = (0..self.families.len()).map(|at| write(self.families.head(at)));
        let prefixes = self
            .prefixes
            .of(format)
            .get_or_init(|| PackedStrings::of(all));
        prefixes.range(self.range.clone())
    }

    /// For each family, whether it is an integer counter, whose value is the first of two `words`.
    #[inline(always)]
    pub(crate) fn are_counters(&self) -> &'a [bool] {
        self.are_counters
    }

    #[inline(always)]
    pub(crate) fn words(&self) -> &'a [[u64; 2]] {
        self.words
    }

    /// The value of a sample; `None` past the end of the batch.
    pub(crate) fn number(&self, at: usize) -> Option<Number> {
        let words = self.words.get(at)?;
        Some(self.families.number(self.range.start + at, words))
    }

    /// Head, created timestamp and value of each family.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FamilyHead<'a>, f64, Number)> {
        self.range.clone().zip(self.words).map(|(at, words)| {
            let families = self.families;
            (
                families.head(at),
                families.created(at),
                families.number(at, words),
            )
        })
    }
}
