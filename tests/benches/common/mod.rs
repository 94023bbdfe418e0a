//! What the benches against peers have in common: their command line, who is measured, and how
//! they tell what came out.

mod column;
mod numbers;
mod options;
mod report;
mod versions;

pub(crate) use self::column::{Column, Heading, Standing};
pub(crate) use self::numbers::{NOT_MEASURED, Short, median, verdict};
pub(crate) use self::options::Options;
pub(crate) use self::report::report;
