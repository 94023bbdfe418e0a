//! Parses the input of `metrics!`.

use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
    spanned::Spanned,
};

use super::{
    grammar::{comma_separated, optional_value, value},
    slo::{self, seconds},
};
use crate::model::{
    AllowList, Declaration, Declarations, Errors, Expiry, LabelRules, LabelsType, ListedLabel,
    MetricAttrs, MetricType, Slo,
};

/// Parses the path of metrics-core, which the `macro_rules!` macro `metrics!` passes, and the
/// user's input.
///
/// Returns a syntax error in a declaration; collects errors in attributes.
pub(crate) fn declarations(tokens: TokenStream, errors: &mut Errors) -> syn::Result<Declarations> {
    let parser = |input: ParseStream| {
        let krate = input.call(Path::parse_mod_style)?;
        let mut prefix = None;
        if input.peek(syn::Ident) && input.peek2(Token![=]) {
            let key: Ident = input.parse()?;
            if key != "prefix" {
                let message = format_args!("unknown setting `{key}`; expected `prefix`");
                return Err(syn::Error::new(key.span(), message));
            }
            input.parse::<Token![=]>()?;
            prefix = Some(input.parse()?);
            input.parse::<Token![;]>()?;
        }
        let mut list = Vec::new();
        while !input.is_empty() {
            list.push(declaration(input, errors)?);
        }
        Ok(Declarations {
            krate,
            prefix,
            list,
        })
    };
    parser.parse2(tokens)
}

fn declaration(input: ParseStream, errors: &mut Errors) -> syn::Result<Declaration> {
    let attrs = metric_attrs(input.call(Attribute::parse_outer)?, errors);
    let vis = input.parse()?;
    let keyword = input.parse()?;
    let ident: Ident = input.parse()?;
    input.parse::<Token![:]>()?;
    let ty = metric_type(input, errors)?;
    let name: Option<LitStr> = optional_value(input)?;
    if input.is_empty() {
        let message = "a declaration ends in `;`; add it";
        return Err(match &name {
            Some(name) => syn::Error::new_spanned(name, message),
            None => syn::Error::new_spanned(&ident, message),
        });
    }
    Ok(Declaration {
        attrs,
        vis,
        keyword,
        end: input.parse()?,
        ident,
        ty,
        name,
    })
}

fn metric_type(input: ParseStream, errors: &mut Errors) -> syn::Result<MetricType> {
    let kind: Ident = input.parse()?;
    let mut ty = MetricType {
        kind,
        states: None,
        labels: LabelsType::None,
    };
    if input.parse::<Option<Token![<]>>()?.is_none() {
        return Ok(ty);
    }
    if ty.kind == "StateSet" {
        ty.states = Some(input.parse()?);
        if input.parse::<Option<Token![,]>>()?.is_some() {
            ty.labels = labels_type(input, errors)?;
        }
    } else {
        ty.labels = labels_type(input, errors)?;
    }
    input.parse::<Token![>]>()?;
    Ok(ty)
}

fn labels_type(input: ParseStream, errors: &mut Errors) -> syn::Result<LabelsType> {
    if !input.peek(syn::token::Paren) {
        return Ok(LabelsType::Type(input.parse()?));
    }
    let content;
    parenthesized!(content in input);
    let mut list = Vec::new();
    comma_separated(&content, |content| {
        let attrs = content.call(Attribute::parse_outer)?;
        let parameter = content.call(Ident::parse_any)?;
        content.parse::<Token![:]>()?;
        list.push(ListedLabel {
            rules: label_rules(&attrs, errors),
            parameter,
            ty: content.parse()?,
        });
        Ok(())
    })?;
    Ok(if list.is_empty() {
        LabelsType::None
    } else {
        LabelsType::List(list)
    })
}

fn metric_attrs(attrs: Vec<Attribute>, errors: &mut Errors) -> MetricAttrs {
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
            parsed
                .help
                .extend(doc(attr).filter(|line| !line.is_empty()));
            parsed.docs.push(attr.clone());
        }
        "cfg" => parsed.cfgs.push(attr.clone()),
        "utf8" => {
            parsed.utf8.set(key, (), errors);
            if !matches!(attr.meta, Meta::Path(_)) {
                let message = "`utf8` has no arguments; write `#[utf8]`";
                return Err(syn::Error::new_spanned(&attr.meta, message));
            }
        }
        "existing_name" => {
            parsed.existing_name.set(key, (), errors);
            if !matches!(attr.meta, Meta::Path(_)) {
                let message = "`existing_name` has no arguments; write `#[existing_name]`";
                return Err(syn::Error::new_spanned(&attr.meta, message));
            }
        }
        "exemplars" => {
            if !matches!(attr.meta, Meta::Path(_)) {
                let message = "`exemplars` has no arguments; write `#[exemplars]`";
                return Err(syn::Error::new(key.span(), message));
            }
            parsed.exemplars.set(key, (), errors);
        }
        "unit" => parsed.unit.set(key, attr.parse_args()?, errors),
        "buckets" => parsed.buckets.set(key, attr.parse_args()?, errors),
        "quantiles" => parsed.quantiles.set(key, attr.parse_args()?, errors),
        "slo" => slo_attr(parsed, key, attr, errors)?,
        "max_series" => parsed.max_series.set(key, attr.parse_args()?, errors),
        "expire" => parsed.expire.set(key, attr.parse_args()?, errors),
        "computed" => parsed.computed.set(key, attr.parse_args()?, errors),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The trimmed text of a `doc` attribute, such as a line of a doc comment; `None` if it is not a
/// string literal.
fn doc(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    }
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

fn label_rules(attrs: &[Attribute], errors: &mut Errors) -> LabelRules {
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
        Some(("name", key)) => rules.name.set(key, attr.parse_args()?, errors),
        Some(("allow_only", key)) => rules.allow_only.set(key, attr.parse_args()?, errors),
        Some(("normalize", key)) => {
            let path = attr.parse_args_with(Path::parse_mod_style)?;
            rules.normalize.set(key, path, errors);
        }
        _ => {
            let message =
                "unknown attribute of a label; expected `allow_only`, `name` or `normalize`";
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
                list.other = Some(value(&key, "\"...\"", input)?);
            } else {
                list.values.push(input.parse()?);
            }
            Ok(())
        })?;
        Ok(list)
    }
}
