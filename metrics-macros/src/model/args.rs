//! [`Args`]: a function attribute, such as `#[counted]`, with its parsed arguments.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Expr, LitBool, LitFloat, LitStr, Path, Token, Type};

use super::{Buckets, Instrument, Slot, without_comma};

/// Hidden argument by which the attribute on a block passes an [`Enclosing`] to the attributes on
/// the functions in the block.
pub(crate) const BLOCK_ARGUMENT: &str = "__block";

/// Hidden argument of an attribute that a block's attribute puts on an item in the block.
pub(crate) const INHERITED_ARGUMENT: &str = "__inherited";

/// Hidden argument of an attribute that has moved below another one; see `expand::stack`.
pub(crate) const MOVED_ARGUMENT: &str = "__moved";

/// A function attribute with its arguments.
pub(crate) struct Args {
    pub(crate) instrument: &'static Instrument,
    /// The arguments as written, not parsed.
    pub(crate) tokens: TokenStream,
    /// The path of metrics-core, or of a crate that re-exports its items.
    pub(crate) krate: Path,
    pub(crate) name: Slot<LitStr>,
    pub(crate) help: Slot<LitStr>,
    pub(crate) unit: Slot<LitStr>,
    pub(crate) labels: Slot<Vec<LabelArg>>,
    pub(crate) buckets: Slot<Buckets>,
    pub(crate) fallible: Slot<LitBool>,
    pub(crate) ok_if: Slot<Expr>,
    pub(crate) error_if: Slot<Expr>,
    pub(crate) err: Slot<ErrLabel>,
    pub(crate) outcome: Slot<LitBool>,
    pub(crate) sample: Slot<Sample>,
    pub(crate) busy: Slot<()>,
    pub(crate) future: Slot<LitBool>,
    pub(crate) stream: Slot<LitBool>,
    pub(crate) exemplars: Slot<()>,
    pub(crate) docs: Slot<()>,
    pub(crate) slo: Slo,
    pub(crate) skip: Slot<()>,
    /// The arguments `future` and `stream`, given on this attribute or on another one of the
    /// function.
    pub(crate) stated: Stated,
    /// Whether the attribute comes from the block around the item. The item's own attribute, if
    /// there is one, replaces this attribute.
    pub(crate) is_inherited: bool,
    /// Whether the attribute has moved below another one.
    pub(crate) is_moved: bool,
    pub(crate) enclosing: Option<Enclosing>,
    /// Whether an argument is misspelt or could not be parsed. Such an attribute is not checked,
    /// because the argument that seems to be missing may be the faulty one.
    pub(crate) is_incomplete: bool,
}

impl Args {
    /// Creates an attribute without parsed arguments; `tokens` are the arguments as written.
    pub(crate) fn new(instrument: &'static Instrument, tokens: TokenStream, krate: Path) -> Self {
        Args {
            instrument,
            tokens,
            krate,
            name: Slot::default(),
            help: Slot::default(),
            unit: Slot::default(),
            labels: Slot::default(),
            buckets: Slot::default(),
            fallible: Slot::default(),
            ok_if: Slot::default(),
            error_if: Slot::default(),
            err: Slot::default(),
            outcome: Slot::default(),
            sample: Slot::default(),
            busy: Slot::default(),
            future: Slot::default(),
            stream: Slot::default(),
            exemplars: Slot::default(),
            docs: Slot::default(),
            slo: Slo::default(),
            skip: Slot::default(),
            stated: Stated::default(),
            is_inherited: false,
            is_moved: false,
            enclosing: None,
            is_incomplete: false,
        }
    }

    /// The labels whose values are known when the call begins.
    pub(crate) fn entry_labels(&self) -> impl Iterator<Item = &EntryLabel> {
        let labels = self.labels.get().into_iter().flatten();
        labels.filter_map(|label| match label {
            LabelArg::Entry(label) => Some(&**label),
            LabelArg::OnReturn(_) => None,
        })
    }

    /// The labels in `on_return(...)`, which are computed from the result.
    pub(crate) fn result_labels(&self) -> impl Iterator<Item = &ResultLabel> {
        let labels = self.labels.get().into_iter().flatten();
        let of_result = labels.filter_map(|label| match label {
            LabelArg::Entry(_) => None,
            LabelArg::OnReturn(labels) => Some(labels),
        });
        of_result.flatten()
    }

    /// The names of all labels and the types stated for them: entry labels, then labels of the
    /// result, then the label of the error.
    pub(crate) fn all_labels(&self) -> impl Iterator<Item = (&Ident, Option<&Type>)> {
        let entry = self.entry_labels().map(|label| (&label.name, &label.ty));
        let results = self.result_labels().map(|label| (&label.name, &label.ty));
        let err = self.err.get().map(|label| (&label.name, &label.ty));
        let all = entry.chain(results).chain(err);
        all.map(|(name, ty)| (name, ty.as_ref()))
    }

    /// Whether a label is computed from the result or its error.
    pub(crate) fn has_result_labels(&self) -> bool {
        self.result_labels().next().is_some() || self.err.is_set()
    }

    /// Whether the only argument is `skip`.
    pub(crate) fn only_skips(&self) -> bool {
        without_comma(self.tokens.clone()).to_string() == "skip"
    }

    /// Whether the series have the label `outcome`.
    pub(crate) fn has_outcome(&self) -> bool {
        let is_kept = self.outcome.get().is_none_or(|outcome| outcome.value);
        self.instrument.has_outcome && is_kept
    }
}

/// The arguments that state whether the call lasts until a returned future or stream ends.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stated {
    pub(crate) future: Option<bool>,
    pub(crate) stream: Option<bool>,
}

/// `sample = share/of`: the share of calls that are timed.
pub(crate) struct Sample {
    pub(crate) share: u32,
    pub(crate) of: u32,
}

/// An item of `labels(...)`.
pub(crate) enum LabelArg {
    Entry(Box<EntryLabel>),
    OnReturn(Vec<ResultLabel>),
}

/// A label whose value is known when the call begins: `argument`, `argument: Type`, `self.field`,
/// `key = expression` or `key: Type = expression`; with `%` before the value, it is formatted with
/// `Display`.
pub(crate) struct EntryLabel {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
    /// If absent, the value is the function's argument that has the label's name.
    pub(crate) value: Option<Expr>,
    pub(crate) display: Option<Token![%]>,
}

/// A label in `on_return(...)`: `key = |result| expression` or `key: Type = |result| expression`.
pub(crate) struct ResultLabel {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
    pub(crate) value: Expr,
}

/// `err(kind)` or `err(kind: Type)`: a label whose value is the error.
pub(crate) struct ErrLabel {
    pub(crate) name: Ident,
    pub(crate) ty: Option<Type>,
}

/// Service level objectives: `slo(latency = "250ms", objective = 99.9)`, `slo(success = 99.5)`.
#[derive(Default)]
pub(crate) struct Slo {
    pub(crate) latency: Slot<Latency>,
    /// The percentage of calls that should succeed.
    pub(crate) success: Slot<LitFloat>,
}

/// A duration that a percentage of calls should not exceed.
#[derive(Clone)]
pub(crate) struct Latency {
    pub(crate) seconds: f64,
    pub(crate) percent: LitFloat,
    /// The span of the duration's literal.
    pub(crate) span: Span,
}

/// The `impl` block or trait around a function.
#[derive(Clone)]
pub(crate) struct Enclosing {
    /// The name of the type or trait.
    pub(crate) ty: LitStr,
    /// The names of the block's type and const parameters.
    pub(crate) generics: Vec<Ident>,
}
