//! What the benches against peers have in common: their command line, who is measured, and how
//! they tell what came out.

mod column;
mod numbers;
mod options;
mod report;
mod versions;

pub(crate) use self::{
    column::{Column, Heading, Standing},
    numbers::{NOT_MEASURED, Short, median, verdict},
    options::Options,
    report::report,
};
