//! Moves the arguments of a function into the closure or future that its body becomes.
//!
//! The closure or future must own the arguments and drop them as the function would: at the end of
//! the body, the last one first. Arguments that a closure merely captures are dropped in the order
//! of their first use. So the body begins with statements that move the arguments in order, or name
//! them in reverse order:
//!
//! | argument | `move_arguments` | `move_variables` | `name_variables` |
//! |---|---|---|---|
//! | `self` | `let _ = &self;` | `let _ = &self;` | `let _ = &self;` |
//! | `mut n: u8` | `let mut n = n;` | `let mut n = n;` | `let _ = &n;` |
//! | `(a, b): (u8, u8)` | `let mut __arg1 = __arg1; let (a, b) = __arg1;` | `let a = a; let b = b;` | `let _ = &b; let _ = &a;` |

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Attribute, FieldPat, FnArg, Pat, PatIdent, PatType, Signature, Type,
    visit_mut::{self, VisitMut},
};

use crate::{
    expand::recorder::Recorder,
    model::{Function, mentions},
};

/// Statements that make a closure own the arguments. Changes the patterns in `sig` to match the
/// statements.
pub(super) fn owned_arguments(
    function: &Function,
    recorders: &[Recorder],
    sig: &mut Signature,
) -> TokenStream {
    // Moves the variables of patterns instead of the arguments if labels or attributes below this
    // one may name the variables.
    let are_named = recorders.iter().any(|recorder| recorder.is_labelled);
    if are_named || function.next_active_attribute().is_some() {
        move_variables(sig, recorders)
    } else {
        move_arguments(sig, recorders)
    }
}

/// Statements that move each argument as a whole, in order, and then destructure it, as an `async
/// fn` does. Replaces each pattern in `sig` by a plain name.
pub(super) fn move_arguments(sig: &mut Signature, recorders: &[Recorder]) -> TokenStream {
    let mut moved = TokenStream::new();
    for (index, input) in sig.inputs.iter_mut().enumerate() {
        let input = match input {
            FnArg::Receiver(receiver) => {
                let this = &receiver.self_token;
                moved.extend(quote!(let _ = &#this;));
                continue;
            }
            FnArg::Typed(input) => input,
        };
        // Attributes of an argument, such as lints, move to its variable. `cfg` attributes are
        // copied: the argument keeps them too.
        let attrs = input.attrs.clone();
        input.attrs = cfgs(&attrs).collect();
        let cfgs = &input.attrs;
        let pat = &input.pat;
        let ident = if let Some(ident) = plain_name(pat) {
            let lints = rebinding_lints(ident, recorders);
            moved.extend(quote!(#[allow(#lints)] #(#attrs)* let #pat = #ident;));
            ident.clone()
        } else {
            let name = format_ident!("__arg{index}", span = Span::mixed_site());
            moved.extend(quote! {
                // `#name` is mutable, because a pattern with `ref mut` borrows from it.
                #(#cfgs)*
                #[allow(unused_mut)]
                let mut #name = #name;
                #(#attrs)*
                let #pat = #name;
            });
            name
        };
        *input.pat = syn::parse_quote!(#ident);
    }
    moved
}

/// Statements that move each variable that the arguments bind. The patterns in `sig` stay, except
/// that the `mut` of a variable bound by value moves to the variable's statement.
fn move_variables(sig: &mut Signature, recorders: &[Recorder]) -> TokenStream {
    let mut moved = name_receiver(sig);
    for_each_variable(sig, |cfgs, pat| {
        let is_by_value = pat.by_ref.is_none();
        let mutability = pat.mutability.take_if(|_| is_by_value);
        let ident = &pat.ident;
        let lints = rebinding_lints(ident, recorders);
        moved.extend(quote!(#(#cfgs)* #[allow(#lints)] let #mutability #ident = #ident;));
    });
    moved
}

/// Statements `let _ = &variable;` for the variables that the arguments bind, the last one first:
/// an `async` block captures variables in the order of their first use, and drops them in the same
/// order. If the statements moved the variables, each would take up room in the future twice.
pub(super) fn name_variables(sig: &Signature) -> TokenStream {
    let mut named = vec![name_receiver(sig)];
    for_each_variable(&mut sig.clone(), |cfgs, pat| {
        let ident = &pat.ident;
        let lints = rebinding_lints(ident, &[]);
        named.push(quote!(#(#cfgs)* #[allow(#lints)] let _ = &#ident;));
    });
    named.into_iter().rev().collect()
}

/// The statement `let _ = &self;`, so that a closure captures `self` as a whole.
fn name_receiver(sig: &Signature) -> TokenStream {
    let this = sig.receiver().map(|receiver| &receiver.self_token);
    this.map(|this| quote!(let _ = &#this;)).unwrap_or_default()
}

/// Whether all arguments are plain names.
pub(super) fn are_plain(sig: &Signature) -> bool {
    sig.inputs.iter().all(|input| match input {
        FnArg::Receiver(_) => true,
        FnArg::Typed(input) => plain_name(&input.pat).is_some(),
    })
}

/// The name in the pattern, if the pattern is a plain name.
fn plain_name(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        _ => None,
    }
}

/// Calls `f` with each variable that an argument binds, in order, and with the `cfg` attributes of
/// the argument and of the pattern's fields around the variable.
fn for_each_variable(sig: &mut Signature, f: impl FnMut(&[Attribute], &mut PatIdent)) {
    struct Variables<F> {
        f: F,
        cfgs: Vec<Attribute>,
    }

    impl<F: FnMut(&[Attribute], &mut PatIdent)> VisitMut for Variables<F> {
        fn visit_pat_type_mut(&mut self, argument: &mut PatType) {
            self.cfgs.extend(cfgs(&argument.attrs));
            visit_mut::visit_pat_type_mut(self, argument);
            self.cfgs.clear();
        }

        fn visit_field_pat_mut(&mut self, field: &mut FieldPat) {
            let outer = self.cfgs.len();
            self.cfgs.extend(cfgs(&field.attrs));
            visit_mut::visit_field_pat_mut(self, field);
            self.cfgs.truncate(outer);
        }

        fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
            (self.f)(&self.cfgs, pat);
            visit_mut::visit_pat_ident_mut(self, pat);
        }

        // Skips types, because the length of an array type can be a block with variables of its
        // own.
        fn visit_type_mut(&mut self, _: &mut Type) {}
    }

    let mut variables = Variables {
        f,
        cfgs: Vec::new(),
    };
    for input in &mut sig.inputs {
        variables.visit_fn_arg_mut(input);
    }
}

fn cfgs(attrs: &[Attribute]) -> impl Iterator<Item = Attribute> {
    let cfgs = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    cfgs.cloned()
}

/// The lints that `let ident = ident;` would trip although the user wrote only the name.
fn rebinding_lints(ident: &Ident, recorders: &[Recorder]) -> TokenStream {
    let mut lints = quote!(clippy::shadow_same);
    if ident.to_string().starts_with('_') {
        lints.extend(quote!(, clippy::no_effect_underscore_binding));
        lints.extend(quote!(, clippy::used_underscore_binding));
    }
    // Allows `unused_variables` if a label uses the argument, because the body may not use it.
    let is_it = |word: &Ident| word == ident;
    let is_in_label =
        |recorder: &Recorder| recorder.is_labelled && mentions(recorder.series.clone(), &is_it);
    if recorders.iter().any(is_in_label) {
        lints.extend(quote!(, unused_variables));
    }
    lints
}
