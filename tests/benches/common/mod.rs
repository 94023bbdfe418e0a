//! Command line, contenders and reports of the benches that compare this library with others
//! (peers).

mod column;
mod numbers;
mod options;
mod report;
mod versions;

pub(crate) use self::{
    column::{Column, Heading, Role},
    numbers::{NOT_MEASURED, Short, median, verdict},
    options::Options,
    report::report,
};
