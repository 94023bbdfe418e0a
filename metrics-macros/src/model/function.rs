//! The items that a function attribute, such as `#[counted]`, is written on.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    Attribute, FnArg, LitStr, Pat, PatIdent, Signature, Token, Type, Visibility,
    ext::IdentExt,
    visit_mut::{self, VisitMut},
};

use super::{Args, Enclosing, EntryLabel, generics::is_concrete};

/// An item that a function attribute is on.
pub(crate) enum Item {
    Function(Box<Function>),
    /// The name of a function without a body.
    Declaration(Ident),
    Container(Container),
    /// The tokens of `mod name;`, at which an error points, because a macro cannot see the contents
    /// of the module.
    FileModule(TokenStream),
    Other,
}

/// A function. Its body is kept as tokens and not parsed.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// `#![...]` at the top of the body.
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) body: TokenStream,
    /// The span of the braces around the body.
    pub(crate) brace: Span,
    /// The properties of code in `measure!`; `None` for a function.
    pub(crate) code: Option<Code>,
}

/// The properties of a [`Function`] that is code in `measure!`.
#[derive(Clone)]
pub(crate) struct Code {
    /// The value of the label `function`.
    pub(crate) name: LitStr,
    /// The `move` before the closure or the `async` block.
    pub(crate) capture: Option<Token![move]>,
    /// Whether the code is a plain block, which is compiled as a closure.
    pub(crate) is_block: bool,
}

impl Function {
    /// The `move` of the closure or `async` block around the body. A function's body owns the
    /// arguments, so there is always one; for code in `measure!`, only if the code as written has
    /// one.
    pub(crate) fn capture(&self) -> Option<Token![move]> {
        match &self.code {
            Some(code) => code.capture,
            None => Some(Token![move](self.brace)),
        }
    }

    /// Whether the pattern of an argument binds a variable `name`. For code in `measure!` always
    /// true, because any variable around the code may have this name.
    pub(crate) fn binds(&self, name: &Ident) -> bool {
        struct Finder(Ident, bool);

        impl VisitMut for Finder {
            fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
                self.1 |= pat.ident.unraw() == self.0;
                visit_mut::visit_pat_ident_mut(self, pat);
            }

            // Skips types, because the length of an array type can be a block with variables of its
            // own.
            fn visit_type_mut(&mut self, _: &mut Type) {}
        }

        let mut finder = Finder(name.unraw(), false);
        for input in &self.sig.inputs {
            finder.visit_fn_arg_mut(&mut input.clone());
        }
        finder.1 || self.code.is_some()
    }

    /// The type of the argument `name`. `None` if a more complex pattern binds the variable, or if
    /// several arguments under different `cfg`s have the name.
    pub(crate) fn argument_type(&self, name: &Ident) -> Option<&Type> {
        let mut types = self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) if pat.by_ref.is_none() && pat.ident.unraw() == name.unraw() => {
                    Some(&*input.ty)
                }
                _ => None,
            },
            FnArg::Receiver(_) => None,
        });
        types.next().filter(|_| types.next().is_none())
    }

    /// The type of a label's values, if the label states it, or if the label is an argument whose
    /// type a constant outside of the function can name.
    pub(crate) fn label_type<'a>(&'a self, label: &'a EntryLabel, args: &Args) -> Option<&'a Type> {
        let of_argument = || {
            let is_argument = label.value.is_none();
            let ty = is_argument.then(|| self.argument_type(&label.name))?;
            ty.filter(|ty| is_concrete(ty, &self.sig, args))
        };
        if label.display.is_some() {
            // With `%`, the label's value is a formatted text, so the type of the expression is not
            // that of the label.
            return None;
        }
        label.ty.as_ref().or_else(of_argument)
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attrs.iter().find(|attr| attr.path().is_ident(name))
    }

    pub(crate) fn next_active_attribute(&self) -> Option<usize> {
        next_active(&self.attrs)
    }
}

/// The index of the first attribute that may be a macro.
fn next_active(attrs: &[Attribute]) -> Option<usize> {
    attrs.iter().position(|attr| !is_inert(attr))
}

/// Whether an attribute is known not to be a macro.
pub(crate) fn is_inert(attr: &Attribute) -> bool {
    const INERT: [&str; 17] = [
        "allow",
        "cfg",
        "cold",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "export_name",
        "forbid",
        "inline",
        "link_section",
        "must_use",
        "no_mangle",
        "target_feature",
        "track_caller",
        "unsafe",
        "warn",
    ];
    const TOOLS: [&str; 3] = ["clippy", "diagnostic", "rustfmt"];

    let path = attr.path();
    let first = path.segments.first();
    let is_tool = path.segments.len() > 1
        && first.is_some_and(|first| TOOLS.iter().any(|tool| first.ident == tool));
    is_tool || INERT.iter().any(|inert| path.is_ident(inert))
}

/// An `impl` block, a trait or an inline module.
pub(crate) struct Container {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) header: TokenStream,
    /// `#![...]` at the top of the body.
    pub(crate) inner_attrs: Vec<Attribute>,
    pub(crate) members: Vec<Member>,
    /// The [`Enclosing`] that the attributes on the functions get; `None` for a module.
    pub(crate) enclosing: Option<Enclosing>,
    /// The span of the braces around the body.
    pub(crate) brace: Span,
}

/// An item in a [`Container`].
pub(crate) struct Member {
    pub(crate) attrs: Vec<Attribute>,
    /// The item without its attributes.
    pub(crate) item: TokenStream,
    pub(crate) kind: MemberKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberKind {
    Function {
        /// Whether the function has a body and is not a `const fn`.
        is_instrumentable: bool,
    },
    Container,
    /// `mod name;`
    FileModule,
    /// An item that no function attribute can be on.
    Other,
}

impl MemberKind {
    pub(crate) fn is_function(self) -> bool {
        matches!(self, MemberKind::Function { .. })
    }

    /// Whether a function attribute can be put on the member.
    pub(crate) fn is_instrumentable(self) -> bool {
        match self {
            MemberKind::Function { is_instrumentable } => is_instrumentable,
            MemberKind::Container => true,
            MemberKind::FileModule | MemberKind::Other => false,
        }
    }
}
