//! [`Measured`]: the input of `measure!`. The code is measured like the body of a function.

use syn::Path;

use super::{Args, Function};

/// The input of `measure!`.
pub(crate) struct Measured {
    /// The path of metrics-core, which `measure!` passes as `$crate`.
    pub(crate) krate: Path,
    /// The attributes by which the code is measured; the first is the outermost.
    pub(crate) attributes: Vec<Args>,
    /// A function without arguments, whose body is the code, with a [`Code`](super::Code).
    pub(crate) function: Function,
}
