//! Parses text that rules apply to, such as the name of a metric: a string literal, or a `concat!`
//! of literals, which is evaluated here. Other macros are errors, because only the compiler can
//! expand them.

use proc_macro2::Span;
use syn::{
    Expr, ExprUnary, Lit, LitStr, Macro, Token, UnOp,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::model::first_span;

/// Parses a string literal or a `concat!` of literals.
///
/// Fails with the error of `otherwise`, which gets the span at fault, for tokens that are neither.
pub(crate) fn text(
    input: ParseStream,
    otherwise: impl FnOnce(Span) -> syn::Error,
) -> syn::Result<LitStr> {
    let span = input.span();
    if input.fork().parse::<LitStr>().is_ok() {
        return input.parse();
    }
    match input.fork().parse::<Expr>() {
        Ok(expression) if is_macro(&expression) => {
            input.parse::<Expr>()?;
            let mut text = String::new();
            push(&expression, &mut text)?;
            Ok(LitStr::new(&text, first_span(&expression)))
        }
        _ => Err(otherwise(span)),
    }
}

fn is_macro(expression: &Expr) -> bool {
    match expression {
        Expr::Group(group) => is_macro(&group.expr),
        Expr::Macro(_) => true,
        _ => false,
    }
}

/// Appends the text of an argument of `concat!`.
fn push(expression: &Expr, text: &mut String) -> syn::Result<()> {
    match expression {
        Expr::Group(group) => push(&group.expr, text)?,
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(literal) => text.push_str(&literal.value()),
            Lit::Char(literal) => text.push(literal.value()),
            Lit::Bool(literal) => text.push_str(&literal.value.to_string()),
            Lit::Int(literal) => text.push_str(literal.base10_digits()),
            Lit::Float(literal) => text.push_str(literal.base10_digits()),
            _ => return Err(unknown(expression)),
        },
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => {
            text.push('-');
            push(expr, text)?;
        }
        Expr::Macro(call) if is_named(&call.mac, "concat") => {
            let list = Punctuated::<Expr, Token![,]>::parse_terminated;
            for argument in list.parse2(call.mac.tokens.clone())? {
                push(&argument, text)?;
            }
        }
        Expr::Macro(call) if is_named(&call.mac, "stringify") => {
            text.push_str(&call.mac.tokens.to_string());
        }
        other => return Err(unknown(other)),
    }
    Ok(())
}

/// Whether `call` calls the macro `name` by that name alone or by its path in `core` or `std`.
fn is_named(call: &Macro, name: &str) -> bool {
    let segments = call.path.segments.iter();
    let path: Vec<String> = segments.map(|segment| segment.ident.to_string()).collect();
    match &path[..] {
        [own] => own == name,
        [krate, own] => (krate == "core" || krate == "std") && own == name,
        _ => false,
    }
}

fn unknown(expression: &Expr) -> syn::Error {
    let message = "the text must be known before the compiler expands macros; write a literal, or a \
                   `concat!` of literals";
    syn::Error::new(first_span(expression), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(tokens: &str) -> Option<String> {
        let parser = |input: ParseStream| {
            text(input, |span| syn::Error::new(span, "neither")).map(|text| text.value())
        };
        parser.parse_str(tokens).ok()
    }

    #[test]
    fn a_concat_of_literals_is_the_text_that_the_compiler_makes_of_it() {
        macro_rules! assert_parsed {
            ($($macro:expr;)*) => {$(
                assert_eq!(parsed(stringify!($macro)).as_deref(), Some($macro));
            )*};
        }
        assert_parsed! {
            "app_total";
            concat!("app", "_total");
            concat!("app_", 1, '_', -2, 1.50, true, "\n",);
            core::concat!("app_", concat!("a", "b"), std::stringify!(name));
        }
        assert_eq!(parsed("concat!()").as_deref(), Some(""));
    }

    #[test]
    fn other_expressions_are_not_text() {
        for tokens in [
            "1",
            "NAME",
            "env!(\"NAME\")",
            "concat!(NAME)",
            "a::concat!(1)",
            "b\"a\"",
        ] {
            assert_eq!(parsed(tokens), None, "{tokens}");
        }
    }
}
