//! Checks a function attribute: its arguments against each other and against the function.

use proc_macro2::{Ident, Span};
use syn::{ReturnType, ext::IdentExt};

use super::{
    Args, CallForm, Errors, Follow, Function, Item, MAX_LISTED_LABELS, MemberKind, Returns,
    exits::check_label_exits, generics::names_generic,
};

/// Reports arguments that contradict each other, the attribute or the item that it is on.
pub(crate) fn check(args: &Args, item: &Item, errors: &mut Errors) {
    let attribute = args.instrument.attribute;
    match item {
        Item::Function(function) => check_function(args, function, errors),
        Item::Declaration(name) => {
            let message = "the function has no body to record; put the attribute on its \
                           implementations";
            errors.at(name, message);
        }
        Item::Container(container) => {
            let modules = container.members.iter();
            for module in modules.filter(|member| member.kind == MemberKind::FileModule) {
                errors.at(&module.item, cannot_see_file(attribute));
            }
            if let Some(key) = args.skip.key() {
                let message = "`skip` excludes a single function, not a block; remove the \
                               attribute";
                errors.at(key, message);
            }
            for key in [args.future.key(), args.stream.key()].into_iter().flatten() {
                let message = format!(
                    "`{key}` describes what a function returns; put it in an attribute on the \
                     function"
                );
                errors.at(key, message);
            }
        }
        Item::FileModule(header) => errors.at(header, cannot_see_file(attribute)),
        Item::Other => {
            let message = format!(
                "`#[{attribute}]` belongs on a function, an `impl` block, a trait or an inline \
                 module"
            );
            errors.push(syn::Error::new(Span::call_site(), message));
        }
    }
}

fn cannot_see_file(attribute: &str) -> String {
    format!("`#[{attribute}]` cannot see a module in another file; put it on the functions there")
}

/// Reports arguments that contradict each other, the attribute or the function.
pub(crate) fn check_function(args: &Args, function: &Function, errors: &mut Errors) {
    let attribute = args.instrument.attribute;
    if let Some(constness) = &function.sig.constness {
        let message = format!(
            "`#[{attribute}]` cannot record a `const fn`, which may run at compile time; remove \
             one of them"
        );
        errors.at(constness, message);
    }
    if let Some(key) = args.skip.key() {
        let message = format!(
            "`skip` excludes a function in a block with `#[{attribute}]` and takes no other \
             arguments; remove them, or the attribute"
        );
        errors.at(key, message);
    }
    if let (Some(key), Some(_)) = (args.docs.key(), &function.code) {
        errors.at(key, "measured code has no documentation; remove `docs`");
    }
    check_family(args, errors);
    check_applies(args, errors);
    let returns = Returns::of(function, args);
    check_outcome(args, &returns, errors);
    check_labels(args, function, errors);
    check_busy(args, &returns, errors);
    check_stated(args, function, errors);
    if returns.is_read(args)
        && matches!(returns.form, CallForm::Value)
        && let Some(track_caller) = function.attribute("track_caller")
    {
        errors.at(
            track_caller,
            "the function that reads the result calls the body, so `#[track_caller]` would report \
             it as the caller; add `outcome = false`, or remove one of the attributes",
        );
    }
}

/// Checks help, unit and buckets, which belong to a family: a function may set them only if it
/// names a family of its own.
fn check_family(args: &Args, errors: &mut Errors) {
    let instrument = args.instrument;
    if let Some(help) = args.help.get()
        && help.value().trim().is_empty()
    {
        errors.at(help, "the help is empty; describe what the family measures");
    }
    for key in [args.help.key(), args.unit.key(), args.buckets.key()]
        .into_iter()
        .flatten()
    {
        // Buckets on attributes other than `#[timed]` are reported by `check_applies`.
        let applies = key != "buckets" || instrument.is_timed;
        if applies && !args.name.is_set() {
            let message = format!(
                "`{key}` would change the shared family `{}`; add `name = \"...\"` for a family \
                 of its own",
                instrument.family
            );
            errors.at(key, message);
        }
    }
    if let Some(buckets) = args.buckets.get()
        && let Some(native) = &buckets.native
        && let Some(negative) = native.negative.key()
    {
        errors.at(negative, "a duration is never negative; remove `negative`");
    }
    if let Some(unit) = args.unit.get()
        && instrument.is_timed
        && unit.value() != "seconds"
    {
        errors.at(unit, "durations are exposed in seconds; remove the unit");
    }
}

/// Reports arguments that the attribute does not support.
fn check_applies(args: &Args, errors: &mut Errors) {
    if !args.instrument.is_timed {
        let of_duration = [
            (
                args.buckets.key(),
                "only `#[timed]` has buckets; remove them",
            ),
            (
                args.sample.key(),
                "only `#[timed]` can sample calls; remove `sample`",
            ),
            (
                args.busy.key(),
                "only `#[timed]` measures durations; remove `busy`",
            ),
            (
                args.slo.latency.key(),
                "only `#[timed]` measures durations; move the objective to it",
            ),
        ];
        for (key, message) in of_duration {
            if let Some(key) = key {
                errors.at(key, message);
            }
        }
    }
    if args.instrument.has_outcome {
        return;
    }
    let of_outcome = [
        args.fallible.key(),
        args.ok_if.key(),
        args.error_if.key(),
        args.err.key(),
        args.outcome.key(),
        args.slo.success.key(),
    ];
    for key in of_outcome.into_iter().flatten() {
        let message = format!(
            "calls in progress have no outcome yet; remove `{key}`, or count the calls with \
             `#[counted]`"
        );
        errors.at(key, message);
    }
    if let Some(key) = args.exemplars.key() {
        let message = "a gauge has no exemplars; remove `exemplars`, or count the calls with \
                       `#[counted(exemplars)]`";
        errors.at(key, message);
    }
    for label in args.result_labels() {
        let message = "calls in progress have no result yet; remove the label, or count the calls \
                       with `#[counted]`";
        errors.at(&label.name, message);
    }
}

/// Checks the arguments that decide the outcome of a call or depend on it.
fn check_outcome(args: &Args, returns: &Returns, errors: &mut Errors) {
    if let (Some(key), false) = (args.err.key(), args.fallible.is_set())
        && args.instrument.has_outcome
        && !returns.fallible.is_possible()
    {
        let message = "the function does not return a `Result`, so the label has no error to \
                       read; compute it with `labels(on_return(...))`";
        errors.at(key, message);
    }
    if let (true, Some(key)) = (args.ok_if.is_set(), args.error_if.key()) {
        errors.at(
            key,
            "`ok_if` already decides the outcome; remove one of them",
        );
    }
    if let Some(fallible) = args.fallible.get()
        && !fallible.value
    {
        let decided = [args.ok_if.key(), args.error_if.key(), args.err.key()];
        for key in decided.into_iter().flatten() {
            let message =
                format_args!("`fallible = false` states that no call fails; remove it or `{key}`");
            errors.at(key, message);
        }
    }
    if args.instrument.has_outcome && !args.has_outcome() {
        let needing = [
            args.fallible.key(),
            args.ok_if.key(),
            args.error_if.key(),
            args.slo.success.key(),
        ];
        for key in needing.into_iter().flatten() {
            let message = format_args!("`outcome = false` omits the outcome; remove it or `{key}`");
            errors.at(key, message);
        }
    }
}

fn check_labels(args: &Args, function: &Function, errors: &mut Errors) {
    report_duplicates(args.all_labels().map(|(name, _)| name), errors);
    for (name, ty) in args.all_labels() {
        let is_sample = args.sample.is_set() && name == "sample";
        let own = ["function", "module", "outcome"];
        if is_sample || own.iter().any(|own| name == own) {
            let message =
                format!("the attribute itself sets the label `{name}`; choose another name");
            errors.at(name, message);
        }
        if let Some(ty) = ty
            && names_generic(ty, &function.sig, args)
        {
            let message = "the type is used outside of the function, where `Self`, `impl` and \
                           generic parameters have no meaning; write a concrete type, or omit it";
            errors.at(ty, message);
        }
    }
    let entry: Vec<_> = args.entry_labels().collect();
    if let Some(label) = entry.get(MAX_LISTED_LABELS) {
        let message = format!(
            "a function has at most {MAX_LISTED_LABELS} labels with values from its call, and this \
             one has {}; remove some, or record them in a metric of `metrics!`",
            entry.len()
        );
        errors.at(&label.name, message);
    }
    for label in entry {
        if let Some(value) = &label.value {
            check_label_exits(value, errors);
        }
        if label.value.is_none() && !function.binds(&label.name) {
            let name = &label.name;
            let value = if name == "on_return" {
                "(name = |result| expression)"
            } else {
                " = expression"
            };
            let message = format!("the function has no argument `{name}`; write `{name}{value}`");
            errors.at(name, message);
        }
    }
    if let (Some(key), Some([])) = (args.labels.key(), args.labels.get().map(Vec::as_slice)) {
        let message = format!(
            "`labels` is empty; write `labels(argument)` or `labels(name = expression)`, or \
             remove it from `#[{}]`",
            args.instrument.attribute
        );
        errors.at(key, message);
    }
}

/// Reports each label that has the name of an earlier label.
pub(super) fn report_duplicates<'i>(names: impl Iterator<Item = &'i Ident>, errors: &mut Errors) {
    let mut seen = Vec::new();
    for name in names {
        let raw = name.unraw();
        if seen.contains(&raw) {
            errors.at(name, format_args!("duplicate label `{name}`; remove one"));
        }
        seen.push(raw);
    }
}

fn check_busy(args: &Args, returns: &Returns, errors: &mut Errors) {
    let Some(key) = args.busy.key() else { return };
    match returns.form {
        CallForm::Value => errors.at(
            key,
            "a function that is not async is busy during the whole call; remove `busy`",
        ),
        CallForm::Returned(Follow::Probed) => errors.at(
            key,
            "only futures and streams are polled; add `future` or `stream` if the function returns \
             one, or remove `busy`",
        ),
        _ => {}
    }
    if args.sample.is_set() {
        errors.at(
            key,
            "`busy` times every call and `sample` only some; remove one of them",
        );
    }
}

/// Checks the arguments that state what the function returns.
fn check_stated(args: &Args, function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    if function.code.is_some() {
        for key in [args.future.key(), args.stream.key()].into_iter().flatten() {
            let message = format!(
                "`measure!` measures its code, and not what the code returns; remove `{key}`"
            );
            errors.at(key, message);
        }
    } else if sig.asyncness.is_some() {
        if let Some(key) = args.future.key() {
            let message = "the call of an `async fn` always ends with its future; remove `future`";
            errors.at(key, message);
        }
    } else if matches!(sig.output, ReturnType::Default) {
        for key in [args.future.key(), args.stream.key()].into_iter().flatten() {
            let message = format!("the function returns nothing; remove `{key}`");
            errors.at(key, message);
        }
    }
}
