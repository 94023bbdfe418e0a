//! The grammar of `metrics!`.

use proc_macro2::Ident;
use syn::{
    Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, Type, Visibility,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
};

use super::bounds::Span;
use crate::{
    args::{Latency, Slo},
    attr::{Buckets, Slot},
    errors::Errors,
    native::HistogramBuckets,
};

/// The whole input: the path of metrics-core, which the shell passes, then what the user wrote.
pub(crate) struct Block {
    pub(crate) krate: Path,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) declarations: Vec<Declaration>,
}

impl Parse for Block {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let krate = input.call(Path::parse_mod_style)?;
        let mut prefix = None;
        if input.peek(syn::Ident) && input.peek2(Token![=]) {
            let key: Ident = input.parse()?;
            if key != "prefix" {
                let message = format_args!("unknown setting `{key}`; there is `prefix`");
                return Err(syn::Error::new(key.span(), message));
            }
            input.parse::<Token![=]>()?;
            prefix = Some(input.parse()?);
            input.parse::<Token![;]>()?;
        }
        let mut declarations = Vec::new();
        while !input.is_empty() {
            declarations.push(input.parse()?);
        }
        Ok(Block {
            krate,
            prefix,
            declarations,
        })
    }
}

/// `#[...] pub static NAME: Kind<Labels> = "name";`
pub(crate) struct Declaration {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) ty: MetricType,
    pub(crate) name: Option<LitStr>,
}

impl Parse for Declaration {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        input.parse::<Token![static]>()?;
        let ident: Ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        let name: Option<LitStr> = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        if input.is_empty() {
            let message = "a declaration ends in `;`; add it";
            return Err(match &name {
                Some(name) => syn::Error::new_spanned(name, message),
                None => syn::Error::new_spanned(&ident, message),
            });
        }
        input.parse::<Token![;]>()?;
        Ok(Declaration {
            attrs,
            vis,
            ident,
            ty,
            name,
        })
    }
}

/// `Kind`, `Kind<(a: A, b: &str)>`, `Kind<Labels>` or `StateSet<States, ...>`.
pub(crate) struct MetricType {
    pub(crate) kind: Ident,
    pub(crate) states: Option<Type>,
    pub(crate) labels: LabelsType,
}

pub(crate) enum LabelsType {
    None,
    List(Vec<ListedLabel>),
    Type(Box<Type>),
}

impl Parse for MetricType {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let kind: Ident = input.parse()?;
        let mut ty = MetricType {
            kind,
            states: None,
            labels: LabelsType::None,
        };
        if !input.peek(Token![<]) {
            return Ok(ty);
        }
        input.parse::<Token![<]>()?;
        if ty.kind == "StateSet" {
            ty.states = Some(input.parse()?);
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                ty.labels = input.parse()?;
            }
        } else {
            ty.labels = input.parse()?;
        }
        input.parse::<Token![>]>()?;
        Ok(ty)
    }
}

/// `#[...] name: Type` in a list of labels.
pub(crate) struct ListedLabel {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) name: Ident,
    pub(crate) ty: Type,
}

impl Parse for LabelsType {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        if !input.peek(syn::token::Paren) {
            return Ok(LabelsType::Type(input.parse()?));
        }
        let content;
        parenthesized!(content in input);
        let mut list = Vec::new();
        while !content.is_empty() {
            let attrs = content.call(Attribute::parse_outer)?;
            let name = content.call(Ident::parse_any)?;
            content.parse::<Token![:]>()?;
            let ty = content.parse()?;
            list.push(ListedLabel { attrs, name, ty });
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        Ok(if list.is_empty() {
            LabelsType::None
        } else {
            LabelsType::List(list)
        })
    }
}

/// What the attributes of a declaration say.
#[derive(Default)]
pub(crate) struct MetricAttrs<'a> {
    pub(crate) help: Vec<String>,
    pub(crate) utf8: Slot<()>,
    pub(crate) unit: Slot<LitStr>,
    pub(crate) buckets: Slot<HistogramBuckets>,
    pub(crate) quantiles: Slot<Buckets>,
    pub(crate) slo: Slot<Latency>,
    pub(crate) max_series: Slot<Expr>,
    pub(crate) expire: Slot<Span>,
    pub(crate) exemplars: Slot<()>,
    pub(crate) computed: Slot<Expr>,
    /// `cfg`s, which go on everything that is expanded to.
    pub(crate) cfgs: Vec<&'a Attribute>,
    /// Documentation, which goes on the type as well.
    pub(crate) docs: Vec<&'a Attribute>,
    /// What is not ours.
    pub(crate) others: Vec<&'a Attribute>,
}

impl<'a> MetricAttrs<'a> {
    pub(crate) fn new(attrs: &'a [Attribute], errors: &mut Errors) -> Self {
        let mut parsed = MetricAttrs::default();
        for attr in attrs {
            let Some(key) = attr.path().get_ident() else {
                parsed.others.push(attr);
                continue;
            };
            let result = match key.to_string().as_str() {
                "doc" => {
                    parsed
                        .help
                        .extend(doc(attr).filter(|line| !line.is_empty()));
                    parsed.docs.push(attr);
                    Ok(())
                }
                "utf8" => {
                    parsed.utf8.set(key, (), errors);
                    match &attr.meta {
                        Meta::Path(_) => Ok(()),
                        meta => Err(syn::Error::new_spanned(
                            meta,
                            "`utf8` has no arguments; write `#[utf8]`",
                        )),
                    }
                }
                "unit" => attr
                    .parse_args()
                    .map(|unit| parsed.unit.set(key, unit, errors)),
                "buckets" => attr
                    .parse_args()
                    .map(|buckets| parsed.buckets.set(key, buckets, errors)),
                "quantiles" => attr
                    .parse_args()
                    .map(|quantiles| parsed.quantiles.set(key, quantiles, errors)),
                "slo" => parsed.parse_slo(key, attr, errors),
                "max_series" => attr
                    .parse_args()
                    .map(|max| parsed.max_series.set(key, max, errors)),
                "expire" => attr
                    .parse_args_with(Span::parse)
                    .map(|span| parsed.expire.set(key, span, errors)),
                "exemplars" if matches!(attr.meta, Meta::Path(_)) => {
                    parsed.exemplars.set(key, (), errors);
                    Ok(())
                }
                "exemplars" => {
                    let message = "`exemplars` has no arguments; write `#[exemplars]`";
                    Err(syn::Error::new(key.span(), message))
                }
                "computed" => attr
                    .parse_args()
                    .map(|value| parsed.computed.set(key, value, errors)),
                "cfg" => {
                    parsed.cfgs.push(attr);
                    Ok(())
                }
                _ => {
                    parsed.others.push(attr);
                    Ok(())
                }
            };
            errors.take(result);
        }
        parsed
    }

    /// `#[slo(latency = "250ms", objective = 99.9)]`.
    fn parse_slo(&mut self, key: &Ident, attr: &Attribute, errors: &mut Errors) -> syn::Result<()> {
        if !matches!(attr.meta, Meta::List(_)) {
            let message =
                "an objective is missing; write `#[slo(latency = \"250ms\", objective = 99.9)]`";
            return Err(syn::Error::new(key.span(), message));
        }
        let slo = attr.parse_args_with(|content: ParseStream| Slo::parse(key, content, errors))?;
        if let Some((key, _)) = slo.success {
            let message = "a histogram does not know what succeeded; put the objective on the \
                           function, in `#[counted(slo(success = 99.5))]`";
            errors.at(&key, message);
        }
        if let Some((_, latency)) = slo.latency {
            self.slo.set(key, latency, errors);
        }
        Ok(())
    }

    /// Reports an objective on what is not measured in seconds.
    pub(crate) fn check_slo(&self, name: &LitStr, errors: &mut Errors) {
        let is_in_seconds = match self.unit.get() {
            Some(unit) => unit.value() == "seconds",
            None => name.value().ends_with("_seconds"),
        };
        if let (Some(key), false) = (self.slo.key(), is_in_seconds) {
            let message = "the objective is a time, and the metric is not in seconds; measure it \
                           in seconds and say so with `#[unit(\"seconds\")]`, or remove `slo`";
            errors.at(key, message);
        }
    }

    /// Reports attributes that this type of metric has no use for.
    pub(crate) fn check(&self, ty: &MetricType, errors: &mut Errors) {
        let of = |key: Option<&Ident>, kinds: &[&str], errors: &mut Errors| {
            if let Some(key) = key
                && !kinds.iter().any(|kind| ty.kind == kind)
            {
                let message = format_args!("`{key}` is not for a `{}`; remove it", ty.kind);
                errors.at(key, message);
            }
        };
        of(self.buckets.key(), &["Histogram"], errors);
        of(self.quantiles.key(), &["Summary"], errors);
        of(self.slo.key(), &["Histogram"], errors);
        let computable = ["Counter", "FloatCounter", "Gauge", "FloatGauge"];
        of(self.computed.key(), &computable, errors);
        of(
            self.exemplars.key(),
            &["Counter", "FloatCounter", "Histogram"],
            errors,
        );
        if let (Some(key), Some(_)) = (self.exemplars.key(), self.computed.get()) {
            let message = "nobody records a computed metric, so it has no exemplars; remove \
                           `exemplars`";
            errors.at(key, message);
        }
        let recorded = [
            "Counter",
            "FloatCounter",
            "Gauge",
            "FloatGauge",
            "UpDownCounter",
            "Histogram",
            "Summary",
            "StateSet",
        ];
        of(self.expire.key(), &recorded, errors);
        if let (Some(key), LabelsType::None) = (self.expire.key(), &ty.labels) {
            errors.at(
                key,
                "a metric without labels has one series, which stays; remove `expire`",
            );
        }
        if let (Some(key), false) = (self.computed.key(), matches!(ty.labels, LabelsType::None)) {
            let message = "a computed metric has no labels; write a `Collector` for several series";
            errors.at(key, message);
        }
        if let (Some(key), LabelsType::None) = (self.max_series.key(), &ty.labels) {
            errors.at(
                key,
                "a metric without labels has one series; remove `max_series`",
            );
        }
    }
}

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
