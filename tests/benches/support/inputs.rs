//! Label values, observations and bounds for the recording bench, shared by all contenders.
//!
//! Label values and observations are generated at run time, so that the compiler cannot predict
//! them.

use std::sync::LazyLock;

/// Values of the first label whose possible values are fixed, for libraries that take strings.
pub(crate) const KINDS: [&str; 4] = ["follow", "shorten", "list", "remove"];
/// Values of the second label whose possible values are fixed, for libraries that take strings.
pub(crate) const OUTCOMES: [&str; 6] = ["ok", "absent", "refused", "late", "full", "broken"];

/// Returns random pairs of a kind and an outcome.
///
/// The arguments are in the order of [`KINDS`] and [`OUTCOMES`], so that all contenders get equal
/// pairs.
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

/// Returns random integers below `limit`.
pub(crate) fn below(limit: usize) -> Inputs<usize> {
    let mut random = Random::new();
    Inputs::new(|| random.below(limit))
}

/// Returns observations from 1 to 65,536, most of them below the last of [`bounds`].
pub(crate) fn values() -> Inputs<f64> {
    let mut random = Random::new();
    Inputs::new(|| {
        let exponent: usize = (0..4).map(|_| random.below(4_000)).sum();
        (exponent as f64 / 1_000.0).exp2()
    })
}

/// Bounds for [`values`]: 1, 2, 4, … 8192.
pub(crate) fn bounds() -> [f64; 14] {
    std::array::from_fn(|index| (index as f64).exp2())
}

/// Bounds for durations, in seconds: 100 ns, 400 ns, … 6.7 s.
pub(crate) fn duration_bounds() -> [f64; 14] {
    std::array::from_fn(|index| 1e-7 * (2.0 * index as f64).exp2())
}

/// [`duration_bounds`] in whole nanoseconds, for libraries that take integers.
pub(crate) fn nanosecond_bounds() -> [u64; 14] {
    std::array::from_fn(|index| 100 << (2 * index))
}

/// Returns pairs of a tenant and a path that form 100 series.
pub(crate) fn few_texts() -> Texts<COUNT> {
    static TEXTS: LazyLock<Texts<COUNT>> = LazyLock::new(|| {
        let mut random = Random::new();
        Texts::new(|_| (10 * random.below(10) + 9, 10 * random.below(10) + 9))
    });
    *TEXTS
}

/// Returns pairs of a tenant and a path that form 10,000 series, each of them at least once.
pub(crate) fn many_texts() -> Texts<MANY> {
    static TEXTS: LazyLock<Texts<MANY>> = LazyLock::new(|| {
        let mut random = Random::new();
        let mut series: Vec<usize> = (0..MANY).map(|index| index % 10_000).collect();
        random.shuffle(&mut series);
        Texts::new(|index| (series[index] / 100, series[index] % 100))
    });
    *TEXTS
}

/// Returns a single pair, repeated.
pub(crate) fn same_texts() -> Texts<COUNT> {
    static TEXTS: LazyLock<Texts<COUNT>> = LazyLock::new(|| Texts::new(|_| (7, 7)));
    *TEXTS
}

/// Returns pairs of a route and a UUID that form 100 series.
pub(crate) fn routes_and_ids() -> Texts<COUNT> {
    static TEXTS: LazyLock<Texts<COUNT>> = LazyLock::new(|| {
        let mut random = Random::new();
        let mut digits = |number: usize| -> String {
            let digit = |_| char::from_digit(random.below(16) as u32, 16);
            (0..number).filter_map(digit).collect()
        };
        let ids: [String; 10] =
            std::array::from_fn(|_| [8, 4, 4, 4, 12].map(&mut digits).join("-"));
        Texts::of(|_| (ROUTES[random.below(10)], ids[random.below(10)].as_str()))
    });
    *TEXTS
}

/// Returns ten routes of about 10 bytes: the paths of [`few_texts`].
pub(crate) fn short_routes() -> Inputs<&'static str> {
    let mut pairs = few_texts().iter();
    Inputs::new(|| pairs.next().expect("there are as many").1)
}

/// Returns the ten routes of [`routes_and_ids`].
pub(crate) fn long_routes() -> Inputs<&'static str> {
    let mut pairs = routes_and_ids().iter();
    Inputs::new(|| pairs.next().expect("there are as many").0)
}

/// A cyclic sequence of inputs.
pub(crate) struct Inputs<T>(Box<[T; COUNT]>);

impl<T: Copy> Inputs<T> {
    fn new(next: impl FnMut() -> T) -> Self {
        let inputs: Box<[T]> = std::iter::repeat_with(next).take(COUNT).collect();
        Self(inputs.try_into().ok().expect("there are COUNT of them"))
    }

    pub(crate) fn at(&self, index: usize) -> T {
        self.0[index % COUNT]
    }
}

/// Pairs of label values, contiguous in memory in the order of their use, as if just received.
#[derive(Clone, Copy)]
pub(crate) struct Texts<const COUNT: usize>(&'static [(&'static str, &'static str); COUNT]);

impl<const COUNT: usize> Texts<COUNT> {
    /// Creates pairs from the numbers of tenant and path, both below 100.
    fn new(mut numbers: impl FnMut(usize) -> (usize, usize)) -> Self {
        Self::of(|index| {
            let (tenant, path) = numbers(index);
            // Each of the two values has 8 to 11 bytes.
            (
                format!("tenant-{}", tenant * tenant),
                format!("/items/{}", path * path),
            )
        })
    }

    fn of<Text: AsRef<str>>(mut pair: impl FnMut(usize) -> (Text, Text)) -> Self {
        let mut all = String::new();
        let mut ends = Vec::new();
        for index in 0..COUNT {
            let (one, other) = pair(index);
            all.push_str(one.as_ref());
            ends.push(all.len());
            all.push_str(other.as_ref());
            ends.push(all.len());
        }
        let mut rest: &'static str = all.leak();
        let mut taken = 0;
        let mut next = |end: usize| {
            let (text, after) = rest.split_at(end - taken);
            (rest, taken) = (after, end);
            text
        };
        let pairs: Vec<_> = ends
            .chunks_exact(2)
            .map(|ends| (next(ends[0]), next(ends[1])))
            .collect();
        let pairs: &'static [_] = pairs.leak();
        Self(pairs.try_into().expect("there are COUNT of them"))
    }

    pub(crate) fn at(self, index: usize) -> (&'static str, &'static str) {
        self.0[index % COUNT]
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().copied()
    }
}

/// The random number generator xorshift64, with a fixed seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    /// Puts the items in a random order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Number of inputs: a power of two, so that the remainder in [`Inputs::at`] is a bit mask.
pub(super) const COUNT: usize = 4096;

/// Number of inputs of [`many_texts`]: also a power of two, for the remainder in [`Texts::at`].
pub(super) const MANY: usize = 16_384;

/// Routes of 25 to 40 bytes.
const ROUTES: [&str; 10] = [
    "/api/v1/customers/{id}/orders",
    "/api/v1/customers/{id}/orders/{order}",
    "/api/v1/customers/{id}/addresses",
    "/api/v1/customers/{id}/invoices/latest",
    "/api/v1/products/search/suggestions",
    "/api/v1/products/{sku}/availability",
    "/repos/{owner}/{repo}/issues/{number}",
    "/repos/{owner}/{repo}/contents/{path}",
    "/repos/{owner}/{repo}/actions/runs/{id}",
    "/users/{user}/subscriptions",
];
