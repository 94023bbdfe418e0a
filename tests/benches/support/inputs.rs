//! What the contenders are given: the same for all, and nothing a compiler could foresee.

/// The labels' values, for libraries that take strings.
pub(crate) const KINDS: [&str; 4] = ["follow", "shorten", "list", "remove"];
/// See [`KINDS`].
pub(crate) const OUTCOMES: [&str; 6] = ["ok", "absent", "refused", "late", "full", "broken"];

/// Pairs of a kind and an outcome, each given in the order of [`KINDS`] and [`OUTCOMES`].
pub(crate) fn pairs<Kind: Copy, Outcome: Copy>(
    kinds: [Kind; 4],
    outcomes: [Outcome; 6],
) -> Inputs<(Kind, Outcome)> {
    let mut random = Random::new();
    Inputs::new(|| {
        let kind = kinds[random.below(kinds.len())];
        (kind, outcomes[random.below(outcomes.len())])
    })
}

/// Values that fall into all of the 14 buckets, most of them into those in the middle.
pub(crate) fn values() -> Inputs<f64> {
    let mut random = Random::new();
    Inputs::new(|| {
        let exponent: usize = (0..4).map(|_| random.below(4_000)).sum();
        (exponent as f64 / 1_000.0).exp2()
    })
}

/// The bounds of all histograms: 1, 2, 4, … 8192.
pub(crate) fn bounds() -> [f64; 14] {
    std::array::from_fn(|index| (index as f64).exp2())
}

/// Bounds for durations: 100 ns, 400 ns, … 6.7 s.
pub(crate) fn duration_bounds() -> [f64; 14] {
    std::array::from_fn(|index| 1e-7 * (2.0 * index as f64).exp2())
}

/// Inputs for any number of operations: after the last comes the first.
pub(crate) struct Inputs<T>(Box<[T; COUNT]>);

impl<T: Copy> Inputs<T> {
    fn new(mut next: impl FnMut() -> T) -> Self {
        let inputs: Box<[T]> = (0..COUNT).map(|_| next()).collect();
        Self(inputs.try_into().ok().expect("there are COUNT of them"))
    }

    pub(crate) fn at(&self, index: usize) -> T {
        self.0[index % COUNT]
    }
}

/// xorshift64: the same numbers in each run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }
}

/// A power of two, so that the remainder costs nothing.
const COUNT: usize = 4096;
