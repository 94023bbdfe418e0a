//! Shortens the names of types and traits for the label `function`: `Store` for `store::Store<'a,
//! T>`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    GenericArgument, Path, PathArguments, PathSegment, Type, TypeReference,
    visit_mut::{self, VisitMut},
};

use super::spelling::spelled;
use crate::model::mentions;

/// The short name of a type: `Store` for `store::Store<'a, T>`, where `T` is one of `parameters`.
pub(super) fn type_name(ty: &Type, parameters: &[Ident]) -> String {
    short(ty, parameters, |argument, is_parameter| {
        mentions(argument, is_parameter)
    })
}

/// The short name of a trait. Omits an argument that is just a parameter, such as `T`, but keeps
/// one such as `Vec<T>`, because a type may implement both `From<Vec<T>>` and `From<Box<T>>`.
pub(super) fn trait_name(path: &Type, parameters: &[Ident]) -> String {
    short(path, parameters, |argument, is_parameter| {
        syn::parse2::<Ident>(argument).is_ok_and(|argument| is_parameter(&argument))
    })
}

/// Returns whether to omit a generic argument, given its tokens and a test for the names of
/// parameters.
type IsOmitted = fn(TokenStream, &dyn Fn(&Ident) -> bool) -> bool;

fn short(ty: &Type, parameters: &[Ident], is_omitted: IsOmitted) -> String {
    let mut ty = ty.clone();
    let mut shorten = Shorten {
        parameters,
        is_omitted,
    };
    shorten.visit_type_mut(&mut ty);
    spelled(ty.to_token_stream())
}

/// Removes from a type: the path before each name, lifetimes of references, lifetime arguments, and
/// the arguments that `is_omitted` selects.
struct Shorten<'a> {
    parameters: &'a [Ident],
    is_omitted: IsOmitted,
}

impl VisitMut for Shorten<'_> {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(last) = path.segments.last().cloned() {
            path.leading_colon = None;
            path.segments = std::iter::once(last).collect();
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
        // Removes `qself`, because its `position` counts path segments that `visit_path_mut`
        // removes.
        path.qself = None;
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            let is_parameter = |ident: &Ident| self.parameters.contains(ident);
            let kept = arguments.args.iter().filter(|argument| match argument {
                GenericArgument::Lifetime(_) => false,
                other => !(self.is_omitted)(other.to_token_stream(), &is_parameter),
            });
            arguments.args = kept.cloned().collect();
            if arguments.args.is_empty() {
                segment.arguments = PathArguments::None;
            }
        }
        visit_mut::visit_path_segment_mut(self, segment);
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime = None;
        visit_mut::visit_type_reference_mut(self, reference);
    }
}
