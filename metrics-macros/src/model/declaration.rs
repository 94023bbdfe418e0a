//! The parsed input of `metrics!`: declarations of metrics, with their attributes and labels.

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, LitStr, Path, Token, Type, Visibility};

use super::{Bounds, Buckets, Help, Latency, Slot, label_name};

/// The input of `metrics!`.
pub(crate) struct Declarations {
    /// The path of metrics-core, which `metrics!` passes as `$crate`.
    pub(crate) krate: Path,
    /// The prefix in `prefix = "app";`.
    pub(crate) prefix: Option<LitStr>,
    pub(crate) list: Vec<Declaration>,
}

/// A declaration: `#[...] pub static IDENT: Kind<Labels> = "name";`
#[derive(Clone)]
pub(crate) struct Declaration {
    pub(crate) attrs: MetricAttrs,
    pub(crate) vis: Visibility,
    /// The tokens `static` and `;`. The expansion keeps them, because the compiler reports an
    /// unused static only if these tokens are the user's.
    pub(crate) keyword: Token![static],
    pub(crate) end: Token![;],
    pub(crate) ident: Ident,
    pub(crate) ty: MetricType,
    pub(crate) name: Option<LitStr>,
}

/// The attributes of a declaration.
#[derive(Clone, Default)]
pub(crate) struct MetricAttrs {
    pub(crate) help: Help,
    pub(crate) utf8: Slot<()>,
    pub(crate) existing_name: Slot<()>,
    pub(crate) absent_until_set: Slot<()>,
    pub(crate) unit: Slot<LitStr>,
    pub(crate) buckets: Slot<Buckets>,
    pub(crate) quantiles: Slot<Bounds>,
    pub(crate) slo: Slot<Latency>,
    pub(crate) max_series: Slot<Expr>,
    pub(crate) expire: Slot<Expiry>,
    pub(crate) exemplars: Slot<()>,
    pub(crate) computed: Slot<Expr>,
    /// `#[cfg(...)]`, which goes on every top-level item of the expansion.
    pub(crate) cfgs: Vec<Attribute>,
    /// The doc comment, which goes on the static and, unless the metric is computed, on its type.
    pub(crate) docs: Vec<Attribute>,
    /// Other attributes, of the compiler or another crate, which go on the static.
    pub(crate) others: Vec<Attribute>,
}

/// `#[expire("1h")]`: the idle time after which a series expires.
#[derive(Clone)]
pub(crate) struct Expiry {
    pub(crate) nanos: u64,
    pub(crate) span: Span,
}

/// The declared type: `Kind`, `Kind<(a: A, b: &str)>`, `Kind<Labels>`, `StateSet<States>` or
/// `StateSet<States, ...>` with labels.
#[derive(Clone)]
pub(crate) struct MetricType {
    pub(crate) kind: Ident,
    pub(crate) states: Option<Type>,
    pub(crate) labels: LabelsType,
}

#[derive(Clone)]
pub(crate) enum LabelsType {
    None,
    /// A list of labels in parentheses, which is never empty.
    List(Vec<ListedLabel>),
    /// A type that implements `Labels`.
    Type(Box<Type>),
}

/// Maximum number of labels in a list: `metrics_core::LabelSet` is implemented for tuples of up to
/// this length.
pub(crate) const MAX_LISTED_LABELS: usize = 12;

impl LabelsType {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, LabelsType::None)
    }
}

/// `#[...] parameter: Type` in a list of labels.
#[derive(Clone)]
pub(crate) struct ListedLabel {
    pub(crate) rules: LabelRules,
    /// The parameter of generated methods, and the label's name unless an attribute sets another.
    pub(crate) parameter: Ident,
    pub(crate) ty: Type,
}

impl ListedLabel {
    pub(crate) fn name(&self) -> LitStr {
        let name = self.rules.name.get().cloned();
        name.unwrap_or_else(|| label_name(&self.parameter))
    }
}

/// The attributes of a label, which set its name and the rules for its values.
#[derive(Clone, Default)]
pub(crate) struct LabelRules {
    pub(crate) name: Slot<LitStr>,
    pub(crate) allow_only: Slot<AllowList>,
    /// A function that is called with each value and returns the value to record.
    pub(crate) normalize: Slot<Path>,
    /// Whether the value is formatted with `Display`.
    pub(crate) display: Slot<()>,
    /// The conditions of `#[cfg(...)]`, without the parentheses.
    pub(crate) cfgs: Vec<TokenStream>,
}

/// The content of `#[allow_only("GET", "POST", else = "unknown")]`.
#[derive(Clone)]
pub(crate) struct AllowList {
    pub(crate) values: Vec<LitStr>,
    /// The value that is recorded for all other values; `"other"` if it is absent.
    pub(crate) other: Option<LitStr>,
}
