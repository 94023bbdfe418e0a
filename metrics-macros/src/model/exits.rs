//! Reports `return` and `?` in code that must not end the function around it.

use syn::{
    Block, Expr, Item,
    visit_mut::{self, VisitMut},
};

use super::Errors;

/// Reports each `return` and `?` that leaves a block in `measure!`. The block is compiled as a closure,
/// in which they would have another meaning. The compiler reports `break` and `continue`.
pub(crate) fn check_exits(block: &mut Block, errors: &mut Errors) {
    let message = |word: &str| {
        format!(
            "`{word}` would leave the measured block and not the function around it; write a \
             closure, `|| {{ ... }}`, and pass its error on with `measure!(...)?`"
        )
    };
    Exits { errors, message }.visit_block_mut(block);
}

/// Reports each `return` and `?` that leaves the value of a label. The value is computed before the
/// call begins, so the function would end without a record of the call.
pub(super) fn check_label_exits(value: &Expr, errors: &mut Errors) {
    let message = |word: &str| {
        format!(
            "`{word}` would end the function before its call is recorded; write a value for the \
             other case as well, or an `Option`, whose label is absent for `None`"
        )
    };
    Exits { errors, message }.visit_expr_mut(&mut value.clone());
}

struct Exits<'e, M> {
    errors: &'e mut Errors,
    message: M,
}

impl<M: Fn(&str) -> String> VisitMut for Exits<'_, M> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        match expression {
            // A `return` or `?` in a closure or an `async` block does not leave the enclosing code.
            Expr::Closure(_) | Expr::Async(_) => return,
            Expr::Return(exit) => {
                let message = (self.message)("return");
                self.errors.at(exit.return_token, message);
            }
            Expr::Try(exit) => self.errors.at(exit.question_token, (self.message)("?")),
            _ => {}
        }
        visit_mut::visit_expr_mut(self, expression);
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}
