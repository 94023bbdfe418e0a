//! Parses the arguments of the function attributes.

use proc_macro2::{Ident, TokenStream};
use syn::{
    LitBool, LitInt, LitStr, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
    token::Paren,
};

use super::{
    grammar::{
        arguments, comma, comma_separated, equals, expression, flag, is_end, items, key, literal,
        path, skip_argument, unknown, value,
    },
    slo, text,
};
use crate::model::{
    Args, BLOCK_ARGUMENT, Enclosing, Errors, INHERITED_ARGUMENT, Instrument, MOVED_ARGUMENT,
    Sample, Slot, either, similar,
};

/// The arguments that the error about an unknown argument lists. Hidden arguments, which only
/// expansions write, are left out.
const ARGUMENTS: [&str; 19] = [
    "name",
    "help",
    "unit",
    "labels",
    "buckets",
    "fallible",
    "ok_if",
    "error_if",
    "err",
    "outcome",
    "sample",
    "busy",
    "future",
    "stream",
    "exemplars",
    "slo",
    "docs",
    "skip",
    "crate",
];

/// Parses the arguments of an attribute. `krate` is the path of metrics-core unless the argument
/// `crate` states another path. The result has the arguments before the first syntax error.
pub(crate) fn args(
    instrument: &'static Instrument,
    tokens: TokenStream,
    krate: Path,
    errors: &mut Errors,
) -> Args {
    let mut args = Args::new(instrument, tokens.clone(), krate);
    let mut own_krate = Slot::default();
    let parser = |input: ParseStream| {
        comma_separated(input, |input| {
            argument(&mut args, &mut own_krate, input, errors)
        })
    };
    let result = parser.parse2(tokens);
    args.is_incomplete |= result.is_err();
    errors.take(result);
    if let Some(krate) = own_krate.into_inner() {
        args.krate = krate;
    }
    args
}

fn argument(
    args: &mut Args,
    krate: &mut Slot<Path>,
    input: ParseStream,
    errors: &mut Errors,
) -> syn::Result<()> {
    let key = &argument_key(input)?;
    match key.to_string().as_str() {
        "name" => args.name.set(key, text(key, input)?, errors),
        "help" => args.help.set(key, text(key, input)?, errors),
        "unit" => args.unit.set(key, text(key, input)?, errors),
        "labels" => {
            let labels = arguments(key, "argument", input)?;
            args.labels.set(key, items(&labels)?, errors);
        }
        "buckets" => {
            let buckets = arguments(key, "0.1, 1.0", input)?;
            args.buckets.set(key, buckets.parse()?, errors);
        }
        "fallible" => args.fallible.set(key, boolean(key, "true", input)?, errors),
        "ok_if" => args.ok_if.set(key, expression(key, "path", input)?, errors),
        "error_if" => args
            .error_if
            .set(key, expression(key, "path", input)?, errors),
        "err" => {
            let err = arguments(key, "kind", input)?;
            args.err.set(key, err.parse()?, errors);
        }
        "outcome" => args.outcome.set(key, boolean(key, "false", input)?, errors),
        "sample" => args.sample.set(key, value(key, "1/16", input)?, errors),
        "busy" => flag(key, &mut args.busy, input, errors)?,
        "future" => args.future.set(key, flag_or_value(key, input)?, errors),
        "stream" => args.stream.set(key, flag_or_value(key, input)?, errors),
        "exemplars" => flag(key, &mut args.exemplars, input, errors)?,
        "slo" => {
            let content = arguments(key, "success = 99.5", input)?;
            slo::objectives(key, &content, &mut args.slo, errors)?;
        }
        "docs" => flag(key, &mut args.docs, input, errors)?,
        "skip" if input.peek(Paren) => foreign(key, input, errors)?,
        "skip" => flag(key, &mut args.skip, input, errors)?,
        "skip_all" | "fields" => foreign(key, input, errors)?,
        "crate" => krate.set(key, path(key, "::metrics_core", input)?, errors),
        BLOCK_ARGUMENT => {
            let content;
            parenthesized!(content in input);
            args.enclosing = Some(content.parse()?);
        }
        INHERITED_ARGUMENT => args.is_inherited = true,
        MOVED_ARGUMENT => args.is_moved = true,
        _ => {
            args.is_incomplete |= similar(key, &ARGUMENTS).is_some();
            unknown("argument", key, &ARGUMENTS, input, errors)?;
        }
    }
    Ok(())
}

/// Parses the key of an argument.
fn argument_key(input: ParseStream) -> syn::Result<Ident> {
    if let Ok(text) = input.fork().parse::<LitStr>() {
        let message = format_args!("an argument has a key; write `name = {}`", text.token());
        return Err(syn::Error::new(text.span(), message));
    }
    key(
        format_args!("an argument; write {}", either(&ARGUMENTS)),
        input,
    )
}

/// Reports an argument of `#[tracing::instrument]` that says which function arguments to record.
fn foreign(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
    let message = if key == "fields" {
        "unknown argument `fields`; write labels as `labels(name = expression)`"
    } else {
        "a function's argument is a label only if `labels(...)` lists it; remove this"
    };
    errors.at(key, message);
    skip_argument(input)
}

fn text(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    equals(key, "\"...\"", input)?;
    text::text(input, |span| {
        let message = format_args!("`{key}` takes a string literal; write `{key} = \"...\"`");
        syn::Error::new(span, message)
    })
}

fn boolean(key: &Ident, example: &str, input: ParseStream) -> syn::Result<LitBool> {
    literal(key, "`true` or `false`", example, input)
}

/// Parses what follows the key of a boolean argument: nothing, which means true, or a value such as
/// `= false`.
fn flag_or_value(key: &Ident, input: ParseStream) -> syn::Result<LitBool> {
    if is_end(input) {
        return Ok(LitBool::new(true, key.span()));
    }
    boolean(key, "false", input)
}

impl Parse for Sample {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let wrong = |span| {
            syn::Error::new(
                span,
                "expected a share of calls; write `sample = 1/16` to time one call in 16",
            )
        };
        let start = input.span();
        let number = |input: ParseStream| {
            let literal: LitInt = input.parse().map_err(|_| wrong(start))?;
            literal
                .base10_parse::<u32>()
                .map_err(|_| wrong(literal.span()))
        };
        let share = number(input)?;
        input.parse::<Token![/]>().map_err(|_| wrong(start))?;
        let of = number(input)?;
        if share == 0 || share > of {
            return Err(wrong(start));
        }
        Ok(Sample { share, of })
    }
}

impl Parse for Enclosing {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ty = input.parse()?;
        let mut generics = Vec::new();
        while !input.is_empty() {
            comma(input)?;
            generics.push(input.call(Ident::parse_any)?);
        }
        Ok(Enclosing { ty, generics })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::grammar::crate_path, *};
    use crate::model::COUNTED;

    #[test]
    fn labels_keep_the_order_in_which_they_are_written() {
        let mut errors = Errors::default();
        let tokens =
            "labels(a, self.b.c, d: D = e, on_return(f = |r| r.g)), err(k: E), sample = 2/3";
        let tokens = tokens.parse().expect("tokens");
        let args = args(&COUNTED, tokens, crate_path("m"), &mut errors);
        assert!(errors.finish().is_ok());
        let names = |labels: Vec<&Ident>| -> Vec<_> {
            labels.into_iter().map(ToString::to_string).collect()
        };
        let entry = args.entry_labels().map(|label| &label.name).collect();
        assert_eq!(names(entry), ["a", "c", "d"]);
        let results = args.result_labels().map(|label| &label.name).collect();
        assert_eq!(names(results), ["f"]);
        let all = args.all_labels().map(|(name, _)| name).collect();
        assert_eq!(names(all), ["a", "c", "d", "f", "k"]);
        let share = args.sample.get().map(|sample| (sample.share, sample.of));
        assert_eq!(share, Some((2, 3)));
    }
}
