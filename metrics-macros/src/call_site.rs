//! The static side of an annotated function: its metric, and the registration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{LitStr, Path, ext::IdentExt};

use crate::{
    args::Args,
    attr::{kind, label_name, located_at},
    function::{Function, Measure},
    layer::outcome_is_told,
    output::{Returns, with_static_lifetimes},
    site::{bucket_items, check_name, line},
};

/// The items before a call: statics, and constants that fail to compile at the token at fault.
pub(crate) fn items<M: Measure>(
    args: &Args,
    krate: &Path,
    function: &Function,
    returns: &Returns,
    site: &Ident,
) -> TokenStream {
    let p = quote!(#krate::__private);
    let call = quote!(#p::call);
    let checks = checks::<M>(args, krate);
    let buckets = args.buckets.get().filter(|_| M::TIMED);
    let with_buckets = buckets.map(|buckets| {
        let native = buckets.native.as_ref().map(|native| {
            let native = native.expand(krate);
            quote!(.native(#native))
        });
        quote!(.buckets(&__BOUNDS, &__BUCKETS) #native)
    });
    let exemplars = args.exemplars.get().map(|()| quote!(.exemplars()));
    let constant = constant(args, &p, function);
    let line = line(function.sig.ident.span());
    let outcomes = if outcome_is_told::<M>(args) {
        let fallible = returns.fallible.constant(krate);
        let is_future = returns.is_future;
        quote!(#call::Outcomes::Labelled { fallible: #fallible, is_async: #is_future })
    } else {
        quote!(#call::Outcomes::Unlabelled)
    };
    let labels = labels(args, krate, function);
    let own = own_family::<M>(args, "", "");
    let objectives = objectives(args, krate);
    let described = quote! {
        #call::Site::new(
            #constant,
            ::core::file!(),
            #line,
            ::core::module_path!(),
            #outcomes,
        )
        #labels
        #with_buckets
    };
    let measured = Ident::new(
        if args.sample.get().is_some() {
            "SAMPLED"
        } else {
            M::MEASURED
        },
        Span::call_site(),
    );
    let register = |site: &Ident| quote!(#krate::__register! { #p::Registration::Family(&#site) });
    let registered = register(site);
    let measured = quote!(#call::Measured::#measured);
    let described = quote! {
        #checks
        const __DESCRIBED: #call::Site = #described;
        const __WORDS: usize = __DESCRIBED.words(#measured);
        static __SHARED: [#p::AtomicU64; __WORDS] =
            [const { #p::AtomicU64::new(0) }; __WORDS];
    };
    if args.busy.get().is_none() {
        return quote! {
            #described
            static #site: #p::Family = {
                #registered
                __DESCRIBED #own #objectives #exemplars.measured(#measured, &__SHARED)
            };
        };
    }
    let busy = Ident::new("__BUSY", site.span());
    let busy_registered = register(&busy);
    let busy_own = own_family::<M>(args, "_busy", " Waiting is left out.");
    quote! {
        #described
        static __BUSY_SHARED: [#p::AtomicU64; __WORDS] =
            [const { #p::AtomicU64::new(0) }; __WORDS];
        static #busy: #p::Family = {
            #busy_registered
            __DESCRIBED #busy_own.measured(#call::Measured::BUSY, &__BUSY_SHARED)
        };
        static #site: #p::Family = {
            #registered
            __DESCRIBED #own #objectives #exemplars.busy(&#busy).measured(#measured, &__SHARED)
        };
    }
}

/// The series of a call whose words are in the thread's static storage.
pub(crate) fn near<M: Measure>(krate: &Path, called: &TokenStream) -> TokenStream {
    // A histogram stands on the heap, as a thousand of them would be too much to have in static
    // storage.
    let p = quote!(#krate::__private);
    let limit = if M::TIMED {
        quote!(0)
    } else {
        quote!(#p::STATIC_WORDS)
    };
    quote! {
        type __Local = <
            #p::Keeps<{ #p::kept(__WORDS, true, #limit) }>
            as #p::Choice<__WORDS>
        >::Local;
        #p::thread_local! {
            static __LOCAL: __Local = const { <__Local as #p::Fresh>::FRESH };
        }
        #p::call::Near::new(#called, &__LOCAL)
    }
}

/// The labels that every series has.
fn constant(args: &Args, p: &TokenStream, function: &Function) -> TokenStream {
    let name = function_name(args, function);
    // Where the family is its own, its help says so.
    let sample = args.sample.get().filter(|_| args.name.get().is_none());
    let sample = sample.map(|sample| {
        let value = format!("{}/{}", sample.share, sample.of);
        quote!((#p::Cow::Borrowed("sample"), #p::Cow::Borrowed(#value)),)
    });
    quote! {
        &[
            (#p::Cow::Borrowed("function"), #p::Cow::Borrowed(#name)),
            (#p::Cow::Borrowed("module"), #p::Cow::Borrowed(::core::module_path!())),
            #sample
        ]
    }
}

/// What the label `function` says.
pub(crate) fn function_name(args: &Args, function: &Function) -> LitStr {
    let ident = &function.sig.ident;
    let mut name = ident.unraw().to_string();
    if let Some(ty) = args.block.as_ref().and_then(|block| block.ty.as_ref()) {
        name = format!("{}::{name}", ty.value());
    }
    LitStr::new(&name, ident.span())
}

/// The family of its own, if it has one.
fn own_family<M: Measure>(args: &Args, infix: &str, remark: &str) -> Option<TokenStream> {
    let given = args.name.get()?;
    let name = given.value();
    let name = match name.strip_suffix("_seconds") {
        Some(stem) if M::TIMED => format!("{stem}{infix}_seconds"),
        _ => name,
    };
    let name = LitStr::new(&name, given.span());
    let help = args.help.get().map_or(M::HELP.to_owned(), LitStr::value);
    let sampled = args.sample.get().map(|sample| {
        let (share, of) = (sample.share, sample.of);
        format!(" A sample: {share} of {of} calls, picked at random.")
    });
    let help = format!("{}{remark}{}", help.trim(), sampled.unwrap_or_default());
    let unit = if M::TIMED {
        "seconds".to_owned()
    } else {
        args.unit.get().map(LitStr::value).unwrap_or_default()
    };
    Some(quote!(.own(#name, #help, #unit)))
}

fn labels(args: &Args, krate: &Path, function: &Function) -> Option<TokenStream> {
    let p = quote!(#krate::__private);
    let mut names = Vec::new();
    let mut sets = Vec::new();
    let values = |ty: Option<&syn::Type>| {
        ty.map_or_else(
            || quote!(::core::option::Option::None),
            |ty| {
                let ty = with_static_lifetimes(ty);
                quote!(<#ty as #krate::Label>::VALUES)
            },
        )
    };
    for label in args.entry_labels() {
        names.push(label_name(&label.name));
        sets.push(values(
            label
                .ty
                .as_ref()
                .or_else(|| function.argument_type(label, args)),
        ));
    }
    let mut results = Vec::new();
    let returned = args
        .result_labels()
        .map(|label| (&label.name, &label.ty, false));
    let err = args.err.get().map(|err| (&err.name, &err.ty, true));
    for (name, ty, of_error) in returned.chain(err) {
        let name = label_name(name);
        let values = values(ty.as_ref());
        results.push(quote! {
            #p::call::ResultLabel { name: #name, values: #values, of_error: #of_error }
        });
        names.push(name);
    }
    if names.is_empty() {
        return None;
    }
    let count = names.len();
    Some(quote! {
        .labels(
            {
                const LABELS: &[#p::Cow<'static, str>] = &#p::texts::<#count>(&[#(#names),*]);
                LABELS
            },
            {
                const SETS: &[::core::option::Option<&'static [&'static str]>] = &[#(#sets),*];
                const _: () = #p::check_series(#p::closed_series(SETS), #krate::DEFAULT_MAX_SERIES);
                SETS
            },
            {
                const RESULTS: &[#p::call::ResultLabel] = &[#(#results),*];
                RESULTS
            },
        )
    })
}

fn objectives(args: &Args, krate: &Path) -> Option<TokenStream> {
    let latency = args.latency.get().map(|latency| latency.expand(krate));
    let success = args
        .success
        .get()
        .map(|percent| quote!(#krate::Objective::Success { percent: #percent }));
    let all: Vec<_> = latency.into_iter().chain(success).collect();
    (!all.is_empty()).then(|| {
        quote! {
            .objectives({
                const OBJECTIVES: &[#krate::Objective] = &[#(#all),*];
                OBJECTIVES
            })
        }
    })
}

/// The buckets, and the constants that fail to compile at the token at fault.
pub(crate) fn checks<M: Measure>(args: &Args, krate: &Path) -> TokenStream {
    let kind = kind(krate, M::KIND);
    let mut checks = TokenStream::new();
    if let Some(name) = args.name.get() {
        let seconds = LitStr::new("seconds", name.span());
        let unit = if M::TIMED {
            Some(&seconds)
        } else {
            args.unit.get()
        };
        checks.extend(check_name(krate, "check_metric", name, unit, &kind));
    }
    let entry = args.entry_labels().map(|label| &label.name);
    let results = args.result_labels().map(|label| &label.name);
    let err = args.err.get().map(|err| &err.name);
    for name in entry.chain(results).chain(err) {
        let label = label_name(name);
        let krate = located_at(krate, label.span());
        checks.extend(quote_spanned! {label.span()=>
            const _: () = #krate::__private::check_label(#label, #kind);
        });
    }
    if let Some(buckets) = args.buckets.get().filter(|_| M::TIMED) {
        let (count, array) = buckets.expand_bounds(krate);
        let (bounds, all) = bucket_items(krate, &count, &array, "nanos_with_infinity");
        checks.extend(quote!(#bounds #all));
        checks.extend(buckets.checks(krate));
    }
    if let Some(latency) = args.latency.get() {
        let bounds = if args.buckets.get().is_some() {
            quote!(__BOUNDS)
        } else {
            quote!(#krate::DURATION_BUCKETS)
        };
        checks.extend(latency.check(krate, &bounds));
    }
    checks
}
