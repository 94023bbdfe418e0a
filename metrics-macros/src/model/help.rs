//! The help of a declared metric, which is its doc comment.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, ExprLit, ExprMacro, Lit, LitStr, Meta};

/// The help of a metric: the lines of its doc comment.
#[derive(Clone, Default)]
pub(crate) struct Help(Vec<Part>);

#[derive(Clone)]
enum Part {
    /// A line that is not empty, without spaces around it.
    Line(String),
    /// A call of a macro in place of a literal, as in `#[doc = concat!("Requests to ", $host)]`.
    Macro(ExprMacro),
}

impl Help {
    /// Adds the text of a `doc` attribute, such as a line of a doc comment.
    ///
    /// # Errors
    ///
    /// Fails for a value that is neither a literal nor a call of a macro.
    pub(crate) fn add(&mut self, doc: &Attribute) -> syn::Result<()> {
        let Meta::NameValue(pair) = &doc.meta else {
            // `#[doc(hidden)]` and the like have no text.
            return Ok(());
        };
        match ungrouped(&pair.value) {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => {
                let text = text.value();
                let line = text.trim();
                if !line.is_empty() {
                    self.0.push(Part::Line(line.to_owned()));
                }
            }
            Expr::Macro(call) => self.0.push(Part::Macro(call.clone())),
            other => {
                // An empty line is added, so that the help is not also reported as missing.
                self.0.push(Part::Line(String::new()));
                let message = "the help must be a literal, or a macro that expands to one; write \
                               `/// ...`, or a call such as `concat!(...)`";
                return Err(syn::Error::new_spanned(other, message));
            }
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines, joined by spaces, as a constant expression: a literal if no macro is called.
    pub(crate) fn expression(&self) -> TokenStream {
        let mut literals: Vec<String> = vec![String::new()];
        let mut macros = Vec::new();
        for (index, part) in self.0.iter().enumerate() {
            let last = literals.last_mut().expect("never empty");
            if index > 0 {
                last.push(' ');
            }
            match part {
                Part::Line(line) => last.push_str(line),
                Part::Macro(call) => {
                    macros.push(call);
                    literals.push(String::new());
                }
            }
        }
        let mut literals = literals
            .iter()
            .map(|text| LitStr::new(text, Span::call_site()));
        let first = literals.next();
        if macros.is_empty() {
            return quote!(#first);
        }
        quote!(::core::concat!(#first #(, #macros, #literals)*).trim_ascii())
    }
}

/// The expression without the invisible groups around a fragment of a `macro_rules!` macro.
fn ungrouped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(attributes: &[Attribute]) -> String {
        let mut help = Help::default();
        for attribute in attributes {
            help.add(attribute).expect("a literal or a macro");
        }
        help.expression().to_string()
    }

    #[test]
    fn lines_are_joined_by_spaces() {
        let lines: [Attribute; 3] = [
            syn::parse_quote!(#[doc = " Requests "]),
            syn::parse_quote!(#[doc = ""]),
            syn::parse_quote!(#[doc = " answered."]),
        ];
        assert_eq!(help(&lines), r#""Requests answered.""#);
    }

    #[test]
    fn a_macro_stays_for_the_compiler_to_expand() {
        let lines: [Attribute; 2] = [
            syn::parse_quote!(#[doc = " Requests"]),
            syn::parse_quote!(#[doc = concat!("to ", "a")]),
        ];
        let expected = quote!(::core::concat!("Requests ", concat!("to ", "a"), "").trim_ascii());
        assert_eq!(help(&lines), expected.to_string());
    }
}
