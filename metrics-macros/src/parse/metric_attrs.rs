//! Parses the attributes of a declared metric and of the labels in its list.

use proc_macro2::{Ident, Span};
use syn::{
    Attribute, LitStr, Meta, Path, Token,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use super::{
    grammar::{self, comma_separated, unknown},
    slo::{self, seconds},
    text::text,
};
use crate::model::{
    AllowList, Errors, Expiry, LabelRules, MetricAttrs, Slo, Slot, similar, without_comma,
};

/// Parses the attributes of a declaration.
pub(super) fn metric_attrs(attrs: Vec<Attribute>, errors: &mut Errors) -> MetricAttrs {
    let mut parsed = MetricAttrs::default();
    for attr in attrs {
        let key = attr.path().get_ident().cloned();
        let result = key.map_or(Ok(false), |key| {
            metric_attr(&mut parsed, &key, &attr, errors)
        });
        match result {
            Ok(true) => {}
            Ok(false) => parsed.others.push(attr),
            Err(error) => errors.push(error),
        }
    }
    parsed
}

/// Parses an attribute of a declaration; returns false if it has no meaning to `metrics!`.
fn metric_attr(
    parsed: &mut MetricAttrs,
    key: &Ident,
    attr: &Attribute,
    errors: &mut Errors,
) -> syn::Result<bool> {
    match key.to_string().as_str() {
        "doc" => {
            parsed.help.add(attr)?;
            parsed.docs.push(attr.clone());
        }
        "cfg" => parsed.cfgs.push(attr.clone()),
        "utf8" => flag(&mut parsed.utf8, key, attr, errors)?,
        "existing_name" => flag(&mut parsed.existing_name, key, attr, errors)?,
        "absent_until_set" => flag(&mut parsed.absent_until_set, key, attr, errors)?,
        "exemplars" => flag(&mut parsed.exemplars, key, attr, errors)?,
        "unit" => {
            let unit = text_argument(key, "\"seconds\"", attr)?;
            parsed.unit.set(key, unit, errors);
        }
        "buckets" => {
            let buckets = argument(key, "0.1, 1.0", attr)?;
            parsed.buckets.set(key, buckets, errors);
        }
        "quantiles" => {
            let quantiles = argument(key, "0.5, 0.99", attr)?;
            parsed.quantiles.set(key, quantiles, errors);
        }
        "slo" => slo_attr(parsed, key, attr, errors)?,
        "max_series" => {
            let max = plain_argument(key, "a number", "1000", attr)?;
            parsed.max_series.set(key, max, errors);
        }
        "expire" => {
            let expiry = argument(key, "\"1h\"", attr)?;
            parsed.expire.set(key, expiry, errors);
        }
        "computed" => {
            let function = plain_argument(key, "a function", "path", attr)?;
            parsed.computed.set(key, function, errors);
        }
        "label" | "labels" => {
            let message = "labels stand after the type; write `Counter<(name: &str)>`";
            errors.at(key, message);
        }
        "name" => errors.at(
            key,
            "the name stands after the type; write `= \"app_name\"`",
        ),
        "help" => errors.at(key, "the help is the doc comment; write `/// ...`"),
        _ => match similar(key, &ATTRIBUTES) {
            // The key is misspelt, because no built-in attribute of Rust is similar to one in
            // `ATTRIBUTES`.
            Some(similar) => {
                let message = format_args!("unknown attribute `{key}`; did you mean `{similar}`?");
                errors.at(key, message);
            }
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// The attributes of a declaration whose misspellings `metrics!` reports.
const ATTRIBUTES: [&str; 11] = [
    "utf8",
    "existing_name",
    "absent_until_set",
    "exemplars",
    "unit",
    "buckets",
    "quantiles",
    "slo",
    "max_series",
    "expire",
    "computed",
];

/// Sets an argument that is an attribute without arguments; reports arguments.
fn flag(
    slot: &mut Slot<()>,
    key: &Ident,
    attr: &Attribute,
    errors: &mut Errors,
) -> syn::Result<()> {
    slot.set(key, (), errors);
    if !matches!(attr.meta, Meta::Path(_)) {
        let message = format_args!("`{key}` has no arguments; write `#[{key}]`");
        return Err(syn::Error::new_spanned(&attr.meta, message));
    }
    Ok(())
}

/// Parses the argument of an attribute. `example` is for the error message about a missing one.
fn argument<T: Parse>(key: &Ident, example: &str, attr: &Attribute) -> syn::Result<T> {
    argument_with(T::parse, key, "an argument", example, attr)
}

/// Parses the argument of an attribute that is a string literal. `example` is for the error
/// message.
fn text_argument(key: &Ident, example: &str, attr: &Attribute) -> syn::Result<LitStr> {
    let what = "a string literal";
    let parse = |input: ParseStream| text(input, |span| needs(key, what, example, span));
    argument_with(parse, key, what, example, attr)
}

/// Parses the argument of an attribute. `what` and `example` are for the error message, which
/// replaces that of the parser of `T`.
fn plain_argument<T: Parse>(
    key: &Ident,
    what: &str,
    example: &str,
    attr: &Attribute,
) -> syn::Result<T> {
    let parse = |input: ParseStream| {
        let span = input.span();
        let argument = input.parse();
        argument.map_err(|_| needs(key, what, example, span))
    };
    argument_with(parse, key, what, example, attr)
}

/// Parses the argument of an attribute with `parse`. `what` and the example are for the error
/// message.
fn argument_with<T>(
    parse: impl FnOnce(ParseStream) -> syn::Result<T>,
    key: &Ident,
    what: &str,
    example: &str,
    attr: &Attribute,
) -> syn::Result<T> {
    let list = match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => list,
        _ => return Err(needs(key, what, example, key.span())),
    };
    let parser = |input: ParseStream| {
        let argument = parse(input)?;
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(needs(key, what, example, input.span()));
        }
        Ok(argument)
    };
    list.parse_args_with(parser)
}

fn needs(key: &Ident, what: &str, example: &str, span: Span) -> syn::Error {
    let message = format_args!("`{key}` takes {what}; write `#[{key}({example})]`");
    syn::Error::new(span, message)
}

/// Parses `#[slo(latency = "250ms", objective = 99.9)]`.
fn slo_attr(
    parsed: &mut MetricAttrs,
    key: &Ident,
    attr: &Attribute,
    errors: &mut Errors,
) -> syn::Result<()> {
    if !matches!(attr.meta, Meta::List(_)) {
        let message =
            "the objective is missing; write `#[slo(latency = \"250ms\", objective = 99.9)]`";
        return Err(syn::Error::new(key.span(), message));
    }
    let mut slo = Slo::default();
    attr.parse_args_with(|content: ParseStream| slo::objectives(key, content, &mut slo, errors))?;
    if let Some(key) = slo.success.key() {
        let message = "a histogram does not record success; put the objective on a function, as \
                       `#[counted(slo(success = 99.5))]`";
        errors.at(key, message);
    }
    if let Some(latency) = slo.latency.into_inner() {
        parsed.slo.set(key, latency, errors);
    }
    Ok(())
}

impl Parse for Expiry {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let span = input.span();
        let wrong = || {
            let message = "expected a duration; write a number and `s`, `m`, `h` or `d`, such as \
                           `\"1h\"`";
            syn::Error::new(span, message)
        };
        let literal: LitStr = input.parse().map_err(|_| wrong())?;
        let text = literal.value();
        // Units that `slo::seconds` does not know, in seconds.
        let units = [("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
        let long = units
            .iter()
            .find_map(|(unit, of)| Some((text.strip_suffix(unit)?, of)));
        let seconds = match long {
            Some((number, of)) => {
                seconds(&LitStr::new(&format!("{number}s"), span)).map(|n| n * of)
            }
            None => seconds(&literal),
        };
        let nanos = (seconds.map_err(|_| wrong())? * 1e9).round() as u64;
        if nanos == 0 {
            return Err(wrong());
        }
        Ok(Expiry { nanos, span })
    }
}

/// Parses the attributes of a label.
pub(super) fn label_rules(attrs: &[Attribute], errors: &mut Errors) -> LabelRules {
    let mut rules = LabelRules::default();
    for attr in attrs {
        let result = label_rule(&mut rules, attr, errors);
        errors.take(result);
    }
    rules
}

fn label_rule(rules: &mut LabelRules, attr: &Attribute, errors: &mut Errors) -> syn::Result<()> {
    let key = attr.path().get_ident();
    match key.map(Ident::to_string).as_deref().zip(key) {
        Some(("name", key)) => {
            let name = text_argument(key, "\"...\"", attr)?;
            rules.name.set(key, name, errors);
        }
        Some(("allow_only", key)) => {
            let list = argument(key, "\"GET\", \"POST\"", attr)?;
            rules.allow_only.set(key, list, errors);
        }
        Some(("normalize", key)) => {
            let parse = |input: ParseStream| {
                let span = input.span();
                let path = input.call(Path::parse_mod_style);
                path.map_err(|_| needs(key, "the path of a function", "path", span))
            };
            let path = argument_with(parse, key, "the path of a function", "path", attr)?;
            rules.normalize.set(key, path, errors);
        }
        Some(("cfg", key)) => match &attr.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                rules.cfgs.push(without_comma(list.tokens.clone()));
            }
            _ => return Err(needs(key, "a condition", "unix", key.span())),
        },
        Some(("label", key)) => {
            let parse = |input: ParseStream| {
                comma_separated(input, |input| {
                    let key = &grammar::key("`display`; write `#[label(display)]`", input)?;
                    match key.to_string().as_str() {
                        "display" => grammar::flag(key, &mut rules.display, input, errors),
                        _ => unknown("argument", key, &["display"], input, errors),
                    }
                })
            };
            argument_with(parse, key, "`display`", "display", attr)?;
        }
        _ => {
            let message = "unknown attribute of a label; expected `allow_only`, `cfg`, \
                           `label(display)`, `name` or `normalize`";
            return Err(syn::Error::new(attr.path().span(), message));
        }
    }
    Ok(())
}

impl Parse for AllowList {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut list = AllowList {
            values: Vec::new(),
            other: None,
        };
        comma_separated(input, |input| {
            if list.other.is_some() {
                return Err(input.error("nothing may follow `else`; move this before it"));
            }
            if input.peek(Token![else]) {
                let key = input.call(Ident::parse_any)?;
                list.other = Some(grammar::literal(
                    &key,
                    "a string literal",
                    "\"...\"",
                    input,
                )?);
            } else {
                let value = input.parse().map_err(|error| {
                    let message = "an allow-list has string literals; write `allow_only(\"GET\", \
                                   \"POST\")`";
                    syn::Error::new(error.span(), message)
                })?;
                list.values.push(value);
            }
            Ok(())
        })?;
        Ok(list)
    }
}
