//! [`CreatedBatch`]: the created timestamps of consecutive series of one family.

/// The created timestamps of consecutive series, as Unix times in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreatedBatch<'a> {
    /// The timestamps, each once; some may not be in use any more.
    pub(crate) distinct: &'a [f64],
    /// For each series, the index of its timestamp in `distinct`.
    pub(crate) indices: &'a [u8],
}

impl<'a> CreatedBatch<'a> {
    /// The timestamp of each series; 0 if its index is not in `distinct`.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = f64> + use<'a> {
        self.indices.iter().map(move |index| {
            let created = self.distinct.get(usize::from(*index));
            created.copied().unwrap_or_default()
        })
    }

    /// The timestamps without those of the first `n` series.
    pub(crate) fn skip(self, n: usize) -> Self {
        CreatedBatch {
            indices: &self.indices[n..],
            ..self
        }
    }
}

/// The start of the year 10000 as Unix time: the first second that is too late for protobuf.
pub(crate) const YEAR_10000: f64 = 253_402_300_800.0;
