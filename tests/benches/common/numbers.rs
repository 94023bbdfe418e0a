//! Computes medians, formats numbers and writes verdicts for the benches that compare libraries.

use std::fmt::{self, Display, Formatter};

/// Returns the median, the upper one if the number of figures is even.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Displays a number with about three digits, because more would suggest false precision.
pub(crate) struct Short(pub(crate) f64);

impl Display for Short {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let precision = match self.0 {
            small if small < 9.995 => 2,
            middling if middling < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{:.precision$}", self.0)
    }
}

/// Returns the verdict on a target.
pub(crate) fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

/// Printed in place of a verdict or table for which a figure was not measured.
pub(crate) const NOT_MEASURED: &str = "not measured";
