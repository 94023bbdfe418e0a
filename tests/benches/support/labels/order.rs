//! [`Order`]: the order in which recordings use the series of a row.

use crate::support::inputs::Random;

/// How recordings choose their series.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// All series equally often, in random order.
    Uniform,
    /// The series of rank n with a frequency of 1/n, as popular and rare routes or tenants.
    Zipf,
    /// Always the same series.
    Same,
}

impl Order {
    /// Returns `length` numbers below `series`.
    pub(super) fn numbers(self, series: usize, length: usize, random: &mut Random) -> Vec<usize> {
        match self {
            Self::Uniform => {
                let mut numbers: Vec<usize> = (0..length).map(|index| index % series).collect();
                random.shuffle(&mut numbers);
                numbers
            }
            Self::Zipf => {
                let mut total = 0.0;
                let up_to_rank: Vec<f64> = (1..=series)
                    .map(|rank| {
                        total += 1.0 / rank as f64;
                        total
                    })
                    .collect();
                let mut next = || {
                    let point = random.below(STEPS) as f64 / STEPS as f64 * total;
                    up_to_rank.partition_point(|sum| *sum <= point)
                };
                (0..length).map(|_| next()).collect()
            }
            Self::Same => vec![7; length],
        }
    }
}

/// Number of points between which random fractions choose.
const STEPS: usize = 1 << 30;
