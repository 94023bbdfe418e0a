//! Figures, and how they are written.

use std::fmt::{self, Display, Formatter};

/// The one in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Three digits or so: more would pretend.
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

/// What is said of a target.
pub(crate) fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}

/// Because nobody entered a row, or the command line left it out.
pub(crate) const NOT_MEASURED: &str = "not measured";
