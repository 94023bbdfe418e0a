//! Finds `return` and `?`: reports them in code that must not end the function around it, and tells
//! whether a function's body can return before its end.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
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

/// Whether a body may return before its end, through `return`, `?`, or a macro that may expand to
/// them.
///
/// Looks at tokens, which takes less time than parsing the body, and also says yes for a `return` in
/// a closure.
pub(crate) fn may_return_early(body: &TokenStream) -> bool {
    let mut before = [None, None];
    body.clone().into_iter().any(|token| {
        let is_exit = match &token {
            TokenTree::Ident(word) => word == "return",
            TokenTree::Punct(punct) => punct.as_char() == '?',
            TokenTree::Group(group) => {
                is_unknown_macro(&before, group.delimiter()) || may_return_early(&group.stream())
            }
            TokenTree::Literal(_) => false,
        };
        before = [before[1].take(), Some(token)];
        is_exit
    })
}

/// Whether a group of tokens is the input of a macro that is not one of the standard library's, if
/// these two tokens precede the group.
fn is_unknown_macro(before: &[Option<TokenTree>; 2], delimiter: Delimiter) -> bool {
    match before {
        [Some(TokenTree::Ident(name)), Some(TokenTree::Punct(bang))] => {
            // `if !(...)` is a negation.
            let is_keyword = || KEYWORDS.iter().any(|keyword| name == keyword);
            let is_standard = || STANDARD_MACROS.iter().any(|known| name == known);
            bang.as_char() == '!' && delimiter != Delimiter::None && !is_keyword() && !is_standard()
        }
        // The definition of a macro: `macro_rules! name { ... }`.
        [Some(TokenTree::Punct(bang)), Some(TokenTree::Ident(_))] => bang.as_char() == '!',
        _ => false,
    }
}

/// The keywords after which a `!` is an operator.
const KEYWORDS: [&str; 6] = ["break", "else", "if", "in", "match", "while"];

/// The macros of the standard library that functions often call. None of them expands to `return`
/// or `?`, except those in its input.
const STANDARD_MACROS: [&str; 22] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "format",
    "format_args",
    "matches",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn returns_early(body: &str) -> bool {
        may_return_early(&body.parse().expect("tokens"))
    }

    #[test]
    fn a_body_without_return_question_mark_and_macro_ends_at_its_end() {
        for body in [
            "",
            "a + b",
            "if !(a && b) { vec![a; 2].len() } else { format!(\"{a}\").len() }",
            "loop { break !(a) }",
            "std::assert!(a != b); a",
        ] {
            assert!(!returns_early(body), "{body}");
        }
    }

    #[test]
    fn a_body_may_return_early_by_return_question_mark_or_an_unknown_macro() {
        for body in [
            "if a { return; } b",
            "[(a.parse()?, b)]",
            "println!(\"{}\", a?); b",
            "tracing::info!(\"a\"); b",
            "bail![a]",
            "macro_rules! exit { () => { return } } exit! {}",
        ] {
            assert!(returns_early(body), "{body}");
        }
    }
}
