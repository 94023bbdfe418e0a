//! Parses the content of `buckets(...)` and `quantiles(...)`.

use proc_macro2::Ident;
use syn::{
    Expr, ExprLit, ExprUnary, Lit, LitFloat, Token, UnOp,
    parse::{Parse, ParseStream},
};

use super::grammar::{arguments, comma_separated, items, list, unknown, value};
use crate::model::{Bounds, BoundsRule, Buckets, Errors, Native};

/// `native`, `native(growth = 1.1, ...)`, classic bounds, or classic bounds after native buckets.
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
            input.parse::<Token![,]>()?;
        }
        let has_classic = !input.is_empty();
        let classic = has_classic.then(|| input.parse()).transpose()?;
        Ok(Buckets { native, classic })
    }
}

/// A list, `linear(start, width, count)` or `exponential(start, factor, count)`.
impl Parse for Bounds {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(syn::Ident) && input.peek2(syn::token::Paren) {
            let rule: Ident = input.fork().parse()?;
            if rule == "linear" || rule == "exponential" {
                let rule: Ident = input.parse()?;
                let arguments: [Expr; 3] = list(input)?.try_into().map_err(|_| {
                    let step = if rule == "linear" { "width" } else { "factor" };
                    let message = format_args!(
                        "`{rule}` needs three arguments; write `{rule}(start, {step}, count)`"
                    );
                    syn::Error::new(rule.span(), message)
                })?;
                let [start, step, count] = arguments;
                return Ok(Bounds::Rule(Box::new(BoundsRule {
                    name: rule,
                    start: float(start),
                    step: float(step),
                    count,
                })));
            }
        }
        let list = items(input)?;
        Ok(Bounds::List(list.into_iter().map(float).collect()))
    }
}

/// `native` or `native(growth = 1.1, zero_threshold = 1e-9, ...)`.
impl Parse for Native {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        const OPTIONS: [&str; 5] = [
            "growth",
            "zero_threshold",
            "max_zero_threshold",
            "max_buckets",
            "negative",
        ];
        let key: Ident = input.parse()?;
        let mut native = Native::default();
        if !input.peek(syn::token::Paren) {
            return Ok(native);
        }
        let options = arguments(&key, "growth = 1.1", input)?;
        let mut errors = Errors::default();
        comma_separated(&options, |options| {
            let key = &options.parse::<Ident>()?;
            let slot = match key.to_string().as_str() {
                "growth" => &mut native.growth,
                "zero_threshold" => &mut native.zero_threshold,
                "max_zero_threshold" => &mut native.max_zero_threshold,
                "max_buckets" => {
                    let max = value(key, "...", options)?;
                    native.max_buckets.set(key, max, &mut errors);
                    return Ok(());
                }
                "negative" => {
                    native.negative.set(key, (), &mut errors);
                    return Ok(());
                }
                _ => return unknown("option", key, &OPTIONS, options, &mut errors),
            };
            slot.set(key, float(value(key, "...", options)?), &mut errors);
            Ok(())
        })?;
        errors.finish()?;
        Ok(native)
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
