//! Parses the content of `buckets(...)` and `quantiles(...)`.

use proc_macro2::Ident;
use syn::{
    Expr, ExprLit, ExprUnary, Lit, LitFloat, LitStr, Token, UnOp,
    parse::{Parse, ParseStream},
};

use super::grammar::{
    arguments, comma, comma_separated, expression, flag, is_end, items, key, list, literal, unknown,
};
use crate::model::{Bounds, BoundsRule, Buckets, Errors, Expiry, Native, either};

/// Parses `native`, `native(growth = 1.1, ...)`, classic bounds, or classic bounds after native
/// buckets.
impl Parse for Buckets {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let first: Option<Ident> = input.fork().parse().ok();
        if first.is_none_or(|first| first != "native") {
            return Ok(Buckets {
                native: None,
                classic: Some(input.parse()?),
            });
        }
        let native = Some(input.parse()?);
        if !input.is_empty() {
            comma(input)?;
        }
        let has_classic = !input.is_empty();
        let classic = has_classic.then(|| input.parse()).transpose()?;
        Ok(Buckets { native, classic })
    }
}

/// Parses a list, `linear(start, width, count)` or `exponential(start, factor, count)`.
impl Parse for Bounds {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(syn::Ident) && input.peek2(syn::token::Paren) {
            let rule: Ident = input.fork().parse()?;
            if rule == "linear" || rule == "exponential" {
                let rule: Ident = input.parse()?;
                let list: Vec<Bound> = list(input)?;
                let arguments: [Bound; 3] = list.try_into().map_err(|_| {
                    let step = if rule == "linear" { "width" } else { "factor" };
                    let message = format_args!(
                        "`{rule}` needs three arguments; write `{rule}(start, {step}, count)`"
                    );
                    syn::Error::new(rule.span(), message)
                })?;
                input.parse::<Option<Token![,]>>()?;
                if !input.is_empty() {
                    let message = format_args!("`{rule}` gives all bounds; remove this");
                    return Err(input.error(message));
                }
                let [start, step, count] = arguments.map(|argument| argument.0);
                return Ok(Bounds::Rule(Box::new(BoundsRule {
                    name: rule,
                    start: float(start),
                    step: float(step),
                    count,
                })));
            }
        }
        let list: Vec<Bound> = items(input)?;
        Ok(Bounds::List(
            list.into_iter().map(|bound| float(bound.0)).collect(),
        ))
    }
}

/// A number in a list: a bound, a quantile, or an argument of a rule.
struct Bound(Expr);

impl Parse for Bound {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ahead = input.fork();
        let first: Option<Ident> = ahead.parse().ok();
        if first.is_some_and(|first| first == "native")
            && (is_end(&ahead) || ahead.peek(syn::token::Paren))
        {
            let message = "`native` stands before the bounds; write `buckets(native, 0.1, 1.0)`";
            return Err(input.error(message));
        }
        if input.peek(syn::token::Bracket) {
            let message = "bounds are listed without brackets; write, for example, `0.1, 1.0`";
            return Err(input.error(message));
        }
        let bound = input.parse().map_err(|error: syn::Error| {
            let message = "expected a number; write, for example, `0.1, 1.0`";
            syn::Error::new(error.span(), message)
        })?;
        Ok(Bound(bound))
    }
}

/// Parses `native` or `native(growth = 1.1, zero_threshold = 1e-9, ...)`.
impl Parse for Native {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        const OPTIONS: [&str; 6] = [
            "growth",
            "zero_threshold",
            "max_zero_threshold",
            "max_buckets",
            "reset_after",
            "negative",
        ];
        let native_key: Ident = input.parse()?;
        let mut native = Native::default();
        if !input.peek(syn::token::Paren) {
            return Ok(native);
        }
        let options = arguments(&native_key, "growth = 1.1", input)?;
        let mut errors = Errors::default();
        comma_separated(&options, |options| {
            let key = &key(
                format_args!("an option; write {}", either(&OPTIONS)),
                options,
            )?;
            let slot = match key.to_string().as_str() {
                "growth" => &mut native.growth,
                "zero_threshold" => &mut native.zero_threshold,
                "max_zero_threshold" => &mut native.max_zero_threshold,
                "max_buckets" => {
                    let max = expression(key, "160", options)?;
                    native.max_buckets.set(key, max, &mut errors);
                    return Ok(());
                }
                "reset_after" => {
                    let what = "a duration or `\"never\"`";
                    let ResetAfter(nanos) = literal(key, what, "\"24h\"", options)?;
                    native.reset_after.set(key, nanos, &mut errors);
                    return Ok(());
                }
                "negative" => return flag(key, &mut native.negative, options, &mut errors),
                _ => return unknown("option", key, &OPTIONS, options, &mut errors),
            };
            let example = if key == "growth" { "1.1" } else { "1e-9" };
            slot.set(key, float(expression(key, example, options)?), &mut errors);
            Ok(())
        })?;
        errors.finish()?;
        Ok(native)
    }
}

/// The value of `reset_after`, `"24h"` or `"never"`, in nanoseconds; 0 for never.
struct ResetAfter(u64);

impl Parse for ResetAfter {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input
            .fork()
            .parse::<LitStr>()
            .is_ok_and(|text| text.value() == "never")
        {
            input.parse::<LitStr>()?;
            return Ok(ResetAfter(0));
        }
        let Expiry { nanos, .. } = input.parse()?;
        Ok(ResetAfter(nanos))
    }
}

/// Turns an integer literal into a float literal, so that `buckets(1, 2.5)` compiles.
fn float(expression: Expr) -> Expr {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Int(int),
            attrs,
        }) if int.suffix().is_empty() => {
            let text = format!("{}.0", int.base10_digits());
            let lit = Lit::Float(LitFloat::new(&text, int.span()));
            Expr::Lit(ExprLit { attrs, lit })
        }
        Expr::Unary(ExprUnary {
            attrs,
            op: op @ UnOp::Neg(_),
            expr,
        }) => Expr::Unary(ExprUnary {
            attrs,
            op,
            expr: Box::new(float(*expr)),
        }),
        other => other,
    }
}
