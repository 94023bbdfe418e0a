//! From the types of `model` to tokens. Nothing here can fail.
//!
//! Each file begins with a small input and what it expands to, shortened to what matters; the
//! complete expansions of the function attributes are in the folder `snapshots`, where a test
//! compares them.
//!
//! All paths are absolute, through the path of metrics-core that the user's crate knows, and all
//! locals begin with `__` or have mixed-site hygiene, so that an expansion depends on nothing that
//! is in scope. A rule that only the compiler can check becomes a `const _: () = check_...(...)`
//! whose tokens have the span of the user's token, which is where the error appears.

mod body;
mod buckets;
mod container;
mod derive;
mod docs;
mod ending;
mod family;
mod function;
mod metric;
mod recorder;
mod stack;
mod tokens;

pub(crate) use self::{
    container::container,
    derive::{label_enum, label_struct},
    function::{function, function_off},
    metric::metric,
};
