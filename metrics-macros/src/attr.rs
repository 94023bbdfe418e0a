//! The grammar of arguments that the macros share.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Expr, ExprLit, ExprUnary, Lit, LitFloat, LitStr, Path, Token, UnOp,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseBuffer, ParseStream},
    punctuated::Punctuated,
};

use crate::errors::Errors;

/// An argument that may be there once.
pub(crate) struct Slot<T>(Option<(Ident, T)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(None)
    }
}

impl<T> Slot<T> {
    /// Fills the slot, or reports that it is full.
    pub(crate) fn set(&mut self, key: &Ident, value: T, errors: &mut Errors) {
        if self.0.is_some() {
            errors.at(key, format_args!("duplicate argument `{key}`; drop one"));
        } else {
            self.0 = Some((key.clone(), value));
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The key, to point at.
    pub(crate) fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

/// The path that was given, or the crate that the macro was reached through.
pub(crate) fn krate(given: &Slot<Path>, default: &str) -> Path {
    given.get().cloned().unwrap_or_else(|| {
        let default = Ident::new(default, Span::call_site());
        syn::parse_quote!(::#default)
    })
}

/// `= "..."` after a key.
pub(crate) fn value(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    if !input.peek(Token![=]) {
        let message = format_args!("`{key}` has a value; write `{key} = \"...\"`");
        return Err(syn::Error::new(key.span(), message));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

/// What stands in parentheses after a key.
pub(crate) fn arguments<'a>(
    key: &Ident,
    example: &str,
    input: ParseStream<'a>,
) -> syn::Result<ParseBuffer<'a>> {
    if !input.peek(syn::token::Paren) {
        let message = format_args!("`{key}` has arguments; write `{key}({example})`");
        return Err(syn::Error::new(key.span(), message));
    }
    let content;
    parenthesized!(content in input);
    Ok(content)
}

/// A list in parentheses.
pub(crate) fn list<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    items(&content)
}

/// A list.
pub(crate) fn items<T: Parse>(input: ParseStream) -> syn::Result<Vec<T>> {
    let list = input.parse_terminated(T::parse, Token![,])?;
    Ok(list.into_iter().collect())
}

/// Leaves out what follows an unknown key, so that the arguments after it are still checked.
pub(crate) fn skip_argument(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// Bucket bounds: a list, `linear(start, width, count)` or `exponential(start, factor, count)`.
pub(crate) enum Buckets {
    List(Vec<Expr>),
    Rule(Ident, Vec<Expr>),
}

impl Parse for Buckets {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(syn::Ident) && input.peek2(syn::token::Paren) {
            let fork = input.fork();
            let rule: Ident = fork.parse()?;
            if rule == "linear" || rule == "exponential" {
                let rule: Ident = input.parse()?;
                let arguments: Vec<Expr> = list(input)?;
                if arguments.len() != 3 {
                    let second = if rule == "linear" { "width" } else { "factor" };
                    let message = format_args!("write `{rule}(start, {second}, count)`");
                    return Err(syn::Error::new(rule.span(), message));
                }
                return Ok(Buckets::Rule(rule, arguments));
            }
        }
        let list = Punctuated::<Expr, Token![,]>::parse_terminated(input)?;
        Ok(Buckets::List(list.into_iter().map(float).collect()))
    }
}

/// Whole numbers among floats are meant as floats.
pub(crate) fn float(expression: Expr) -> Expr {
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

impl Buckets {
    /// The number of bounds, and the array of them.
    pub(crate) fn expand(&self, krate: &Path) -> (TokenStream, TokenStream) {
        match self {
            Buckets::List(bounds) => {
                let count = bounds.len();
                (quote!(#count), quote!([#(#bounds),*]))
            }
            Buckets::Rule(rule, arguments) => {
                let (start, step) = (float(arguments[0].clone()), float(arguments[1].clone()));
                let count = &arguments[2];
                let function = format_ident!("{rule}_buckets", span = rule.span());
                let array = quote!(#krate::#function::<{ #count }>(#start, #step));
                (quote!({ #count }), array)
            }
        }
    }

    /// The constants that fail to compile at the bound that breaks a rule.
    pub(crate) fn checks(&self, krate: &Path, one: &str, all: &str) -> TokenStream {
        let check = |span: Span, check: &str, arguments: TokenStream| {
            let krate = located_at(krate, span);
            let check = Ident::new(check, span);
            quote_spanned! {span=>
                const _: () = #krate::__private::#check(#arguments);
            }
        };
        match self {
            Buckets::List(bounds) => {
                let bounds = bounds.iter().enumerate();
                bounds
                    .map(|(at, bound)| check(first_span(bound), one, quote!(&__BOUNDS, #at)))
                    .collect()
            }
            Buckets::Rule(rule, _) => check(rule.span(), all, quote!(&__BOUNDS)),
        }
    }
}

/// Where an expression begins.
pub(crate) fn first_span(expression: &Expr) -> Span {
    let first = expression.to_token_stream().into_iter().next();
    first.map_or_else(Span::call_site, |token| token.span())
}

/// The name of a label: an identifier without `r#`.
pub(crate) fn label_name(name: &Ident) -> LitStr {
    LitStr::new(&name.unraw().to_string(), name.span())
}

/// The tokens of a path, whose errors show at another place, and which still mean the same.
pub(crate) fn located_at(path: impl ToTokens, span: Span) -> TokenStream {
    let locate = |mut token: TokenTree| {
        token.set_span(token.span().located_at(span));
        token
    };
    path.into_token_stream().into_iter().map(locate).collect()
}

/// Whether an identifier of some sort occurs in the tokens.
pub(crate) fn mentions(tokens: TokenStream, is: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => is(&ident),
        TokenTree::Group(group) => mentions(group.stream(), is),
        _ => false,
    })
}

/// `#krate::Kind::Name`.
pub(crate) fn kind(krate: &Path, name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(#krate::Kind::#name)
}

/// The tokens without a comma at their end.
pub(crate) fn without_comma(tokens: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if matches!(tokens.last(), Some(TokenTree::Punct(last)) if last.as_char() == ',') {
        tokens.pop();
    }
    tokens.into_iter().collect()
}
