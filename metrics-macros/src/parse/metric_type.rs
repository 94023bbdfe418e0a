//! Parses the type of a declared metric: `Counter`, `Counter<(method: &str)>`, `StateSet<States>`.
//!
//! A type that can be understood although it is not well-formed, such as `Counter<method: &str>`, is
//! reported and returned, so that code that uses the metric causes no further errors.

use proc_macro2::{Ident, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    LitStr, Path, Token, Type, ext::IdentExt, parenthesized, parse::ParseStream, token::Paren,
};

use super::{
    grammar::{attributes, comma, is_end, type_of},
    metric_attrs::label_rules,
    spelling::spelled,
};
use crate::model::{Errors, LabelRules, LabelsType, ListedLabel, MetricType, ungrouped};

/// Parses the type of a metric.
pub(super) fn metric_type(input: ParseStream, errors: &mut Errors) -> syn::Result<MetricType> {
    let kind = kind(input, errors)?;
    let mut ty = MetricType {
        kind,
        states: None,
        labels: LabelsType::None,
    };
    if input.peek(Paren) {
        let list = list_in_parentheses(input, errors)?;
        report_list(&ty.kind, &list, errors);
        ty.labels = labels(list);
        return Ok(ty);
    }
    if input.parse::<Option<Token![<]>>()?.is_none() {
        return Ok(ty);
    }
    if ty.kind == "StateSet" {
        ty.states = Some(states(input)?);
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.peek(Token![>]) {
            ty.labels = labels_type(&ty.kind, input, errors)?;
        }
    } else {
        ty.labels = labels_type(&ty.kind, input, errors)?;
    }
    close(&ty.kind, input)?;
    Ok(ty)
}

/// Parses the name of the type.
fn kind(input: ParseStream, errors: &mut Errors) -> syn::Result<Ident> {
    let Ok(path) = input.call(Path::parse_mod_style) else {
        return Err(input.error("expected the type of a metric; write, for example, `Counter`"));
    };
    let kind = path.segments.last().map(|last| last.ident.clone());
    let kind = kind.expect("a path has a segment");
    if path.get_ident().is_none() {
        let message = format_args!("the type has no path in `metrics!`; write `{kind}`");
        errors.at(&path, message);
    }
    Ok(kind)
}

/// Parses the `>` after labels or states.
fn close(kind: &Ident, input: ParseStream) -> syn::Result<()> {
    let comma: Option<Token![,]> = input.parse()?;
    if input.parse::<Option<Token![>]>>()?.is_some() {
        return Ok(());
    }
    if comma.is_some() {
        let message = format_args!(
            "a metric has one list of labels; write `{kind}<(a: A, b: B)>`, or a struct that \
             derives `Labels`"
        );
        return Err(syn::Error::new_spanned(comma, message));
    }
    Err(input.error("`>` is missing before this; add it"))
}

/// Parses the type of the states of a state set.
fn states(input: ParseStream) -> syn::Result<Type> {
    let message = "the type of the states is missing; write `StateSet<States>`, or \
                   `StateSet<States, (name: &str)>` with labels";
    if input.peek(Paren) || input.peek(Token![>]) || begins_label(input) {
        return Err(input.error(message));
    }
    let span = input.span();
    input.parse().map_err(|_| syn::Error::new(span, message))
}

fn labels_type(kind: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<LabelsType> {
    if input.peek(Paren) {
        return Ok(labels(list_in_parentheses(input, errors)?));
    }
    if input.peek(Token![>]) {
        let message =
            format_args!("the labels are missing; write `{kind}<(name: &str)>`, or `{kind}`");
        errors.at(kind, message);
        return Ok(LabelsType::None);
    }
    let begins_with_name = begins_label(input);
    if begins_with_name || input.peek(LitStr) {
        let mut list = Vec::new();
        while !input.is_empty() && !input.peek(Token![>]) {
            list.push(label(list.len(), input, errors)?);
            if !input.peek(Token![>]) {
                comma(input)?;
            }
        }
        if begins_with_name {
            report_list(kind, &list, errors);
        }
        return Ok(labels(list));
    }
    let span = input.span();
    let ty: Type = input.parse().map_err(|_| {
        let message = format_args!(
            "expected labels; write `{kind}<(name: &str)>`, or a struct that derives `Labels`"
        );
        syn::Error::new(span, message)
    })?;
    if is_single_label(&ty) {
        let name = Ident::new("name", span);
        let message = format_args!(
            "a label needs a name; write `{kind}<(name: {})>`",
            spelled(ty.to_token_stream())
        );
        errors.at(&ty, message);
        return Ok(labels(vec![placeholder(name, Some(ty))]));
    }
    Ok(LabelsType::Type(Box::new(ty)))
}

fn labels(list: Vec<ListedLabel>) -> LabelsType {
    if list.is_empty() {
        LabelsType::None
    } else {
        LabelsType::List(list)
    }
}

/// Whether `name:` or an attribute follows.
fn begins_label(input: ParseStream) -> bool {
    let is_name = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
    is_name || input.peek(Token![#])
}

/// Whether the type is that of one label, and not of a struct that derives `Labels`.
fn is_single_label(ty: &Type) -> bool {
    const LABELS: [&str; 15] = [
        "bool", "str", "String", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize",
    ];
    match ungrouped(ty) {
        Type::Path(path) => LABELS.iter().any(|label| path.path.is_ident(label)),
        Type::Reference(reference) => is_single_label(&reference.elem),
        _ => false,
    }
}

/// Reports a list that is not in `<(...)>`.
fn report_list(kind: &Ident, list: &[ListedLabel], errors: &mut Errors) {
    let Some(first) = list.first() else {
        let message = format_args!("labels stand in `<(...)>`; write `{kind}<(name: &str)>`");
        errors.at(kind, message);
        return;
    };
    let labels = list.iter().map(|label| {
        let name = &label.parameter;
        format!("{name}: {}", spelled(label.ty.to_token_stream()))
    });
    let labels: Vec<String> = labels.collect();
    let message = format_args!(
        "labels stand in parentheses within `<>`; write `{kind}<({})>`",
        labels.join(", ")
    );
    errors.at(&first.parameter, message);
}

fn list_in_parentheses(input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<ListedLabel>> {
    let content;
    parenthesized!(content in input);
    let mut list = Vec::new();
    while !content.is_empty() {
        list.push(label(list.len(), &content, errors)?);
        if !content.is_empty() {
            comma(&content)?;
        }
    }
    Ok(list)
}

/// Parses the label `#[...] parameter: Type` at this position of a list. Reports other tokens and
/// returns a placeholder for them.
fn label(position: usize, input: ParseStream, errors: &mut Errors) -> syn::Result<ListedLabel> {
    let attrs = attributes(input)?;
    let rules = label_rules(&attrs, errors);
    let unnamed = format_ident!("label{position}", span = input.span());
    if begins_label(input) {
        let parameter = input.call(Ident::parse_any)?;
        input.parse::<Token![:]>()?;
        if is_end(input) || input.peek(Token![>]) {
            errors.at(&parameter, without_type(&parameter));
            return Ok(placeholder(parameter, None));
        }
        if parameter == "_" && !rules.name.is_set() {
            let ty = type_of(&unnamed, input)?;
            errors.at(&parameter, without_name(&ty));
            return Ok(placeholder(unnamed, Some(ty)));
        }
        return Ok(ListedLabel {
            rules,
            ty: type_of(&parameter, input)?,
            parameter,
        });
    }
    if let Some(quoted) = input.parse::<Option<LitStr>>()? {
        let name = quoted.parse().unwrap_or(unnamed);
        let message = format_args!("a label is written without quotes; write `{name}: &str`");
        errors.at(&quoted, message);
        return Ok(placeholder(name, None));
    }
    let word: Option<Ident> = input.fork().call(Ident::parse_any).ok();
    if let Some(word) = word.filter(|word| !is_type(word)) {
        errors.at(&word, without_type(&word));
        while !is_end(input) && !input.peek(Token![>]) {
            input.parse::<TokenTree>()?;
        }
        return Ok(placeholder(word, None));
    }
    let span = input.span();
    let ty: Type = input.parse().map_err(|_| {
        let message = "expected a label; write `name: &str`";
        syn::Error::new(span, message)
    })?;
    errors.at(&ty, without_name(&ty));
    Ok(placeholder(unnamed, Some(ty)))
}

fn without_name(ty: &Type) -> String {
    format!(
        "the label has no name; write `name: {}`",
        spelled(ty.to_token_stream())
    )
}

fn without_type(name: &Ident) -> String {
    format!("the label has no type; write `{name}: &str`")
}

/// Whether a word is the name of a type rather than of a label.
fn is_type(word: &Ident) -> bool {
    let name = word.to_string();
    name.starts_with(|c: char| c.is_uppercase())
        || syn::parse2(quote!(#word)).is_ok_and(|ty| is_single_label(&ty))
}

/// A label that replaces tokens that are not a label; its type is `&str` if `ty` is `None`.
fn placeholder(parameter: Ident, ty: Option<Type>) -> ListedLabel {
    ListedLabel {
        rules: LabelRules::default(),
        parameter,
        ty: ty.unwrap_or_else(|| syn::parse_quote!(&str)),
    }
}
