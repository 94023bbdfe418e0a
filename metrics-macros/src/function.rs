//! An attribute on a function: what it may say there, and where to go when it is no function.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{
    Attribute, FnArg, LitStr, Meta, Pat, Signature, Token, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream, Parser},
};

use crate::{
    Mode,
    args::{Args, EntryLabel, MOVED},
    attr::without_comma,
    block, body,
    counted::Counted,
    declare::report_duplicates,
    docs,
    errors::Errors,
    in_flight::InFlight,
    layer::{self, Layer},
    output::{self, Returns},
    timed::Timed,
};

/// An attribute that records calls.
pub(crate) trait Measure {
    /// The attribute's name.
    const ATTRIBUTE: &'static str;
    /// The recorder in `metrics_core::__private::call`.
    const RECORDER: &'static str;
    /// The constant of `Measured` there: the common family.
    const MEASURED: &'static str;
    /// The type of the metric.
    const KIND: &'static str;
    /// The common family and its help.
    const FAMILY: &'static str;
    const HELP: &'static str;
    /// Whether series have the label `outcome`.
    const OUTCOME: bool = true;
    /// Whether it counts in buckets.
    const TIMED: bool = false;
}

/// Expands an attribute; next to errors the item is emitted as it was.
pub(crate) fn expand<M: Measure>(
    tokens: &TokenStream,
    item: &TokenStream,
    krate: &str,
    mode: Mode,
) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(tokens.clone(), &mut errors);
    let expanded = expand_item::<M>(&args, tokens, item, krate, mode, &mut errors);
    match errors.finish() {
        Ok(()) => expanded,
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item)
        }
    }
}

fn expand_item<M: Measure>(
    args: &Args,
    tokens: &TokenStream,
    item: &TokenStream,
    krate: &str,
    mode: Mode,
    errors: &mut Errors,
) -> TokenStream {
    if is_function(item) {
        let Some(mut function) = errors.take(syn::parse2::<Function>(item.clone())) else {
            return item.clone();
        };
        check::<M>(args, &function, errors);
        if mode == Mode::Off {
            let unused = layer::unused::<M>(args, &args.krate(krate), &function);
            let body = &function.body;
            return body::emit(&function, &function.sig, &quote!(#unused #body));
        }
        docs::add::<M>(args, &mut function);
        let moved = take_moved(&mut function);
        let own = Moved {
            name: Ident::new(M::ATTRIBUTE, Span::call_site()),
            tokens: tokens.clone(),
        };
        if leave_to_the_next(&own, &moved, args, krate, &mut function) {
            return body::emit(&function, &function.sig, &function.body);
        }
        let layers = layers::<M>(args, &moved, krate, &function);
        return body::wrap(&function, &layers);
    }
    let expanded = block::expand::<M>(args, tokens, item, krate, errors);
    expanded.unwrap_or_else(|| {
        let message = format!(
            "`#[{}]` belongs on a function, an `impl` block, a trait or an inline module",
            M::ATTRIBUTE
        );
        errors.push(syn::Error::new(Span::call_site(), message));
        item.clone()
    })
}

/// What an attribute that has moved below this one says: its name and arguments.
struct Moved {
    name: Ident,
    tokens: TokenStream,
}

/// Takes out the attributes that have moved to right below this one, the topmost first.
fn take_moved(function: &mut Function) -> Vec<Moved> {
    let mut taken = Vec::new();
    while let Some(next) = next_attribute(function) {
        let Meta::List(meta) = &function.attrs[next].meta else {
            break;
        };
        let is_mark = |token: TokenTree| matches!(token, TokenTree::Ident(word) if word == MOVED);
        let Some(last) = meta.path.segments.last() else {
            break;
        };
        if !meta.tokens.clone().into_iter().any(is_mark) {
            break;
        }
        taken.push(Moved {
            name: last.ident.clone(),
            tokens: meta.tokens.clone(),
        });
        function.attrs.remove(next);
    }
    taken
}

/// The first attribute that may expand to something.
fn next_attribute(function: &Function) -> Option<usize> {
    function.attrs.iter().position(|attr| !body::is_inert(attr))
}

/// Moves this attribute, and those that it has taken in, below the next if that is called like
/// one of ours: one expansion for all of them wraps the body once. A stranger that is called so
/// leaves them where they are now, and nothing is lost.
fn leave_to_the_next(
    own: &Moved,
    moved: &[Moved],
    args: &Args,
    krate: &str,
    function: &mut Function,
) -> bool {
    let Some(next) = next_attribute(function) else {
        return false;
    };
    let names = [Counted::ATTRIBUTE, Timed::ATTRIBUTE, InFlight::ATTRIBUTE];
    let last = function.attrs[next].path().segments.last();
    if !last.is_some_and(|last| names.iter().any(|name| last.ident == name)) {
        return false;
    }
    let krate = args.krate(krate);
    let mark = Ident::new(MOVED, Span::call_site());
    let all = moved.iter().chain([own]).map(|Moved { name, tokens }| {
        let tokens = without_comma(tokens.clone());
        let comma = (!tokens.is_empty()).then(|| quote!(,));
        syn::parse_quote!(#[#krate::#name(#tokens #comma #mark)])
    });
    let all: Vec<Attribute> = all.collect();
    function.attrs.splice(next + 1..=next, all);
    true
}

/// This attribute, and those that have left their work to it.
fn layers<M: Measure>(
    args: &Args,
    moved: &[Moved],
    krate: &str,
    function: &Function,
) -> Vec<Layer> {
    let layer = |Moved { name, tokens }: &Moved| {
        // Checked by their own expansion.
        let args = Args::parse(tokens.clone(), &mut Errors::default());
        let krate = args.krate(krate);
        match name.to_string().as_str() {
            Counted::ATTRIBUTE => Layer::of::<Counted>(&args, &krate, function),
            Timed::ATTRIBUTE => Layer::of::<Timed>(&args, &krate, function),
            _ => Layer::of::<InFlight>(&args, &krate, function),
        }
    };
    let own = Layer::of::<M>(args, &args.krate(krate), function);
    moved.iter().map(layer).chain([own]).collect()
}

fn is_function(item: &TokenStream) -> bool {
    let parser = |input: ParseStream| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let found = function_follows(input);
        input.parse::<TokenStream>()?;
        Ok(found)
    };
    parser.parse2(item.clone()).unwrap_or(false)
}

/// Whether a function begins here, after its visibility.
pub(crate) fn function_follows(input: ParseStream) -> bool {
    let ahead = input.fork();
    loop {
        if ahead.peek(Token![fn]) {
            return true;
        }
        let qualifies = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr)
            || ahead.peek(Token![default]);
        if !qualifies || ahead.parse::<proc_macro2::TokenTree>().is_err() {
            return false;
        }
    }
}

/// A function; its body stays as it was written.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// `#![...]` at the top of the body.
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) body: TokenStream,
    pub(crate) brace: Span,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = input.parse()?;
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = "there is no body to record; annotate the functions that have one, in \
                           the `impl` blocks";
            return Err(syn::Error::new(sig.ident.span(), message));
        }
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

impl Function {
    /// The type of the argument of this name.
    pub(crate) fn argument(&self, label: &EntryLabel) -> Option<&Type> {
        self.sig.inputs.iter().find_map(|input| match input {
            FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) if pat.ident.unraw() == label.name.unraw() => Some(&*input.ty),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
    }

    /// Its type, if a constant outside of the function can name it and the label takes its value
    /// alone.
    pub(crate) fn argument_type(&self, label: &EntryLabel, args: &Args) -> Option<&Type> {
        if label.value.is_some() {
            return None;
        }
        self.argument(label)
            .filter(|ty| output::is_concrete(ty, &self.sig, args))
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attrs.iter().find(|attr| attr.path().is_ident(name))
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
    if let Some(key) = args.skip.key() {
        let message = format!(
            "`skip` stands alone, on a function of a block with `#[{}]`; remove the other \
             arguments, or the attribute",
            M::ATTRIBUTE
        );
        errors.at(key, message);
    }
    check_family::<M>(args, errors);
    check_applies::<M>(args, errors);
    let returns = Returns::of(function, args);
    check_outcome::<M>(args, &returns, errors);
    check_labels::<M>(args, function, errors);
    if let Some(key) = args.busy.key() {
        if !returns.is_future {
            let message = "a function that is not async is busy from its beginning to its end; \
                           remove `busy`";
            errors.at(key, message);
        }
        if args.sample.get().is_some() {
            errors.at(key, "`busy` times every call, `sample` some; remove one");
        }
    }
    if layer::looks::<M>(args, &returns)
        && !returns.is_future
        && let Some(track_caller) = function.attribute("track_caller")
    {
        errors.at(
            track_caller,
            "the result is looked at in a caller of the body, which then is the one that \
             `#[track_caller]` shows; add `outcome = false`, or drop one of the attributes",
        );
    }
}

/// What describes a family is for those that share it to say.
fn check_family<M: Measure>(args: &Args, errors: &mut Errors) {
    if let Some(help) = args.help.get()
        && help.value().trim().is_empty()
    {
        errors.at(help, "the help is empty; say what the family is for");
    }
    for key in [args.help.key(), args.unit.key(), args.buckets.key()]
        .into_iter()
        .flatten()
    {
        let is_ours = key != "buckets" || M::TIMED;
        if is_ours && args.name.get().is_none() {
            let message = format!(
                "`{key}` needs a family of its own; add `name = \"...\"`, as `{}` is shared",
                M::FAMILY
            );
            errors.at(key, message);
        }
    }
    if let Some(buckets) = args.buckets.get()
        && let Some(native) = &buckets.native
        && let Some(negative) = native.negative()
    {
        errors.at(negative, "a time is never negative; remove `negative`");
    }
    if let Some(unit) = args.unit.get()
        && M::TIMED
        && unit.value() != "seconds"
    {
        errors.at(unit, "a time is exposed in seconds; remove the unit");
    }
}

/// Arguments that only some attributes have.
fn check_applies<M: Measure>(args: &Args, errors: &mut Errors) {
    let of_time = [
        args.buckets.key(),
        args.sample.key(),
        args.busy.key(),
        args.latency.key(),
    ];
    for key in of_time.into_iter().flatten() {
        if !M::TIMED {
            let message = match key.to_string().as_str() {
                "buckets" => "only `#[timed]` has buckets; remove them",
                "sample" => "only `#[timed]` samples, counts are exact; remove it",
                "busy" => "only `#[timed]` measures time; remove it",
                _ => "only `#[timed]` knows how long calls take; put the objective there",
            };
            errors.at(key, message);
        }
    }
    let of_outcome = [
        args.fallible.key(),
        args.ok_if.key(),
        args.error_if.key(),
        args.err.key(),
        args.outcome.key(),
        args.success.key(),
    ];
    for key in of_outcome.into_iter().flatten() {
        if !M::OUTCOME {
            let message = format!(
                "calls in progress have no outcome yet; remove `{key}`, or count the calls with \
                 `#[counted]`"
            );
            errors.at(key, message);
        }
    }
    if !M::OUTCOME {
        if let Some(key) = args.exemplars.key() {
            let message = "a gauge has no exemplars; remove `exemplars`, or count the calls with \
                           `#[counted(exemplars)]`";
            errors.at(key, message);
        }
        for label in args.result_labels() {
            let message = "calls in progress have no result yet; remove the label, or count the \
                           calls with `#[counted]`";
            errors.at(&label.name, message);
        }
    }
}

/// What decides the outcome, and what needs one.
fn check_outcome<M: Measure>(args: &Args, returns: &Returns, errors: &mut Errors) {
    if let (Some(key), None) = (args.err.key(), args.fallible.get())
        && M::OUTCOME
        && !returns.fallible.may()
    {
        let message = "the function returns no `Result`, from whose error the label could be; take \
                       it from what is returned with `labels(on_return(...))`";
        errors.at(key, message);
    }
    if let (Some(_), Some(key)) = (args.ok_if.key(), args.error_if.key()) {
        errors.at(key, "`ok_if` decides the outcome already; remove one");
    }
    if let Some(fallible) = args.fallible.get()
        && !fallible.value
    {
        let decided = [args.ok_if.key(), args.error_if.key(), args.err.key()];
        for key in decided.into_iter().flatten() {
            errors.at(
                key,
                format_args!(
                    "`fallible = false` says that there is no error; remove it or `{key}`"
                ),
            );
        }
    }
    if let Some(outcome) = args.outcome.get()
        && !outcome.value
        && M::OUTCOME
    {
        let needing = [
            args.fallible.key(),
            args.ok_if.key(),
            args.error_if.key(),
            args.success.key(),
        ];
        for key in needing.into_iter().flatten() {
            let message =
                format_args!("`outcome = false` leaves the outcome out; remove it or `{key}`");
            errors.at(key, message);
        }
    }
}

fn check_labels<M: Measure>(args: &Args, function: &Function, errors: &mut Errors) {
    let entry = args.entry_labels().map(|label| &label.name);
    let results = args.result_labels().map(|label| &label.name);
    let err = args.err.get().map(|err| &err.name);
    report_duplicates(entry.chain(results).chain(err), errors);
    let entry = args.entry_labels().map(|label| (&label.name, &label.ty));
    let results = args.result_labels().map(|label| (&label.name, &label.ty));
    let err = args.err.get().map(|err| (&err.name, &err.ty));
    for (name, ty) in entry.chain(results).chain(err) {
        let sampled = args.sample.get().is_some() && name == "sample";
        if sampled
            || ["function", "module", "outcome"]
                .iter()
                .any(|taken| name == taken)
        {
            let message = format!("the attribute sets the label `{name}` itself; rename it");
            errors.at(name, message);
        }
        if let Some(ty) = ty
            && output::names_generic(ty, &function.sig, args)
        {
            let message = "the values of the type are read outside of the function, where `Self`, \
                           `impl` and generic parameters have no meaning; name the type, or leave \
                           it out";
            errors.at(ty, message);
        }
    }
    for label in args.entry_labels() {
        if label.value.is_none() && function.argument(label).is_none() {
            let name = &label.name;
            let message =
                format!("the function has no argument `{name}`; write `{name} = expression`");
            errors.at(name, message);
        }
    }
    if let Some(labels) = args.labels.get()
        && labels.is_empty()
        && let Some(key) = args.labels.key()
    {
        let message = format!(
            "no labels; write `labels(argument)` or `labels(name = expression)`, or remove it from \
             `#[{}]`",
            M::ATTRIBUTE
        );
        errors.at(key, message);
    }
}
