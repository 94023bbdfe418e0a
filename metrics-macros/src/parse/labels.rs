//! Parses the arguments `labels(...)` and `err(...)` of the function attributes.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{
    Expr, LitStr, Member, Token, Type,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    parse_str,
    token::Paren,
};

use super::{
    grammar::{comma_missing, expression, is_end, list, type_of},
    spelling::spelled,
};
use crate::model::{EntryLabel, ErrLabel, LabelArg, ResultLabel, first_span};

impl Parse for LabelArg {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let start = input.fork();
        let before: Option<Token![%]> = input.parse()?;
        if input.peek(Token![self]) {
            let value: Expr = input.parse().map_err(|error: syn::Error| {
                let message = "expected a field; write `self.field`, or `name = expression`";
                syn::Error::new(error.span(), message)
            })?;
            let name = match &value {
                Expr::Field(field) => match &field.member {
                    Member::Named(name) => name.clone(),
                    Member::Unnamed(index) => return Err(without_name(&start, index.span)),
                },
                other => return Err(without_name(&start, first_span(other))),
            };
            return Ok(LabelArg::Entry(Box::new(EntryLabel {
                name,
                ty: None,
                value: Some(value),
                display: before,
            })));
        }
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(without_name(&start, start.span()));
        };
        if name == "on_return" && before.is_none() && input.peek(Paren) {
            return Ok(LabelArg::OnReturn(on_return(&name, input)?));
        }
        // Refuses words that `r#` cannot precede: no argument can have such a name.
        if ["_", "Self", "crate", "super"]
            .iter()
            .any(|word| name == word)
        {
            return Err(no_label(name.span()));
        }
        let ty = label_type(&name, input)?;
        let (display, value) = entry_value(&name, before, input)?;
        if value.is_none() && is_end(input) && parse_str::<Ident>(&name.to_string()).is_err() {
            // Refuses words that `r#` cannot precede: no argument can have such a name.
            if ["Self", "crate", "super"].iter().any(|word| name == word) {
                return Err(no_label(name.span()));
            }
            let message = format_args!(
                "`{name}` is a keyword; write `r#{name}` for an argument of this name, or \
                 `{name} = expression`"
            );
            return Err(syn::Error::new(name.span(), message));
        }
        if let Some(display) = display.filter(|_| ty.is_some()) {
            let message = format_args!(
                "a label by `Display` is text and has no type; write `{name} = %expression`, or \
                 remove `%`"
            );
            return Err(syn::Error::new(display.span, message));
        }
        if !is_end(input) {
            return Err(match value {
                None if ty.is_none() && !is_one_word(&start) => without_name(&start, name.span()),
                _ => comma_missing(input),
            });
        }
        Ok(LabelArg::Entry(Box::new(EntryLabel {
            name,
            ty,
            value,
            display,
        })))
    }
}

/// Parses the labels in the parentheses after `on_return`.
fn on_return(key: &Ident, input: ParseStream) -> syn::Result<Vec<ResultLabel>> {
    let labels: Vec<ResultLabel> = list(input)?;
    if labels.is_empty() {
        let message = "`on_return` needs labels; write `on_return(name = |result| expression)`";
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(labels)
}

/// Whether the expression at `start` is a single identifier, so that tokens after it are not part
/// of the label.
fn is_one_word(start: ParseStream) -> bool {
    let expression = start.fork().parse::<Expr>();
    matches!(expression, Ok(Expr::Path(path)) if path.path.get_ident().is_some())
}

/// The error about tokens that are not a label, if they do not suggest a name for one.
fn no_label(span: Span) -> syn::Error {
    let message = "expected a label; write `labels(argument)` or `labels(name = expression)`";
    syn::Error::new(span, message)
}

/// The error about tokens at `start` that are not a label. If they are an expression without a name
/// for the label, the error suggests a name.
fn without_name(start: ParseStream, span: Span) -> syn::Error {
    if let Ok(text) = start.fork().parse::<LitStr>() {
        let message = match text.parse::<Ident>() {
            Ok(name) => format!(
                "a label is written without quotes; write `labels({name})` for the argument \
                 `{name}`, or `labels({name} = expression)`"
            ),
            Err(_) => return no_label(span),
        };
        return syn::Error::new(span, message);
    }
    if start.peek(Token![?]) {
        let message = "a label is written without `?`; write `labels(%argument)` for a value that \
                       implements `Display`, or `labels(name = expression)`";
        return syn::Error::new(span, message);
    }
    let is_displayed = start.peek(Token![%]);
    let percent = if is_displayed { "%" } else { "" };
    if is_displayed {
        // Skips the `%` before the expression.
        let _: syn::Result<Token![%]> = start.parse();
    }
    let message = match start.fork().parse::<Expr>() {
        Ok(Expr::Path(path)) if path.path.is_ident("self") => {
            "the label has no name; write `name = expression`, or a field with a name, such as \
             `self.field`"
                .to_owned()
        }
        Ok(Expr::Closure(_)) | Err(_) => return no_label(span),
        Ok(value) => {
            let name = suggested_name(&value);
            let text = spelled(value.to_token_stream());
            let value = if text.len() > 40 { "expression" } else { &text };
            format!("the label has no name; write `{name} = {percent}{value}`")
        }
    };
    syn::Error::new(span, message)
}

/// A name for the label whose value is the expression `value`: that of the field, method, function
/// or variable in the expression.
fn suggested_name(value: &Expr) -> String {
    match value {
        Expr::Field(field) => match &field.member {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(_) => "name".to_owned(),
        },
        Expr::MethodCall(call) => {
            let method = call.method.unraw().to_string();
            let conversions = ["as_", "clone", "into", "to_"];
            if conversions.iter().any(|prefix| method.starts_with(prefix)) {
                suggested_name(&call.receiver)
            } else {
                method
            }
        }
        Expr::Call(call) => suggested_name(&call.func),
        Expr::Path(path) => {
            let last = path.path.segments.last();
            let name = last.map(|last| last.ident.unraw().to_string());
            name.filter(|name| name != "self")
                .unwrap_or_else(|| "name".to_owned())
        }
        Expr::Await(inner) => suggested_name(&inner.base),
        Expr::Cast(inner) => suggested_name(&inner.expr),
        Expr::Group(inner) => suggested_name(&inner.expr),
        Expr::Index(inner) => suggested_name(&inner.expr),
        Expr::Paren(inner) => suggested_name(&inner.expr),
        Expr::Reference(inner) => suggested_name(&inner.expr),
        Expr::Try(inner) => suggested_name(&inner.expr),
        Expr::Unary(inner) => suggested_name(&inner.expr),
        _ => "name".to_owned(),
    }
}

/// Parses the type of a label after its name, if there is one.
fn label_type(name: &Ident, input: ParseStream) -> syn::Result<Option<Type>> {
    if input.peek(Token![::]) || input.parse::<Option<Token![:]>>()?.is_none() {
        return Ok(None);
    }
    if is_end(input) || input.peek(Token![=]) {
        let message = format_args!("the type is missing; write `{name}: Type`, or remove the `:`");
        return Err(syn::Error::new(name.span(), message));
    }
    Ok(Some(type_of(name, input)?))
}

/// Parses the value of a label after its name and type, if there is one, and the `%` before it.
/// `before` is the `%` before the name, which is allowed if there is no value.
fn entry_value(
    name: &Ident,
    before: Option<Token![%]>,
    input: ParseStream,
) -> syn::Result<(Option<Token![%]>, Option<Expr>)> {
    let is_displayed = input.peek(Token![=]) && input.peek2(Token![%]);
    if let Some(before) = before.filter(|_| input.peek(Token![=])) {
        let message = format_args!("`%` stands before the value; write `{name} = %expression`");
        return Err(syn::Error::new(before.span, message));
    }
    if !is_displayed {
        return Ok((before, label_value(name, "expression", input)?));
    }
    input.parse::<Token![=]>()?;
    let display = input.parse()?;
    let value = input.parse().map_err(|error: syn::Error| {
        let message = format_args!("expected an expression; write `{name} = %expression`");
        syn::Error::new(error.span(), message)
    })?;
    Ok((Some(display), Some(value)))
}

/// Parses the value of a label after its name and type, if there is one. `example` is for the error
/// message.
fn label_value(name: &Ident, example: &str, input: ParseStream) -> syn::Result<Option<Expr>> {
    if !input.peek(Token![=]) {
        return Ok(None);
    }
    expression(name, example, input).map(Some)
}

impl Parse for ResultLabel {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        const EXAMPLE: &str = "|result| expression";

        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = format_args!("the label has no name; write `name = {EXAMPLE}`");
            syn::Error::new(error.span(), message)
        })?;
        let ty = label_type(&name, input)?;
        if input.peek(Token![=]) && input.peek2(Token![%]) {
            input.parse::<Token![=]>()?;
            let message = "`%` formats values that are known when the call begins; let the closure \
                           return the text, as `|result| result.to_string()`";
            return Err(input.error(message));
        }
        let value = label_value(&name, EXAMPLE, input)?.ok_or_else(|| {
            let message = format_args!(
                "expected a closure that computes the label from the result; write `{name} = \
                 {EXAMPLE}`"
            );
            syn::Error::new(name.span(), message)
        })?;
        Ok(ResultLabel { name, ty, value })
    }
}

impl Parse for ErrLabel {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = "the label is missing; write `err(kind)`, or `err(kind: TheError)` for an \
                           error that derives `Label`";
            syn::Error::new(error.span(), message)
        })?;
        let ty = label_type(&name, input)?;
        if !input.is_empty() {
            let message = "`err` takes one label, whose value is the error; write `err(kind)` or \
                           `err(kind: TheError)`";
            return Err(input.error(message));
        }
        Ok(ErrLabel { name, ty })
    }
}
