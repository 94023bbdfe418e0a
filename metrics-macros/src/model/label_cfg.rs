//! Replaces a metric whose labels have `#[cfg(...)]` by one declaration for each combination of the
//! conditions. A macro cannot tell whether a condition holds, so the compiler keeps one of them.
//!
//! `static OPENED: Counter<(#[cfg(unix)] user: &str, path: &str)>` is replaced by
//!
//! ```text
//! #[cfg(not(all(unix)))]
//! static OPENED: Counter<(path: &str)>;
//! #[cfg(all(unix))]
//! static OPENED: Counter<(user: &str, path: &str)>;
//! ```

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, parse_quote};

use super::{Declaration, Errors, LabelsType, ListedLabel};

/// The most conditions in one list, each of which doubles the number of declarations.
const MAX_CONDITIONS: usize = 4;

impl Declaration {
    /// The declarations that replace this one, each with the conditions under which the compiler
    /// keeps the declaration; a single one without conditions if no label has a `#[cfg(...)]`.
    pub(crate) fn by_cfg(self, errors: &mut Errors) -> Vec<(Vec<Attribute>, Declaration)> {
        let conditions = self.conditions(errors);
        let combinations = 0..1_usize << conditions.len();
        let declarations = combinations.map(|combination| {
            let holds = |at: usize| combination >> at & 1 == 1;
            let cfgs = conditions.iter().enumerate();
            let cfgs = cfgs.map(|(at, condition)| -> Attribute {
                if holds(at) {
                    parse_quote!(#[cfg(#condition)])
                } else {
                    parse_quote!(#[cfg(not(#condition))])
                }
            });
            let cfgs: Vec<Attribute> = cfgs.collect();
            let mut declaration = self.clone();
            declaration.attrs.cfgs.extend(cfgs.iter().cloned());
            declaration.keep_labels(|condition| {
                let mut all = conditions.iter().map(ToString::to_string);
                all.position(|other| other == condition.to_string())
                    .is_none_or(holds)
            });
            (cfgs, declaration)
        });
        declarations.collect()
    }

    /// The distinct conditions of the labels, [`MAX_CONDITIONS`] at most; reports a further one.
    fn conditions(&self, errors: &mut Errors) -> Vec<TokenStream> {
        let LabelsType::List(labels) = &self.ty.labels else {
            return Vec::new();
        };
        let mut conditions: Vec<TokenStream> = Vec::new();
        for label in labels {
            let Some(condition) = label.condition() else {
                continue;
            };
            let text = condition.to_string();
            if conditions.iter().any(|other| other.to_string() == text) {
                continue;
            }
            if conditions.len() == MAX_CONDITIONS {
                let message = format_args!(
                    "the labels of a metric may have up to {MAX_CONDITIONS} different conditions; \
                     remove this one, or declare several metrics with a `cfg` each"
                );
                errors.at(&label.parameter, message);
                break;
            }
            conditions.push(condition);
        }
        conditions
    }

    /// Removes the labels with a condition for which `holds` returns false.
    fn keep_labels(&mut self, holds: impl Fn(&TokenStream) -> bool) {
        let LabelsType::List(labels) = &mut self.ty.labels else {
            return;
        };
        labels.retain(|label| label.condition().is_none_or(|condition| holds(&condition)));
        if labels.is_empty() {
            self.ty.labels = LabelsType::None;
        }
    }
}

impl ListedLabel {
    /// The conjunction of the label's `#[cfg(...)]` conditions; `None` without a condition.
    fn condition(&self) -> Option<TokenStream> {
        let cfgs = &self.rules.cfgs;
        (!cfgs.is_empty()).then(|| quote!(all(#(#cfgs),*)))
    }
}
