//! Parses the arguments of the function attributes.

use proc_macro2::{Ident, TokenStream};
use syn::{
    LitInt, LitStr, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
};

use super::{
    grammar::{arguments, comma_separated, crate_path, items, unknown, value},
    slo,
};
use crate::model::{
    Args, BLOCK_ARGUMENT, Enclosing, Errors, INHERITED_ARGUMENT, Instrument, MOVED_ARGUMENT,
    Sample, Slot,
};

/// The arguments that the error about an unknown argument lists. Hidden arguments, which only
/// expansions write, are left out.
const ARGUMENTS: [&str; 17] = [
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
    "exemplars",
    "slo",
    "docs",
    "skip",
    "crate",
];

/// Parses the arguments of an attribute that the crate `reached_through` re-exports. The result has
/// the arguments before the first syntax error.
pub(crate) fn args(
    instrument: &'static Instrument,
    tokens: TokenStream,
    reached_through: &str,
    errors: &mut Errors,
) -> Args {
    let mut args = Args::new(instrument, tokens.clone(), crate_path(reached_through));
    let mut krate = Slot::default();
    let parser = |input: ParseStream| {
        comma_separated(input, |input| {
            argument(&mut args, &mut krate, input, errors)
        })
    };
    let result = parser.parse2(tokens);
    errors.take(result);
    if let Some(krate) = krate.into_inner() {
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
    let key = &input.call(Ident::parse_any)?;
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
        "fallible" => args.fallible.set(key, value(key, "true", input)?, errors),
        "ok_if" => args.ok_if.set(key, value(key, "path", input)?, errors),
        "error_if" => args.error_if.set(key, value(key, "path", input)?, errors),
        "err" => {
            let err = arguments(key, "kind", input)?;
            args.err.set(key, err.parse()?, errors);
        }
        "outcome" => args.outcome.set(key, value(key, "false", input)?, errors),
        "sample" => args.sample.set(key, value(key, "1/16", input)?, errors),
        "busy" => args.busy.set(key, (), errors),
        "exemplars" => args.exemplars.set(key, (), errors),
        "slo" => {
            let content = arguments(key, "success = 99.5", input)?;
            slo::objectives(key, &content, &mut args.slo, errors)?;
        }
        "docs" => args.docs.set(key, (), errors),
        "skip" => args.skip.set(key, (), errors),
        "crate" => {
            input.parse::<Token![=]>()?;
            krate.set(key, input.call(Path::parse_mod_style)?, errors);
        }
        BLOCK_ARGUMENT => {
            let content;
            parenthesized!(content in input);
            args.enclosing = Some(content.parse()?);
        }
        INHERITED_ARGUMENT => args.is_inherited = true,
        MOVED_ARGUMENT => args.is_moved = true,
        _ => unknown("argument", key, &ARGUMENTS, input, errors)?,
    }
    Ok(())
}

fn text(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    value(key, "\"...\"", input)
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
            input.parse::<Token![,]>()?;
            generics.push(input.call(Ident::parse_any)?);
        }
        Ok(Enclosing { ty, generics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::COUNTED;

    #[test]
    fn labels_keep_the_order_in_which_they_are_written() {
        let mut errors = Errors::default();
        let tokens =
            "labels(a, self.b.c, d: D = e, on_return(f = |r| r.g)), err(k: E), sample = 2/3";
        let tokens = tokens.parse().expect("tokens");
        let args = args(&COUNTED, tokens, "m", &mut errors);
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
