//! [`Measured`]: the input of `measure!`. The code is measured like the body of a function.

use syn::{
    Block, Expr, Item, Path,
    visit_mut::{self, VisitMut},
};

use super::{Args, Errors, Function};

/// The input of `measure!`.
pub(crate) struct Measured {
    /// The path of metrics-core, which `measure!` passes as `$crate`.
    pub(crate) krate: Path,
    /// The attributes by which the code is measured; the first is the outermost.
    pub(crate) attributes: Vec<Args>,
    /// A function without arguments, whose body is the code, with a [`Code`](super::Code).
    pub(crate) function: Function,
}

/// Reports each `return` and `?` that leaves a block. The block is compiled as a closure, in which
/// they would have another meaning. The compiler reports `break` and `continue`.
pub(crate) fn check_exits(block: &mut Block, errors: &mut Errors) {
    struct Exits<'e>(&'e mut Errors);

    impl VisitMut for Exits<'_> {
        fn visit_expr_mut(&mut self, expression: &mut Expr) {
            let message = |word: &str| {
                format!(
                    "`{word}` would leave the measured block and not the function around it; write \
                     a closure, `|| {{ ... }}`, and pass its error on with `measure!(...)?`"
                )
            };
            match expression {
                // A `return` or `?` in these does not leave the block.
                Expr::Closure(_) | Expr::Async(_) => return,
                Expr::Return(exit) => self.0.at(exit.return_token, message("return")),
                Expr::Try(exit) => self.0.at(exit.question_token, message("?")),
                _ => {}
            }
            visit_mut::visit_expr_mut(self, expression);
        }

        fn visit_item_mut(&mut self, _: &mut Item) {}
    }

    Exits(errors).visit_block_mut(block);
}
