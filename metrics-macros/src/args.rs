//! The arguments of the function attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Expr, LitBool, LitFloat, LitInt, LitStr, Path, Token, Type,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
};

use crate::{
    attr::{Slot, arguments, items, krate, list, located_at, skip_argument, value},
    errors::Errors,
    native::HistogramBuckets,
};

/// The arguments of a function attribute.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) name: Slot<LitStr>,
    pub(crate) help: Slot<LitStr>,
    pub(crate) unit: Slot<LitStr>,
    pub(crate) labels: Slot<Vec<LabelArg>>,
    pub(crate) buckets: Slot<HistogramBuckets>,
    pub(crate) fallible: Slot<LitBool>,
    pub(crate) ok_if: Slot<Expr>,
    pub(crate) error_if: Slot<Expr>,
    pub(crate) err: Slot<ErrArg>,
    pub(crate) outcome: Slot<LitBool>,
    pub(crate) sample: Slot<Share>,
    pub(crate) busy: Slot<()>,
    pub(crate) exemplars: Slot<()>,
    pub(crate) docs: Slot<()>,
    pub(crate) latency: Slot<Latency>,
    pub(crate) success: Slot<LitFloat>,
    pub(crate) skip: Slot<()>,
    /// From the attribute on the block around the function.
    pub(crate) block: Option<Block>,
    krate: Slot<Path>,
}

/// The arguments that there are, beside `labels`, which all attributes have.
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

/// What the expansion of an attribute on a block tells the one on a function in it.
pub(crate) const BLOCK: &str = "__block";

/// What an attribute says of itself when it has moved below another: see `leave_to_the_next` in
/// `function.rs`.
pub(crate) const MOVED: &str = "__moved";

impl Args {
    /// Parses arguments; whatever could be read is returned beside the errors.
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Args::default();
        let parser = |input: ParseStream| args.parse_all(input, errors);
        let result = syn::parse::Parser::parse2(parser, tokens);
        errors.take(result);
        args
    }

    fn parse_all(&mut self, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "name" => self.name.set(&key, value(&key, input)?, errors),
                "help" => self.help.set(&key, value(&key, input)?, errors),
                "unit" => self.unit.set(&key, value(&key, input)?, errors),
                "labels" => {
                    let labels = arguments(&key, "argument", input)?;
                    self.labels.set(&key, items(&labels)?, errors);
                }
                "buckets" => {
                    let buckets = arguments(&key, "0.1, 1.0", input)?;
                    self.buckets.set(&key, buckets.parse()?, errors);
                }
                "fallible" => self
                    .fallible
                    .set(&key, assigned(&key, "true", input)?, errors),
                "ok_if" => self.ok_if.set(&key, assigned(&key, "path", input)?, errors),
                "error_if" => self
                    .error_if
                    .set(&key, assigned(&key, "path", input)?, errors),
                "err" => {
                    let err = arguments(&key, "kind", input)?;
                    self.err.set(&key, err.parse()?, errors);
                }
                "outcome" => self
                    .outcome
                    .set(&key, assigned(&key, "false", input)?, errors),
                "sample" => self
                    .sample
                    .set(&key, assigned(&key, "1/16", input)?, errors),
                "busy" => self.busy.set(&key, (), errors),
                "exemplars" => self.exemplars.set(&key, (), errors),
                "slo" => self.parse_slo(&key, input, errors)?,
                "docs" => self.docs.set(&key, (), errors),
                "skip" => self.skip.set(&key, (), errors),
                "crate" => {
                    input.parse::<Token![=]>()?;
                    let path = input.call(Path::parse_mod_style)?;
                    self.krate.set(&key, path, errors);
                }
                BLOCK => {
                    let content;
                    parenthesized!(content in input);
                    self.block = Some(content.parse()?);
                }
                MOVED => {}
                _ => {
                    let (last, others) = ARGUMENTS.split_last().expect("there are some");
                    let others = others.join("`, `");
                    let message =
                        format_args!("unknown argument `{key}`; there are `{others}` and `{last}`");
                    errors.at(&key, message);
                    skip_argument(input)?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    /// `slo(latency = "250ms", objective = 99.9)` and `slo(success = 99.5)`.
    fn parse_slo(
        &mut self,
        slo: &Ident,
        input: ParseStream,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        let content = arguments(slo, "success = 99.5", input)?;
        let Slo { latency, success } = Slo::parse(slo, &content, errors)?;
        if let Some((key, success)) = success {
            self.success.set(&key, success, errors);
        }
        if let Some((key, latency)) = latency {
            self.latency.set(&key, latency, errors);
        }
        Ok(())
    }

    /// The path of metrics-core.
    pub(crate) fn krate(&self, default: &str) -> Path {
        krate(&self.krate, default)
    }

    /// The labels that are known when the call begins.
    pub(crate) fn entry_labels(&self) -> impl Iterator<Item = &EntryLabel> {
        self.labels
            .get()
            .into_iter()
            .flatten()
            .filter_map(|label| match label {
                LabelArg::Entry(label) => Some(&**label),
                LabelArg::OnReturn(_) => None,
            })
    }

    /// The labels that the result gives.
    pub(crate) fn result_labels(&self) -> impl Iterator<Item = &ResultLabel> {
        self.labels
            .get()
            .into_iter()
            .flatten()
            .filter_map(|label| match label {
                LabelArg::Entry(_) => None,
                LabelArg::OnReturn(labels) => Some(labels),
            })
            .flatten()
    }
}

/// `= value` after a key.
fn assigned<T: Parse>(key: &Ident, example: &str, input: ParseStream) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        let message = format_args!("`{key}` has a value; write `{key} = {example}`");
        return Err(syn::Error::new(key.span(), message));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

/// `= "250ms"`.
fn time(key: &Ident, input: ParseStream) -> syn::Result<LitStr> {
    if input.peek(Token![=]) && !input.peek2(LitStr) {
        input.parse::<Token![=]>()?;
        return Err(no_time(input.span()));
    }
    value(key, input)
}

fn no_time(span: Span) -> syn::Error {
    let message = "no time; write a number and `us`, `ms` or `s`, such as \"250ms\"";
    syn::Error::new(span, message)
}

const NO_PERCENT: &str = "calls in a hundred: more than 0, and less than 100, as nothing is left to \
                          spend otherwise; write, for example, `99.9`";

/// `= 99.9`: a share of calls in a hundred.
fn percent(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<LitFloat> {
    if !input.peek(Token![=]) {
        let message = format_args!("`{key}` has a value; write `{key} = 99.9`");
        return Err(syn::Error::new(key.span(), message));
    }
    input.parse::<Token![=]>()?;
    let literal = if input.peek(LitInt) {
        let int: LitInt = input.parse()?;
        LitFloat::new(&format!("{}.0", int.base10_digits()), int.span())
    } else {
        let number = input.parse::<LitFloat>();
        number.map_err(|error| syn::Error::new(error.span(), NO_PERCENT))?
    };
    let value: f64 = literal.base10_parse()?;
    if !(value > 0.0 && value < 100.0) {
        errors.at(&literal, NO_PERCENT);
    }
    Ok(literal)
}

/// The seconds of `"250ms"`.
pub(crate) fn seconds(time: &LitStr) -> syn::Result<f64> {
    let text = time.value();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[number.len()..] {
        "us" => 1e6,
        "ms" => 1e3,
        "s" => 1.0,
        _ => 0.0,
    };
    let parsed = number.parse::<f64>().ok().filter(|number| *number > 0.0);
    match parsed {
        // Divided, so that "250ms" is the float that is written 0.25.
        Some(number) if scale > 0.0 && number.is_finite() => Ok(number / scale),
        _ => Err(no_time(time.span())),
    }
}

/// What is in the parentheses of `slo(...)`: objectives, with the keys that they begin with.
#[derive(Default)]
pub(crate) struct Slo {
    pub(crate) latency: Option<(Ident, Latency)>,
    pub(crate) success: Option<(Ident, LitFloat)>,
}

impl Slo {
    /// Parses it; `slo` is where it is said.
    pub(crate) fn parse(
        slo: &Ident,
        content: ParseStream,
        errors: &mut Errors,
    ) -> syn::Result<Slo> {
        let (mut latency, mut objective) = (Slot::default(), Slot::default());
        let mut success = Slot::default();
        let mut is_known = true;
        while !content.is_empty() {
            let key = content.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "latency" => latency.set(&key, time(&key, content)?, errors),
                "objective" => objective.set(&key, percent(&key, content, errors)?, errors),
                "success" => success.set(&key, percent(&key, content, errors)?, errors),
                _ => {
                    let message = format_args!(
                        "unknown objective `{key}`; there are `latency` with `objective`, and \
                         `success`"
                    );
                    errors.at(&key, message);
                    skip_argument(content)?;
                    is_known = false;
                }
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        // What seems to be missing may be what is misspelt.
        if !is_known {
            return Ok(Slo::default());
        }
        let is_empty =
            latency.get().is_none() && objective.get().is_none() && success.get().is_none();
        if is_empty {
            errors.at(
                slo,
                "an objective is missing; write `slo(latency = \"250ms\", objective = 99.9)` or \
                 `slo(success = 99.5)`",
            );
        }
        if let (Some(key), None) = (latency.key(), objective.get()) {
            let message = "`latency` needs a share of calls; add `objective = 99.9`";
            errors.at(key, message);
        }
        if let (Some(key), None) = (objective.key(), latency.get()) {
            let message = "`objective` needs a time; add `latency = \"250ms\"`";
            errors.at(key, message);
        }
        let mut slo = Slo::default();
        if let Some(key) = success.key().cloned() {
            slo.success = success.into_inner().map(|success| (key, success));
        }
        if let Some(key) = latency.key().cloned()
            && let (Some(time), Some(percent)) = (latency.into_inner(), objective.into_inner())
        {
            match seconds(&time) {
                Ok(seconds) => {
                    let at = time.span();
                    let latency = Latency {
                        seconds,
                        percent,
                        at,
                    };
                    slo.latency = Some((key, latency));
                }
                Err(error) => errors.push(error),
            }
        }
        Ok(slo)
    }
}

/// A time that calls are to take at most, and how many calls.
pub(crate) struct Latency {
    pub(crate) seconds: f64,
    pub(crate) percent: LitFloat,
    pub(crate) at: Span,
}

impl Latency {
    /// The objective as a value.
    pub(crate) fn expand(&self, krate: &Path) -> TokenStream {
        let (seconds, percent) = (self.seconds, &self.percent);
        quote!(#krate::Objective::Latency { seconds: #seconds, percent: #percent })
    }

    /// Fails to compile where none of the bounds is this time.
    pub(crate) fn check(&self, krate: &Path, bounds: &TokenStream) -> TokenStream {
        let krate = located_at(krate, self.at);
        let seconds = self.seconds;
        quote_spanned! {self.at=>
            const _: () = #krate::__private::check_latency(&#bounds, #seconds);
        }
    }
}

/// `1/16` of all calls.
pub(crate) struct Share {
    pub(crate) share: u32,
    pub(crate) of: u32,
}

impl Parse for Share {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let wrong = |span| {
            syn::Error::new(
                span,
                "a share of calls; write `sample = 1/16` to time one call in 16",
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
        Ok(Share { share, of })
    }
}

/// A label in `labels(...)`.
pub(crate) enum LabelArg {
    Entry(Box<EntryLabel>),
    OnReturn(Vec<ResultLabel>),
}

/// `argument`, `self.field`, `key = expression` or `key: Type = expression`.
pub(crate) struct EntryLabel {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
    /// The expression; without one, the argument of that name.
    pub(crate) value: Option<Expr>,
}

/// `key = |result| expression` or `key: Type = |result| expression`.
pub(crate) struct ResultLabel {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
    pub(crate) value: Expr,
}

impl Parse for LabelArg {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if input.peek(Token![self]) {
            let value: Expr = input.parse()?;
            return match &value {
                Expr::Field(field) => match &field.member {
                    syn::Member::Named(name) => Ok(LabelArg::Entry(Box::new(EntryLabel {
                        name: name.clone(),
                        ty: None,
                        value: Some(value),
                    }))),
                    syn::Member::Unnamed(index) => Err(unnamed(index.span)),
                },
                other => Err(unnamed(crate::attr::first_span(other))),
            };
        }
        let name = input.call(Ident::parse_any)?;
        if name == "on_return" && input.peek(syn::token::Paren) {
            return Ok(LabelArg::OnReturn(list(input)?));
        }
        let ty = label_type(input)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(LabelArg::Entry(Box::new(EntryLabel { name, ty, value })))
    }
}

fn unnamed(span: Span) -> syn::Error {
    let message = "a label has a name; write `name = self. ...`, or a field with a name alone";
    syn::Error::new(span, message)
}

fn label_type(input: ParseStream) -> syn::Result<Option<Type>> {
    if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        return Ok(Some(input.parse()?));
    }
    Ok(None)
}

impl Parse for ResultLabel {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let ty = label_type(input)?;
        if !input.peek(Token![=]) {
            let message = format_args!(
                "a label of the result is computed from it; write `{name} = |result| ...`"
            );
            return Err(syn::Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        Ok(ResultLabel {
            name,
            ty,
            value: input.parse()?,
        })
    }
}

/// `err(kind)` or `err(kind: Type)`.
pub(crate) struct ErrArg {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
}

impl Parse for ErrArg {
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
        Ok(ErrArg { name, ty })
    }
}

/// The block that a function stands in: the type, and the generic parameters of the `impl`.
pub(crate) struct Block {
    pub(crate) ty: Option<LitStr>,
    pub(crate) generics: Vec<Ident>,
}

impl Parse for Block {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ty = if input.peek(LitStr) {
            Some(input.parse()?)
        } else {
            None
        };
        let mut generics = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            generics.push(input.call(Ident::parse_any)?);
        }
        Ok(Block { ty, generics })
    }
}

impl Block {
    /// As [`Args::parse`] reads it.
    pub(crate) fn to_argument(&self) -> TokenStream {
        let name = Ident::new(BLOCK, Span::call_site());
        let ty = self.ty.as_ref().map(ToTokens::to_token_stream);
        let generics = &self.generics;
        quote!(#name(#ty #(, #generics)*))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_float_that_its_decimals_say() {
        let time = |text| seconds(&LitStr::new(text, Span::call_site())).ok();
        assert_eq!(time("250ms"), Some(0.25));
        assert_eq!(time("0.3s"), Some(0.3));
        assert_eq!(time("700us"), Some(0.0007));
        for wrong in ["250", "ms", "0s", "-1s", "1h", "1 s", "inf s", ""] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn arguments_are_read_as_they_are_written() {
        let mut errors = Errors::default();
        let tokens =
            "labels(a, self.b.c, d: D = e, on_return(f = |r| r.g)), err(k: E), sample = 2/3";
        let args = Args::parse(tokens.parse().expect("tokens"), &mut errors);
        assert!(errors.finish().is_ok());
        let entry: Vec<_> = args
            .entry_labels()
            .map(|label| label.name.to_string())
            .collect();
        let results: Vec<_> = args
            .result_labels()
            .map(|label| label.name.to_string())
            .collect();
        assert_eq!(
            (entry.join(" "), results.join(" ")),
            ("a c d".into(), "f".into())
        );
        let share = args.sample.get().map(|sample| (sample.share, sample.of));
        assert_eq!(share, Some((2, 3)));
    }
}
