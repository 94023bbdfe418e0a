//! What the function attributes have in common: the function with a recorder around its body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, LitStr, Path, Signature, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
};

use crate::{
    attr::{Args, LabelArg, first_span, kind, label_name},
    declare::report_duplicates,
    errors::Errors,
    output::{Fallible, closure_output, hint, is_never},
    site::{Site, SiteBuckets, SiteLabels, allow},
};

/// An attribute that records calls.
pub(crate) trait Measure {
    /// The attribute's name.
    const ATTRIBUTE: &'static str;
    /// The recorder in `metrics_core::__private::call`.
    const RECORDER: &'static str;
    /// The type of the metric.
    const KIND: &'static str;
    /// The common family and its help.
    const FAMILY: &'static str;
    const HELP: &'static str;
    const UNIT: Option<&'static str>;
    /// Whether series have the label `outcome`.
    const OUTCOME: bool;

    /// What the words of a series are.
    fn layout(krate: &Path) -> TokenStream;

    /// Whether it counts in buckets.
    const BUCKETS: bool = false;
}

/// Expands an attribute; next to errors the function is emitted as it was.
pub(crate) fn expand<M: Measure>(
    args: TokenStream,
    item: &TokenStream,
    krate: &str,
) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let function = errors.take(syn::parse2::<Function>(item.clone()));
    let expanded = function.and_then(|function| {
        check::<M>(&args, &function, &mut errors);
        errors.finish().map_or_else(
            |error| {
                let error = error.into_compile_error();
                Some(quote!(#error #item))
            },
            |()| Some(wrap::<M>(&args, &args.krate(krate), function)),
        )
    });
    expanded.unwrap_or_else(|| {
        let message = format!("`#[{}]` belongs on a function with a body", M::ATTRIBUTE);
        let error = syn::Error::new(Span::call_site(), message).into_compile_error();
        quote!(#error #item)
    })
}

/// A function; its body stays as it was written.
struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    defaultness: Option<syn::Token![default]>,
    sig: Signature,
    /// `#![...]` at the top of the body.
    inner_attrs: Vec<Attribute>,
    body: TokenStream,
    brace: Span,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = input.parse()?;
        let sig = input.parse()?;
        let content;
        let brace = syn::braced!(content in input);
        let inner_attrs = content.call(Attribute::parse_inner)?;
        Ok(Function {
            attrs,
            vis,
            defaultness,
            sig,
            inner_attrs,
            body: content.parse()?,
            brace: brace.span.join(),
        })
    }
}

fn check<M: Measure>(args: &Args, function: &Function, errors: &mut Errors) {
    if let Some(constness) = &function.sig.constness {
        let message = format!(
            "`#[{}]` cannot record a `const fn`, which may run while compiling; drop one of them",
            M::ATTRIBUTE
        );
        errors.at(constness, message);
    }
    if let Some(help) = args.help.get()
        && help.value().trim().is_empty()
    {
        errors.at(help, "the help is empty; say what the family is for");
    }
    for key in [args.help.key(), args.buckets.key()].into_iter().flatten() {
        let is_ours = key != "buckets" || M::BUCKETS;
        if is_ours && args.name.get().is_none() {
            let message = format!(
                "`{key}` needs a family of its own; add `name = \"...\"`, as `{}` is shared",
                M::FAMILY
            );
            errors.at(key, message);
        }
    }
    if let (Some(key), false) = (args.buckets.key(), M::BUCKETS) {
        errors.at(key, "only `#[timed]` has buckets; remove them");
    }
    if let Some(labels) = args.labels.get() {
        report_duplicates(labels.iter().map(|label| &label.name), errors);
        for LabelArg { name, .. } in labels {
            if ["function", "module", "outcome"]
                .iter()
                .any(|taken| name == taken)
            {
                let message = format!("the attribute sets the label `{name}` itself; rename it");
                errors.at(name, message);
            }
        }
    }
}

fn wrap<M: Measure>(args: &Args, krate: &Path, function: Function) -> TokenStream {
    let Function {
        attrs,
        vis,
        defaultness,
        sig,
        inner_attrs,
        body,
        brace,
    } = function;
    let call = quote!(#krate::__private::call);
    let is_async = sig.asyncness.is_some();
    let fallible = match args.fallible.get() {
        Some(said) => Fallible::Known(said.value),
        None => Fallible::of(&sig),
    };
    let site_type = format_ident!("__Metrics{}", M::RECORDER);
    let recorder = format_ident!("{}", M::RECORDER);
    let site = site::<M>(args, krate, &sig.ident, &site_type, &fallible, is_async);
    let labels = args.labels.get().map_or(&[][..], |labels| labels);
    let values = labels.iter().map(|label| {
        let value = &label.value;
        if let Some(ty) = &label.ty {
            // The type is stated, so that it is this one and the error is here if it is not.
            quote!({ let __label: #ty = #value; __label })
        } else {
            // Borrowed, so that the body may still move what it is computed from.
            quote_spanned!(first_span(value)=> &(#value))
        }
    });
    let allow = allow();
    // Where it shows that a value is no label.
    let at = labels
        .first()
        .map_or(brace, |label| first_span(&label.value));
    let values = quote_spanned!(at=> &(#(#values,)*));
    let enter = quote!(#call::#recorder::<#site_type>::enter(#values));
    let items = quote! {
        #allow
        struct #site_type;
        #allow
        const _: () = { #site };
    };
    // Not in a block of its own: a closure is given its parameter's type only where it stands as
    // an argument itself.
    let is_error = quote!(|__result| #call::Look(__result).is_error());
    let look = quote! {
        #[allow(unused_imports)]
        use #call::NeverError as _;
    };
    let body = if is_async {
        let hint = hint(&sig.output);
        let tracked = quote_spanned! {brace=>
            #call::Tracked::new(__call, async move { #hint #body }, #is_error).await
        };
        // A value that cannot be is one of any type: also of `!`, which cannot be named here.
        let tracked = if is_never(&sig.output) {
            quote!(match #tracked {})
        } else {
            tracked
        };
        quote_spanned! {brace=>
            #look
            let __call = { #items #enter };
            #tracked
        }
    } else if fallible.may() && M::OUTCOME {
        let output = closure_output(&sig.output);
        quote_spanned! {brace=>
            #look
            let __call = { #items #enter };
            #[allow(clippy::redundant_closure_call)]
            #call::run(__call, move || #output { #body }, #is_error)
        }
    } else {
        quote_spanned! {brace=>
            let __call = { #items #call::Guard::new(#enter) };
            #body
        }
    };
    quote! {
        #(#attrs)*
        #vis #defaultness #sig {
            #(#inner_attrs)*
            #body
        }
    }
}

fn site<M: Measure>(
    args: &Args,
    krate: &Path,
    function: &Ident,
    ty: &Ident,
    fallible: &Fallible,
    is_async: bool,
) -> TokenStream {
    let p = quote!(#krate::__private);
    let labels = args.labels.get().map_or(&[][..], |labels| labels);
    let labels = labels.iter().map(|label| {
        let values = label.ty.as_ref().map_or_else(
            || quote!(::core::option::Option::None),
            |ty| quote!(<#ty as #krate::Label>::VALUES),
        );
        (label_name(&label.name), values)
    });
    let name = args.name.get().cloned();
    let mixed = name.is_none();
    let name = name.unwrap_or_else(|| LitStr::new(M::FAMILY, Span::call_site()));
    let help = args
        .help
        .get()
        .map_or_else(|| M::HELP.to_owned(), LitStr::value);
    let unit = M::UNIT.map(|unit| LitStr::new(unit, name.span()));
    let function = LitStr::new(&function.unraw().to_string(), function.span());
    let sparse = M::BUCKETS;
    let inner = M::OUTCOME.then(|| {
        quote! {
            #p::Inner {
                label: "outcome",
                values: #p::call::outcomes(__FALLIBLE, #is_async),
                sparse: #sparse,
            }
        }
    });
    let site = Site {
        krate,
        ty,
        kind: kind(krate, M::KIND),
        name,
        help,
        unit,
        labels: SiteLabels::List(labels.collect()),
        constant: vec![
            ("function", quote!(#function)),
            ("module", quote!(::core::module_path!())),
        ],
        layout: M::layout(krate),
        block: M::BUCKETS,
        inner,
        buckets: M::BUCKETS.then(|| SiteBuckets {
            bounds: args.buckets.get(),
            nanos: true,
        }),
        quantiles: None,
        states: None,
        max_series: None,
        labels_at: function.span(),
        mixed,
        open: false,
        at: function.span(),
    };
    let (site, fallible) = (site.expand(), fallible.constant(krate));
    quote! {
        const __FALLIBLE: bool = #fallible;

        #[automatically_derived]
        impl #p::call::CallSite for #ty {
            const FALLIBLE: bool = __FALLIBLE;
        }

        #site
    }
}
