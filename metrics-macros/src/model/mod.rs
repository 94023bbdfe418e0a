//! The data that `parse` fills in and `expand` turns into code, and the rules that this data must
//! meet.
//!
//! `parse` and `expand` both use this module and never each other. `parse` reports what the grammar
//! does not allow, which includes the content of `slo(...)` and the place of `#[label(...)]`
//! arguments. The other rules between arguments, or between an argument and the item that it is on,
//! are here: in [`check()`] for the function attributes and for `measure!`, in [`Metric::new`] for
//! `metrics!`, in [`LabelEnum::new`] and [`LabelStruct::new`] for the derives.

mod args;
mod buckets;
mod call_form;
mod case;
mod check;
mod declaration;
mod derive;
mod errors;
mod exits;
mod function;
mod generics;
mod help;
mod instrument;
mod label_cfg;
mod measured;
mod merge;
mod metric;
mod returns;
mod slot;
mod tokens;
mod words;

pub(crate) use self::{
    args::{
        Args, BLOCK_ARGUMENT, Enclosing, EntryLabel, ErrLabel, INHERITED_ARGUMENT, LabelArg,
        Latency, MOVED_ARGUMENT, ResultLabel, Sample, Slo, Stated,
    },
    buckets::{Bounds, BoundsRule, Buckets, Native},
    call_form::{CallForm, Follow, is_stream},
    case::Case,
    check::{check, check_function},
    declaration::{
        AllowList, Declaration, Declarations, Expiry, LabelRules, LabelsType, ListedLabel,
        MAX_LISTED_LABELS, MetricAttrs, MetricType,
    },
    derive::{
        DeriveItem, FieldLabels, LabelAttr, LabelEnum, LabelField, LabelStruct, LabelVariant,
    },
    errors::Errors,
    exits::{check_exits, may_return_early},
    function::{Code, Container, Function, Item, Member, MemberKind, is_inert},
    generics::is_nameable,
    help::Help,
    instrument::{COUNTED, IN_FLIGHT, Instrument, TIMED},
    measured::Measured,
    merge::merge,
    metric::{Metric, MetricKind},
    returns::{Certainty, Returns, with_static_lifetimes},
    slot::Slot,
    tokens::{first_span, label_name, last_segment, mentions, optional, ungrouped, without_comma},
    words::{either, similar},
};

/// Whether the program records metrics: not if it is built with `--cfg metrics_off`. Cargo does not
/// pass this flag to procedural macros in every build, so metrics-core and metrics-http select the
/// macro for the mode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    On,
    /// Arguments are checked, functions run as they are written, and declared metrics do nothing.
    Off,
}
