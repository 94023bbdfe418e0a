//! Created timestamps of neighbouring series.

/// Births that stand together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreatedBatch<'a> {
    pub(crate) all: &'a [f64],
    pub(crate) which: &'a [u8],
}

impl<'a> CreatedBatch<'a> {
    /// All that there are, each once, and which of them each series has.
    #[inline(always)]
    pub(crate) fn all_and_which(self) -> (&'a [f64], &'a [u8]) {
        (self.all, self.which)
    }

    /// Each.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = f64> + use<'a> {
        let births = self
            .which
            .iter()
            .map(|which| self.all.get(usize::from(*which)));
        births.map(|birth| birth.copied().unwrap_or_default())
    }

    /// Those after so many.
    pub(crate) fn after(self, some: usize) -> Self {
        CreatedBatch {
            which: &self.which[some..],
            ..self
        }
    }
}

/// No timestamp reaches it.
pub(crate) const YEAR_10000: f64 = 253_402_300_800.0;
