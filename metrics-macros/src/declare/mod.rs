//! `metrics! { ... }`: metrics as statics.

mod bounds;
mod parse;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Expr, LitStr, Path, PathArguments, Type, ext::IdentExt, spanned::Spanned};

use self::{
    bounds::LabelBounds,
    parse::{Block, Declaration, LabelsType, ListedLabel, MetricAttrs},
};
use crate::{
    Mode,
    attr::{first_span, kind, located_at},
    errors::Errors,
    label::snake_case,
    site::{NameChecks, Site, SiteLabels, allow},
};

/// Expands `metrics!`.
pub(crate) fn expand(input: TokenStream, mode: Mode) -> TokenStream {
    let block: Block = match syn::parse2(input) {
        Ok(block) => block,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    let mut tokens = TokenStream::new();
    for declaration in &block.declarations {
        if let Some(metric) = Metric::new(declaration, &block, &mut errors) {
            tokens.extend(metric.expand(&block.krate, mode));
        }
    }
    if let Err(errors) = errors.finish() {
        tokens.extend(errors.into_compile_error());
    }
    tokens
}

/// What each type of metric is.
struct Rules {
    /// The `Kind` in its description.
    kind: &'static str,
    /// What its words are; those of histograms depend on the buckets.
    layout: &'static str,
    suffix: &'static str,
}

fn rules(ty: &Ident, errors: &mut Errors) -> Option<Rules> {
    let (kind, layout, suffix) = match ty.to_string().as_str() {
        "Counter" => ("Counter", "Count", "_total"),
        "FloatCounter" => ("Counter", "FloatCount", "_total"),
        "Gauge" => ("Gauge", "Int", ""),
        "FloatGauge" => ("Gauge", "Float", ""),
        "UpDownCounter" => ("Gauge", "UpDown", ""),
        "Histogram" => ("Histogram", "", ""),
        "Summary" => ("Summary", "", ""),
        "StateSet" => ("StateSet", "Int", ""),
        "Info" => ("Info", "Empty", "_info"),
        other => {
            errors.at(
                ty,
                format_args!(
                    "unknown metric type `{other}`; there are `Counter`, `FloatCounter`, `Gauge`, \
                     `FloatGauge`, `UpDownCounter`, `Histogram`, `Summary`, `StateSet` and `Info`"
                ),
            );
            return None;
        }
    };
    Some(Rules {
        kind,
        layout,
        suffix,
    })
}

/// A declaration that has been looked through.
struct Metric<'a> {
    declaration: &'a Declaration,
    rules: Rules,
    name: LitStr,
    help: String,
    attrs: MetricAttrs<'a>,
    /// Of each label of a list.
    bounds: Vec<LabelBounds>,
}

impl<'a> Metric<'a> {
    fn new(declaration: &'a Declaration, block: &Block, errors: &mut Errors) -> Option<Self> {
        let attrs = MetricAttrs::new(&declaration.attrs, errors);
        let rules = rules(&declaration.ty.kind, errors);
        attrs.check(&declaration.ty, errors);
        let help = attrs.help.join(" ").trim().to_owned();
        if help.is_empty() {
            let message = "a metric has a doc comment, which becomes its help; add `/// ...`";
            errors.at(&declaration.ident, message);
        }
        let mut bounds = Vec::new();
        if let LabelsType::List(labels) = &declaration.ty.labels {
            report_duplicates(labels.iter().map(|label| &label.name), errors);
            let each = labels.iter().map(|label| LabelBounds::new(label, errors));
            bounds.extend(each);
            report_shared_names(labels, &bounds, errors);
        }
        let needs = match declaration.ty.kind.to_string().as_str() {
            "StateSet" if declaration.ty.states.is_none() => Some("`StateSet<States>`"),
            "Info" if matches!(declaration.ty.labels, LabelsType::None) => {
                Some("`Info<(version: &str)>`")
            }
            _ => None,
        };
        if let Some(needs) = needs {
            let message = format_args!("say what it tells; write {needs}");
            errors.at(&declaration.ty.kind, message);
            return None;
        }
        let rules = rules?;
        let name = match (&declaration.name, &block.prefix) {
            (Some(name), _) => name.clone(),
            (None, Some(prefix)) => derived(declaration, prefix, &attrs, &rules),
            (None, None) => {
                let message = "a metric has a name; write `= \"app_name\"` after its type, or begin \
                               the block with `prefix = \"app\";`";
                errors.at(&declaration.ident, message);
                return None;
            }
        };
        attrs.check_slo(&name, errors);
        Some(Metric {
            declaration,
            rules,
            name,
            help,
            attrs,
            bounds,
        })
    }

    fn expand(&self, krate: &Path, mode: Mode) -> TokenStream {
        let Declaration { vis, ident, ty, .. } = self.declaration;
        let (cfgs, docs, others) = (&self.attrs.cfgs, &self.attrs.docs, &self.attrs.others);
        let allow = allow();
        if let Some(value) = self.attrs.computed.get() {
            return self.expand_computed(krate, value, mode);
        }
        let p = quote!(#krate::__private);
        let site = match mode {
            Mode::On => self.site(krate).expand(),
            Mode::Off => {
                let (checks, desc) = self.site(krate).expand_desc();
                quote!(#checks const _: #krate::Desc = #desc;)
            }
        };
        let metric = self.metric_type(krate, mode);
        let lists = self.bounds.iter().enumerate();
        let lists = lists.map(|(at, bounds)| bounds.list(krate, ident, at));
        let lists = (mode == Mode::On).then(|| quote!(#(#lists)*));
        let (field, init, access) = if ty.kind == "Info" {
            (quote!(()), quote!(()), self.info_methods(krate, mode))
        } else if let LabelsType::None = ty.labels {
            let only = match mode {
                Mode::On => quote!(#p::Declared::ONLY),
                Mode::Off => quote!(#p::Off),
            };
            let at = quote!(<#metric>::at(#only));
            let deref = quote! {
                #(#cfgs)*
                #[automatically_derived]
                impl #p::Deref for #ident {
                    type Target = #metric;

                    #[inline(always)]
                    fn deref(&self) -> &Self::Target {
                        &self.__metric
                    }
                }
            };
            (metric, at, deref)
        } else {
            (
                quote!(()),
                quote!(()),
                self.label_methods(krate, &metric, mode),
            )
        };
        quote! {
            #(#cfgs)*
            #(#docs)*
            #allow
            #vis struct #ident {
                __metric: #field,
            }

            #(#cfgs)*
            #(#docs)*
            #(#others)*
            #vis static #ident: #ident = #ident { __metric: #init };

            #access

            #(#cfgs)*
            #allow
            const _: () = {
                #site
                #lists
            };
        }
    }

    fn expand_computed(&self, krate: &Path, value: &Expr, mode: Mode) -> TokenStream {
        let Declaration { vis, ident, .. } = self.declaration;
        let (cfgs, docs, others) = (&self.attrs.cfgs, &self.attrs.docs, &self.attrs.others);
        let (checks, desc) = self.site(krate).expand_desc();
        let allow = allow();
        let register = (mode == Mode::On).then(
            || quote!(#krate::__register! { #krate::__private::Registration::Collector(&#ident) }),
        );
        quote! {
            #(#cfgs)*
            #(#docs)*
            #(#others)*
            #vis static #ident: #krate::Computed = {
                #register
                #krate::Computed::new(
                    {
                        #allow
                        const DESC: #krate::Desc = {
                            #checks
                            #desc
                        };
                        DESC
                    },
                    #value,
                )
            };
        }
    }

    fn site<'s>(&'s self, krate: &'s Path) -> Site<'s> {
        let p = quote!(#krate::__private);
        let layout = match self.rules.layout {
            "" => quote!(#p::SUMMARY),
            layout => {
                let layout = format_ident!("{layout}");
                quote!(#p::Layout::#layout)
            }
        };
        let ty = &self.declaration.ty;
        let labels = match &ty.labels {
            LabelsType::None => SiteLabels::List(Vec::new()),
            LabelsType::List(labels) => {
                let each = labels.iter().zip(&self.bounds).enumerate();
                let each = each.map(|(at, (label, bounds))| {
                    let ty = &label.ty;
                    let values = bounds
                        .values(krate, &self.declaration.ident, at, &borrowed(ty))
                        .unwrap_or_else(|| quote!(<#ty as #krate::Label>::VALUES));
                    (bounds.name(label), values)
                });
                SiteLabels::List(each.collect())
            }
            LabelsType::Type(ty) => SiteLabels::Type(quote!(#ty), ty.span()),
        };
        let is_histogram = ty.kind == "Histogram";
        Site {
            krate,
            ty: &self.declaration.ident,
            kind: kind(krate, self.rules.kind),
            name: self.name.clone(),
            checks: match self.attrs.utf8.key() {
                Some(_) => &NameChecks::UTF8,
                None => &NameChecks::LEGACY,
            },
            help: self.help.clone(),
            unit: self.attrs.unit.get().cloned(),
            labels,
            layout,
            block: is_histogram || ty.kind == "Summary",
            is_histogram,
            buckets: self
                .attrs
                .buckets
                .get()
                .and_then(|buckets| buckets.classic.as_ref()),
            native: self
                .attrs
                .buckets
                .get()
                .and_then(|buckets| buckets.native.as_ref()),
            quantiles: self.attrs.quantiles.get(),
            latency: self.attrs.slo.get().filter(|_| is_histogram),
            states: ty.states.as_ref().map(|states| {
                let krate = located_at(krate, states.span());
                quote_spanned!(states.span()=> #krate::__private::states::<#states>())
            }),
            exemplars: self.attrs.exemplars.key(),
            max_series: self.attrs.max_series.get().map(|max| quote!(#max)),
            expire: (self.attrs.expire.get())
                .filter(|_| !matches!(ty.labels, LabelsType::None))
                .map(|span| (span.nanos, span.at)),
            labels_at: match (self.attrs.max_series.get(), &ty.labels) {
                (Some(max), _) => first_span(max),
                (None, LabelsType::List(labels)) => labels[0].name.span(),
                (None, LabelsType::Type(ty)) => ty.span(),
                (None, LabelsType::None) => self.declaration.ident.span(),
            },
            open: ty.kind == "Info",
            at: self.declaration.ident.span(),
        }
    }

    /// The metric's type for the series of this declaration.
    fn metric_type(&self, krate: &Path, mode: Mode) -> TokenStream {
        let Declaration { ident, ty, .. } = self.declaration;
        let kind = &ty.kind;
        let states = ty.states.as_ref().map(|states| quote!(#states,));
        let storage = match mode {
            Mode::On => quote!(#krate::__private::Declared<#ident>),
            Mode::Off => quote!(#krate::__private::Off),
        };
        quote!(#krate::#kind<#states #storage>)
    }

    /// The parameters of generated methods, and the label set made of them.
    fn parameters(&self, krate: &Path, mode: Mode) -> (TokenStream, TokenStream) {
        match &self.declaration.ty.labels {
            LabelsType::List(labels) => {
                let mut names = parameter_names(labels);
                if self.bounds.iter().any(LabelBounds::calls) {
                    // A parameter is not to be taken for a function of its name.
                    for name in &mut names {
                        name.set_span(name.span().resolved_at(Span::mixed_site()));
                    }
                }
                let parameters = names.iter().zip(labels).map(|(name, label)| {
                    let ty = borrowed(&label.ty);
                    quote!(#name: #ty)
                });
                let values = names.iter().zip(&self.bounds).enumerate();
                let values = values.map(|(at, (name, bounds))| match mode {
                    Mode::On => bounds.applied(krate, &self.declaration.ident, at, name),
                    Mode::Off => bounds.named(name),
                });
                let at = Span::call_site().located_at(labels[0].ty.span());
                (
                    quote!(#(#parameters),*),
                    quote_spanned!(at=> &(#(#values,)*)),
                )
            }
            LabelsType::Type(ty) => {
                let at = Span::call_site().located_at(ty.span());
                (
                    quote_spanned!(at=> labels: &#ty),
                    quote_spanned!(at=> labels),
                )
            }
            LabelsType::None => (quote!(), quote!(&())),
        }
    }

    fn label_methods(&self, krate: &Path, metric: &TokenStream, mode: Mode) -> TokenStream {
        let Declaration { ident, ty, .. } = self.declaration;
        let cfgs = &self.attrs.cfgs;
        let p = quote!(#krate::__private);
        let kind = &ty.kind;
        let states = ty.states.as_ref().map(|states| quote!(<#states>));
        let (parameters, set) = self.parameters(krate, mode);
        let family = quote!(<#ident as #p::Site>::family());
        // That a type is no label is said where the type stands.
        let at = match &ty.labels {
            LabelsType::List(labels) => labels[0].ty.span(),
            LabelsType::Type(ty) => ty.span(),
            LabelsType::None => ident.span(),
        };
        let located = located_at(krate, at);
        let at = Span::call_site().located_at(at);
        let (found, bound) = match mode {
            Mode::On => (
                quote_spanned!(at=> #located::__private::Declared::with(#set)),
                quote_spanned!(at=> #located::__private::Handle::declared(#family, #set)),
            ),
            Mode::Off => (
                quote_spanned!(at=> #located::__private::Off::with(#set)),
                quote_spanned!(at=> #located::__private::Off::bind(#set)),
            ),
        };
        let (remove, clear, retain) = match mode {
            Mode::On => (
                quote!(#family.remove(#set)),
                quote!(#family.clear();),
                quote!(#family.retain(keep);),
            ),
            Mode::Off => (
                quote!({ let _ = #set; false }),
                quote!(),
                quote!(let _ = keep;),
            ),
        };
        let allow = allow();
        quote! {
            #(#cfgs)*
            #allow
            #[automatically_derived]
            impl #ident {
                /// The series of these labels, for one recording.
                #[inline(always)]
                pub fn with(&self, #parameters) -> #metric {
                    <#metric>::at(#found)
                }

                /// A handle to the series of these labels, to be kept.
                pub fn bind(&self, #parameters) -> #krate::#kind #states {
                    #krate::#kind::at(#bound)
                }

                /// Removes the series of these labels, if one of them is open; false when there
                /// was none.
                pub fn remove(&self, #parameters) -> bool {
                    #remove
                }

                /// Removes all series, if a label is open.
                pub fn clear(&self) {
                    #clear
                }

                /// Removes the series for which `keep` says no, if a label is open.
                pub fn retain(
                    &self,
                    keep: impl ::core::ops::FnMut(#krate::LabelView<'_>) -> bool,
                ) {
                    #retain
                }
            }
        }
    }

    fn info_methods(&self, krate: &Path, mode: Mode) -> TokenStream {
        let ident = &self.declaration.ident;
        let cfgs = &self.attrs.cfgs;
        let (parameters, set) = self.parameters(krate, mode);
        let allow = allow();
        let p = quote!(#krate::__private);
        let family = quote!(<#ident as #p::Site>::family());
        let (get, set) = match mode {
            Mode::On => (
                quote!(#krate::Info::at(#family).get()),
                quote!(#krate::Info::at(#family).set(#set);),
            ),
            Mode::Off => (quote!(::core::option::Option::None), quote!(let _ = #set;)),
        };
        quote! {
            #(#cfgs)*
            #allow
            #[automatically_derived]
            impl #ident {
                /// The facts: names and values, once they are set.
                pub fn get(
                    &self,
                ) -> ::core::option::Option<
                    #p::Vec<(#p::String, #p::String)>,
                > {
                    #get
                }

                /// Replaces the facts.
                pub fn set(&self, #parameters) {
                    #set
                }
            }
        }
    }
}

/// Reports labels that have the name of an earlier one by an attribute.
fn report_shared_names(labels: &[ListedLabel], bounds: &[LabelBounds], errors: &mut Errors) {
    let names = labels.iter().zip(bounds);
    let names: Vec<_> = names.map(|(label, of)| of.name(label)).collect();
    for (at, name) in names.iter().enumerate() {
        let same = |earlier: &usize| names[*earlier].value() == name.value();
        // Those of one parameter name are reported as such.
        if let Some(earlier) = (0..at).find(same)
            && labels[earlier].name.unraw() != labels[at].name.unraw()
        {
            let message = format_args!("duplicate label `{}`; drop one", name.value());
            errors.at(name, message);
        }
    }
}

/// A parameter for each label: keywords in their raw form, and duplicates, which were reported,
/// under another name.
fn parameter_names(labels: &[ListedLabel]) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    for (at, ListedLabel { name, .. }) in labels.iter().enumerate() {
        let is_word = syn::parse2::<Ident>(quote!(#name)).is_ok();
        let name = match name.to_string().as_str() {
            // Not to be had in a raw form; rustc says so.
            "self" | "Self" | "super" | "crate" => name.clone(),
            _ if names.contains(name) => format_ident!("__{at}", span = name.span()),
            _ if is_word => name.clone(),
            keyword => Ident::new_raw(keyword, name.span()),
        };
        names.push(name);
    }
    names
}

/// A parameter type that borrows where the declaration says `String`.
fn borrowed(ty: &Type) -> TokenStream {
    if let Type::Path(path) = ty
        && path.qself.is_none()
        && let Some(last) = path.path.segments.last()
        && last.ident == "String"
        && matches!(last.arguments, PathArguments::None)
    {
        return quote!(&str);
    }
    quote!(#ty)
}

fn derived(
    declaration: &Declaration,
    prefix: &LitStr,
    attrs: &MetricAttrs<'_>,
    rules: &Rules,
) -> LitStr {
    let own = snake_case(&declaration.ident);
    let own = own.strip_suffix(rules.suffix).unwrap_or(&own);
    let mut name = format!("{}_{own}", prefix.value());
    if let Some(unit) = attrs.unit.get() {
        let unit = format!("_{}", unit.value());
        if !name.ends_with(&unit) {
            name.push_str(&unit);
        }
    }
    name.push_str(rules.suffix);
    LitStr::new(&name, declaration.ident.span())
}

/// Reports labels that bear the name of an earlier one.
pub(crate) fn report_duplicates<'i>(names: impl Iterator<Item = &'i Ident>, errors: &mut Errors) {
    let mut seen: Vec<Ident> = Vec::new();
    for name in names {
        if seen.contains(&name.unraw()) {
            errors.at(name, format_args!("duplicate label `{name}`; drop one"));
        }
        seen.push(name.unraw());
    }
}
