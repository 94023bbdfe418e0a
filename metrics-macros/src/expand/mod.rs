//! Turns the types of `model` into tokens. No function of this module can fail.
//!
//! Most files begin with a small input and its shortened expansion. Complete expansions are in the
//! folder `snapshots`, with which tests compare the output of the macros.
//!
//! Paths to items are absolute: through the path of metrics-core that the user's crate knows, or
//! through `::core`. Variables that user code could clash with begin with `__` or have mixed-site
//! hygiene. So an expansion needs no imports and does not clash with the user's variables. A rule
//! of metrics-core, such as the rule for names, is checked by `const _: () = check_...(...)`, whose
//! tokens have the span of the user's token, which is where the error appears.

mod body;
mod buckets;
mod container;
mod derive;
mod docs;
mod ending;
mod expectations;
mod family;
mod function;
mod metric;
mod output;
mod recorder;
mod stack;
mod tokens;

pub(crate) use self::{
    container::container,
    derive::{label_enum, label_struct},
    function::{function, function_off, measured, measured_off, unmeasured},
    metric::metric,
    stack::{attribute, moved, replace},
};
