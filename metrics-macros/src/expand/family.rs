//! Writes the statics of an instrumented function: its family, the family's storage, and the
//! registration.
//!
//! `#[counted]` on `fn size(..) -> usize` needs, with `p` for `::metrics_core::__private`,
//!
//! ```text
//! const __SPEC: p::call::FunctionSpec = p::call::FunctionSpec::new(
//!     &[("function", "size"), ("module", module_path!())],
//!     file!(), p::line_in(file!(), line!(), "src/text.rs", 7), module_path!(),
//!     p::call::OutcomeLabel::Present { error: No, cancelled: No },
//! );
//! const __CELLS: usize = __SPEC.cell_count(p::call::FunctionFamily::COUNTED);
//! static __SHARED: [p::AtomicU64; __CELLS] = [const { p::AtomicU64::new(0) }; __CELLS];
//! static __FAMILY: p::Family = {
//!     __register! { p::Registration::Family(&__FAMILY) }
//!     __SPEC.family(p::call::FunctionFamily::COUNTED, &__SHARED)
//! };
//! ```
//!
//! and, if the call is not a future or has labels, this thread's part of the storage:
//!
//! ```text
//! type __Local = <
//!     p::Strategy<{ __SPEC.strategy(p::call::FunctionFamily::COUNTED, false) }>
//!     as p::StrategyStorage<{ __SPEC.local_cells(p::call::FunctionFamily::COUNTED, false) }>
//! >::Local;
//! p::thread_local! {
//!     static __LOCAL: __Local = const { <__Local as p::ConstInit>::INIT };
//! }
//! ```
//!
//! `busy` adds a second family, `__BUSY_FAMILY`, with storage of its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{LitStr, Type, ext::IdentExt};

use super::{
    buckets::bucket_items,
    tokens::{check, check_name, kind, line},
};
use crate::model::{Args, Certainty, Function, Returns, label_name, with_static_lifetimes};

/// The items before a call: the statics, and the checks of the arguments.
pub(super) fn items(
    args: &Args,
    function: &Function,
    returns: &Returns,
    family: &Ident,
) -> TokenStream {
    let krate = &args.krate;
    let p = quote!(#krate::__private);
    let call = quote!(#p::call);
    let checks = checks(args);
    let const_labels = const_labels(args, function);
    let line = line(&p, function.sig.ident.span());
    let outcomes = outcomes(args, returns);
    let labels = labels(args, function);
    let buckets = args.buckets.get().map(|buckets| {
        let native = buckets.native.as_ref().map(|native| {
            let native = native.expand(krate);
            quote!(.native(#native))
        });
        quote!(.buckets(&__BOUNDS, &__BUCKETS) #native)
    });
    let shared_family = shared_family(args);
    let register =
        |family: &Ident| quote!(#krate::__register! { #p::Registration::Family(&#family) });
    let busy = args
        .busy
        .get()
        .map(|()| Ident::new("__BUSY_FAMILY", family.span()));
    let busy_items = busy.as_ref().map(|busy| {
        let registered = register(busy);
        let own = own_family(args, "_busy", " Waiting is left out.");
        quote! {
            static __BUSY_SHARED: [#p::AtomicU64; __CELLS] =
                [const { #p::AtomicU64::new(0) }; __CELLS];
            static #busy: #p::Family = {
                #registered
                __SPEC #own.family(#call::FunctionFamily::BUSY, &__BUSY_SHARED)
            };
        }
    });
    let with_busy = busy.map(|busy| quote!(.busy_family(&#busy)));
    let registered = register(family);
    let own = own_family(args, "", "");
    let objectives = objectives(args);
    let exemplars = args.exemplars.get().map(|()| quote!(.exemplars()));
    quote! {
        #checks
        const __SPEC: #call::FunctionSpec = #call::FunctionSpec::new(
            #const_labels,
            ::core::file!(),
            #line,
            ::core::module_path!(),
            #outcomes,
        )
        #labels
        #buckets;
        const __CELLS: usize = __SPEC.cell_count(#shared_family);
        static __SHARED: [#p::AtomicU64; __CELLS] =
            [const { #p::AtomicU64::new(0) }; __CELLS];
        #busy_items
        static #family: #p::Family = {
            #registered
            __SPEC #own #objectives #exemplars #with_busy.family(#shared_family, &__SHARED)
        };
    }
}

/// This thread's part of the function's storage, the thread-local `__LOCAL`.
pub(super) fn local_items(args: &Args, is_future: bool) -> TokenStream {
    let krate = &args.krate;
    let p = quote!(#krate::__private);
    let shared_family = shared_family(args);
    quote! {
        type __Local = <
            #p::Strategy<{ __SPEC.strategy(#shared_family, #is_future) }>
            as #p::StrategyStorage<{ __SPEC.local_cells(#shared_family, #is_future) }>
        >::Local;
        #p::thread_local! {
            static __LOCAL: __Local = const { <__Local as #p::ConstInit>::INIT };
        }
    }
}

/// The `FunctionFamily` of the functions with this attribute.
fn shared_family(args: &Args) -> TokenStream {
    let krate = &args.krate;
    let name = if args.sample.is_set() {
        "SAMPLED"
    } else {
        args.instrument.shared_family
    };
    let name = Ident::new(name, Span::call_site());
    quote!(#krate::__private::call::FunctionFamily::#name)
}

/// The const labels of the function's series: `function`, `module` and perhaps `sample`.
fn const_labels(args: &Args, function: &Function) -> TokenStream {
    let krate = &args.krate;
    let p = quote!(#krate::__private);
    let name = function_name(args, function);
    // With `name`, the family belongs to the function alone, and its help states the share instead
    // of a label.
    let sample = args.sample.get().filter(|_| !args.name.is_set());
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

/// The value of the label `function`.
pub(super) fn function_name(args: &Args, function: &Function) -> LitStr {
    if let Some(code) = &function.code {
        return code.name.clone();
    }
    let ident = &function.sig.ident;
    let mut name = ident.unraw().to_string();
    if let Some(enclosing) = &args.enclosing {
        name = format!("{}::{name}", enclosing.ty.value());
    }
    LitStr::new(&name, ident.span())
}

fn outcomes(args: &Args, returns: &Returns) -> TokenStream {
    let krate = &args.krate;
    let call = quote!(#krate::__private::call);
    if !args.has_outcome() {
        return quote!(#call::OutcomeLabel::Omitted);
    }
    let error = possible(&call, &returns.fallible, "FALLIBLE");
    let cancelled = possible(&call, &returns.cancellable, "IS_ASYNC");
    quote!(#call::OutcomeLabel::Present { error: #error, cancelled: #cancelled })
}

/// Whether calls can have an outcome such as `error`, as a `Possible`. `probe` is the constant of
/// `TypeProbe` that the compiler evaluates if the macro cannot tell.
fn possible(call: &TokenStream, certainty: &Certainty, probe: &str) -> TokenStream {
    match certainty {
        Certainty::Known(true) => quote!(#call::Possible::Yes),
        Certainty::Known(false) => quote!(#call::Possible::No),
        Certainty::Probe(ty) => {
            let ty = with_static_lifetimes(ty);
            let probe = Ident::new(probe, Span::call_site());
            quote! {
                #call::Possible::known({
                    #[allow(unused_imports)]
                    use #call::TypeProbeFallback as _;
                    #call::TypeProbe::<#ty>::#probe
                })
            }
        }
        Certainty::Unknown => quote!(#call::Possible::Unknown),
    }
}

/// The setter call for all labels except the const labels. It states their names, their values that
/// are known at compile time, and which labels are computed from the result. `None` if there are
/// none.
fn labels(args: &Args, function: &Function) -> Option<TokenStream> {
    let krate = &args.krate;
    let p = quote!(#krate::__private);
    let names: Vec<_> = args
        .all_labels()
        .map(|(name, _)| label_name(name))
        .collect();
    if names.is_empty() {
        return None;
    }
    let values = |ty: Option<&Type>| {
        let Some(ty) = ty.map(with_static_lifetimes) else {
            return quote!(::core::option::Option::None);
        };
        quote!(<#ty as #krate::Label>::VALUES)
    };
    let entry = args.entry_labels();
    let sets = entry.map(|label| values(function.label_type(label, args)));
    let results = args
        .result_labels()
        .map(|label| (&label.name, &label.ty, false));
    let err = args.err.get().map(|label| (&label.name, &label.ty, true));
    let results = results.chain(err).map(|(name, ty, errors_only)| {
        let name = label_name(name);
        let values = values(ty.as_ref());
        quote! {
            #p::call::ResultLabel { name: #name, values: #values, errors_only: #errors_only }
        }
    });
    let count = names.len();
    Some(quote! {
        .labels(
            {
                const LABELS: &[#p::Cow<'static, str>] = &#p::borrowed_texts::<#count>(&[#(#names),*]);
                LABELS
            },
            {
                const SETS: &[::core::option::Option<&'static [&'static str]>] = &[#(#sets),*];
                const _: () =
                    #p::check_call_series(#p::closed_series(SETS), #krate::DEFAULT_MAX_SERIES);
                SETS
            },
            {
                const RESULTS: &[#p::call::ResultLabel] = &[#(#results),*];
                RESULTS
            },
        )
    })
}

/// The name, help and unit of the function's own family; `None` without the argument `name`.
/// `infix` goes before the suffix `_seconds` of the name, `remark` after the help.
fn own_family(args: &Args, infix: &str, remark: &str) -> Option<TokenStream> {
    let instrument = args.instrument;
    let given = args.name.get()?;
    let name = given.value();
    let name = match name.strip_suffix("_seconds") {
        Some(stem) if instrument.is_timed => format!("{stem}{infix}_seconds"),
        _ => name,
    };
    let name = LitStr::new(&name, given.span());
    let help = args.help.get().map(LitStr::value);
    let help = help.unwrap_or_else(|| instrument.help.to_owned());
    let sample = args.sample.get().map(|sample| {
        let (share, of) = (sample.share, sample.of);
        format!(" A sample: {share} of {of} calls, picked at random.")
    });
    let help = format!("{}{remark}{}", help.trim(), sample.unwrap_or_default());
    let unit = if instrument.is_timed {
        "seconds".to_owned()
    } else {
        args.unit.get().map(LitStr::value).unwrap_or_default()
    };
    Some(quote!(.in_family(#name, #help, #unit)))
}

fn objectives(args: &Args) -> Option<TokenStream> {
    let krate = &args.krate;
    let latency = args.slo.latency.get();
    let latency = latency.map(|latency| latency.objective(krate));
    let success = args.slo.success.get();
    let success = success.map(|percent| quote!(#krate::Objective::Success { percent: #percent }));
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

/// The checks of the arguments, and the bucket items that some of them use.
pub(super) fn checks(args: &Args) -> TokenStream {
    let krate = &args.krate;
    let kind = kind(krate, args.instrument.kind);
    let mut checks = TokenStream::new();
    if let Some(name) = args.name.get() {
        let seconds = LitStr::new("seconds", name.span());
        let unit = if args.instrument.is_timed {
            Some(&seconds)
        } else {
            args.unit.get()
        };
        checks.extend(check_name(krate, "check_metric", name, unit, &kind));
    }
    for (name, _) in args.all_labels() {
        let label = label_name(name);
        let arguments = quote!(#label, #kind);
        checks.extend(check(krate, label.span(), "check_label", arguments));
    }
    if let Some(buckets) = args.buckets.get() {
        checks.extend(bucket_items(
            krate,
            buckets.array(krate),
            "nanos_with_infinity",
        ));
        checks.extend(buckets.checks(krate));
    }
    if let Some(latency) = args.slo.latency.get() {
        let bounds = if args.buckets.is_set() {
            quote!(__BOUNDS)
        } else {
            quote!(#krate::DURATION_BUCKETS)
        };
        checks.extend(latency.check(krate, &bounds));
    }
    checks
}
