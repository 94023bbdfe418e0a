//! Parses the arguments `labels(...)` and `err(...)` of the function attributes.

use proc_macro2::{Ident, Span};
use syn::{
    Expr, Member, Token, Type,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use super::grammar::{list, optional_value};
use crate::model::{EntryLabel, ErrLabel, LabelArg, ResultLabel, first_span};

impl Parse for LabelArg {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(Token![self]) {
            let value: Expr = input.parse()?;
            let name = match &value {
                Expr::Field(field) => match &field.member {
                    Member::Named(name) => name.clone(),
                    Member::Unnamed(index) => return Err(unnamed(index.span)),
                },
                other => return Err(unnamed(first_span(other))),
            };
            return Ok(LabelArg::Entry(Box::new(EntryLabel {
                name,
                ty: None,
                value: Some(value),
            })));
        }
        let name = input.call(Ident::parse_any)?;
        if name == "on_return" && input.peek(syn::token::Paren) {
            return Ok(LabelArg::OnReturn(list(input)?));
        }
        let ty = label_type(input)?;
        let value = optional_value(input)?;
        Ok(LabelArg::Entry(Box::new(EntryLabel { name, ty, value })))
    }
}

fn unnamed(span: Span) -> syn::Error {
    let message = "the label has no name; write `name = expression`, or a field with a name, such \
                   as `self.field`";
    syn::Error::new(span, message)
}

fn label_type(input: ParseStream) -> syn::Result<Option<Type>> {
    let colon: Option<Token![:]> = input.parse()?;
    colon.map(|_| input.parse()).transpose()
}

impl Parse for ResultLabel {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let ty = label_type(input)?;
        let value = optional_value(input)?.ok_or_else(|| {
            let message = format_args!(
                "expected a closure that computes the label from the result; write `{name} = \
                 |result| ...`"
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
        let ty = label_type(input)?;
        if !input.is_empty() {
            let message = "`err` takes one label, whose value is the error; write `err(kind)` or \
                           `err(kind: TheError)`";
            return Err(input.error(message));
        }
        Ok(ErrLabel { name, ty })
    }
}
