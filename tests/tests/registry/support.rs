//! Creates options and families for the tests of registries.

use metrics_core::{DynamicFamily, DynamicMetric, Label, Options, Registry};

#[derive(Label, Clone, Copy)]
pub(crate) enum Phase {
    Starting,
    Running,
}

pub(crate) fn options(name: &str) -> Options {
    // `Options::new` records the line of its caller, so all metrics with options from this function
    // have the source location of the next line.
    Options::new(name, "What it is.")
}

pub(crate) fn labelled<M: DynamicMetric>(
    registry: &Registry,
    options: Options,
) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}
